"""What the Schedule screen asks of the core, each in a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from core.catalog import BackupRecord, ScheduleRecord, ScheduleSettings
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.needs import needed_by_restores
from core.prune import preview_prune
from core.restore.marker import marker_path
from core.retention import decide_retention, policy_of
from core.runner.turn import Runner, who_runs
from core.scheduler import upcoming
from core.schedules.settings import default_settings, set_schedule
from tui.calls import Stamp, stamp
from tui.keep_days import KeepDays, arrange

RUNS = 5
_SECONDS_A_MINUTE = 60
_SECONDS_BETWEEN_READS = 30


@dataclass(frozen=True, slots=True)
class Trace:
    """What is the same as long as nothing happened; waits are told by the minute, so each minute is another one."""

    files: tuple[Stamp | None, ...]
    runner: Runner | None
    period: int


@dataclass(frozen=True)
class ScheduleView:
    """The schedule of a site, what it is where none was ever set, who runs the loop, and the backups to be kept or not.

    `needed` are the ids of backups that restores need, each with the reasons; `refusal` says why nothing at all would
    be removed now, or is None.
    """

    record: ScheduleRecord | None
    settings: ScheduleSettings
    runner: Runner | None
    backups: Sequence[BackupRecord]
    needed: Mapping[int, Sequence[str]]
    refusal: str | None
    now: datetime
    trace: Trace


@dataclass(frozen=True)
class Changed:
    """Not saved: the schedule is another one meanwhile, or there is none any more."""

    now: ScheduleRecord | None


@dataclass(frozen=True)
class Outlook:
    """What settings mean: the next runs, and what would be kept. None of what is typed wrong."""

    runs: Sequence[datetime] | None
    keep: KeepDays | None
    going: int = 0
    freed: int = 0


def read_schedule(context: Context, site: Site, before: Trace | None = None) -> ScheduleView | None:
    """Return how the schedule of a site is, or None where nothing happened since `before`; raise GreenroomError."""
    now, runner = context.clock(), who_runs(context)
    trace = _trace(context, site, now, runner)
    if trace == before:
        return None
    record = context.catalog.schedule(site.name)
    settings = record.settings if record is not None else default_settings(site)
    backups = context.catalog.completed_backups(site.name)
    return ScheduleView(
        record=record,
        settings=settings,
        runner=runner,
        backups=backups,
        needed=_needed(context, site, backups),
        refusal=_refusal(context, site, settings),
        now=now,
        trace=trace,
    )


def _trace(context: Context, site: Site, now: datetime, runner: Runner | None) -> Trace:
    """A catalog on a server does not tell for nothing that it changed: it is read again twice a minute."""
    catalog = context.settings.catalog_path
    watched: tuple[Path, ...] = (marker_path(context, site), context.settings.storage / site.name)
    if catalog is not None:
        watched += (catalog, catalog.with_name(f"{catalog.name}-wal"))
    seconds = _SECONDS_BETWEEN_READS if catalog is None else _SECONDS_A_MINUTE
    return Trace(tuple(map(stamp, watched)), runner, int(now.timestamp()) // seconds)


def _refusal(context: Context, site: Site, settings: ScheduleSettings) -> str | None:
    """A policy that makes no sense is refused too; the form is where it is put right."""
    try:
        return preview_prune(context, site, policy_of(settings)).refusal
    except GreenroomError as error:
        return error.message


def _needed(context: Context, site: Site, backups: Sequence[BackupRecord]) -> Mapping[int, Sequence[str]]:
    """Where it cannot be told, a prune refuses, and the view says so."""
    try:
        return needed_by_restores(context, site, backups)
    except GreenroomError:
        return {}


def look_ahead(
    view: ScheduleView, settings: ScheduleSettings, now: datetime, zone: ZoneInfo, *, times: bool, keep: bool
) -> Outlook:
    """Given settings of which the times and the retention are right or not, return what they mean for a site's zone."""
    runs = list(islice(upcoming(settings, now), RUNS)) if times else None
    if not keep:
        return Outlook(runs, None)
    verdicts = decide_retention(view.backups, policy_of(settings), now, zone, view.needed)
    gone = [one.backup.file_size or 0 for one in verdicts if not one.keep]
    return Outlook(runs, arrange(verdicts, zone), len(gone), sum(gone))


def save_schedule(
    context: Context, site: Site, settings: ScheduleSettings, based_on: datetime | None
) -> ScheduleRecord | Changed:
    """Set the schedule, unless it is not any more the one of the time `based_on` that a person has seen.

    Raise as `set_schedule`. Between the look and the change is no lock: of two who save in the same instant the
    later one wins, as with any two commands.
    """
    present = context.catalog.schedule(site.name)
    if (present.updated_at if present is not None else None) != based_on:
        return Changed(present)
    return set_schedule(context, site, settings)
