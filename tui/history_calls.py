"""What the screens ask of the core about restores that were made, or wait to be made: each in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.locks import LockHolder
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.restore.marker import Marker, Phase, failed_marker_path, marker_path, read_marker
from core.restore.stage import cancel_restore
from core.restore.undo import undo_restore
from tui.calls import Restored, pending_now


@dataclass(frozen=True)
class Waiting:
    """A restore of a site that waits, was interrupted or failed, or why nobody can tell.

    `failed` is None as long as one is `pending`: that one comes first. `backup` is the one that it restores, where
    the catalog knows it still.
    """

    site: Site
    pending: Marker | None = None
    failed: Marker | None = None
    error: GreenroomError | None = None
    holder: LockHolder | None = None
    backup: BackupRecord | None = None

    @property
    def marker(self) -> Marker | None:
        return self.pending or self.failed

    @property
    def is_urgent(self) -> bool:
        return self.error is not None or (self.pending is not None and self.pending.changed_site)


def waiting_restores(context: Context, sites: Sequence[Site]) -> list[Waiting]:
    """Given sites, return what waits for a person to decide, the most urgent first."""
    found = [one for site in sites if (one := _waiting(context, site)) is not None]
    return sorted(found, key=lambda one: not one.is_urgent)


def _waiting(context: Context, site: Site) -> Waiting | None:
    try:
        pending = read_marker(marker_path(context, site))
        failed = None if pending is not None else read_marker(failed_marker_path(context, site))
        holder = context.holder(site)
    except GreenroomError as error:
        return Waiting(site, error=error)
    if pending is None and failed is None:
        return None
    if pending is not None and pending.phase is Phase.STAGING and holder is not None:
        return None  # somebody is staging it right now, and nothing is to be decided yet
    marker = pending or failed
    backup = None
    if marker is not None:
        of_site = marker.rows.of_site if marker.rows else None
        backup = context.catalog.find(of_site or site.name, marker.backup_filename.removesuffix(".zip"))
    return Waiting(site, pending, failed, None, holder, backup)


def undo(
    context: Context, site: Site, reporter: Reporter, *, agreed: str, accept_version: str | None = None
) -> Restored:
    """Undo the restore that was agreed to, the last one; where that fails, look what is pending now."""
    verb = partial(undo_restore, context, site, reporter, agreed=agreed, accept_version=accept_version)
    return _outcome(context, site, verb)


def apply(context: Context, site: Site, reporter: Reporter) -> Restored:
    """Apply the pending restore, or finish the interrupted one; where that fails, look what is pending now."""
    return _outcome(context, site, partial(apply_restore, context, site, reporter))


def take_back(context: Context, site: Site, reporter: Reporter) -> str:
    """Remove a pending restore, or what a failed one left; raise as `cancel_restore` does."""
    del reporter
    return cancel_restore(context, site)


def _outcome(context: Context, site: Site, verb: Callable[[], Outcome | None]) -> Restored:
    try:
        return Restored(verb())
    except GreenroomError as error:
        return Restored(pending=pending_now(context, site), error=error)
