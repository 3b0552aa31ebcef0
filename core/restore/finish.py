"""The end of a restore, forward or backward: what is logged, kept, cleaned up. All of it can be repeated."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog import RestoreRecord
from core.config import Site
from core.context import Context
from core.databases.sqlite import SIDE_FILES
from core.errors import GreenroomError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.carry import carry_over, old_folder
from core.restore.digest import digest_path
from core.restore.marker import (
    DATABASE,
    UNEXPECTED_PREFIX,
    Expected,
    Marker,
    Target,
    failed_marker_path,
    keep_unexpected,
    marker_path,
    remove_marker,
    write_marker,
)
from core.restore.switch import move_back, unexpected_paths
from core.tree import (
    FAILED_FOLDER_PREFIX,
    WORK_FOLDER_PREFIX,
    UnreadableTreeError,
    fingerprint,
    free_name,
    mount_points_below,
)

BEFORE_RESTORE = ".before_restore"
SET_ASIDE_PREFIX = f"{WORK_FOLDER_PREFIX}set-aside-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a restore ended: the site is `new` or `old`; with counts, and what `undo` goes back to.

    `unexpected` is what was found where nothing should be, and kept; `notices` say what was left somewhere.
    """

    site: str
    action: str
    state: str
    backup_name: str
    tables: int
    records: int
    files: int
    safety_name: str | None
    set_aside: tuple[Path, ...]
    unexpected: tuple[Path, ...]
    notices: tuple[str, ...]
    error: str | None


def finish_new(context: Context, site: Site, marker: Marker) -> Outcome:
    """From `switched` on only forward: carry over, log, clean up, remove the marker."""
    changed = _changed_since(site, marker)
    left = [reason for target in marker.targets for reason in carry_over(target, site.exclude, context.disk)]
    if (changed or left) and not marker.set_aside:  # the old folders hold what is nowhere else
        marker = write_marker(context, marker_path(context, site), marker.but(set_aside=True))
    notices = [f"written to after the safety backup, so the old state was set aside: {path}" for path in changed]
    notices += [f"left in the old folder, which was set aside: {reason}" for reason in left]
    outcome = _outcome(marker, "new", notices)
    context.catalog.record_restore(_log_row(context, marker, outcome))
    for target in marker.targets:
        notices += _keep_or_clean(target, context.disk, set_aside=marker.set_aside)
    remove_marker(context, marker_path(context, site))
    return replace(outcome, notices=tuple(notices))


def finish_old(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Outcome:
    """From `reverting` on only backward: undo the renames, log, put the staging aside, and the marker with it."""
    path = marker_path(context, site)
    if marker.moves:
        move_back(marker.moves, context.disk)
        marker = write_marker(context, path, marker.but(moves=(), taken_back=True))
    if marker.taken_back:
        for target in marker.targets:
            _keep_what_was_written(target, marker.expected.get(target.name), context.disk, reporter.uncancellable())
    outcome = _outcome(marker, "old")
    context.catalog.record_restore(_log_row(context, marker, outcome))
    for target in marker.targets:
        if target.work.exists():
            context.disk.rename(target.work, target.kept(FAILED_FOLDER_PREFIX))
            context.disk.fsync_folder(target.work.parent)
    context.disk.rename(path, failed_marker_path(context, site))
    context.disk.fsync_folder(context.site_folder(site))
    return outcome


def set_aside_paths(marker: Marker) -> tuple[Path, ...]:
    """Where the raw bytes of the old state lie once the restore is finished."""
    if not marker.set_aside:
        return ()
    return tuple(target.kept(SET_ASIDE_PREFIX) for target in marker.targets)


def _restored(database: Expected) -> dict[str, int]:
    return database.tables or {} if database.restored is None else database.restored


def _outcome(marker: Marker, state: str, notices: Sequence[str] = ()) -> Outcome:
    database = marker.expected.get(DATABASE)
    tables = _restored(database) if database else {}
    files = sum(one.files for name, one in marker.expected.items() if name != DATABASE)
    new = state == "new"
    return Outcome(
        site=marker.site,
        action=marker.action,
        state=state,
        backup_name=marker.backup_filename.removesuffix(".zip"),
        tables=len(tables) if new else 0,
        records=sum(tables.values()) if new else 0,
        files=files if new else 0,
        safety_name=marker.safety_name,
        set_aside=set_aside_paths(marker) if new else (),
        unexpected=tuple(
            (target.kept(UNEXPECTED_PREFIX) if new else target.kept(FAILED_FOLDER_PREFIX) / "unexpected") / path.name
            for target in marker.targets
            for path in unexpected_paths(target)
        ),
        notices=tuple(notices),
        error=marker.error,
    )


def _log_row(context: Context, marker: Marker, outcome: Outcome) -> RestoreRecord:
    results = {
        "state": outcome.state,
        "unexpected": [str(path) for path in outcome.unexpected],
        "notices": list(outcome.notices),
        "targets": [str(target.live) for target in marker.targets],
        "rows": marker.rows.model_dump(include={"mode", "tables", "of_site"}) if marker.rows else None,
    }
    return RestoreRecord(
        restore_id=marker.restore_id,
        site=marker.site,
        action=marker.action,
        backup_id=marker.backup_id,
        backup_name=outcome.backup_name,
        restore_type="full",
        status="completed" if outcome.state == "new" else "failed",
        tables_restored=outcome.tables,
        records_restored=outcome.records,
        files_restored=outcome.files,
        pre_restore_backup_id=marker.safety_id,
        safety_name=marker.safety_name,
        set_aside=json.dumps([_aside_row(target) for target in marker.targets]) if outcome.set_aside else None,
        restored_by=marker.requested_by,
        restored_at=context.clock(),
        restoration_results=json.dumps(results),
        error=marker.error,
    )


def _aside_row(target: Target) -> dict[str, str]:
    return {"name": target.name, "live": str(target.live), "kept": str(target.kept(SET_ASIDE_PREFIX)), "by": target.by}


def _changed_since(site: Site, marker: Marker) -> list[Path]:
    """Return the folders that are not what the safety backup read: somebody writes files without the database."""
    changed = []
    for target in marker.targets:
        seen, old = marker.fingerprints.get(target.name), old_folder(target)
        if seen is not None and old.is_dir() and fingerprint(old, site.exclude) != seen:
            changed.append(target.live)
    return changed


def _keep_what_was_written(target: Target, wanted: Expected | None, disk: Filesystem, reporter: Reporter) -> None:
    """What stood in the site's place for a moment may have been written to: then it is kept, as unexpected."""
    if target.new.exists() and not _is_as_staged(target, wanted, reporter):
        if not target.unexpected.exists():
            disk.make_folder(target.unexpected)
        disk.rename(target.new, free_name(target.unexpected / target.new.name))
        disk.fsync_folder(target.work)


def _is_as_staged(target: Target, wanted: Expected | None, reporter: Reporter) -> bool:
    staged = set() if wanted is None else {target.live.name}
    if target.by == "rename" and {path.name for path in target.new.iterdir()} != staged:
        return False
    if wanted is None:
        return True
    reporter.phase("looking what was written meanwhile", wanted.size_bytes)
    try:
        return digest_path(target.staged, reporter).hex == wanted.digest
    except (OSError, UnreadableTreeError):
        return False


def _keep_or_clean(target: Target, disk: Filesystem, *, set_aside: bool) -> list[str]:
    """Return what had to be left there, a sentence each."""
    keep_unexpected(target, disk)
    if set_aside:
        if target.old.exists():
            disk.rename(target.old, target.kept(SET_ASIDE_PREFIX))
    elif target.kind == "database":
        _keep_before_restore(target, disk)
    disk.fsync_folder(target.work.parent)
    for point in mount_points_below(target.work):
        raise GreenroomError(
            f"{point} was mounted in the old folder meanwhile: it is not removed",
            hint="unmount it, then `greenroom apply` finishes the restore",
        )
    try:
        disk.remove_folder(target.work)
    except PermissionError as error:
        return [f"{target.work} could not be removed whole: {error.strerror}: {error.filename}; it is not needed"]
    disk.fsync_folder(target.work.parent)
    return []


def _keep_before_restore(target: Target, disk: Filesystem) -> None:
    """The old database stays beside the new one, as `DATABASE.before_restore`, until the next restore."""
    old = target.old / target.live.name
    kept = target.live.with_name(target.live.name + BEFORE_RESTORE)
    if not os.path.lexists(old):
        return
    for side in SIDE_FILES:
        disk.unlink(kept.with_name(kept.name + side))
    disk.rename(old, kept)
