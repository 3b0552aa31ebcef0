"""Keep, copy and delete backups."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog import BackupRecord, CleanupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError, UsageError
from core.needs import is_restored_by, is_safety_of
from core.progress import Reporter
from core.recovery import tidy
from core.restore.marker import marker_path, read_marker
from core.sidecars import change_state
from core.verify import present_row

_BLOCK = 1 << 20


def pin_backup(context: Context, site: Site, backup: BackupRecord, *, pinned: bool) -> BackupRecord:
    """Pin a backup, so that nothing but an unpin makes it removable, or take that back."""
    context.require_writable("pin or unpin a backup")
    _require_archive(backup)
    with context.lock(site, "pin" if pinned else "unpin"):
        tidy(context, site)
        return change_state(context, site, present_row(context, backup), pinned=pinned)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deleted backup, and the space that it freed."""

    name: str
    freed_bytes: int


def refuse_deletion(context: Context, site: Site, backup: BackupRecord) -> None:
    """Raise UsageError where a backup may not be deleted: it is pinned, or a restore needs it."""
    if backup.pinned:
        raise UsageError(f"{backup.name} is pinned", hint=f"`greenroom unpin {site.name}/{backup.name}` first")
    if backup.status == "running":
        raise UsageError(f"{backup.name} is being made", hint="wait until it is done, or stop it")
    pending = read_marker(marker_path(context, site))
    if pending is not None and (is_restored_by(pending, backup) or is_safety_of(pending, backup)):
        raise UsageError(
            f"{backup.name} is part of the pending restore",
            hint=f"`greenroom apply {site.name}` or `greenroom restore-cancel {site.name}` first",
        )
    last = context.catalog.last_restore(site.name)
    if last is not None and last.safety_name == backup.name:
        raise UsageError(
            f"{backup.name} is the safety backup of the last restore: `greenroom undo {site.name}` needs it",
            hint="it can be deleted after the next restore",
        )


def delete_backup(
    context: Context, site: Site, backup: BackupRecord, *, reason: str = "deleted by a person"
) -> Deletion:
    """Delete a backup with its archive and sidecar, and log it. Raise as `refuse_deletion`."""
    context.require_writable("delete a backup")
    with context.lock(site, "delete"):
        tidy(context, site)
        logged = delete_held(context, site, present_row(context, backup), begin_cleanup(context, site), reason)
        return Deletion(backup.name, logged.space_freed)


def begin_cleanup(context: Context, site: Site, *, by: str | None = None) -> CleanupRecord:
    """Return a clean-up in which nothing was deleted yet, not logged yet; `by` says who, if not the user."""
    return CleanupRecord(
        site=site.name,
        cleanup_date=context.clock(),
        backups_deleted=0,
        space_freed=0,
        cleanup_reason="",
        performed_by=by or context.actor,
        details="[]",
    )


def delete_held(
    context: Context, site: Site, backup: BackupRecord, cleanup: CleanupRecord, reason: str
) -> CleanupRecord:
    """With the site's lock held, delete a backup as one more of a clean-up; return that as it is logged now.

    The row goes in the transaction that names it in the log, so that a start after a crash knows what to finish.
    Raise as `refuse_deletion`.
    """
    refuse_deletion(context, site, backup)
    archive = context.store.archive_path(site.name, backup.name)
    freed = archive.stat().st_size if archive.is_file() else 0
    if archive.is_file():
        context.store.set_aside(site.name, backup.name)
    logged = context.catalog.delete_backup(
        backup.id,
        replace(
            cleanup,
            backups_deleted=cleanup.backups_deleted + 1,
            space_freed=cleanup.space_freed + freed,
            cleanup_reason=reason,
            details=json.dumps([*json.loads(cleanup.details), backup.name]),
        ),
    )
    context.store.erase_set_aside(site.name, backup.name)
    return logged


def copy_backup(context: Context, backup: BackupRecord, target: Path, reporter: Reporter) -> Path:
    """Copy a backup's archive to a file, or into a folder under its own name; return the copy. Overwrite nothing."""
    context.require_writable("copy an archive elsewhere")
    _require_archive(backup)
    source = context.store.archive_path(backup.site, backup.name)
    place = target / source.name if target.is_dir() else target
    if os.path.lexists(place):
        raise UsageError(f"{place} exists already", hint="name another file; greenroom overwrites nothing")
    partial = place.with_name(place.name + ".partial")
    try:
        with source.open("rb") as file, context.disk.create(partial) as copy:
            reporter.phase("copying the archive", source.stat().st_size)
            while block := file.read(_BLOCK):
                context.disk.write(copy, block)
                reporter.advance(len(block))
            context.disk.fsync(copy)
        context.disk.rename(partial, place)
        context.disk.fsync_folder(place.parent)
    except FileExistsError as error:
        raise UsageError(f"{partial} exists already", hint="another copy is on its way, or died; remove it") from error
    except BaseException as error:
        context.disk.unlink(partial)
        if isinstance(error, OSError):
            raise GreenroomError(f"cannot copy to {place}: {error.strerror}", hint="nothing was left there") from error
        raise
    return place


def _require_archive(backup: BackupRecord) -> None:
    if backup.status != "completed":
        raise UsageError(
            f"{backup.name} is {backup.status}: there is no archive", hint="`greenroom list` shows the completed ones"
        )
