"""Every list is gone through by the same keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import DataTable, OptionList

from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.ways import found, logged
from tui.widgets.backup_table import BackupTable

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])
ROWS = 60


def _at(driver: Driver) -> int:
    """The place of the highlighted row in the list that has the focus."""
    focused = driver.app.focused
    if isinstance(focused, BackupTable):
        return focused.place
    if isinstance(focused, DataTable):
        return focused.cursor_row
    assert isinstance(focused, OptionList)
    assert focused.highlighted is not None
    return focused.highlighted


async def _go_through(driver: Driver, rows: int, *, wraps: bool = False) -> None:
    """Press each key that moves, and see where it leads; `wraps` where the last row is followed by the first."""
    last = rows - 1

    async def lead(to: int, *keys: str) -> None:
        await driver.hit(*keys)
        assert _at(driver) == to, f"after {keys}"

    for to_last, to_first in (("end", "home"), ("ctrl+end", "ctrl+home")):
        await lead(last, to_last)
        await lead(0 if wraps else last, "down")
        await lead(0, to_first)
        await lead(last if wraps else 0, "k")
        await lead(0, to_first)
    for down, up in (("down", "up"), ("j", "k")):
        await lead(2, down, down)
        await lead(1, up)
        await lead(0, up)
    await driver.hit("pagedown")
    page = _at(driver)
    assert 1 < page < last
    await driver.hit("pagedown")
    assert _at(driver) > page
    await lead(0, "pageup", "pageup")
    await lead(1, "down", "left", "right", "right")
    await driver.settle()


@pytest.mark.keys("BackupTable", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
@SIZES
async def test_the_backups(place: Place, size: tuple[int, int]) -> None:
    for number in range(ROWS):
        place.context.catalog.insert_found(found(number))
    async with drive(place, size) as driver:
        await _go_through(driver, ROWS)
        assert "number 0058" in driver.text()
        assert "number 0000" in await driver.press("end")
        assert "number 0059" not in driver.text()


@pytest.mark.keys("LogList", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_the_history(place: Place) -> None:
    for number in range(ROWS):
        place.context.catalog.record_restore(logged(number))
    async with drive(place, NARROW) as driver:
        await driver.press("2")
        await _go_through(driver, ROWS)
        assert "restore of b58" in driver.text()
        assert "restore of b0" in await driver.press("end")


@pytest.mark.keys("LogList", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_the_messages(place: Place) -> None:
    async with drive(place) as driver:
        for number in range(ROWS):
            driver.app.notes.add(place.context.clock(), "notice", f"number {number}\nand the whole of {number}")
        await driver.press("3")
        await _go_through(driver, ROWS)
        assert "and the whole of 58" in driver.text()
        assert "and the whole of 0" in await driver.press("end")


@pytest.mark.keys("SiteList", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
@pytest.mark.keys("SiteList", "enter")
async def test_the_sites(place: Place) -> None:
    sites = {name: replace(place.site, name=name) for name in ("app", *(f"site{n}" for n in range(1, ROWS)))}
    settings = replace(place.context.settings, sites=sites)
    many = replace(place, context=replace(place.context, settings=settings))
    async with drive(many) as driver:
        await driver.press("s")
        await _go_through(driver, ROWS)
        assert "site59" in await driver.press("end")
        await driver.press("enter")
        assert driver.app.site.name == "site59"
        assert "site59  (60 of 60)" in driver.text()


@pytest.mark.keys("PickList", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
@pytest.mark.keys("PickList", "enter")
async def test_the_folders_of_an_adoption(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "usb"
    for number in range(1, ROWS):
        (folder / f"folder{number:02}").mkdir(parents=True)
    monkeypatch.chdir(folder)
    async with drive(place, NARROW) as driver:
        await driver.press("a", "shift+tab")
        await _go_through(driver, ROWS, wraps=True)
        assert "folder59/" in await driver.press("end")
        await driver.press("enter")
        assert driver.app.screen.query_one("#path").value == f"{folder}/folder59/"
        await driver.press("home", "enter")
        assert driver.app.screen.query_one("#path").value == f"{folder}/"


@pytest.mark.keys("BackupTable", "enter", "down", "k")
async def test_an_empty_list_has_nowhere_to_go(place: Place) -> None:
    async with drive(place) as driver:
        before = driver.text()
        for key in ("enter", "down", "k", "end", "home", "pagedown", "pageup"):
            assert await driver.press(key) == before
        assert driver.focused == "backups"
