"""What the screens ask of the core in one call, each in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.archive.manifest import Manifest, parse_manifest, read_document
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.progress import Reporter
from core.restore.finish import Outcome
from core.restore.marker import Marker, marker_path, read_marker
from core.restore.now import restore_now
from core.restore.stage import stage_restore
from core.status import SiteStatus, site_status


@dataclass(frozen=True)
class SiteView:
    """A site as the first screen shows it; `storage_problem` says why the storage cannot be looked into."""

    status: SiteStatus
    backups: Sequence[BackupRecord]
    total: int
    now: datetime
    free_bytes: int | None
    storage_problem: GreenroomError | None


def read_site(context: Context, site: Site, rows: int) -> SiteView:
    """Return how the site is, with its newest `rows` backups; raise GreenroomError where the catalog fails."""
    free_bytes, problem = _free_bytes(context)
    return SiteView(
        status=site_status(context, site),
        backups=context.catalog.backups(site.name, limit=rows),
        total=context.catalog.count_backups(site.name),
        now=context.clock(),
        free_bytes=free_bytes,
        storage_problem=problem,
    )


@dataclass(frozen=True)
class BackupDetails:
    """What is known of one backup; no manifest where the archive is foreign or there is none."""

    backup: BackupRecord
    manifest: Manifest | None
    archive: Path
    archive_is_there: bool


def read_details(context: Context, backup: BackupRecord) -> BackupDetails:
    """Return what the catalog and the store know of a backup; raise GreenroomError."""
    text = context.catalog.manifest(backup.id)
    return BackupDetails(
        backup=backup,
        manifest=parse_manifest(read_document(text.encode())) if text else None,
        archive=context.store.archive_path(backup.site, backup.name),
        archive_is_there=context.store.has_archive(backup.site, backup.name),
    )


@dataclass(frozen=True)
class Restored:
    """How a restore came out: what was done, or why not, and what of it is pending now."""

    outcome: Outcome | None = None
    pending: Marker | None = None
    error: GreenroomError | None = None


def stage(
    context: Context, site: Site, backup: BackupRecord, reporter: Reporter, *, accept_version: str | None
) -> Restored:
    """Stage a restore; raise as `stage_restore` does, with nothing changed and nothing pending."""
    return Restored(pending=stage_restore(context, site, backup, reporter, accept_version=accept_version))


def restore(
    context: Context, site: Site, backup: BackupRecord, reporter: Reporter, *, accept_version: str | None
) -> Restored:
    """Restore now; where that fails, look whether it must be finished before the application may start."""
    try:
        return Restored(restore_now(context, site, backup, reporter, accept_version=accept_version))
    except GreenroomError as error:
        pending = read_marker(marker_path(context, site))
        return Restored(pending=pending if pending is not None and pending.changed_site else None, error=error)


def _free_bytes(context: Context) -> tuple[int | None, GreenroomError | None]:
    try:
        return context.store.free_bytes(), None
    except GreenroomError as error:
        return None, error
