"""What the app does around its screens: work in threads, signals, quitting, and errors nobody foresaw."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from core.backup import create_backup
from core.progress import Reporter
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.gate import Gate
from tui.app import GreenroomApp
from tui.screens.backups import BackupsScreen

_SECONDS = 30.0


async def _start_backup(driver: Driver, gate: Gate) -> None:
    """Begin a backup, and return when it stands before the gate."""
    gate.shut()
    await driver.hit("n")
    await driver.hit("enter")
    assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
    await driver.pilot.pause()


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_while_work_runs_it_is_shown_and_other_work_waits(
    gated: Place, gate: Gate, size: tuple[int, int]
) -> None:
    async with drive(gated, size) as driver:
        await _start_backup(driver, gate)
        assert "backup of app: " in driver.text()
        assert "x Cancel work" in driver.text()
        for key in "nvr":
            await driver.hit(key)
            assert driver.screen == "BackupsScreen"
        assert "backup of app is at work" in driver.notices()
        gate.open()
        screen = await driver.settle()
        assert "completed" in screen
        assert "backup of app: " not in screen


@pytest.mark.keys("BackupsScreen", "x")
async def test_x_cancels_in_good_order(gated: Place, gate: Gate) -> None:
    async with drive(gated) as driver:
        await _start_backup(driver, gate)
        await driver.hit("x")
        assert "cancelling" in driver.text()
        gate.open()
        screen = await driver.settle()
        assert "stopped in good order" in driver.notices()
        assert "failed" in screen
    (backup,) = gated.context.catalog.backups("app")
    assert (backup.status, backup.error) == ("failed", "cancelled")
    assert not list((gated.root / "backups" / "app").iterdir())


async def test_quitting_while_work_runs_asks_and_stays(gated: Place, gate: Gate) -> None:
    async with drive(gated) as driver:
        await _start_backup(driver, gate)
        await driver.hit("q")
        assert driver.screen == "AskScreen"
        assert driver.focused == "no"
        await driver.hit("enter")
        assert driver.screen == "BackupsScreen"
        gate.open()
        await driver.settle()
    assert gated.context.catalog.backups("app")[0].status == "completed"


async def test_quitting_for_sure_waits_for_the_end_of_the_work(gated: Place, gate: Gate) -> None:
    async with drive(gated) as driver:
        await _start_backup(driver, gate)
        await driver.hit("q", "tab", "enter")
        assert driver.app.is_running
        gate.open()
        await driver.settle()
    assert driver.app.return_code == 0
    assert gated.context.catalog.backups("app")[0].error == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_ends_the_work_in_good_order_and_then_the_app(gated: Place, gate: Gate, number: int) -> None:
    async with drive(gated) as driver:
        await _start_backup(driver, gate)
        os.kill(os.getpid(), number)
        await driver.pilot.pause()
        assert driver.app.is_running
        gate.open()
        await driver.settle()
    assert driver.app.return_code == 130
    (backup,) = gated.context.catalog.backups("app")
    assert (backup.status, backup.error) == ("failed", "cancelled")
    assert gated.context.holder(gated.site) is None


async def test_a_signal_without_work_ends_the_app(place: Place) -> None:
    async with drive(place) as driver:
        os.kill(os.getpid(), signal.SIGTERM)
        await driver.settle()
    assert driver.app.return_code == 130


async def test_q_quits(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("q")
    assert driver.app.return_code == 0


async def test_a_restore_goes_on_when_its_screen_is_left_and_comes_back_with_its_result(
    gated: Place, gate: Gate
) -> None:
    create_backup(gated.context, gated.site, Reporter())
    async with drive(gated) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        await driver.press("tab", "tab", "tab")
        assert driver.focused == "now"
        gate.shut()
        await driver.hit("enter")
        assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
        await driver.pilot.pause()
        assert driver.screen == "RestoringScreen"
        assert "the work goes on" in driver.text()
        await driver.hit("escape")
        assert driver.screen == "BackupsScreen"
        assert "restore of backup_" in driver.text()
        gate.open()
        screen = await driver.settle()
        assert driver.screen == "RestoringScreen"
        assert "NEW: app" in screen


@pytest.mark.keys("RestoringScreen", "x")
async def test_a_restore_that_is_cancelled_leaves_the_site_alone(gated: Place, gate: Gate) -> None:
    create_backup(gated.context, gated.site, Reporter())
    before = gated.state()
    async with drive(gated) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        await driver.press("tab", "tab", "tab")
        gate.shut()
        await driver.hit("enter")
        assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
        await driver.hit("x")
        gate.open()
        screen = await driver.settle()
        assert "CANCELLED. The site was not changed." in screen
        assert "Nothing is staged." in screen
    assert gated.state() == before


async def test_an_error_that_nobody_foresaw_is_shown_and_the_app_goes_on(place: Place) -> None:
    def broken(_: Reporter) -> None:
        raise ZeroDivisionError("[/red]")

    async with drive(place) as driver:
        first = driver.app.screen
        assert isinstance(first, BackupsScreen)
        driver.app.workshop.start("something", broken, lambda _: None, first.failed)
        screen = await driver.settle()
        assert "this should not have happened: ZeroDivisionError: [/red]" in screen
        await driver.press("enter")
        assert "NO GOOD BACKUP YET" in driver.text()


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_nothing_is_animated(place: Place, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert GreenroomApp(place.context).animation_level == "full"
    monkeypatch.setenv(name, "1")
    assert GreenroomApp(place.context).animation_level == "none"
