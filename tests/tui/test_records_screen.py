"""The tables and rows of any site on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.libraries import make_library
from tui.record_calls import PAGE
from tui.screens.editor import EditorScreen
from tui.widgets.record_list import RecordList

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def listed(driver: Driver) -> RecordList:
    return driver.app.screen.query_one(RecordList)


def title_of(driver: Driver) -> str:
    return str(listed(driver).border_title)


@SIZES
@pytest.mark.keys("RecordsScreen", "slash", "e", "escape")
@pytest.mark.keys("RecordList", "enter")
async def test_a_row_of_any_site_is_found_and_opened(place: Place, size: tuple[int, int]) -> None:
    place.execute("INSERT INTO films (id, title) VALUES (0, '[/red] \x1b[31m')")
    async with drive(place, size) as driver:
        screen = await driver.press("5")
        assert driver.screen == "RecordsScreen"
        assert "Tables: 2" in screen
        await driver.press("e")
        assert "this is a table: enter lists its rows" in driver.notices()
        screen = await driver.press("enter")
        assert "films: 21" in screen
        assert "[/red] ?[31m" in screen
        await driver.press("slash")
        await driver.type("film")
        assert "1" in await driver.press("7", "enter")
        await driver.until(lambda: "match 'film7'" in title_of(driver))
        await driver.settle()
        await driver.press("escape")
        for key in ("enter", "e"):
            await driver.press("down", key)
            editor = driver.app.screen
            assert isinstance(editor, EditorScreen)
            assert editor.sheets[0].key in {"1", "2"}
            await driver.press("escape")
        await driver.press("escape")
        assert "Tables: 2" in driver.text()
        assert listed(driver).current_key == "films"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


async def test_a_table_whose_rows_cannot_be_told_apart_says_so(place: Place) -> None:
    place.execute("CREATE VIEW seen AS SELECT * FROM films")
    async with drive(place) as driver:
        screen = await driver.press("5")
        assert "it is a view" in screen
        assert "many" not in screen  # nobody has counted the rows of a view
        await driver.press("slash")
        await driver.type("NOTE")
        await driver.press("enter")
        assert "Tables: 1 of 3" in title_of(driver)
        await driver.press("enter")
        assert "its rows cannot be told apart" in driver.notices()
        assert "Tables: 1 of 3" in title_of(driver)


@pytest.mark.keys("RecordList", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_a_long_table_is_read_on_as_it_is_gone_through(place: Place) -> None:
    many = 3 * PAGE + 7
    place.execute(
        "DELETE FROM films",
        "INSERT INTO films (id, title) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        f" WHERE i < {many}) SELECT i, 'film ' || i FROM n",
    )
    async with drive(place) as driver:
        await driver.press("5", "enter")
        assert f"films: {PAGE} and more" in title_of(driver)
        table = listed(driver)
        while f"films: {many}" not in title_of(driver):
            before = table.place
            await driver.press("end")
            assert table.place > before
        await driver.press("ctrl+end")
        assert table.current_key == str(many)
        await driver.press("pageup", "k", "j", "up", "down", "pagedown")
        assert table.current_key == str(many)
        await driver.press("home")
        assert table.current_key == "1"
        await driver.press("end")
        assert table.current_key == str(many)
        await driver.press("ctrl+home")
        assert table.current_key == "1"


@pytest.mark.keys("LibraryScreen", "t")
@pytest.mark.keys("RecordsScreen", "t")
async def test_a_library_has_tables_as_well(tmp_path: Path) -> None:
    async with drive(make_library(tmp_path)) as driver:
        await driver.press("5")
        assert "movie_genres" in await driver.press("t")
        await driver.press("t")
        assert driver.screen == "LibraryScreen"


async def test_a_database_that_is_gone_is_said_and_looked_for(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("5")
        place.database.rename(place.database.with_name("elsewhere.db"))
        assert "CANNOT LOOK: there is no database" in await driver.press("enter")
        assert driver.screen == "RecordsScreen"
        place.database.with_name("elsewhere.db").rename(place.database)
        await driver.until(lambda: "films: 20" in title_of(driver))
        assert "CANNOT LOOK" not in await driver.settle()
