"""Days as a site's people live them: where each begins, in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS_A_WEEK = 7


def week_days(now: datetime, zone: ZoneInfo, weeks: int) -> tuple[date, ...]:
    """Return the days from the Monday of the first of so many weeks to today, as the zone has it."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday() + _DAYS_A_WEEK * (weeks - 1))
    return tuple(monday + timedelta(days=number) for number in range((today - monday).days + 1))


def day_bounds(days: tuple[date, ...], zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return when each of these days begins in the zone, and when the last one ends; a day may have 23 or 25 hours."""
    return tuple(datetime.combine(day, time(), zone).astimezone(UTC) for day in (*days, days[-1] + timedelta(days=1)))
