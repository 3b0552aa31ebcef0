"""Schedules in words, and what is told of runs at another time than the one that was set."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from core.catalog import ScheduleSettings
from core.scheduler import upcoming
from core.schedules.words import in_words, oddities
from tests.core.schedules.walk import utc

DAILY = ScheduleSettings(enabled=True, time="02:30", time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "daily at 02:30 (Europe/Berlin)"),
        ({"frequency": "hourly"}, "hourly at minute 30 (Europe/Berlin)"),
        ({"frequency": "weekly", "weekday": 6}, "weekly on Sunday at 02:30 (Europe/Berlin)"),
        ({"frequency": "monthly"}, "monthly on day 1 at 02:30 (Europe/Berlin)"),
        (
            {"frequency": "monthly", "month_day": 31},
            "monthly on day 31 (the last day of a shorter month) at 02:30 (Europe/Berlin)",
        ),
        (
            {"frequency": "cron", "cron": "30 2 * * 1-5"},
            "at 02:30 on Monday through Friday, cron 30 2 * * 1-5 (Europe/Berlin)",
        ),
    ],
)
def test_a_schedule_in_words(changes: dict[str, object], words: str) -> None:
    assert in_words(replace(DAILY, **changes)) == words  # type: ignore[arg-type]


FORWARD = "03:00, because 02:30 does not exist on that day (clocks go forward)"
NO_DAY = "00:00, because there is no 2011-12-30 (the calendar skips that day)"
LORD_HOWE = {"frequency": "hourly", "time": "00:15", "time_zone": "Australia/Lord_Howe"}
SUMMER = "minute 45, because summer time is not a whole hour here"


@pytest.mark.parametrize(
    ("changes", "begin", "words"),
    [
        ({}, "2026-03-28", ["", FORWARD, ""]),
        ({"frequency": "weekly", "weekday": 6}, "2026-03-28", [FORWARD, "", ""]),
        ({"frequency": "monthly", "month_day": 29}, "2026-03-28", [FORWARD, "", ""]),
        ({"frequency": "cron", "cron": "30 2 * * *"}, "2026-03-28", ["", FORWARD, ""]),
        ({"frequency": "cron", "cron": "30 2,3 * * *"}, "2026-03-29", [FORWARD, "", ""]),
        ({"time": "03:00"}, "2026-03-28", ["", "", ""]),
        ({"frequency": "cron", "cron": "0 * * * *"}, "2026-03-29", ["", "", ""]),
        ({}, "2026-10-24", ["", "the first of two 02:30 (clocks go back)", ""]),
        (
            {"frequency": "hourly"},
            "2026-10-24T23:45",
            ["the first of two 02:30 (clocks go back)", "the second of two 02:30 (clocks go back)", ""],
        ),
        ({"frequency": "hourly"}, "2026-03-28T23:45", ["", "", ""]),
        ({"time_zone": "Pacific/Apia"}, "2011-12-29T00:00", ["", NO_DAY, ""]),
        ({"time_zone": "Pacific/Apia", "time": "00:00"}, "2011-12-29T00:00", ["", "", ""]),
        (
            {"frequency": "monthly", "month_day": 30},
            "2027-01-01",
            ["", "the last day, because February has no day 30", ""],
        ),
        (LORD_HOWE, "2026-10-03T14:00", ["", SUMMER, SUMMER]),
        (
            {**LORD_HOWE, "frequency": "daily", "time": "02:15"},
            "2026-10-03T14:00",
            ["02:30, because 02:15 does not exist on that day (clocks go forward)", "", ""],
        ),
    ],
)
def test_what_is_odd_about_a_run_is_told(changes: dict[str, object], begin: str, words: list[str]) -> None:
    settings = replace(DAILY, **changes)  # type: ignore[arg-type]
    assert [oddities(settings, one) for one in islice(upcoming(settings, utc(begin)), 3)] == words
