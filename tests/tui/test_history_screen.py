"""The history, and the way back from the last restore."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from core.history import read_history, when
from core.keep import delete_backup
from core.progress import Reporter
from core.restore.now import restore_now
from tests.support import Place, change_place, open_place
from tests.tui.driver import NARROW, WIDE, back_up, drive
from tests.tui.ways import logged
from tui.screens.history import PAGE

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


@SIZES
async def test_without_anything_it_says_so(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        assert "Nothing was restored or deleted yet" in await driver.press("2")
        await driver.press("u")
        assert "was never restored: nothing to undo" in driver.notices()


@SIZES
async def test_what_happened_is_told_with_its_details(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    change_place(place)
    restore_now(place.context, place.site, backup, Reporter())
    gone = back_up(place)
    delete_backup(place.context, place.site, gone)
    async with drive(place, size) as driver:
        screen = await driver.press("2")
        assert "deletion of 1 backup" in screen
        await driver.press("enter")
        assert gone.name in screen + await driver.press("end")
        await driver.press("escape")
        screen = await driver.press("down")
        await driver.press("enter")
        seen = screen + await driver.press("end")
        for words in (f"restore of {backup.name}", "2 tables, 21 rows", "safety backup", "greenroom undo app"):
            assert words in seen
        await driver.press("escape")
        assert driver.focused == "log-list"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


async def test_a_failure_says_why(place: Place) -> None:
    place.context.catalog.record_restore(logged(1))
    async with drive(place) as driver:
        screen = await driver.press("2")
        assert "failed: the site stayed what it was" in screen
        assert "no space [/red]" in screen


async def test_the_history_is_loaded_in_pages(place: Place) -> None:
    for number in range(PAGE + 3):
        place.context.catalog.record_restore(logged(number))
    async with drive(place) as driver:
        assert f"History ({PAGE}, older ones below)" in await driver.press("2")
        await driver.press("ctrl+end")
        assert f"History ({PAGE + 3})" in driver.text()
        assert "restore of b3" in driver.text()


def test_both_logs_are_merged_by_time_and_no_longer_than_asked(place: Place) -> None:
    backup = back_up(place)
    restore_now(place.context, place.site, backup, Reporter())
    delete_backup(place.context, place.site, back_up(place))
    restore_now(place.context, place.site, backup, Reporter())
    found = read_history(place.context.catalog, "app", 10)
    assert [type(one).__name__ for one in found.entries] == ["RestoreRecord", "CleanupRecord", "RestoreRecord"]
    assert [when(one) for one in found.entries] == sorted(map(when, found.entries), reverse=True)
    assert not found.more
    short = read_history(place.context.catalog, "app", 2)
    assert (short.entries, short.more) == (found.entries[:2], True)


@SIZES
async def test_u_undoes_the_last_restore_after_its_preview(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    change_place(place)
    changed = place.state()
    restore_now(place.context, place.site, backup, Reporter())
    async with drive(place, size) as driver:
        await driver.press("2")
        screen = await driver.press("u")
        assert f"Undo the restore of {backup.name}" in screen
        assert "WHAT IS LOST" in screen
        assert driver.focused == "cancel"
        assert driver.app.screen.query_one("#now", Button).disabled
        await driver.press("tab")
        await driver.type("app")
        await driver.press("enter", "tab")
        assert driver.focused == "now"
        assert "NEW: app is again what it was before" in await driver.press("enter")
        assert place.state() == changed
        assert "undo" in await driver.press("enter")
        assert driver.screen == "HistoryScreen"


async def test_enter_on_the_question_undoes_nothing(place: Place) -> None:
    restore_now(place.context, place.site, back_up(place), Reporter())
    before = place.state()
    async with drive(place) as driver:
        await driver.press("2", "u")
        await driver.settle()
        await driver.press("enter")
        assert driver.screen == "HistoryScreen"
    assert place.state() == before


@SIZES
async def test_what_was_set_aside_is_named_and_comes_back(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    place.database.write_bytes(b"no database at all" * 100)
    for name in ("app.db-wal", "app.db-shm"):
        place.database.with_name(name).unlink(missing_ok=True)
    damaged = place.state()
    restore_now(place.context, place.site, backup, Reporter())
    async with drive(place, size) as driver:
        await driver.press("2")
        screen = await driver.press("u")
        assert driver.screen == "ConsentScreen"
        assert driver.focused == "no"
        assert "WHAT IS LOST" in screen
        await driver.press("shift+tab")
        assert driver.focused == "name"
        await driver.type("app")
        await driver.press("enter", "tab")
        assert driver.focused == "yes"
        assert "NEW: app is again what it was before" in await driver.press("enter")
    assert place.state() == damaged


async def test_read_only_looks_and_undoes_nothing(place: Place) -> None:
    restore_now(place.context, place.site, back_up(place), Reporter())
    async with drive(open_place(place.root, read_only=True)) as driver:
        assert "completed" in await driver.press("2")
        await driver.press("u")
        assert driver.screen == "HistoryScreen"
        assert "greenroom is read-only" in driver.notices()
