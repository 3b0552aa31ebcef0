"""Prove that a backup's archive is what was written: every member read back, every hash compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from core.archive import Archive, Limits, open_archive
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import UsageError, VerificationError
from core.progress import Reporter
from core.recovery import tidy
from core.sidecars import change_state


@contextmanager
def open_backup(context: Context, site: Site, backup: BackupRecord) -> Iterator[Archive]:
    """Open the archive of a backup; raise VerificationError where it is not the one that the catalog knows.

    An archive that lost its manifest looks like a foreign one; a name that the catalog knows with a manifest
    can't be that.
    """
    if backup.status != "completed":
        raise UsageError(
            f"{backup.name} is {backup.status}: there is no archive", hint="`greenroom list` shows the completed ones"
        )
    path = context.store.archive_path(backup.site, backup.name)
    if not path.is_file():
        raise VerificationError(
            f"the archive {path} is gone",
            hint="was the storage moved or not mounted? The catalog still knows the backup",
        )
    limits = Limits(max_bytes=site.max_archive_bytes)
    with open_archive(path, limits, allow_leaving_links=backup.links_may_leave) as archive:
        if archive.manifest_sha256 != backup.manifest_sha256:
            raise VerificationError(
                f"{path.name} is another archive than the one that was backed up under this name",
                hint="it was exchanged or changed; do not restore it",
            )
        yield archive


def verify_backup(context: Context, site: Site, backup: BackupRecord, reporter: Reporter) -> BackupRecord:
    """Read a backup's archive whole and compare every hash; note the time of success, or that it failed.

    A foreign archive has no hashes: it is read, but never becomes `verified`. Raise VerificationError.
    """
    if context.read_only:
        with open_backup(context, site, backup) as archive:
            archive.verify(reporter)
        return backup
    with context.lock(site, "verify"):
        tidy(context, site)
        backup = present_row(context, backup)
    try:
        with open_backup(context, site, backup) as archive:
            archive.verify(reporter)
            foreign = archive.foreign
    except VerificationError as error:
        _note(context, site, backup, None, error.message)
        raise
    return _note(context, site, backup, None if foreign else context.clock(), None)


def present_row(context: Context, backup: BackupRecord) -> BackupRecord:
    """With the site's lock held, return the row of a backup as it is now; raise UsageError where it is gone."""
    found = context.catalog.get(backup.id)
    if found is None:
        raise UsageError(f"{backup.name} is gone already", hint="`greenroom list` shows what there is")
    return found


def _note(
    context: Context, site: Site, backup: BackupRecord, verified_at: datetime | None, error: str | None
) -> BackupRecord:
    with context.lock(site, "verify"):
        tidy(context, site)
        change_state(context, site, present_row(context, backup), verified_at=verified_at)
        return context.catalog.set_verified(backup.id, verified_at, error=error)
