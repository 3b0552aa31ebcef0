"""Undo: a restore of what was kept before the last restore, by the same steps, so that it can be undone too."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from core.catalog import BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.databases.sqlite import SIDE_FILES
from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.recovery import tidy
from core.restore.apply import refuse_open_database
from core.restore.digest import digest_path
from core.restore.finish import Outcome
from core.restore.marker import Expected, Marker, Target
from core.restore.now import apply_at_once
from core.restore.stage import stage_backup, stage_held
from core.restore.unpack import give


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo goes back to: a safety backup, or the raw bytes that were set aside."""

    last: RestoreRecord
    safety: BackupRecord | None
    set_aside: dict[str, Path]


def plan_undo(context: Context, site: Site) -> UndoPlan:
    """Given a site, return what `undo` would go back to; raise UsageError where there is nothing."""
    last = context.catalog.last_restore(site.name)
    if last is None:
        raise UsageError(f"{site.name} was never restored: nothing to undo", hint="`greenroom history` lists restores")
    if last.set_aside and site.sqlite_path is not None:  # rows on a server cannot be set aside, so there is a backup
        rows = json.loads(last.set_aside)
        kept = {str(row["name"]): Path(row["kept"]) for row in rows}
        inside = {
            str(row["name"]): Path(row["kept"]) / ("" if row.get("by") == "entries" else Path(row["live"]).name)
            for row in rows
        }
        missing = [str(path) for path in kept.values() if not path.is_dir()]
        if missing:
            raise UsageError(
                f"the raw bytes set aside before the last restore are gone: {', '.join(missing)}",
                hint="restore a backup instead; `greenroom list` shows them",
            )
        return UndoPlan(last, None, inside)
    safety = context.catalog.find(site.name, last.safety_name) if last.safety_name else None
    if safety is None:
        raise UsageError(
            f"the safety backup {last.safety_name or ''} of the last restore is gone",
            hint="restore another backup instead; `greenroom list` shows them",
        )
    return UndoPlan(last, safety, {})


def undo_restore(
    context: Context,
    site: Site,
    reporter: Reporter,
    *,
    accept_version: str | None = None,
    agreed: str | None = None,
) -> Outcome:
    """Bring back what was there before the last restore; raise as `restore_now` does.

    `agreed` is the `restore_id` of what a person agreed to undo: raise UsageError where another restore came since.
    """
    context.require_writable("undo a restore")
    refuse_open_database(site)
    with context.lock(site, "undo"):
        tidy(context, site)
        plan = plan_undo(context, site)
        if agreed not in (None, plan.last.restore_id):
            raise UsageError(
                f"{site.name} was restored again meanwhile, so there is something else to undo now",
                hint=f"look at `greenroom history {site.name}`, then say undo again",
            )
        staged = _stage(context, site, plan, reporter, accept_version)
        return apply_at_once(context, site, staged, reporter)


def _stage(context: Context, site: Site, plan: UndoPlan, reporter: Reporter, accept_version: str | None) -> Marker:
    if plan.safety is not None:
        return stage_backup(context, site, plan.safety, reporter, accept_version=accept_version, action="undo")
    return stage_held(
        context,
        site,
        lambda targets: _copy_set_aside(plan, targets, context.disk, reporter),
        backup_filename=f"set aside before {plan.last.backup_name}",
        backup_id=None,
        action="undo",
        held=plan.set_aside,
    )


def _copy_set_aside(
    plan: UndoPlan, targets: tuple[Target, ...], disk: Filesystem, reporter: Reporter
) -> dict[str, Expected]:
    """Copy raw bytes as they are: a damaged database stays damaged, what was missing stays missing."""
    expected = {}
    reporter.phase("copying what was set aside", None)
    for target in targets:
        disk.make_folder(target.work)
        disk.make_folder(target.new)
        kept = plan.set_aside.get(target.name)
        if kept is None:
            raise GreenroomError(
                f"nothing was set aside for {target.name}", hint="the site had other folders then; restore a backup"
            )
        source = kept
        if not os.path.lexists(source):
            continue
        _copy(source, target.staged, disk, reporter)
        if target.kind == "database":
            for side in SIDE_FILES:
                if (beside := source.with_name(source.name + side)).exists():
                    _copy(beside, target.new / beside.name, disk, reporter)
        disk.sync_filesystem(target.work)
        found = digest_path(target.staged, reporter)
        expected[target.name] = Expected(
            digest=found.hex, entries=found.entries, files=found.files, size_bytes=found.size_bytes
        )
    return expected


def _copy(source: Path, place: Path, disk: Filesystem, reporter: Reporter) -> None:
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        disk.symlink(os.fspath(source.readlink()), place)
        give(place, None, status.st_uid, status.st_gid)
        return
    if stat.S_ISDIR(status.st_mode):
        if not place.exists():
            disk.make_folder(place)
        for child in sorted(source.iterdir()):
            _copy(child, place / child.name, disk, reporter)
    elif not stat.S_ISREG(status.st_mode):
        return  # a special file is not copied: it stays in the folder that is live now
    else:
        with source.open("rb") as file, disk.create(place) as copy:
            while block := file.read(1 << 20):
                disk.write(copy, block)
                reporter.advance(len(block))
    give(place, status.st_mode, status.st_uid, status.st_gid)
    shutil.copystat(source, place, follow_symlinks=False)
