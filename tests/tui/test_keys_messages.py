"""The keys of Messages and History, with several rows: which one they mean, and what is said where there is none."""

from __future__ import annotations

import pytest

from core.keep import delete_backup
from core.progress import Reporter
from core.restore.now import restore_now
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive
from tests.tui.ways import logged

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _say(driver: Driver, *texts: str) -> None:
    for text in texts:
        driver.app.notify(text, markup=False)


@pytest.mark.keys("MessagesScreen", "c", "w", "escape")
@pytest.mark.keys("LogList", "down", "j", "enter")
@SIZES
async def test_c_copies_the_message_that_is_highlighted_and_it_stays_so(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        _say(driver, "first\nof several lines", "second", "third")
        await driver.press("3")
        assert "third" in driver.text()
        screen = await driver.press("down", "j")
        assert "of several lines" in screen
        screen = await driver.press("c")
        assert driver.app.clipboard.endswith("first\nof several lines")
        assert "of several lines" in screen, "the row stays highlighted though a newer one came"
        await driver.press("enter", "c", "w")
        assert driver.app.clipboard.endswith("first\nof several lines")
        (file,) = (place.root / "state" / "messages").iterdir()
        written = file.read_text()
        assert [word for word in ("third", "second", "first") if word in written] == ["third", "second", "first"]
        await driver.press("escape")
        assert (driver.screen, driver.focused) == ("MessagesScreen", "log-list")
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


@pytest.mark.keys("MessagesScreen", "c", "w")
async def test_where_nothing_was_said_nothing_is_copied_or_written(place: Place) -> None:
    async with drive(place) as driver:
        assert "Nothing was said" in await driver.press("3")
        await driver.press("w")
        assert "nothing was said yet" in driver.notices()
        assert not (place.root / "state" / "messages").exists()
        assert not driver.app.clipboard
        assert "nothing was said yet" in await driver.press("c")


@pytest.mark.keys("VerticalScroll", "down", "pagedown", "end", "home", "up", "pageup", "escape")
@pytest.mark.keys("LogList", "enter")
async def test_a_long_message_is_scrolled_within_and_escape_leads_out(place: Place) -> None:
    async with drive(place, NARROW) as driver:
        _say(driver, "\n".join(f"line {number}" for number in range(60)))
        await driver.press("3", "enter")
        assert driver.focused == "log-whole"
        for key, top in (("down", 1), ("up", 0)):
            await driver.press(key)
            assert driver.top("#log-whole") == top
        assert "line 59" in await driver.press("end")
        await driver.press("home")
        await driver.press("pagedown")
        assert driver.top("#log-whole") > 1
        await driver.press("pageup")
        assert driver.top("#log-whole") == 0
        await driver.press("escape")
        assert driver.focused == "log-list"


@pytest.mark.keys("HistoryScreen", "u", "escape", "2")
@pytest.mark.keys("LogList", "enter", "j", "left", "right")
async def test_u_undoes_the_last_restore_whatever_row_is_highlighted(place: Place) -> None:
    backup = back_up(place, "good state")
    place.context.catalog.record_restore(logged(1))
    restore_now(place.context, place.site, backup, Reporter())
    delete_backup(place.context, place.site, back_up(place))
    async with drive(place) as driver:
        before = await driver.press("2")
        assert await driver.press("left", "right", "2") == before
        await driver.press("j", "j")
        await driver.press("u")
        assert f"Undo the restore of {backup.name}" in driver.text()
        assert driver.focused == "cancel"
        await driver.press("escape")
        assert driver.screen == "HistoryScreen"
        await driver.press("enter", "u")
        assert driver.screen == "RestoreScreen"
        await driver.press("escape", "escape", "escape")
        assert driver.screen == "BackupsScreen"
    assert [one.action for one in place.context.catalog.restores("app")].count("undo") == 0
