"""What a person is told of the runs that come: the true next one, what is due, and what was stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.backup import create_backup
from core.catalog import ScheduleRecord
from core.checkup import check_up
from core.errors import CancelledError
from core.progress import CancelToken, Reporter
from core.runner import steps
from core.scheduler import Outlook, decide, look_ahead
from core.schedules.settings import set_schedule
from core.status import site_status
from tests.core.runner.conftest import INSTANT, Scheduled

DAY = timedelta(days=1)


def _record(scheduled: Scheduled) -> ScheduleRecord:
    record = scheduled.context.catalog.schedule("app")
    assert record is not None
    return record


def test_while_a_run_is_at_work_the_next_one_is_that_of_the_schedule(scheduled: Scheduled) -> None:
    record = _record(scheduled)
    begun = replace(record, state=steps.begun(record.state, INSTANT, INSTANT, (5, 15)))
    assert (begun.state.last_result, begun.state.last_run) == (None, INSTANT)
    assert look_ahead(begun, INSTANT, at_work=True) == Outlook(coming=INSTANT + DAY)
    killed = look_ahead(begun, INSTANT, at_work=False)
    assert (killed.due, killed.coming) == (None, INSTANT + timedelta(minutes=5))


def test_the_next_run_after_a_failure_is_the_retry_unless_the_schedule_is_sooner(scheduled: Scheduled) -> None:
    record = _record(scheduled)
    state = steps.begun(record.state, INSTANT, INSTANT, (5,))
    assert steps.failed(state, record.settings, INSTANT, INSTANT, "no", (5,)).next_run == INSTANT + timedelta(minutes=5)
    often = replace(record.settings, frequency="cron", cron="* * * * *")
    assert steps.failed(state, often, INSTANT, INSTANT, "no", (5,)).next_run == INSTANT + timedelta(minutes=1)


def test_what_is_due_and_does_not_begin_is_told(scheduled: Scheduled) -> None:
    create_backup(scheduled.context, scheduled.place.site, Reporter())
    scheduled.clock.advance(minutes=10)
    outlook = site_status(scheduled.context, scheduled.place.site).outlook
    assert (outlook.due, outlook.since, outlook.coming) == (INSTANT, INSTANT, INSTANT + DAY)
    kinds = [one.kind for one in check_up(scheduled.context, [scheduled.place.site]).problems]
    assert "run_due" not in kinds  # ten minutes are no trouble yet
    scheduled.clock.advance(minutes=10)
    (problem,) = [one for one in check_up(scheduled.context, [scheduled.place.site]).problems if one.kind == "run_due"]
    assert problem.message == "app: the backup of 2026-05-05 00:00:00 UTC is due and not made"
    assert "nobody runs the schedules" in problem.advice


def test_a_backup_that_was_stopped_did_not_fail(scheduled: Scheduled) -> None:
    token = CancelToken()
    with pytest.raises(CancelledError):
        create_backup(scheduled.context, scheduled.place.site, Reporter(lambda _: token.cancel("enough"), token))
    (record,) = scheduled.context.catalog.backups("app")
    assert (record.status, record.status_word) == ("failed", "cancelled")
    assert site_status(scheduled.context, scheduled.place.site).last_failure is None
    now = scheduled.clock()
    (count,) = scheduled.context.catalog.span_counts("app", (now - DAY, now + DAY))
    assert (count.good, count.bad) == (0, 0)


def test_a_change_of_what_is_kept_leaves_since_when_the_times_hold(scheduled: Scheduled) -> None:
    context, site = scheduled.context, scheduled.place.site
    set_schedule(context, site, replace(_record(scheduled).settings, time="03:00"))
    since = scheduled.state.since
    assert since == scheduled.clock()
    scheduled.clock.advance(hours=1)
    set_schedule(context, site, replace(_record(scheduled).settings, keep_daily=3))
    assert scheduled.state.since == since
    set_schedule(context, site, replace(_record(scheduled).settings, time="04:00"))
    assert scheduled.state.since == scheduled.clock()


def test_a_run_that_kills_its_process_each_time_is_given_up_until_the_next(scheduled: Scheduled) -> None:
    record = _record(scheduled)
    for pauses in ((5, 15), ()):
        state, now, attempts = record.state, INSTANT, 0
        while now < INSTANT + DAY:
            decision = decide(replace(record, state=state), now)
            if decision.action == "run":
                attempts += 1
                state = steps.begun(state, INSTANT, now, pauses)
            now += timedelta(minutes=1)
        assert attempts == len(pauses or (5,)) + 1
        assert decide(replace(record, state=state), INSTANT + DAY).instant == INSTANT + DAY


def test_stopping_the_runner_uses_up_no_more_than_one_attempt(scheduled: Scheduled) -> None:
    state = _record(scheduled).state
    for _ in range(5):
        state = steps.taken_back(steps.begun(state, INSTANT, INSTANT, (5, 15)), INSTANT, INSTANT)
    assert (state.attempts, state.retry_at, state.last_result) == (1, INSTANT, "cancelled")
