"""What stands in the way of a restore, found before a byte is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.archive import Archive
from core.backup import estimate_space
from core.config import Site, application_version
from core.context import Context
from core.databases import dumps
from core.databases.connect import driver_for
from core.databases.sqlite import ENGINE, DatabaseDamagedError, DatabaseMissingError, database_bytes, probe_database
from core.errors import BusyError, GreenroomError
from core.progress import Reporter
from core.restore.fit import Fit, fit_rows
from core.restore.marker import DATABASE, RowOrder, Target, marker_path, read_marker
from core.restore.targets import blocking_reasons, plan_targets
from core.restore.unpack import held_names
from core.sizes import format_size
from core.tree import UnreadableTreeError


@dataclass(frozen=True, slots=True)
class TargetSpace:
    """Space on the file system where a target is staged, and how it will be replaced."""

    name: str
    path: Path
    by: str
    needed_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Obstacles:
    """The targets of a restore, the space they need, and in `blockers` why it cannot be, a sentence each.

    `fit` is what becomes of the rows where it is rows that are restored.
    """

    targets: tuple[Target, ...]
    space: tuple[TargetSpace, ...]
    version_now: str | None
    version_backup: str | None
    blockers: tuple[str, ...]
    notices: tuple[str, ...]
    fit: Fit | None = None


def find_obstacles(
    context: Context,
    site: Site,
    archive: Archive,
    reporter: Reporter,
    rows: RowOrder | None = None,
    *,
    trusted: bool = True,
    look: bool = False,
) -> Obstacles:
    """Given an open archive, return what stands in the way of its restore to a site.

    `rows` is what a portable backup does with its rows; what is not `trusted` came from elsewhere.
    """
    everything = plan_targets(site, "preview")
    targets = plan_targets(site, "preview", held_names(archive))
    sizes = _sizes(archive)
    if rows is not None and site.sqlite_path is not None:
        sizes[DATABASE] += database_bytes(site.sqlite_path)  # what is there is copied, and changed
    space = _space(targets, sizes)
    fit = None if rows is None or rows.is_whole else fit_rows(site, archive, rows, reporter, look=look)
    version, unknown = _version_now(site, read_only=context.read_only)
    return Obstacles(
        targets=targets,
        space=space,
        version_now=version,
        version_backup=_version_of(archive),
        blockers=(
            *_blockers(context, site, targets, space),
            *(_wrong_kind(site, archive) if rows is None else _misfits(site, archive, rows, fit, trusted=trusted)),
            *_homeless(archive, everything),
            *_no_safety(context, site, reporter),
        ),
        notices=(*unknown, *(fit.notices if fit else ())),
        fit=fit,
    )


def _version_now(site: Site, *, read_only: bool) -> tuple[str | None, tuple[str, ...]]:
    """A broken application may not tell its version, and must be restored all the same."""
    try:
        return (site.version if read_only else application_version(site)), ()
    except GreenroomError as error:
        return None, (f"the version of the application is not known: {error.message}",)


def versions_differ(now: str | None, backup: str | None) -> bool:
    """Whether two versions of the application are known and are not the same."""
    return None not in (now, backup) and now != backup


def _sizes(archive: Archive) -> dict[str, int]:
    """The bytes of each target."""
    manifest = archive.manifest
    if manifest is not None:
        sizes = {folder.prefix.rstrip("/"): folder.bytes for folder in manifest.files}
        database = sum(size for size, _ in manifest.members.values())
        return sizes | {DATABASE: database}
    if archive.holds_models:
        return {DATABASE: archive.total_bytes}
    sizes = {DATABASE: 0, "files": 0}
    for entry in archive.entries:
        sizes["files" if entry.name.startswith("files/") else DATABASE] += entry.size
    return sizes


def _space(targets: tuple[Target, ...], sizes: dict[str, int]) -> tuple[TargetSpace, ...]:
    rows = []
    for target in targets:
        parent = target.work.parent
        free = shutil.disk_usage(parent).free if parent.is_dir() else 0
        rows.append(TargetSpace(target.name, target.live, target.by, sizes.get(target.name, 0), free))
    return tuple(rows)


def _blockers(
    context: Context, site: Site, targets: tuple[Target, ...], space: tuple[TargetSpace, ...]
) -> Iterator[str]:
    pending = read_marker(marker_path(context, site))
    if pending is not None:
        yield (
            f"a restore of {pending.backup_filename} is pending: `greenroom apply {site.name}` "
            f"or `greenroom restore-cancel {site.name}` first"
        )
    for target in targets:
        yield from blocking_reasons(target)
    needed_by_device: dict[int, list[TargetSpace]] = {}
    for target, row in zip(targets, space, strict=True):
        if target.work.parent.is_dir():
            needed_by_device.setdefault(target.work.parent.stat().st_dev, []).append(row)
    for rows in needed_by_device.values():
        needed = sum(row.needed_bytes for row in rows)
        free = min(row.free_bytes for row in rows)
        if needed > free:
            yield f"no space beside {rows[0].path}: {format_size(needed)} needed, {format_size(free)} free"


def _wrong_kind(site: Site, archive: Archive) -> Iterator[str]:
    manifest = archive.manifest
    if site.sqlite_path is None:
        yield "the backup is a snapshot of another engine: only a portable one goes into the site's"
    elif manifest is not None and (manifest.engine, manifest.kind, manifest.scope) != (ENGINE, "snapshot", "full"):
        yield (
            f"the backup is a {manifest.scope} {manifest.kind} of {manifest.engine}; "
            f"only a full snapshot of {ENGINE} takes the place of a site"
        )


def _misfits(site: Site, archive: Archive, rows: RowOrder, fit: Fit | None, *, trusted: bool) -> Iterator[str]:
    if fit is not None:
        yield from fit.problems
        return
    if not trusted:
        yield (
            "the backup was not made here, and its dump is SQL that would run with all rights of the site's user:"
            " look into it, then load it by hand"
        )
    yield from _dump_problems(site, archive, rows)


def _dump_problems(site: Site, archive: Archive, rows: RowOrder) -> Iterator[str]:
    manifest = archive.manifest
    if manifest is None:
        return
    engine = "sqlite" if site.sqlite_path is not None else driver_for(site.database_url().drivername).engine
    if engine != manifest.engine:
        yield f"the backup is a snapshot of {manifest.engine}; only a portable one goes into a site on {engine}"
        return
    entry = next(one for one in archive.entries if one.name == manifest.database.member)
    find = dumps.find_problems_in_place if rows.mode == "replace" else dumps.find_problems
    yield from find(site.database_url(), next(archive.read(entry), b""), site.tools)


def _homeless(archive: Archive, targets: tuple[Target, ...]) -> Iterator[str]:
    for name in sorted(held_names(archive) - {DATABASE, *(target.name for target in targets)}):
        wanted = 'files = ["FOLDER"]' if name == "files" else f"files = {{{name.removeprefix('files/')} = FOLDER}}"
        yield f"the backup holds {name}/, and the site has no such folder: `{wanted}` in greenroom.toml gives it one"


def _no_safety(context: Context, site: Site, reporter: Reporter) -> Iterator[str]:
    """What cannot be read whole is set aside, which takes no space; for the rest there is to be a safety backup."""
    try:
        needed, free_bytes = estimate_space(site).needed, context.store.free_bytes()
        if needed > free_bytes:
            if site.sqlite_path is not None:
                _probe(site.sqlite_path, reporter)
            free = format_size(free_bytes)
            yield f"no space for the safety backup: {format_size(needed)} needed in the storage, {free} free"
    except (UnreadableTreeError, DatabaseDamagedError, DatabaseMissingError):
        return


def _probe(database: Path, reporter: Reporter) -> None:
    try:
        probe_database(database, reporter)
    except BusyError:
        return


def _version_of(archive: Archive) -> str | None:
    if archive.manifest is not None:
        return archive.manifest.application_version
    return archive.bare.app_version if archive.bare is not None else None
