"""Whether a site has gone without a good backup for longer than it may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from core.catalog import BackupRecord, ScheduleRecord, ScheduleSettings
from core.config import Site
from core.durations import format_duration
from core.errors import GreenroomError
from core.scheduler import longest_gap

_CLOCKS_DIFFER = timedelta(hours=1)
_PAUSES = 2
_OF_NO_SCHEDULE = timedelta(days=2)
_HOUR, _DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class Overdue:
    """A site without a good backup for longer than `limit`; `age` is that of the last one, None where there is none.

    A negative age is that of a backup from the future: the clock was or is wrong, and its age is not known.
    """

    age: timedelta | None
    limit: timedelta


def longest_age(site: Site, schedule: ScheduleRecord | None) -> timedelta | None:
    """Return the longest that may pass without a good backup: as set, else by the schedule; None for any time."""
    if site.max_age is not None:
        return site.max_age
    if schedule is None or not schedule.settings.enabled:
        return None
    return _twice_the_pause(schedule.settings)


@lru_cache(maxsize=64)
def _twice_the_pause(settings: ScheduleSettings) -> timedelta:
    """Looked for once: that of a cron expression is searched in years of it."""
    try:
        return _PAUSES * longest_gap(settings)
    except GreenroomError:  # a schedule that nobody can follow makes no backups, and this is how that is noticed
        return _OF_NO_SCHEDULE


def overdue(
    site: Site, schedule: ScheduleRecord | None, last_good: BackupRecord | None, now: datetime
) -> Overdue | None:
    """Return how a site is overdue, or None. One that was never backed up has the limit from when its schedule was set.

    Without a schedule it is overdue at once, where `max_age` asks for backups.
    """
    limit = longest_age(site, schedule)
    if limit is None:
        return None
    if last_good is not None:
        age = now - last_good.created_at
        return Overdue(age, limit) if age > limit or age < -_CLOCKS_DIFFER else None
    if schedule is not None and schedule.settings.enabled and timedelta() <= now - schedule.updated_at <= limit:
        return None
    return Overdue(None, limit)


def overdue_words(overdue: Overdue) -> str:
    """Return in words how a site is overdue."""
    allowed = f"{format_duration(overdue.limit)} are allowed"
    if overdue.age is None:
        return f"there is no good backup at all; {allowed}"
    if overdue.age < timedelta():
        return "the last good backup is from the future, so its age is not known: is the clock right?"
    return f"no good backup for {rough_age(overdue.age)}; {allowed}"


def rough_age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    if minutes < _HOUR:
        return f"{minutes} min"
    return f"{minutes // _HOUR} h" if minutes < 2 * _DAY else f"{minutes // _DAY} days"
