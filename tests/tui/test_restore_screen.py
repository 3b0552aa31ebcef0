"""Restore from the screen: preview, typed consent, progress, result; and nothing by mistake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.widgets import Button

from core.backup import create_backup
from core.progress import Reporter
from core.restore.marker import marker_path, read_marker
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from tests.support import Place, change_place, open_place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])
_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM films").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def _held_open(place: Place) -> Iterator[None]:
    """The database is open in another process for the block."""
    command = [sys.executable, "-c", _HOLD, str(place.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield
        process.communicate()


def _off(driver: Driver, name: str) -> bool:
    return driver.app.screen.query_one(f"#{name}", Button).disabled


async def _choose(driver: Driver, name: str) -> str:
    """Go to a button with the keyboard and press it."""
    for _ in range(8):
        if driver.focused == name:
            return await driver.press("enter")
        await driver.press("tab")
    pytest.fail(f"no way to {name} by tab")


@SIZES
async def test_the_preview_names_what_a_person_must_know(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place, "good state")
    change_place(place)
    place.execute("INSERT INTO extra VALUES (1)", "INSERT INTO extra VALUES (2)")
    async with drive(place, size) as driver:
        screen = await driver.press("r")
        assert driver.screen == "RestoreScreen"
        assert driver.focused == "cancel"
        assert "Nothing is changed yet" in screen
        unwrapped = "".join(screen.split())
        for words in (backup.name, "good state", "app.db", "uploads", "WHAT IS LOST", "table extra: 2 rows"):
            assert words.replace(" ", "") in unwrapped
        await driver.press("pagedown")
        seen = screen + await driver.press("pagedown", "pagedown")
        for words in ("films", "+14", "notes", "in the backup", "needed", "replaced as a whole"):
            assert words in seen


async def test_the_biggest_loss_comes_first(place: Place) -> None:
    back_up(place)
    place.execute("INSERT INTO notes VALUES (2, 'x')", *["INSERT INTO films (title) VALUES ('x')"] * 3)
    async with drive(place) as driver:
        screen = await driver.press("r")
        assert screen.index("table films: 3 rows") < screen.index("table notes: 1 row")


async def test_enter_on_the_first_button_changes_nothing(place: Place) -> None:
    back_up(place)
    change_place(place)
    before = place.state()
    async with drive(place) as driver:
        await driver.press("r")
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before


@pytest.mark.parametrize("typed", ["", "ap", "App", "appp", "y"])
async def test_a_wrong_name_keeps_the_buttons_off(place: Place, typed: str) -> None:
    back_up(place)
    async with drive(place) as driver:
        await driver.press("r")
        await driver.press("tab")
        assert driver.focused == "name"
        if typed:
            await driver.type(typed)
        assert _off(driver, "stage")
        assert _off(driver, "now")
        assert "are off until app is typed" in await driver.press("enter")
        assert driver.screen == "RestoreScreen"


@pytest.mark.keys("BackupsScreen", "r")
@SIZES
async def test_restore_now_restores_and_says_how_to_undo(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    good = place.state()
    change_place(place)
    changed = place.state()
    async with drive(place, size) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        assert not _off(driver, "stage")
        screen = await _choose(driver, "now")
        assert driver.screen == "RestoringScreen"
        assert f"NEW: app is now as in {backup.name}" in screen
        assert "2 tables, 21 rows" in screen
        assert "greenroom undo app" in screen
        assert place.state() == good
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"
        assert "safety" in driver.listed()
    undo_restore(place.context, place.site, Reporter())
    assert place.state() == changed


async def test_stage_changes_nothing_and_is_taken_back(place: Place) -> None:
    back_up(place)
    change_place(place)
    before = place.state()
    async with drive(place) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        screen = await _choose(driver, "stage")
        assert "STAGED. The site is not changed yet." in screen
        assert "greenroom apply app" in screen
        assert place.state() == before
        assert read_marker(marker_path(place.context, place.site)) is not None
        await _choose(driver, "take-back")
        assert driver.screen == "BackupsScreen"
        assert read_marker(marker_path(place.context, place.site)) is None
        assert place.state() == before


async def test_a_pending_restore_is_shown_and_blocks_another(place: Place) -> None:
    backup = back_up(place)
    stage_restore(place.context, place.site, backup, Reporter())
    async with drive(place) as driver:
        assert driver.screen == "PendingScreen"
        assert "PENDING RESTORE" in await driver.press("escape")
        screen = await driver.press("r")
        assert "NOT POSSIBLE NOW" in screen
        assert "is pending" in screen
        assert _off(driver, "stage")
        assert _off(driver, "now")
        assert not driver.app.screen.query_one("#name").is_on_screen
        assert driver.focused == "cancel"


async def test_while_the_application_runs_a_restore_can_only_be_staged(place: Place) -> None:
    back_up(place)
    async with drive(place) as driver:
        with _held_open(place):
            screen = await driver.press("r")
            assert "open now in" in screen
            await driver.press("shift+tab")
            assert driver.focused == "name"
            screen = await driver.type("app")
            assert "Restore now is off" in screen
            assert not _off(driver, "stage")
            assert _off(driver, "now")
        await _choose(driver, "look")
        assert not _off(driver, "now")
        assert not driver.app.screen.query_one("#look").display


async def test_an_application_that_starts_meanwhile_is_named_and_nothing_stays_staged(place: Place) -> None:
    back_up(place)
    change_place(place)
    before = place.state()
    async with drive(place) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        with _held_open(place):
            screen = await _choose(driver, "now")
        assert "NOT RESTORED. The site is as it was before." in screen
        assert "app.db is open in" in screen
        assert read_marker(marker_path(place.context, place.site)) is None
        assert place.state() == before


async def test_another_version_must_be_typed_as_well(place: Place) -> None:
    older = open_place(place.root, clock=place.context.clock, version="1.3")
    create_backup(older.context, older.site, Reporter())
    newer = open_place(place.root, clock=place.context.clock, version="1.4")
    change_place(newer)
    async with drive(newer) as driver:
        assert "NOW IT IS 1.4" in await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        assert _off(driver, "now")
        await driver.press("tab")
        assert "until 1.3 is typed" in await driver.type("1.4")
        assert _off(driver, "now")
        await driver.press("backspace", "3")
        assert not _off(driver, "now")
        assert "NEW: app" in await _choose(driver, "now")


@SIZES
async def test_a_damaged_archive_is_no_choice(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    archive = place.context.store.archive_path("app", backup.name)
    archive.write_bytes(archive.read_bytes()[:-40])
    async with drive(place, size) as driver:
        screen = await driver.press("r")
        assert "This backup cannot be restored" in screen
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"


async def test_a_missing_database_can_be_restored(place: Place) -> None:
    back_up(place)
    good = place.state()
    for file in place.database.parent.glob("app.db*"):
        file.unlink()
    async with drive(place) as driver:
        screen = await driver.press("r")
        assert "(missing)" in screen
        await driver.press("tab")
        await driver.type("app")
        screen = await _choose(driver, "now")
        assert "NEW: app" in screen
        assert "set aside" in screen
        assert place.state() == good


async def test_a_restore_that_fails_says_that_the_site_is_as_before(place: Place) -> None:
    backup = back_up(place)
    change_place(place)
    before = place.state()
    async with drive(place) as driver:
        await driver.press("r")
        await driver.press("tab")
        await driver.type("app")
        place.context.store.archive_path("app", backup.name).unlink()
        screen = await _choose(driver, "now")
        assert "NOT RESTORED. The site is as it was before." in screen
        assert "the archive" in screen
        assert "What to do: was the storage moved" in screen
        assert place.state() == before
