"""The schedules run in the app: seen, yielded to a daemon, cancelled, and ended in good order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.catalog import BackupRecord, ScheduleRecord
from core.events import Event
from core.runner.turn import Turn, hold_daemon, who_runs
from core.schedules.settings import default_settings, set_schedule
from tests.support import Place, SteppingClock, open_place
from tests.tui.driver import Driver, drive
from tests.tui.gate import Gate
from tui.loop import LoopTold

_SECONDS = 30.0
A_DAY = timedelta(days=1)


def _enable(place: Place) -> ScheduleRecord:
    return set_schedule(place.context, place.site, replace(default_settings(place.site), enabled=True))


def _a_day_later(place: Place) -> None:
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    clock.now += A_DAY


def _newest(place: Place) -> BackupRecord | None:
    return next(iter(place.context.catalog.backups("app")), None)


def _is_made(place: Place) -> Callable[[], bool]:
    def look() -> bool:
        newest = _newest(place)
        return newest is not None and newest.status == "completed"

    return look


def _mine(driver: Driver) -> bool:
    runner = who_runs(driver.app._core)
    return runner is not None and runner.pid == os.getpid()


async def _begin_scheduled(driver: Driver, place: Place, gate: Gate) -> None:
    """Let a run come due, and return when it stands before the gate."""
    await driver.until(lambda: _mine(driver))
    gate.shut()
    _a_day_later(place)
    assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
    await driver.until(lambda: "scheduled backup of app" in driver.text())


def _finishing(place: Place) -> Place:
    settings = place.context.settings
    daemon = replace(settings.daemon, on_stop="finish")
    return replace(place, context=replace(place.context, settings=replace(settings, daemon=daemon)))


async def test_what_is_due_is_made_listed_and_told(place: Place) -> None:
    _enable(place)
    async with drive(place, runs_schedules=True) as driver:
        await driver.until(lambda: _mine(driver))
        assert "run by this app while open" in await driver.look()
        assert "next run in" in driver.text()
        _a_day_later(place)
        await driver.until(_is_made(place))
        screen = await driver.look()
        assert "1, newest first" in screen
        assert "by the schedule" in screen
        await driver.until(lambda: any("is completed" in one.text for one in driver.app.notes.newest_first()))
        assert "schedule" in await driver.press("3")
    newest = _newest(place)
    assert newest is not None
    assert (newest.role, newest.scheduled_for is not None) == ("scheduled", True)
    assert who_runs(place.context) is None


async def test_the_loop_is_yielded_to_a_daemon_and_taken_back(place: Place) -> None:
    _enable(place)
    async with drive(place, runs_schedules=True) as driver:
        await driver.until(lambda: _mine(driver))
        with hold_daemon(place.context):
            await driver.until(lambda: who_runs(place.context) is None)
            assert "NOBODY RUNS IT" in await driver.look()
            turn = Turn("daemon")
            assert turn.look(place.context)
            _a_day_later(place)
            turn.give_up()
        await driver.until(lambda: _mine(driver))
        await driver.until(_is_made(place))


async def test_a_read_only_app_never_runs_it(place: Place) -> None:
    _enable(place)
    read_only = open_place(place.root, read_only=True)
    async with drive(read_only, runs_schedules=True) as driver:
        screen = await driver.look()
        assert "NOBODY RUNS IT: start `greenroom --daemon`; a read-only app does not run it" in " ".join(screen.split())
        assert driver.app.loop.ended


async def test_a_run_that_fails_is_shown_once_and_what_became_of_its_alarms_is_in_the_messages(place: Place) -> None:
    _enable(place)
    settings = place.context.settings
    told = replace(settings, alarms=replace(settings.alarms, command="false"))
    place.uploads.rename(place.root / "away")
    async with drive(replace(place, context=replace(place.context, settings=told)), runs_schedules=True) as driver:
        await driver.until(lambda: _mine(driver))
        _a_day_later(place)
        await driver.until(lambda: any("not sent" in one.text for one in driver.app.notes.newest_first()))
        await driver.until(lambda: "Tried again" in driver.notices())
        (shown,) = driver.app._notifications
        assert shown.severity == "error"
        assert "UTC" in shown.message.partition("Tried again ")[2]
        texts = [one.text for one in driver.app.notes.newest_first()]
        assert any("the backup" in text and "failed" in text for text in texts)


async def test_a_run_that_should_have_been_is_overdue_and_its_day_is_missed(place: Place) -> None:
    _enable(place)
    _a_day_later(place)
    async with drive(place) as driver:
        screen = driver.text()
        assert "OVERDUE: a run was due Sun 2026-03-29 02:00 UTC" in screen
        assert "M" in screen.split("backups  ")[1].split("b both")[0]


async def test_quitting_while_it_is_at_work_asks_and_stays(gated: Place, gate: Gate) -> None:
    _enable(gated)
    async with drive(gated, runs_schedules=True) as driver:
        await _begin_scheduled(driver, gated, gate)
        await driver.hit("q")
        assert (driver.screen, driver.focused) == ("AskScreen", "no")
        assert "scheduled backup of app is at work." in driver.text()
        await driver.hit("enter")
        await driver.hit("n")
        assert driver.screen == "BackupsScreen"
        assert "scheduled backup of app is at work" in driver.notices()
        gate.open()
        await driver.until(_is_made(gated))
        assert driver.app.is_running


async def test_what_the_loop_tells_when_the_app_has_ended_does_no_harm(place: Place) -> None:
    async with drive(place) as driver:
        app = driver.app
    app.on_loop_told(LoopTold(Event("info", "backup_made", "the backup was made", "app")))
    assert any("the backup was made" in note.text for note in app.notes.newest_first())


@pytest.mark.parametrize("on_stop", ["cancel", "finish"])
async def test_quitting_for_sure_waits_for_a_good_end(gated: Place, gate: Gate, on_stop: str) -> None:
    _enable(gated)
    place = _finishing(gated) if on_stop == "finish" else gated
    async with drive(place, runs_schedules=True) as driver:
        await _begin_scheduled(driver, place, gate)
        await driver.hit("q", "tab", "enter")
        assert driver.app.is_running
        gate.open()
        await driver.until(lambda: not driver.app.is_running)
    assert driver.app.return_code == 0
    newest, record = _newest(gated), gated.context.catalog.schedule("app")
    assert newest is not None
    assert record is not None
    assert newest.status == ("completed" if on_stop == "finish" else "failed")
    assert (record.state.running_for is None) == (on_stop == "finish")
    assert who_runs(gated.context) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_in_good_order(gated: Place, gate: Gate, number: int) -> None:
    _enable(gated)
    async with drive(gated, runs_schedules=True) as driver:
        await _begin_scheduled(driver, gated, gate)
        os.kill(os.getpid(), number)
        await driver.pilot.pause()
        assert driver.app.is_running
        gate.open()
        await driver.until(lambda: not driver.app.is_running)
    assert driver.app.return_code == 130
    assert gated.context.holder(gated.site) is None
    assert not list((gated.root / "backups" / "app").glob("*.partial"))


async def test_x_stops_a_scheduled_run_for_good(gated: Place, gate: Gate) -> None:
    _enable(gated)
    async with drive(gated, runs_schedules=True) as driver:
        await _begin_scheduled(driver, gated, gate)
        await driver.hit("x")
        gate.open()
        await driver.until(lambda: not driver.app.loop.jobs)
        await driver.until(lambda: "it will not be made" in driver.notices())
    record = gated.context.catalog.schedule("app")
    assert record is not None
    assert record.state.last_result == "skipped"
