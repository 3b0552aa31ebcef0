"""Which backups restores need, so that nothing deletes them: what is staged or being restored, and the ways back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.restore.marker import MARKER, Marker, read_marker


def needed_by_restores(context: Context, site: Site, backups: Iterable[BackupRecord]) -> dict[int, tuple[str, ...]]:
    """Return the ids of those of the site's backups that a restore needs, each with the reasons in words.

    Raise GreenroomError where a marker cannot be read, be it another site's: what it needs is not known then.
    """
    markers = list(_markers(context))
    last = context.catalog.last_restore(site.name)
    needed = {}
    for backup in backups:
        reasons = [reason for marker in markers for reason in _reasons(marker, backup)]
        if last is not None and last.safety_name == backup.name:
            reasons.append("safety backup of the last restore")
        if reasons:
            needed[backup.id] = tuple(reasons)
    return needed


def is_restored_by(marker: Marker, backup: BackupRecord) -> bool:
    """Whether a pending restore is one of this backup.

    A name counts as an id does: a catalog that was built again gave other ids. That of another site does not.
    """
    if backup.id == marker.backup_id:
        return True
    of_site = marker.rows.of_site if marker.rows is not None else None
    return backup.site == (of_site or marker.site) and f"{backup.name}.zip" == marker.backup_filename


def is_safety_of(marker: Marker, backup: BackupRecord) -> bool:
    """Whether this is the safety backup of a pending restore."""
    return backup.id == marker.safety_id or (backup.site == marker.site and backup.name == marker.safety_name)


def _markers(context: Context) -> Iterator[Marker]:
    """Yield the markers of all sites, also of those that the configuration does not name any more."""
    folder = context.settings.state / "sites"
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    except OSError as error:
        raise GreenroomError(
            f"cannot look into {folder}: {error.strerror}", hint="check who may read the state folder"
        ) from error
    for path in paths:
        marker = read_marker(path / MARKER)
        if marker is not None:
            yield marker


def _reasons(marker: Marker, backup: BackupRecord) -> Iterator[str]:
    if is_restored_by(marker, backup):
        words = "is being restored" if marker.changed_site else "waits to be restored"
        yield words if marker.site == backup.site else f"{words} into {marker.site}"
    if is_safety_of(marker, backup):
        yield "safety backup of the pending restore"
