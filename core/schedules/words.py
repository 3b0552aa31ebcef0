"""Schedules in words: when they come, and why a run is at another time than the one that was set."""

from __future__ import annotations

from calendar import day_name, month_name
from datetime import datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from core.catalog import ScheduleSettings
from core.scheduler import clock_time, labels
from core.schedules.crons import cron_labels, cron_words
from core.schedules.instants import comes_twice, find_zone, gap_before, local_time, standard_minutes

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SHORTEST_MONTH = 28


def in_words(settings: ScheduleSettings) -> str:
    """Given settings that were checked, return when they come: "daily at 02:00 (Europe/Berlin)"."""
    return f"{_when(settings)} ({settings.time_zone})"


def oddities(settings: ScheduleSettings, instant: datetime) -> str:
    """Given a scheduled instant, return what is odd about its time on the zone's clock, or nothing."""
    zone = find_zone(settings.time_zone)
    found = [] if settings.frequency == "hourly" else [_skipped(settings, instant, zone)]
    found += [_twice(instant, zone), _shifted(settings, instant, zone), _short_month(settings, instant, zone)]
    return "; ".join(words for words in found if words)


def _when(settings: ScheduleSettings) -> str:
    if settings.frequency == "hourly":
        return f"hourly at minute {clock_time(settings).minute}"
    if settings.frequency == "daily":
        return f"daily at {settings.time}"
    if settings.frequency == "weekly":
        return f"weekly on {day_name[settings.weekday]} at {settings.time}"
    if settings.frequency == "monthly":
        last = " (the last day of a shorter month)" if settings.month_day > _SHORTEST_MONTH else ""
        return f"monthly on day {settings.month_day}{last} at {settings.time}"
    return f"{cron_words(settings.cron)}, cron {settings.cron}"


def _skipped(settings: ScheduleSettings, instant: datetime, zone: ZoneInfo) -> str:
    """A time that the clock skips runs when the gap ends, unless the end of the gap was asked for itself."""
    shown = local_time(instant, zone)
    gap = gap_before(instant, zone)
    if gap is None or _asked_for(settings, shown, shown + _MINUTE) is not None:
        return ""
    asked = _asked_for(settings, gap, shown)
    if asked is None:
        return ""
    if asked.date() != shown.date() and gap <= datetime.combine(asked, time()):
        return f"{shown:%H:%M}, because there is no {asked:%Y-%m-%d} (the calendar skips that day)"
    return f"{shown:%H:%M}, because {asked:%H:%M} does not exist on that day (clocks go forward)"


def _asked_for(settings: ScheduleSettings, begin: datetime, end: datetime) -> datetime | None:
    """Return the first time from `begin` on and before `end` that the settings ask for; all naive."""
    if settings.frequency == "cron":
        times = cron_labels(settings.cron, begin - _MINUTE)
    else:
        times = labels(settings, begin.date())
    return next((one for one in takewhile(lambda one: one < end, times) if one >= begin), None)


def _twice(instant: datetime, zone: ZoneInfo) -> str:
    which = comes_twice(instant, zone)
    if not which:
        return ""
    order = "first" if which == 1 else "second"
    return f"the {order} of two {local_time(instant, zone):%H:%M} (clocks go back)"


def _shifted(settings: ScheduleSettings, instant: datetime, zone: ZoneInfo) -> str:
    """Hourly runs keep their pause where summer time is half an hour, so their minute is another in summer."""
    if settings.frequency != "hourly":
        return ""
    shown = local_time(instant, zone)
    standard = (instant + standard_minutes(instant, zone) * _MINUTE).minute
    if shown.minute == clock_time(settings).minute or standard != clock_time(settings).minute:
        return ""
    return f"minute {shown.minute}, because summer time is not a whole hour here"


def _short_month(settings: ScheduleSettings, instant: datetime, zone: ZoneInfo) -> str:
    shown = local_time(instant, zone)
    if settings.frequency != "monthly" or settings.month_day <= shown.day:
        return ""
    if (shown + _DAY).month == shown.month:
        return ""
    return f"the last day, because {month_name[shown.month]} has no day {settings.month_day}"
