"""Whole years from event to event, in every zone and frequency: as many runs as the clock on the wall asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from core.catalog import ScheduleSettings
from core.scheduler import longest_gap
from tests.core.schedules.walk import MINUTE, ZONES, Minute, Runner, expected, schedule_of, utc, walk

YEARS = {
    "Europe/Berlin": 2026,
    "America/New_York": 2027,
    "Australia/Lord_Howe": 2026,
    "Asia/Kathmandu": 2028,
    "Pacific/Apia": 2011,
    "UTC": 2028,
}
TIMES: tuple[dict[str, object], ...] = (
    {"frequency": "hourly", "time": "00:15"},
    {"frequency": "daily", "time": "02:30"},
    {"frequency": "daily", "time": "00:00"},
    {"frequency": "weekly", "time": "02:15", "weekday": 6},
    {"frequency": "weekly", "time": "01:59", "weekday": 4},
    {"frequency": "monthly", "time": "02:00", "month_day": 29},
    {"frequency": "monthly", "time": "23:59", "month_day": 31},
    {"frequency": "cron", "cron": "30 2 * * 1-5"},
    {"frequency": "cron", "cron": "15 * * * *"},
)


def check_years(zone: str, begin: datetime, end: datetime) -> None:
    """Run each schedule from one time to another, and compare."""
    minutes = walk(zone, begin, end, every=15)
    for times in TIMES:
        settings = replace(ScheduleSettings(enabled=True, time_zone=zone), **times)  # type: ignore[arg-type]
        check_one(settings, minutes, begin, end)


def check_one(settings: ScheduleSettings, minutes: list[Minute], begin: datetime, end: datetime) -> None:
    runner = Runner(schedule_of(settings, begin - MINUTE))
    runner.look_until(begin - MINUTE, end - MINUTE)
    wanted = expected(settings, minutes)
    assert runner.runs == wanted
    assert runner.attempts == wanted
    assert len(wanted) >= 12
    pauses = [later - earlier for earlier, later in pairwise(wanted)]
    assert max(pauses) <= longest_gap(settings)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_from_event_to_event(zone: str) -> None:
    year = YEARS[zone]
    check_years(zone, utc(f"{year}-01-01"), utc(f"{year + 1}-01-01"))


@pytest.mark.long
@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_from_event_to_event(zone: str) -> None:
    for year in range(2026, 2036):
        check_years(zone, utc(f"{year}-01-01"), utc(f"{year + 1}-01-01"))
