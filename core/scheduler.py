"""What is due: pure functions of a schedule, how far the runner is, and now. docs/schedules.md has the rules."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from core.catalog import ScheduleRecord, ScheduleSettings, ScheduleState
from core.config.problems import quote
from core.errors import GreenroomError
from core.schedules.crons import cron_instants, cron_problem
from core.schedules.instants import find_zone, instant_of, local_time, standard_minutes

Action = Literal["wait", "run", "skip", "reset"]

LATE = timedelta(minutes=5)
WRONG_CLOCK = timedelta(hours=24)
_WRONG_RETRY = timedelta(days=8)  # a pause of seven days can be set
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
# A clock or a catalog can say any time. Nothing was scheduled before, nothing is after.
_FIRST = datetime(1970, 1, 3, tzinfo=UTC)
_LAST = datetime(9900, 1, 1, tzinfo=UTC)
_SAMPLE_BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
_SAMPLE_DAYS = 2 * 366
_SAMPLES_AT_LEAST = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a schedule now; times are aware UTC.

    wait: nothing. run: make the backup of `instant`, as its attempt number `attempt`. skip: settle `instant` without a
    run. reset: the clock was far ahead; settle up to now and forget the attempt. `missed`: the instant was noticed more
    than five minutes late. `next_instant`: when there is something to do next, None for never.
    """

    action: Action
    instant: datetime | None = None
    missed: bool = False
    next_instant: datetime | None = None
    attempt: int = 0


def decide(record: ScheduleRecord, now: datetime) -> Decision:
    """Given a schedule and the time, return what is to be done; raise GreenroomError where its times make no sense."""
    settings, state, now = record.settings, record.state, now.astimezone(UTC)
    if not settings.enabled:
        return Decision("wait")
    if clock_was_wrong(state, now):
        return Decision("reset", next_instant=next_after(settings, now))
    due, coming = _due(settings, state.settled_until, now)
    begun = _begun(state)
    if begun is not None and (due is None or begun >= due):
        return _again(state, begun, now, next_after(settings, begun))
    if due is None:
        return Decision("wait", next_instant=coming)
    missed = now - due > LATE
    if missed and settings.missed == "skip":
        return Decision("skip", due, missed, coming)
    return Decision("run", due, missed, coming, attempt=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a person is told: `due` is the instant whose backup should have begun, `coming` when one begins next.

    `since` is since when it is due: an attempt that failed is due again only after its pause.
    """

    due: datetime | None = None
    since: datetime | None = None
    coming: datetime | None = None


def look_ahead(record: ScheduleRecord, now: datetime, *, at_work: bool) -> Outlook:
    """Given a schedule, and whether its backup is being made, return what comes; raise GreenroomError as `decide`."""
    if at_work and record.settings.enabled:
        return Outlook(coming=next_after(record.settings, max(now, record.state.settled_until)))
    decision = decide(record, now)
    if decision.action != "run" or decision.instant is None:
        return Outlook(coming=decision.next_instant)
    retry = record.state.retry_at if decision.attempt > 1 else None
    return Outlook(decision.instant, max(decision.instant, retry or decision.instant), decision.next_instant)


def clock_was_wrong(state: ScheduleState, now: datetime) -> bool:
    """Return whether the state was noted by a clock far ahead: no backup would be made until that time comes."""
    noted = [state.settled_until] if state.running_for is None else [state.settled_until, state.running_for]
    return max(noted) - now > WRONG_CLOCK or (state.retry_at is not None and state.retry_at - now > _WRONG_RETRY)


def upcoming(settings: ScheduleSettings, after: datetime) -> Iterator[datetime]:
    """Yield the scheduled instants in UTC, strictly after a time, ascending, whether the schedule is enabled or not.

    Raise GreenroomError where the settings make no sense, as those of a damaged catalog may.
    """
    zone = find_zone(settings.time_zone)
    after = max(after.astimezone(UTC), _FIRST)
    if after >= _LAST:
        return iter(())
    if settings.frequency == "hourly":
        return _hourly(clock_time(settings), zone, after)
    if settings.frequency == "cron":
        wrong = _cron_problem(settings.cron)
        if wrong is not None:
            raise _unusable(f"the cron expression {quote(settings.cron)} {wrong[0]}")
        return takewhile(lambda instant: instant < _LAST, cron_instants(settings.cron, zone, after))
    return _by_calendar(settings, zone, after)


@lru_cache(maxsize=1024)
def next_after(settings: ScheduleSettings, after: datetime) -> datetime | None:
    """Return the first scheduled instant strictly after a time, or None where there is none any more.

    Kept, because a loop asks for the same one at each of its turns.
    """
    return next(upcoming(settings, after), None)


def labels(settings: ScheduleSettings, begin: date) -> Iterator[datetime]:
    """Yield the naive times on the zone's clock that a daily, weekly or monthly schedule asks for, from a day on."""
    at = clock_time(settings)
    for day in _days(settings, begin):
        yield datetime.combine(day, at)


def is_time(text: str) -> bool:
    """Return whether text is a time of a day: HH:MM."""
    return _TIME.fullmatch(text) is not None


def clock_time(settings: ScheduleSettings) -> time:
    """Return the time of a schedule; raise GreenroomError where it is none."""
    match = _TIME.fullmatch(settings.time)
    if match is None:
        raise _unusable(f"{quote(settings.time)} is not a time")
    return time(int(match[1]), int(match[2]))


def drill_due(settings: ScheduleSettings, last_drill: datetime | None, now: datetime) -> bool:
    """Return whether the schedule wants a drill now: none was begun yet in this ISO week, or month, of its zone."""
    if not settings.enabled or settings.drill == "off":
        return False
    if last_drill is None or last_drill - now > WRONG_CLOCK:
        return True
    zone = find_zone(settings.time_zone)
    then, today = (moment.astimezone(zone).date() for moment in (last_drill, now))
    if settings.drill == "weekly":
        return then.isocalendar()[:2] < today.isocalendar()[:2]
    return (then.year, then.month) < (today.year, today.month)


@lru_cache(maxsize=256)
def longest_gap(settings: ScheduleSettings) -> timedelta:
    """Return the longest regular pause between two runs, with an hour for clocks that are put back.

    That of a cron expression is measured over two years, or over three runs where it is rarer. Raise GreenroomError
    where the settings make no sense.
    """
    if settings.frequency == "cron":
        return _longest_pause(settings) + _HOUR
    pauses = {"hourly": _HOUR, "daily": _DAY + _HOUR, "weekly": 7 * _DAY + _HOUR, "monthly": 31 * _DAY + _HOUR}
    if settings.frequency not in pauses:
        raise _no_frequency(settings)
    return pauses[settings.frequency]


def _due(settings: ScheduleSettings, settled: datetime, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the last instant after `settled` that has come, or None, and the first one that has not."""
    due = next_after(settings, settled)
    if due is None or due > now:
        return None, due
    coming = next_after(settings, due)
    if coming is None or coming > now:
        return due, coming
    return _latest(settings, due, now), next_after(settings, now)


def _latest(settings: ScheduleSettings, instant: datetime, now: datetime) -> datetime:
    """Given an instant that has come, return the last one that has: by halves, for there may be very many."""
    late = now
    while late - instant >= _SECOND:
        middle = instant + (late - instant) / 2
        found = next_after(settings, middle)
        if found is not None and found <= now:
            instant = found
        else:
            late = middle
    return instant


def _begun(state: ScheduleState) -> datetime | None:
    """Return the instant whose run was attempted and has not succeeded."""
    if state.running_for is None or state.attempts < 1 or state.running_for <= state.settled_until:
        return None
    return state.running_for


def _again(state: ScheduleState, instant: datetime, now: datetime, coming: datetime | None) -> Decision:
    """Decide on an instant whose last attempt failed, or died: without a time to retry it was given up."""
    if state.retry_at is None:
        return Decision("wait", next_instant=coming)
    when = max(state.retry_at, instant)
    if now < when:
        return Decision("wait", next_instant=when if coming is None else min(when, coming))
    return Decision("run", instant, next_instant=coming, attempt=state.attempts + 1)


def _hourly(at: time, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    hour = after.replace(minute=0, second=0, microsecond=0)
    while hour < _LAST:
        instant = hour + timedelta(minutes=(at.minute - standard_minutes(hour, zone)) % 60)
        if instant > after:
            yield instant
        hour += _HOUR


def _by_calendar(settings: ScheduleSettings, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    last = after
    # The times of the days before were all shown or skipped by now. Several that are skipped come at one instant.
    for label in labels(settings, local_time(after, zone).date()):
        instant = instant_of(label, zone)
        if instant > last:
            last = instant
            yield instant


def _days(settings: ScheduleSettings, begin: date) -> Iterator[date]:
    if settings.frequency == "monthly":
        yield from _month_days(settings.month_day, begin)
        return
    step = timedelta(days=1)
    if settings.frequency == "weekly":
        begin += timedelta(days=(settings.weekday - begin.weekday()) % 7)
        step = timedelta(days=7)
    elif settings.frequency != "daily":
        raise _no_frequency(settings)
    while begin.year < _LAST.year:
        yield begin
        begin += step


def _month_days(month_day: int, begin: date) -> Iterator[date]:
    if not 1 <= month_day <= 31:
        raise _unusable(f"{month_day} is not a day of a month")
    year, month = begin.year, begin.month
    while year < _LAST.year:
        day = date(year, month, min(month_day, monthrange(year, month)[1]))
        if day >= begin:
            yield day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _longest_pause(settings: ScheduleSettings) -> timedelta:
    longest, moment, seen = timedelta(), _SAMPLE_BEGIN, 0
    while moment < _SAMPLE_BEGIN + _SAMPLE_DAYS * _DAY or seen < _SAMPLES_AT_LEAST:
        instant = next_after(settings, moment)
        if instant is None:
            break
        longest = max(longest, instant - moment)
        # Of many in an hour only one is looked at; what that leaves out of a pause is less than an hour.
        moment = max(instant, moment + _HOUR)
        seen += 1
    return longest


@lru_cache(maxsize=256)
def _cron_problem(text: str) -> tuple[str, str] | None:
    return cron_problem(text)


def _no_frequency(settings: ScheduleSettings) -> GreenroomError:
    return _unusable(f"{quote(settings.frequency)} is not a frequency")


def _unusable(what: str) -> GreenroomError:
    return GreenroomError(
        f"the schedule cannot be followed: {what}", hint="`greenroom schedule set` says it anew; the catalog holds it"
    )
