"""What is due: each rule by itself, and settings and times that make no sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import ScheduleSettings
from core.errors import GreenroomError
from core.scheduler import Decision, decide, drill_due, longest_gap, next_after, upcoming
from core.schedules.crons import cron_problem
from tests.core.schedules.walk import DAY, HOUR, MINUTE, Runner, schedule_of, utc

DAILY = ScheduleSettings(enabled=True, time="02:00", time_zone="UTC")
MONDAY = utc("2026-06-01T12:00")
TUESDAY_RUN = utc("2026-06-02T02:00")
RECORD = schedule_of(DAILY, MONDAY)


def with_state(**changes: object) -> Runner:
    return Runner(replace(RECORD, state=replace(RECORD.state, **changes)))  # type: ignore[arg-type]


def test_nothing_is_due_before_its_time_or_while_disabled() -> None:
    assert decide(RECORD, MONDAY) == Decision("wait", next_instant=TUESDAY_RUN)
    assert decide(RECORD, TUESDAY_RUN - timedelta(seconds=1)).action == "wait"
    disabled = replace(RECORD, settings=replace(DAILY, enabled=False, time="nonsense"))
    assert decide(disabled, TUESDAY_RUN + DAY) == Decision("wait")


def test_it_is_due_at_its_time_and_missed_after_five_minutes() -> None:
    wednesday = TUESDAY_RUN + DAY
    for late, missed in ((timedelta(), False), (5 * MINUTE, False), (5 * MINUTE + timedelta(seconds=1), True)):
        assert decide(RECORD, TUESDAY_RUN + late) == Decision("run", TUESDAY_RUN, missed, wednesday, attempt=1)
    skipping = replace(RECORD, settings=replace(DAILY, missed="skip"))
    assert decide(skipping, TUESDAY_RUN + 5 * MINUTE).action == "run"
    assert decide(skipping, TUESDAY_RUN + 6 * MINUTE) == Decision("skip", TUESDAY_RUN, True, wednesday)


def test_of_many_that_were_missed_the_last_one_is_made() -> None:
    back = MONDAY + 1000 * DAY + 15 * HOUR
    last = utc("2029-02-26T02:00")
    assert decide(RECORD, back) == Decision("run", last, True, last + DAY, attempt=1)
    each_minute = replace(RECORD, settings=replace(DAILY, frequency="cron", cron="* * * * *"))
    ages = replace(each_minute, state=replace(RECORD.state, settled_until=datetime.min.replace(tzinfo=UTC)))
    assert decide(ages, back + timedelta(seconds=30)) == Decision("run", back, False, back + MINUTE, attempt=1)


def test_a_failed_run_waits_for_its_retry_and_gives_way_to_a_later_one() -> None:
    retry = TUESDAY_RUN + 15 * MINUTE
    failed = with_state(running_for=TUESDAY_RUN, attempts=2, retry_at=retry)
    assert failed.look(retry - MINUTE) == Decision("wait", next_instant=retry)
    wednesday = TUESDAY_RUN + DAY
    assert decide(failed.record, retry + 3 * HOUR) == Decision("run", TUESDAY_RUN, False, wednesday, attempt=3)
    assert decide(failed.record, wednesday) == Decision("run", wednesday, False, wednesday + DAY, attempt=1)
    given_up = with_state(running_for=TUESDAY_RUN, attempts=4)
    assert given_up.look(retry) == Decision("wait", next_instant=wednesday)
    assert given_up.look(wednesday).instant == wednesday


def test_a_retry_is_no_missed_run_and_is_not_skipped() -> None:
    failed = with_state(running_for=TUESDAY_RUN, attempts=1, retry_at=TUESDAY_RUN + 5 * MINUTE)
    record = replace(failed.record, settings=replace(DAILY, missed="skip"))
    assert decide(record, TUESDAY_RUN + 3 * HOUR).action == "run"


def test_a_clock_set_back_repeats_nothing() -> None:
    done = with_state(settled_until=TUESDAY_RUN)
    assert done.look(TUESDAY_RUN - 20 * HOUR) == Decision("wait", next_instant=TUESDAY_RUN + DAY)
    # Nor is an instant before the one that was being attempted taken up again.
    failed = with_state(running_for=TUESDAY_RUN + DAY, attempts=1, retry_at=TUESDAY_RUN + DAY + 5 * MINUTE)
    assert failed.look(TUESDAY_RUN + 2 * HOUR).action == "wait"
    again = failed.look(TUESDAY_RUN + DAY + 5 * MINUTE)
    assert (again.instant, again.attempt) == (TUESDAY_RUN + DAY, 2)
    # Set back while it was attempted: the retry was noted by the new time, and still waits for the instant.
    failed = with_state(running_for=TUESDAY_RUN, attempts=1, retry_at=TUESDAY_RUN - 10 * HOUR)
    assert failed.look(TUESDAY_RUN - HOUR) == Decision("wait", next_instant=TUESDAY_RUN)
    assert failed.look(TUESDAY_RUN).attempt == 2


def test_an_attempt_at_what_is_settled_is_not_taken_up_again() -> None:
    done = with_state(settled_until=TUESDAY_RUN, running_for=TUESDAY_RUN, attempts=1, retry_at=TUESDAY_RUN + MINUTE)
    assert done.look(TUESDAY_RUN + HOUR) == Decision("wait", next_instant=TUESDAY_RUN + DAY)


@pytest.mark.parametrize(
    "state",
    [
        {"settled_until": TUESDAY_RUN + 400 * DAY},
        {"running_for": TUESDAY_RUN + 400 * DAY, "attempts": 1},
        {"running_for": TUESDAY_RUN, "attempts": 1, "retry_at": TUESDAY_RUN + 400 * DAY},
    ],
)
def test_a_clock_that_was_far_ahead_is_told_and_the_schedule_goes_on(state: dict[str, object]) -> None:
    runner = with_state(**state)
    now = TUESDAY_RUN + HOUR
    assert decide(runner.record, now) == Decision("reset", next_instant=TUESDAY_RUN + DAY)
    runner.look(now)
    assert runner.look(now).action == "wait"
    assert runner.look(TUESDAY_RUN + DAY).instant == TUESDAY_RUN + DAY


def test_a_pause_of_days_before_a_retry_is_no_wrong_clock() -> None:
    runner = with_state(running_for=TUESDAY_RUN, attempts=1, retry_at=TUESDAY_RUN + 7 * DAY)
    runner.record = replace(runner.record, settings=replace(DAILY, frequency="monthly", month_day=2))
    assert decide(runner.record, TUESDAY_RUN).action == "wait"
    assert decide(runner.record, TUESDAY_RUN + 7 * DAY).action == "run"


def test_day_31_is_the_last_day_of_a_shorter_month() -> None:
    monthly = replace(DAILY, frequency="monthly", month_day=31)
    days = [(one.month, one.day) for one in islice(upcoming(monthly, utc("2028-01-01")), 4)]
    assert days == [(1, 31), (2, 29), (3, 31), (4, 30)]


def test_drills_are_due_once_a_week_or_month_of_the_zone() -> None:
    weekly = replace(DAILY, drill="weekly", time_zone="Europe/Berlin")
    sunday_night, monday_there = utc("2026-12-27T22:30"), utc("2026-12-27T23:30")
    assert drill_due(weekly, None, monday_there)
    assert not drill_due(weekly, monday_there, monday_there + 6 * DAY)
    assert drill_due(weekly, sunday_night, monday_there)
    # The first days of January can be of the last week of December.
    assert not drill_due(weekly, monday_there, utc("2027-01-03T12:00"))
    assert drill_due(weekly, monday_there, utc("2027-01-04T00:00"))
    monthly = replace(DAILY, drill="monthly")
    assert not drill_due(monthly, utc("2026-06-01"), utc("2026-06-30T23:59"))
    assert drill_due(monthly, utc("2026-06-30T23:59"), utc("2026-07-01"))
    assert not drill_due(monthly, utc("2026-07-01"), utc("2026-06-30T23:59"))
    assert drill_due(monthly, utc("2036-07-01"), utc("2026-06-30T23:59"))
    assert not drill_due(replace(monthly, drill="off"), None, MONDAY)
    assert not drill_due(replace(monthly, enabled=False), None, MONDAY)


@pytest.mark.parametrize(
    ("cron", "least", "most"),
    [
        ("* * * * *", MINUTE, 2 * HOUR),
        ("30 2 * * *", DAY, DAY + 2 * HOUR),
        ("*/5 * * * 1", 6 * DAY, 7 * DAY),
        ("0 3 1 1 *", 366 * DAY, 367 * DAY),
        ("0 0 29 2 *", 1461 * DAY, 1462 * DAY),
    ],
)
def test_the_longest_pause_of_a_cron_expression_is_measured(cron: str, least: timedelta, most: timedelta) -> None:
    assert least <= longest_gap(replace(DAILY, frequency="cron", cron=cron, time_zone="Europe/Berlin")) <= most


@pytest.mark.parametrize(
    ("cron", "wrong"),
    [
        ("", "is empty"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * 1#6", "bad day-of-week"),
        ("* * * *", "4 fields"),
        ("0 30 2 * * *", "6 fields"),
        ("60 * * * *", "bad minute"),
        ("* * * * * ; rm", "letters"),
        ("1," * 40_000, "longer"),
        ("9" * 90 + " * * * *", "bad minute"),
        ("*/0 * * * *", "bad minute"),
        ("0 0 \u0663 * *", "letters"),
        ("0 0 *\n* *", "letters"),
    ],
)
def test_a_cron_expression_that_cannot_be_is_refused(cron: str, wrong: str) -> None:
    found = cron_problem(cron)
    assert found is not None
    assert wrong in found[0]


FIELDS = st.text(alphabet="0123456789*,-/#LW", min_size=1, max_size=8)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    fields=st.lists(st.one_of(FIELDS, st.sampled_from(("*", "0", "30", "*/5", "1-5", "MON"))), min_size=5, max_size=5)
)
def test_any_cron_expression_is_refused_or_comes(fields: list[str]) -> None:
    cron = " ".join(fields)
    if cron_problem(cron) is not None:
        return
    plan = replace(DAILY, frequency="cron", cron=cron, time_zone="Europe/Berlin")
    found = list(islice(upcoming(plan, MONDAY), 3))
    assert found
    assert all(earlier < later for earlier, later in pairwise([MONDAY, *found]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(max_size=200))
def test_any_text_as_a_cron_expression_is_refused(text: str) -> None:
    assert cron_problem(text) is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"time_zone": "Europe/Atlantis"}, "Europe/Atlantis"),
        ({"time_zone": "../etc/passwd"}, "passwd"),
        ({"time_zone": ""}, "time zone"),
        ({"time": "24:00"}, "24:00"),
        ({"time": "\u0660\u0661:00"}, "not a time"),
        ({"frequency": "monthly", "month_day": 32}, "32"),
        ({"frequency": "yearly"}, "yearly"),
        ({"frequency": "cron", "cron": "0 0 31 2 *"}, "0 0 31 2"),
    ],
)
def test_a_schedule_that_a_catalog_cannot_have_is_told(changes: dict[str, object], told: str) -> None:
    record = replace(RECORD, settings=replace(DAILY, **changes))  # type: ignore[arg-type]
    with pytest.raises(GreenroomError, match=told) as caught:
        decide(record, TUESDAY_RUN)
    assert "greenroom schedule set" in caught.value.hint
    if {"frequency"} == set(changes) or "cron" in changes:
        with pytest.raises(GreenroomError, match=told):
            longest_gap(record.settings)


@pytest.mark.parametrize("frequency", ["hourly", "daily", "weekly", "monthly", "cron"])
def test_times_at_the_ends_of_the_calendar_end_nothing(frequency: str) -> None:
    plan = replace(DAILY, frequency=frequency, cron="0 5 * * *", time_zone="Pacific/Apia")  # type: ignore[arg-type]
    first = next_after(plan, datetime.min.replace(tzinfo=UTC))
    assert first is not None
    assert first.year == 1970
    assert next_after(plan, datetime.max.replace(tzinfo=UTC)) is None
    assert len(list(upcoming(plan, utc("9899-12-01T00:00")))) < 1000
