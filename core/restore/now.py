"""Stage and apply at once: what a person asked for now is done now, or nothing stays staged to be done later."""

from __future__ import annotations

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import BusyError, CancelledError
from core.progress import Reporter
from core.recovery import discard_staging, tidy
from core.restore.apply import apply_held, refuse_open_database
from core.restore.finish import Outcome
from core.restore.marker import Marker, Phase, RowOrder, marker_path, read_marker
from core.restore.stage import kept_words, stage_backup
from core.verify import present_row


def restore_now(
    context: Context,
    site: Site,
    backup: BackupRecord,
    reporter: Reporter,
    *,
    accept_version: str | None = None,
    order: RowOrder | None = None,
) -> Outcome:
    """Stage a backup and apply it; raise as `stage_restore` and `apply_restore` do.

    Where somebody has the database open, or the work is cancelled before the switch, the staging is taken back.
    """
    context.require_writable("restore a backup")
    refuse_open_database(site)
    with context.lock(site, "restore"):
        tidy(context, site)
        staged = stage_backup(
            context, site, present_row(context, backup), reporter, accept_version=accept_version, order=order
        )
        return apply_at_once(context, site, staged, reporter)


def apply_at_once(context: Context, site: Site, staged: Marker, reporter: Reporter) -> Outcome:
    """With the site's lock held, apply what was just staged; where it cannot be applied now, take it back.

    Raise as `apply_restore` does.
    """
    try:
        return apply_held(context, site, staged, reporter, fresh=True)
    except CancelledError as error:
        raise CancelledError(f"{error.message}{_take_back(context, site)}") from error
    except BusyError as error:
        kept = _take_back(context, site)
        raise BusyError(
            error.message, hint=f"stop what has it, then try again; what was staged was taken back{kept}"
        ) from error


def _take_back(context: Context, site: Site) -> str:
    marker = read_marker(marker_path(context, site))
    if marker is None or marker.phase is not Phase.STAGED:
        return ""
    return kept_words(discard_staging(context, site, marker))
