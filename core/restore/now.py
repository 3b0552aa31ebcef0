"""Stage and apply at once: what a person asked for now is done now, or nothing stays staged to be done later."""

from __future__ import annotations

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import BusyError, CancelledError, GreenroomError
from core.progress import Reporter
from core.restore.apply import apply_restore, refuse_open_database
from core.restore.finish import Outcome
from core.restore.marker import Marker, Phase, marker_path, read_marker
from core.restore.stage import discard_staging, stage_restore


def restore_now(
    context: Context, site: Site, backup: BackupRecord, reporter: Reporter, *, accept_version: str | None = None
) -> Outcome:
    """Stage a backup and apply it; raise as `stage_restore` and `apply_restore` do.

    Where somebody has the database open, or the work is cancelled before the switch, the staging is taken back.
    """
    context.require_writable("restore a backup")
    refuse_open_database(site)
    return apply_at_once(
        context, site, stage_restore(context, site, backup, reporter, accept_version=accept_version), reporter
    )


def apply_at_once(context: Context, site: Site, staged: Marker, reporter: Reporter) -> Outcome:
    """Apply what was just staged; where it cannot be applied now, take it back. Raise as `apply_restore` does."""
    try:
        outcome = apply_restore(context, site, reporter, freshly_staged=True)
    except CancelledError:
        _take_back(context, site, staged)
        raise
    except BusyError as error:
        _take_back(context, site, staged)
        raise BusyError(
            error.message, hint="stop what has it, then try again; what was staged was taken back"
        ) from error
    if outcome is None:
        raise GreenroomError(
            f"the staged {staged.action} was taken away by another process",
            hint=f"`greenroom history {site.name}` shows what happened",
        )
    return outcome


def _take_back(context: Context, site: Site, staged: Marker) -> None:
    with context.lock(site, "restore-cancel"):
        marker = read_marker(marker_path(context, site))
        if marker is not None and marker.restore_id == staged.restore_id and marker.phase is Phase.STAGED:
            discard_staging(context, site, marker)
