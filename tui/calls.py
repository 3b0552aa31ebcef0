"""What the screens ask of the core in one call, each in a thread."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from core.archive.manifest import Manifest, parse_manifest, read_document
from core.catalog import BackupRecord, Order, Page, ScheduleRecord, SpanCount
from core.config import Site
from core.context import Context
from core.databases.serving import count_rows
from core.databases.sqlite import live_counts
from core.days import day_bounds, week_days
from core.errors import GreenroomError, UsageError
from core.locks import LockHolder
from core.progress import Reporter
from core.restore.address import Address
from core.restore.elsewhere import ElsewhereOutcome, restore_elsewhere
from core.restore.finish import Outcome
from core.restore.marker import Marker, RowOrder, failed_marker_path, marker_path, read_marker
from core.restore.now import restore_now
from core.restore.stage import stage_restore
from core.runner.turn import Runner, who_runs
from core.scheduler import next_after
from core.schedules.missed import missed_days
from core.sizes import format_size
from core.status import SiteStatus, site_status
from core.stores import named_time

WEEKS = 10
PAGE = 200
_SECONDS_A_MINUTE = 60
_MOST_CLEANUPS = 1000

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which backups of which site a person wants to see: those that match, in an order, around a place in the list.

    `keep` is the id of the backup that is highlighted and shall be on the page.
    """

    site: Site
    text: str = ""
    order: Order = "newest"
    offset: int = 0
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What a look leaves behind that costs next to nothing to compare: two that are equal mean that nothing happened.

    Ages are told by the minute, so each minute is another trace.
    """

    files: tuple[Stamp | None, ...]
    holder: LockHolder | None
    runner: Runner | None
    free: str
    database: str | None
    minute: int


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as the first screen shows it; a problem says why the storage or the database cannot be reached."""

    status: SiteStatus
    page: Page
    days: tuple[date, ...]
    counts: tuple[SpanCount, ...]
    missed: tuple[bool, ...]
    schedule: ScheduleRecord | None
    runner: Runner | None
    now: datetime
    free_bytes: int | None
    storage_problem: GreenroomError | None
    database_problem: str | None
    trace: Trace | None


def read_site(context: Context, wish: Wish, before: Trace | None = None) -> SiteView | None:
    """Return how the site is, or None where nothing happened since `before`; raise GreenroomError."""
    site, now = wish.site, context.clock()
    free_bytes, storage_problem = _free_bytes(context)
    database_problem = _database_problem(site)
    runner = who_runs(context)
    trace = _trace(context, site, now, runner, free_bytes, database_problem)
    if trace is not None and trace == before:
        return None
    days = week_days(now, site.time_zone, WEEKS)
    page = context.catalog.page(
        site.name, text=wish.text, order=wish.order, offset=wish.offset, limit=PAGE, keep=wish.keep
    )
    bounds = day_bounds(days, site.time_zone)
    counts = context.catalog.span_counts(site.name, bounds)
    schedule = context.catalog.schedule(site.name)
    return SiteView(
        status=site_status(context, site),
        page=page,
        days=days,
        counts=counts,
        missed=_missed(context, schedule, bounds, counts, now),
        schedule=schedule,
        runner=runner,
        now=now,
        free_bytes=free_bytes,
        storage_problem=storage_problem,
        database_problem=database_problem,
        trace=trace,
    )


def _missed(
    context: Context,
    schedule: ScheduleRecord | None,
    bounds: Sequence[datetime],
    counts: Sequence[SpanCount],
    now: datetime,
) -> tuple[bool, ...]:
    """The days on which a run was due that nothing stands for; what was deleted since is found in the log of that."""
    if schedule is None:
        return (False,) * len(counts)
    site = schedule.site
    names = (
        str(name)
        for cleanup in context.catalog.cleanups(site, limit=_MOST_CLEANUPS)
        if cleanup.cleanup_date >= bounds[0]
        for name in json.loads(cleanup.details)
    )
    stood_for = {
        *context.catalog.instants_made_for(site, bounds[0]),
        *(time for time in map(named_time, names) if time is not None),
    }
    try:
        return missed_days(schedule, partial(next_after, schedule.settings), bounds, counts, stood_for, now)
    except GreenroomError:  # its times make no sense; the Schedule screen and the loop say so
        return (False,) * len(counts)


def _trace(
    context: Context, site: Site, now: datetime, runner: Runner | None, free: int | None, database: str | None
) -> Trace | None:
    """Taken before the look, so that the next one sees what happens meanwhile. None where a server has the catalog."""
    catalog = context.settings.catalog_path
    if catalog is None:
        return None
    watched = (
        catalog,
        catalog.with_name(f"{catalog.name}-wal"),
        marker_path(context, site),
        failed_marker_path(context, site),
        context.settings.storage / site.name,
    )
    return Trace(
        files=tuple(map(stamp, watched)),
        holder=context.holder(site),
        runner=runner,
        free="" if free is None else format_size(free),
        database=database,
        minute=int(now.timestamp()) // _SECONDS_A_MINUTE,
    )


def stamp(path: Path) -> Stamp | None:
    """Return what changes whenever the file at a path does, or None where it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:  # what cannot be looked at is told by the look itself
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _database_problem(site: Site) -> str | None:
    path = site.sqlite_path
    if path is None:
        return None
    try:
        path.stat()
    except FileNotFoundError:
        return f"{path} is not there. Is its disk mounted? A restore brings the database of a backup back"
    except OSError as error:
        return f"{path}: {os.strerror(error.errno or 0)}. Is its disk mounted, and may this user read it?"
    return None


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
    """How a restore came out: what was done, or why not, and what of it is pending now.

    `filled` is what another database holds now, where the restore was to no site.
    """

    outcome: Outcome | None = None
    filled: ElsewhereOutcome | None = None
    pending: Marker | None = None
    error: GreenroomError | None = None


def stage(
    context: Context,
    site: Site,
    backup: BackupRecord,
    reporter: Reporter,
    *,
    accept_version: str | None,
    order: RowOrder | None,
) -> Restored:
    """Stage a restore; raise as `stage_restore` does, with nothing changed and nothing pending."""
    return Restored(pending=stage_restore(context, site, backup, reporter, accept_version=accept_version, order=order))


def restore(
    context: Context,
    site: Site,
    backup: BackupRecord,
    reporter: Reporter,
    *,
    accept_version: str | None,
    order: RowOrder | None,
) -> Restored:
    """Restore now; where that fails, look whether it must be finished before the application may start."""
    try:
        return Restored(restore_now(context, site, backup, reporter, accept_version=accept_version, order=order))
    except GreenroomError as error:
        pending = pending_now(context, site)
        return Restored(pending=pending if pending is not None and pending.changed_site else None, error=error)


def restore_into(
    context: Context, site: Site, backup: BackupRecord, into: Address, reporter: Reporter, *, tables: tuple[str, ...]
) -> Restored:
    """Fill an empty database that is no site; where that fails, it is as it was."""
    try:
        return Restored(filled=restore_elsewhere(context, site, backup, into, reporter, tables))
    except GreenroomError as error:
        return Restored(error=error)


@dataclass(frozen=True)
class TableRows:
    """Rows of a table in a backup, and now; None where it is not there, or nobody can tell."""

    name: str
    backup: int
    now: int | None


def read_table_rows(context: Context, backup: BackupRecord, into: Site | Address) -> list[TableRows]:
    """Given a portable backup, return its tables; raise GreenroomError where they are not known."""
    text = context.catalog.manifest(backup.id)
    if text is None:
        raise UsageError(f"the catalog does not know the tables of {backup.name}", hint="all of them are restored")
    now = _rows_now(into) if isinstance(into, Site) else {}
    tables = parse_manifest(read_document(text.encode())).tables
    return [TableRows(table.name, table.rows, now.get(table.name)) for table in tables]


def _rows_now(site: Site) -> dict[str, int]:
    """What cannot be counted is said by the preview."""
    path = site.sqlite_path
    try:
        return live_counts(path, Reporter()) if path is not None else count_rows(site.database_url(), Reporter())
    except GreenroomError:
        return {}


def pending_now(context: Context, site: Site) -> Marker | None:
    """Return what is pending; where the marker cannot be read the error before that is what a person must see."""
    with suppress(GreenroomError):
        return read_marker(marker_path(context, site))
    return None


def _free_bytes(context: Context) -> tuple[int | None, GreenroomError | None]:
    try:
        return context.store.free_bytes(), None
    except GreenroomError as error:
        return None, error
