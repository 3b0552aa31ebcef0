"""The rules of schedules a second time, and simply: walk the minutes of UTC and look at the clock on the wall.

And a runner of a few lines, which does with decisions what the real one does, and makes no backups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from core.catalog import ScheduleRecord, ScheduleSettings, ScheduleState
from core.scheduler import Decision, decide

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WARM_UP = 3 * DAY

# By how many minutes the standard time of each zone is off the whole hour, in the years that the tests walk.
OFF_THE_HOUR = {
    "Europe/Berlin": 0,
    "America/New_York": 0,
    "Australia/Lord_Howe": 30,
    "Asia/Kathmandu": 45,
    "Pacific/Apia": 0,
    "UTC": 0,
}
ZONES = tuple(OFF_THE_HOUR)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute: what the wall shows, and the times that it shows, or has skipped, for the first time."""

    utc: datetime
    shown: datetime
    fresh: tuple[datetime, ...]


def walk(zone: str, begin: datetime, end: datetime, every: int = 1) -> list[Minute]:
    """Return the minutes from `begin` on and before `end`, which are whole minutes of UTC.

    Of those in which nothing odd happens only each of so many, and the last of each hour: all are looked at.
    """
    found: list[Minute] = []
    place = ZoneInfo(zone)
    utc = begin - WARM_UP
    latest = (utc - MINUTE).astimezone(place).replace(tzinfo=None)
    while utc < end:
        shown = utc.astimezone(place).replace(tzinfo=None)
        plain = shown - latest == MINUTE
        if not plain or shown.minute % every == 0 or utc.minute % every == 0 or shown.minute == 59:
            fresh = [shown] if plain else list(after_up_to(latest, shown))
            if utc >= begin:
                found.append(Minute(utc, shown, tuple(fresh)))
        latest = max(latest, shown)
        utc += MINUTE
    return found


def after_up_to(latest: datetime, shown: datetime) -> Iterator[datetime]:
    while latest < shown:
        latest += MINUTE
        yield latest


def expected(settings: ScheduleSettings, minutes: Sequence[Minute]) -> list[datetime]:
    """Return the minutes of the walk at which the schedule must run."""
    if settings.frequency == "hourly":
        wanted = (int(settings.time[3:]) - OFF_THE_HOUR[settings.time_zone]) % 60
        return [minute.utc for minute in minutes if minute.utc.minute == wanted]
    asks = _asks(settings)
    if settings.frequency == "cron" and "*" in settings.cron.split()[0] + settings.cron.split()[1]:
        return [minute.utc for minute in minutes if asks(minute.shown)]
    return [minute.utc for minute in minutes if any(asks(time) for time in minute.fresh)]


def _asks(settings: ScheduleSettings) -> Callable[[datetime], bool]:
    if settings.frequency == "cron":
        return lambda time: _cron_asks(settings.cron, time)
    hour, minute = int(settings.time[:2]), int(settings.time[3:])
    if settings.frequency == "daily":
        return lambda time: time.minute == minute and time.hour == hour
    if settings.frequency == "weekly":
        return lambda time: time.minute == minute and time.hour == hour and time.weekday() == settings.weekday
    return lambda time: time.minute == minute and time.hour == hour and _is_day(settings.month_day, time)


def _is_day(wanted: int, time: datetime) -> bool:
    last = (time + DAY).day == 1
    return time.day == wanted or (last and time.day < wanted)


def _cron_asks(cron: str, time: datetime) -> bool:
    """Of five fields with numbers, `*`, `*/N`, `A-B` and commas; day and month must be `*`."""
    minute, hour, _, _, weekday = cron.split()
    there = ((minute, time.minute, 60), (hour, time.hour, 24), (weekday, time.isoweekday() % 7, 7))
    return all(value in _values(text, most) for text, value, most in there)


@cache
def _values(text: str, most: int) -> frozenset[int]:
    if text.startswith("*"):
        return frozenset(range(0, most, int(text.partition("/")[2] or 1)))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return frozenset(found)


def schedule_of(settings: ScheduleSettings, settled: datetime) -> ScheduleRecord:
    """Return a schedule that was enabled at a time."""
    return ScheduleRecord(
        site="app", settings=settings, state=ScheduleState(settled_until=settled), updated_by="me", updated_at=settled
    )


def always(_instant: datetime, _attempt: int) -> str:
    return "completed"


@dataclass
class Runner:
    """Does what decisions say. `outcome` of an attempt: completed, failed, or killed, which notes nothing more."""

    record: ScheduleRecord
    pauses: tuple[int, ...] = (5, 15, 60)
    outcome: Callable[[datetime, int], str] = always
    runs: list[datetime] = field(default_factory=list)
    attempts: list[datetime] = field(default_factory=list)
    skipped: list[datetime] = field(default_factory=list)
    resets: list[datetime] = field(default_factory=list)

    def look(self, now: datetime) -> Decision:
        """Look at the schedule once."""
        decision = decide(self.record, now)
        if decision.action == "reset":
            self.resets.append(now)
            self._note(settled_until=now, running_for=None, attempts=0, retry_at=None)
        elif decision.action == "skip":
            assert decision.instant is not None
            self.skipped.append(decision.instant)
            self._settle(decision.instant)
        elif decision.action == "run":
            self._run(decision, now)
        return decision

    def look_until(self, now: datetime, end: datetime) -> None:
        """Look at each time at which there is something to do, as one does that looks every second."""
        while now <= end:
            decision = self.look(now)
            if decision.action == "wait":
                if decision.next_instant is None:
                    return
                assert decision.next_instant > now
                now = decision.next_instant

    def _run(self, decision: Decision, now: datetime) -> None:
        instant, attempt = decision.instant, decision.attempt
        assert instant is not None
        assert instant <= now
        pause = self.pauses[attempt - 1] if attempt <= len(self.pauses) else None
        retry = None if pause is None else now + pause * MINUTE
        self.attempts.append(instant)
        self._note(running_for=instant, attempts=attempt, retry_at=retry)
        if self.outcome(instant, attempt) == "completed":
            self.runs.append(instant)
            self._settle(instant)

    def _settle(self, instant: datetime) -> None:
        self._note(settled_until=instant, running_for=None, attempts=0, retry_at=None)

    def _note(self, **changes: object) -> None:
        self.record = replace(self.record, state=replace(self.record.state, **changes))  # type: ignore[arg-type]


def every_minute(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += MINUTE


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
