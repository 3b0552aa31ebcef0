"""The schedule of a site: checked, set, enabled, disabled, and what there is of its backups in numbers."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import get_args

from core.catalog import (
    BackupTotals,
    DrillPlan,
    Frequency,
    Kind,
    Missed,
    ScheduleRecord,
    ScheduleSettings,
    ScheduleState,
)
from core.config import Site
from core.config.problems import Problem, quote, suggestion
from core.context import Context
from core.errors import UsageError
from core.scheduler import is_time, next_after
from core.schedules.crons import LONGEST_CRON, cron_problem

_MOST_DAYS = 36_500
_MOST_BACKUPS = 100_000
_KEPT = ("keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly")
_WORDS = {"frequency": Frequency, "kind": Kind, "missed": Missed, "drill": DrillPlan}
_NUMBERS = {
    "weekday": (0, 6, "0 Monday to 6 Sunday"),
    "month_day": (1, 31, "1 to 31; a shorter month has it on its last day"),
    "keep_minimum": (1, _MOST_BACKUPS, f"1 to {_MOST_BACKUPS}"),
    **dict.fromkeys(_KEPT, (0, _MOST_BACKUPS, f"0 to {_MOST_BACKUPS}")),
}
_LIMITS = {"retention_days": _MOST_DAYS, "max_backups": _MOST_BACKUPS}


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """What is wrong with one field of a schedule, and what is allowed there."""

    field: str
    wrong: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: {self.wrong}; allowed: {self.allowed}"


class InvalidScheduleError(UsageError):
    """A schedule was to be saved that says what it may not; `problems` holds all of it."""

    def __init__(self, found: Iterable[SettingProblem]) -> None:
        self.problems = tuple(Problem(one.field, one.wrong, one.allowed) for one in found)
        lines = [str(problem) for problem in self.problems]
        message = "\n  ".join([f"the schedule has {len(lines)} problems:", *lines]) if len(lines) > 1 else lines[0]
        super().__init__(message, hint="nothing was changed; `greenroom schedule set --help` lists the options")


def default_settings(site: Site) -> ScheduleSettings:
    """Return what a site without a schedule starts from: disabled, daily at 02:00 in its own zone."""
    return ScheduleSettings(time_zone=site.time_zone.key or "UTC")


def current_settings(context: Context, site: Site) -> ScheduleSettings:
    """Return the settings of the site's schedule, or the defaults where none was ever set."""
    record = context.catalog.schedule(site.name)
    return record.settings if record is not None else default_settings(site)


def check_settings(settings: ScheduleSettings) -> tuple[SettingProblem, ...]:
    """Return all that is wrong with settings, field by field; nothing for those that can be saved."""
    return tuple(_problems(settings))


def set_schedule(context: Context, site: Site, settings: ScheduleSettings) -> ScheduleRecord:
    """Save a site's schedule; raise InvalidScheduleError where it may not be so.

    One that is newly enabled, or comes at other times than before, begins with its next time: nothing runs at once.
    """
    context.require_writable("change a schedule")
    found = check_settings(settings)
    if found:
        raise InvalidScheduleError(found)
    now = context.clock()
    before = context.catalog.schedule(site.name)
    return context.catalog.save_schedule(site.name, settings, _state(before, settings, now), context.actor, now)


def enable_schedule(context: Context, site: Site) -> ScheduleRecord:
    """Let the site's schedule run from its next time on, as it was set or as the defaults have it."""
    return set_schedule(context, site, replace(current_settings(context, site), enabled=True))


def disable_schedule(context: Context, site: Site) -> ScheduleRecord:
    """Let the site's schedule rest; what was set stays."""
    return set_schedule(context, site, replace(current_settings(context, site), enabled=False))


def statistics(context: Context, site: Site) -> BackupTotals:
    """Return how many completed backups the site has, how large, and who asked for them."""
    return context.catalog.backup_totals(site.name)


def times_of(settings: ScheduleSettings) -> tuple[str | int, ...]:
    """Return what decides when a schedule comes, and nothing else of it; settings need not be right for that."""
    used: dict[str, tuple[str | int, ...]] = {
        "hourly": (settings.time[-2:],),
        "daily": (settings.time,),
        "weekly": (settings.weekday, settings.time),
        "monthly": (settings.month_day, settings.time),
        "cron": (settings.cron,),
    }
    return (settings.frequency, settings.time_zone, *used.get(settings.frequency, ()))


def _state(before: ScheduleRecord | None, settings: ScheduleSettings, now: datetime) -> ScheduleState | None:
    """Return the state that follows from new settings, or None where the runner's stays: it may write at any moment."""
    if before is not None and not settings.enabled:
        return replace(before.state, next_run=None)
    if before is not None and before.settings.enabled and times_of(before.settings) == times_of(settings):
        return None
    fresh = ScheduleState(settled_until=now) if before is None else before.state
    return replace(
        fresh,
        settled_until=now,
        since=now,
        running_for=None,
        attempts=0,
        retry_at=None,
        next_run=next_after(settings, now) if settings.enabled else None,
    )


def _problems(settings: ScheduleSettings) -> Iterator[SettingProblem]:
    for field, kind in _WORDS.items():
        value, known = getattr(settings, field), get_args(kind)
        if value not in known:
            yield SettingProblem(field, f"{quote(str(value))} is not known", ", ".join(known))
    if not is_time(settings.time):
        yield SettingProblem("time", f"{quote(settings.time)} is not a time", "HH:MM, from 00:00 to 23:59")
    yield from _cron_problems(settings)
    zones = _zones()
    if settings.time_zone not in zones:
        wrong = f"{quote(settings.time_zone)} is not a known time zone{suggestion(settings.time_zone, zones)}"
        yield SettingProblem("time_zone", wrong, "such as Europe/Berlin, or UTC")
    for field, (least, most, allowed) in _NUMBERS.items():
        if not least <= getattr(settings, field) <= most:
            yield SettingProblem(field, f"{getattr(settings, field)} is out of range", allowed)
    for field, most in _LIMITS.items():
        value = getattr(settings, field)
        if value is not None and not 1 <= value <= most:
            yield SettingProblem(field, f"{value} is out of range", f"1 to {most}, or none")
    if settings.max_backups is not None and 1 <= settings.max_backups < settings.keep_minimum:
        wrong = f"{settings.max_backups} is less than keep_minimum, which is {settings.keep_minimum}"
        yield SettingProblem("max_backups", wrong, f"{settings.keep_minimum} or more, or none")


def _cron_problems(settings: ScheduleSettings) -> Iterator[SettingProblem]:
    """One that is not used may be unfinished, but the catalog must be able to hold it."""
    if settings.frequency == "cron":
        wrong = cron_problem(settings.cron)
        if wrong is not None:
            yield SettingProblem("cron", *wrong)
    elif len(settings.cron) > LONGEST_CRON or not settings.cron.isprintable():
        yield SettingProblem("cron", "is no cron expression", "nothing, where the frequency is not cron")


@cache
def _zones() -> frozenset[str]:
    """Looking for them takes a while, and a form asks at each key."""
    return frozenset(zoneinfo.available_timezones())
