"""A text that is longer than its box or screen is scrolled by keys, to its very end."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from core.progress import Reporter
from core.restore.now import restore_now
from tests.support import Place, make_place
from tests.tui.driver import NARROW, Driver, back_up, drive
from tests.tui.ways import drive_to, prepare

BOX = ".box-text"


@pytest.fixture
def deep(tmp_path: Path) -> Place:
    """A site whose paths take several lines each."""
    root = tmp_path / ("a folder with a long name " * 6) / ("below it another one " * 5)
    root.mkdir(parents=True)
    return make_place(root)


async def _scroll(driver: Driver, target: str, last_words: str) -> None:
    """Scroll to the end of a text, where its last words are to be seen, and back."""
    pane = driver.app.screen.query_one(target)
    assert pane.max_scroll_y > 1, "the text is not long enough to be scrolled"
    for down, up, least in (("down", "up", 1), ("pagedown", "pageup", 2)):
        await driver.hit(down)
        assert driver.top(target) >= least
        for _ in range(pane.max_scroll_y):
            if driver.top(target) == pane.max_scroll_y:
                break
            await driver.hit(down)
        assert last_words in await driver.settle()
        for _ in range(pane.max_scroll_y):
            if not driver.top(target):
                break
            await driver.hit(up)
        assert driver.top(target) == 0


@pytest.mark.keys("HelpScreen", "up", "down", "pageup", "pagedown", "enter", "escape")
async def test_help(place: Place) -> None:
    async with drive_to(prepare(place, "HelpScreen"), "HelpScreen", NARROW) as driver:
        await _scroll(driver, BOX, "In the part that has the focus")
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"
        await driver.press("question_mark", "escape")
        assert driver.screen == "BackupsScreen"


@pytest.mark.keys("ErrorScreen", "up", "down", "pageup", "pagedown", "enter", "escape")
async def test_an_error(place: Place) -> None:
    back_up(place)
    async with drive(place, NARROW) as driver:
        for close in ("enter", "escape"):
            await driver.press("c")
            driver.app.screen.query_one(Input).value = f"/there is none/{'of a long name ' * 80}"
            await driver.press("enter")
            assert driver.screen == "ErrorScreen"
            if close == "enter":
                await _scroll(driver, BOX, "What to do")
            await driver.press(close)
            assert driver.screen == "BackupsScreen"


@pytest.mark.keys("AdoptPreviewScreen", "up", "down", "pageup", "pagedown", "escape")
async def test_the_preview_of_an_adoption(deep: Place) -> None:
    async with drive_to(prepare(deep, "AdoptPreviewScreen"), "AdoptPreviewScreen", NARROW) as driver:
        await _scroll(driver, BOX, "where it is.")
        await driver.press("escape")
    assert [one.role for one in deep.context.catalog.backups("app")] == ["manual"]


@pytest.mark.keys("ConsentScreen", "up", "down", "pageup", "pagedown", "escape")
async def test_the_consent_to_an_undo(deep: Place) -> None:
    backup = back_up(deep)
    deep.database.write_bytes(b"no database at all" * 100)
    for name in ("app.db-wal", "app.db-shm"):
        deep.database.with_name(name).unlink(missing_ok=True)
    restore_now(deep.context, deep.site, backup, Reporter())
    before = deep.state()
    async with drive(deep, NARROW) as driver:
        await driver.press("2")
        await driver.press("u")
        assert driver.screen == "ConsentScreen"
        await _scroll(driver, BOX, "app.db")
        assert driver.focused == "no"
        await driver.press("escape")
        assert driver.screen == "HistoryScreen"
    assert deep.state() == before


@pytest.mark.keys("PendingScreen", "up", "down", "pageup", "pagedown", "escape")
async def test_what_waits(deep: Place) -> None:
    async with drive_to(prepare(deep, "PendingScreen"), "PendingScreen", NARROW) as driver:
        await driver.press("tab", "enter")
        await _scroll(driver, "#result", "staged in")
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
        assert "PENDING RESTORE" in driver.text()


@pytest.mark.keys("RestoreScreen", "up", "down", "pageup", "pagedown", "escape")
async def test_the_preview_of_a_restore(place: Place) -> None:
    before = place.state()
    async with drive_to(prepare(place, "RestoreScreen"), "RestoreScreen", NARROW) as driver:
        await _scroll(driver, "#preview", "replaced as a whole")
        await driver.press("tab", "a")
        await driver.hit("down")
        assert driver.top("#preview") == 1
        assert driver.focused == "name"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before
