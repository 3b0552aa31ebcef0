"""Outages, kills, failures and wrong clocks at any minute: nothing runs twice, nothing that can be made up is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import ScheduleSettings
from core.scheduler import LATE, WRONG_CLOCK, next_after, upcoming
from tests.core.schedules.walk import DAY, HOUR, MINUTE, ZONES, Runner, schedule_of, utc

BEGINS = (
    "2026-03-28",
    "2026-10-24",
    "2026-03-07",
    "2026-10-31",
    "2026-04-03",
    "2026-10-02",
    "2011-12-28",
    "2028-02-27",
)

plans = st.builds(
    ScheduleSettings,
    enabled=st.just(True),
    frequency=st.sampled_from(("hourly", "daily", "weekly", "monthly", "cron")),
    time=st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    weekday=st.integers(0, 6),
    month_day=st.integers(1, 31),
    cron=st.sampled_from(("*/30 * * * *", "10 */6 * * *", "30 2 * * *", "0 3 * * 1-5", "0 0 29 * *")),
    time_zone=st.sampled_from(ZONES),
    missed=st.sampled_from(("once", "skip")),
)
begins = st.builds(lambda day, minute: utc(day) + minute * MINUTE, st.sampled_from(BEGINS), st.integers(0, 2880))


@dataclass(frozen=True)
class Span:
    """Some time in which the runner is up, or down; while it is up its first attempts may fail or be killed."""

    minutes: int
    up: bool
    outcomes: tuple[str, ...] = ()


spans = st.lists(
    st.builds(
        Span,
        st.one_of(st.integers(1, 90), st.integers(1, 4000)),
        st.booleans(),
        st.lists(st.sampled_from(("failed", "killed")), max_size=5).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


def instants_between(plan: ScheduleSettings, after: datetime, until: datetime) -> list[datetime]:
    found = []
    for instant in upcoming(plan, after):
        if instant > until:
            break
        found.append(instant)
    return found


@settings(max_examples=200, deadline=None, derandomize=True)
@given(plan=plans, begin=begins, course=spans)
def test_no_run_is_doubled_and_the_last_one_is_always_made_up(
    plan: ScheduleSettings, begin: datetime, course: list[Span]
) -> None:
    pending: list[str] = []
    runner = Runner(schedule_of(plan, begin), outcome=lambda *_: pending.pop(0) if pending else "completed")
    now = begin
    for span in course:
        end = now + span.minutes * MINUTE
        pending[:] = span.outcomes if span.up else ()
        if span.up:
            runner.look_until(now, end)
        now = end
    all_of_them = instants_between(plan, begin, now)
    assert not runner.resets
    assert runner.runs == sorted(set(runner.runs))
    assert set(runner.attempts) <= set(all_of_them)
    # Then it stays up and nothing fails: the last instant is settled at once, and from there on each runs.
    pending.clear()
    state = runner.record.state
    waits_for_retry = state.running_for is not None and state.retry_at is not None and state.retry_at > now
    given_up = state.running_for is not None and state.retry_at is None
    done = len(runner.runs)
    runner.look_until(now, now)
    if all_of_them and not waits_for_retry and not given_up:
        assert runner.record.state.settled_until == all_of_them[-1]
        late = now - all_of_them[-1] > LATE
        settled_before = state.settled_until == all_of_them[-1]
        retried = state.running_for == all_of_them[-1]
        made_up = not settled_before and (retried or not late or plan.missed == "once")
        assert runner.runs[done:] == ([all_of_them[-1]] if made_up else [])
    end = now + 3 * DAY
    runner.look_until(now, end)
    later = instants_between(plan, now, end)
    assert [run for run in runner.runs if run > now] == later
    assert runner.runs == sorted(set(runner.runs))


jumps = st.one_of(
    st.integers(-24 * 60, 24 * 60).map(lambda minutes: minutes * MINUTE),
    st.integers(-60 * 60, 60 * 60).map(lambda seconds: timedelta(seconds=seconds)),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(plan=plans, begin=begins, course=st.lists(st.tuples(st.integers(1, 3000), jumps), min_size=1, max_size=6))
def test_a_clock_that_jumps_by_less_than_a_day_doubles_nothing(
    plan: ScheduleSettings, begin: datetime, course: list[tuple[int, timedelta]]
) -> None:
    runner = Runner(schedule_of(plan, begin))
    now = highest = begin
    for minutes, jump in course:
        runner.look_until(now, now + minutes * MINUTE)
        now += minutes * MINUTE
        highest = max(highest, now)
        now = max(now + jump, highest - WRONG_CLOCK)
    assert not runner.resets
    assert runner.runs == sorted(set(runner.runs))
    # When the clock is past all that it ever said, everything goes on.
    runner.look_until(now, highest)
    before = len(runner.runs)
    runner.look_until(highest, highest + 2 * DAY)
    assert runner.runs[before:] == instants_between(plan, highest, highest + 2 * DAY)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(plan=plans, begin=begins, ahead=st.integers(2, 20_000), minutes=st.integers(0, 3000))
def test_a_clock_that_was_far_ahead_silences_nothing(
    plan: ScheduleSettings, begin: datetime, ahead: int, minutes: int
) -> None:
    runner = Runner(schedule_of(plan, begin))
    runner.look_until(begin, begin + minutes * MINUTE)
    wrong = begin + minutes * MINUTE + ahead * DAY
    runner.look(wrong)
    done = list(runner.runs)
    now = begin + (minutes + 30) * MINUTE
    runner.look_until(now, now + 3 * DAY)
    noticed = runner.record.state.settled_until
    if done and done[-1] - now > WRONG_CLOCK:
        assert runner.resets == [now]
    if runner.resets:
        # From the first time after that on, never at once.
        assert runner.runs[len(done) :] == instants_between(plan, now, now + 3 * DAY)
    assert noticed <= now + 3 * DAY


@settings(max_examples=100, deadline=None, derandomize=True)
@given(plan=plans, begin=begins, minutes=st.integers(1, 20_000))
def test_an_outage_of_any_length_is_made_up_once(plan: ScheduleSettings, begin: datetime, minutes: int) -> None:
    runner = Runner(schedule_of(plan, begin))
    back = begin + minutes * MINUTE
    missed = instants_between(plan, begin, back)
    decision = runner.look(back)
    assert runner.look(back).action == "wait"
    if not missed:
        assert decision.action == "wait"
        return
    late = back - missed[-1] > LATE
    assert decision.instant == missed[-1]
    assert decision.missed == late
    assert decision.action == ("skip" if late and plan.missed == "skip" else "run")
    assert decision.next_instant == next_after(plan, back)


def test_a_run_that_keeps_failing_is_tried_at_growing_pauses_and_gives_way_to_the_next() -> None:
    plan = ScheduleSettings(enabled=True, frequency="hourly", time="00:00")
    begin = utc("2026-06-01T00:30")
    looks = []
    runner = Runner(schedule_of(plan, begin), outcome=lambda instant, attempt: "failed")
    now = begin
    while now < begin + 3 * HOUR:
        if runner.look(now).action == "run":
            looks.append((runner.attempts[-1].hour, now.hour, now.minute, runner.record.state.attempts))
        now += MINUTE
    assert looks == [
        *((1, 1, 0, 1), (1, 1, 5, 2), (1, 1, 20, 3)),
        *((2, 2, 0, 1), (2, 2, 5, 2), (2, 2, 20, 3)),
        *((3, 3, 0, 1), (3, 3, 5, 2), (3, 3, 20, 3)),
    ]
    assert runner.runs == []
