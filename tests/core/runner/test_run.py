"""One run for one instant: made once however it is interrupted, retried where it fails, undone by nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.backup import BackupRequest, create_backup
from core.context import Context
from core.errors import GreenroomError
from core.locks import lock_holder
from core.progress import CancelToken, Progress, Reporter
from core.runner.run import Ended, Order, back_up_for
from core.scheduler import decide
from tests.core.runner.conftest import INSTANT, Scheduled
from tests.support import CrashingFilesystem, open_place, run_until_killed


def _run(context: Context, reporter: Reporter | None = None) -> Ended:
    """What the loop does where something is due: nothing else is asked for by these tests."""
    record = context.catalog.schedule("app")
    assert record is not None
    decision = decide(record, context.clock())
    assert decision.action == "run"
    assert decision.instant is not None
    return back_up_for(context, Order(context.settings.site("app"), decision.instant), reporter or Reporter())


def _is_due(scheduled: Scheduled) -> bool:
    record = scheduled.context.catalog.schedule("app")
    assert record is not None
    return decide(record, scheduled.clock()).action == "run"


def test_a_run_makes_the_backup_of_its_instant(scheduled: Scheduled) -> None:
    ended = _run(scheduled.context)
    assert ended.how == "completed"
    (backup,) = scheduled.completed()
    assert (backup.role, backup.kind, backup.scheduled_for) == ("scheduled", "snapshot", INSTANT)
    state = scheduled.state
    assert (state.settled_until, state.running_for, state.attempts, state.retry_at) == (INSTANT, None, 0, None)
    assert (state.last_result, state.last_error, state.last_run) == ("completed", None, scheduled.clock())
    assert state.next_run == INSTANT + timedelta(days=1)
    assert not _is_due(scheduled)


def _kill_at_each(scheduled: Scheduled, first: int, by: int) -> None:
    """Day by day kill the run at a later step, and let the next one find what it left."""
    root = scheduled.place.root
    due = INSTANT
    step = first

    def work(disk: CrashingFilesystem) -> None:
        _run(open_place(root, disk=disk, clock=scheduled.clock).context)

    while run_until_killed(work, step):
        scheduled.clock.advance(minutes=6)
        if _is_due(scheduled):
            assert _run(scheduled.context).how in ("completed", "settled")
        _check_made(scheduled, due)
        due += timedelta(days=1)
        scheduled.clock.set(due + timedelta(minutes=1))
        step += by
    _check_made(scheduled, due)
    assert step > first + 2 * by


def _check_made(scheduled: Scheduled, last: datetime) -> None:
    """There is one backup for each day, and nothing left of what was killed."""
    context, completed = scheduled.context, scheduled.completed()
    days = (last - INSTANT).days + 1
    assert [one.scheduled_for for one in completed] == [last - timedelta(days=day) for day in range(days)]
    assert (scheduled.state.settled_until, scheduled.state.running_for) == (last, None)
    assert sorted(context.store.archives("app")) == sorted(one.name for one in completed)
    assert list(context.store.partials("app")) == []
    assert context.catalog.running_backups("app") == []
    assert lock_holder(context.lock_path(scheduled.place.site)) is None


@pytest.mark.slow
def test_a_kill_at_some_step_loses_and_doubles_nothing(scheduled: Scheduled) -> None:
    _kill_at_each(scheduled, first=3, by=7)


@pytest.mark.long
def test_a_kill_at_any_step_loses_and_doubles_nothing(scheduled: Scheduled) -> None:
    _kill_at_each(scheduled, first=1, by=1)


def test_a_run_that_fails_is_retried_with_growing_pauses_then_the_next_instant_comes(scheduled: Scheduled) -> None:
    hidden = scheduled.place.database.rename(scheduled.place.root / "away")
    for pause in (5, 15, 60):
        ended = _run(scheduled.context)
        assert ended.how == "failed"
        assert ended.retry_at == scheduled.clock() + timedelta(minutes=pause)
        assert (scheduled.state.last_result, scheduled.state.settled_until < INSTANT) == ("failed", True)
        scheduled.clock.advance(minutes=pause - 1)
        assert not _is_due(scheduled)
        scheduled.clock.advance(minutes=1)
    ended = _run(scheduled.context)
    assert (ended.how, ended.retry_at) == ("failed", None)
    assert (scheduled.state.settled_until, scheduled.state.last_result) == (INSTANT, "failed")
    assert scheduled.state.last_error
    assert not _is_due(scheduled)
    hidden.rename(scheduled.place.database)
    scheduled.clock.advance(days=1)
    assert _run(scheduled.context).how == "completed"
    assert scheduled.completed()[0].scheduled_for == INSTANT + timedelta(days=1)


def test_a_site_at_work_is_no_failure(scheduled: Scheduled) -> None:
    before = scheduled.state
    with open_place(scheduled.place.root, clock=scheduled.clock).context.lock(scheduled.place.site, "restore"):
        ended = _run(scheduled.context)
    assert ended.how == "busy"
    assert ended.error is not None
    assert "restore" in ended.error.message
    assert scheduled.state == before


@pytest.mark.parametrize("missed", ["once", "skip"])
def test_a_run_stopped_with_its_runner_is_made_up(scheduled: Scheduled, missed: str) -> None:
    scheduled.set(missed=missed)
    token = CancelToken()
    ended = _run(scheduled.context, Reporter(lambda _: token.cancel("the loop was stopped"), token))
    assert ended.how == "cancelled"
    assert scheduled.state.last_result == "cancelled"
    scheduled.clock.advance(hours=3)
    assert _run(scheduled.context).how == "completed"
    assert scheduled.completed()[0].scheduled_for == INSTANT


def test_a_run_stopped_by_a_person_is_not_made_up(scheduled: Scheduled) -> None:
    token = CancelToken()
    order = Order(scheduled.place.site, INSTANT)

    def stop(_: Progress) -> None:
        order.skip = True
        token.cancel("stopped by a person")

    assert back_up_for(scheduled.context, order, Reporter(stop, token)).how == "cancelled"
    assert (scheduled.state.settled_until, scheduled.state.last_result) == (INSTANT, "skipped")
    assert "by a person" in str(scheduled.state.last_error)
    assert not _is_due(scheduled)


def test_a_schedule_that_is_set_during_a_run_is_not_set_back(scheduled: Scheduled) -> None:
    later = INSTANT + timedelta(minutes=2)

    def set_anew(_: Progress) -> None:
        scheduled.set(settled_until=later, time="04:00")

    assert _run(scheduled.context, Reporter(set_anew)).how == "completed"
    assert scheduled.state.settled_until == later
    assert scheduled.state.next_run == INSTANT + timedelta(hours=2)


def test_a_defect_counts_as_a_failure_and_is_raised(scheduled: Scheduled) -> None:
    def break_down(_: Progress) -> None:
        raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError):
        _run(scheduled.context, Reporter(break_down))
    assert scheduled.state.last_result == "failed"
    assert "ZeroDivisionError" in str(scheduled.state.last_error)
    scheduled.clock.advance(minutes=5)
    assert _run(scheduled.context).how == "completed"


def test_a_backup_that_is_there_already_is_not_made_again(scheduled: Scheduled) -> None:
    """As after a kill between the backup and the note of it."""
    create_backup(
        scheduled.context,
        scheduled.place.site,
        Reporter(),
        BackupRequest(role="scheduled", scheduled_for=INSTANT),
    )
    ended = _run(scheduled.context)
    assert (ended.how, ended.backup is not None) == ("settled", True)
    assert len(scheduled.completed()) == 1
    assert scheduled.state.settled_until == INSTANT


def test_what_was_disabled_or_done_meanwhile_is_not_run(scheduled: Scheduled) -> None:
    order = Order(scheduled.place.site, INSTANT)
    scheduled.set(enabled=False)
    assert back_up_for(scheduled.context, order, Reporter()).how == "settled"
    scheduled.set(settled_until=INSTANT)
    assert back_up_for(scheduled.context, order, Reporter()).how == "settled"
    assert scheduled.completed() == []


def test_a_catalog_that_is_gone_is_raised_and_loses_nothing(scheduled: Scheduled, tmp_path: Path) -> None:
    order = Order(scheduled.place.site, INSTANT)
    catalog = tmp_path / "state" / "catalog.db"
    hidden = catalog.rename(tmp_path / "catalog.away")
    with pytest.raises(GreenroomError):
        back_up_for(scheduled.context, order, Reporter())
    hidden.rename(catalog)
    assert _run(scheduled.context).how == "completed"


def test_the_kind_is_that_of_the_schedule(scheduled: Scheduled) -> None:
    scheduled.set(kind="portable")
    _run(scheduled.context)
    assert scheduled.completed()[0].kind == "portable"
