"""Every minute of the two days around each change of the clock, in every frequency, against the simple second rules."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from core.catalog import ScheduleSettings
from core.scheduler import upcoming
from tests.core.schedules.walk import DAY, HOUR, MINUTE, Runner, expected, schedule_of, utc, walk

# Where the clock goes forward, back, or a whole day is skipped; of zones that never do it, days that are odd otherwise.
CHANGES = {
    "Berlin forward": ("Europe/Berlin", "2026-03-29T01:00"),
    "Berlin back": ("Europe/Berlin", "2026-10-25T01:00"),
    "New York forward": ("America/New_York", "2026-03-08T07:00"),
    "New York back": ("America/New_York", "2026-11-01T06:00"),
    "Lord Howe back": ("Australia/Lord_Howe", "2026-04-04T15:00"),
    "Lord Howe forward": ("Australia/Lord_Howe", "2026-10-03T15:30"),
    "Apia forward": ("Pacific/Apia", "2011-09-24T14:00"),
    "Apia skips a day": ("Pacific/Apia", "2011-12-30T10:00"),
    "Apia back": ("Pacific/Apia", "2012-03-31T14:00"),
    "Kathmandu leap day": ("Asia/Kathmandu", "2028-02-29T00:00"),
    "UTC new year": ("UTC", "2027-01-01T00:00"),
}
DAILY = ("00:00", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00", "23:59")
LOST_THERE = "7 */2 * * *"
CRONS = ("30 2 * * *", "0,30 2,3 * * *", "45 1 * * 0-6", "0 0 * * 5", "*/20 * * * *", LOST_THERE, "15 * * * *")


def plans(zone: str, change: datetime) -> list[ScheduleSettings]:
    """Return settings of each frequency that touch the days around a change."""

    def plan(**values: object) -> ScheduleSettings:
        return ScheduleSettings(enabled=True, time_zone=zone, **values)  # type: ignore[arg-type]

    found = [plan(frequency="daily", time=time) for time in DAILY]
    found += [plan(frequency="hourly", time=time) for time in ("00:00", "00:15", "00:44")]
    days = [change + offset * DAY for offset in (-1, 0, 1)]
    found += [plan(frequency="weekly", time="02:15", weekday=day.weekday()) for day in days]
    found += [plan(frequency="monthly", time="02:30", month_day=day.day) for day in days]
    found += [plan(frequency="monthly", time="00:00", month_day=31), plan(frequency="weekly", time="00:00", weekday=4)]
    crons = [cron for cron in CRONS if (zone, cron) != ("Australia/Lord_Howe", LOST_THERE)]
    return found + [plan(frequency="cron", cron=cron) for cron in crons]


def name_of(settings: ScheduleSettings) -> str:
    return " ".join(map(str, (settings.frequency, settings.time, settings.weekday, settings.month_day, settings.cron)))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_every_minute_around_a_change_of_the_clock(change: str) -> None:
    zone, at = CHANGES[change][0], utc(CHANGES[change][1])
    begin, end = at - DAY, at + DAY
    minutes = walk(zone, begin, end)
    for settings in plans(zone, at):
        runner = Runner(schedule_of(settings, begin - MINUTE))
        noticed = [minute.utc for minute in minutes if runner.look(minute.utc).action == "run"]
        wanted = expected(settings, minutes)
        assert runner.runs == wanted, f"{change}: {name_of(settings)}"
        assert noticed == wanted, f"{change}: {name_of(settings)}"


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_next_does_not_depend_on_when_one_asks(change: str) -> None:
    zone, at = CHANGES[change][0], utc(CHANGES[change][1])
    minutes = walk(zone, at - DAY, at + DAY)
    for settings in plans(zone, at):
        wanted = expected(settings, minutes)
        for minute in minutes[720:2160:7]:
            later = [instant for instant in wanted if instant > minute.utc]
            if later:
                assert next(upcoming(settings, minute.utc)) == later[0], f"{change}: {name_of(settings)} {minute.utc}"


@pytest.mark.parametrize("change", CHANGES)
def test_hourly_is_each_elapsed_hour(change: str) -> None:
    zone, at = CHANGES[change][0], utc(CHANGES[change][1])
    settings = ScheduleSettings(enabled=True, time_zone=zone, frequency="hourly", time="00:10")
    coming = upcoming(settings, at - DAY)
    instants = [next(coming) for _ in range(48)]
    assert {later - earlier for earlier, later in pairwise(instants)} == {HOUR}


def test_a_standard_time_that_moves_by_less_than_an_hour_moves_the_hourly_minute() -> None:
    """Kathmandu went from 5:30 to 5:45 ahead of UTC with the year 1986."""
    settings = ScheduleSettings(enabled=True, time_zone="Asia/Kathmandu", frequency="hourly", time="00:50")
    coming = upcoming(settings, utc("1985-12-31T16:30"))
    assert [next(coming) for _ in range(4)] == [
        utc("1985-12-31T17:20"),
        utc("1985-12-31T18:20"),
        utc("1985-12-31T19:05"),
        utc("1985-12-31T20:05"),
    ]
    daily = ScheduleSettings(enabled=True, time_zone="Asia/Kathmandu", time="00:05")
    assert next(upcoming(daily, utc("1985-12-31T12:00"))) == utc("1985-12-31T18:30")


def test_the_run_of_a_day_that_is_skipped_comes_first_thing_on_the_next() -> None:
    """Apia had no 30 December 2011. Its run is not dropped: it comes when the gap ends, and the 31st has its own."""
    daily = ScheduleSettings(enabled=True, time_zone="Pacific/Apia", time="02:00")
    coming = upcoming(daily, utc("2011-12-29T00:00"))
    gap_ends = utc("2011-12-30T10:00")
    assert [next(coming) for _ in range(3)] == [utc("2011-12-29T12:00"), gap_ends, gap_ends + 2 * HOUR]
    at_midnight = ScheduleSettings(enabled=True, time_zone="Pacific/Apia", time="00:00")
    coming = upcoming(at_midnight, utc("2011-12-29T00:00"))
    assert [next(coming) for _ in range(3)] == [utc("2011-12-29T10:00"), gap_ends, gap_ends + DAY]


def test_cron_is_as_cronsim_has_it_even_where_that_loses_a_run() -> None:
    """When Lord Howe's clock goes back by half an hour, cronsim passes over the 02:07 of an expression with a star."""
    settings = ScheduleSettings(enabled=True, time_zone="Australia/Lord_Howe", frequency="cron", cron=LOST_THERE)
    coming = upcoming(settings, utc("2026-04-04T13:00"))
    assert [next(coming) for _ in range(3)] == [
        utc("2026-04-04T13:07"),
        utc("2026-04-04T17:37"),
        utc("2026-04-04T19:37"),
    ]
