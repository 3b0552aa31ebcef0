"""The films of a library on the screen: found, filtered, sorted, opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.edits import put_draft
from core.library.categories import category_named
from tests.support import Place, make_place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.libraries import FILMS, make_library
from tests.tui.ways import with_second_site
from tui.screens.editor import EditorScreen
from tui.widgets.film_table import FilmTable

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


@pytest.fixture
def library(tmp_path: Path) -> Place:
    return make_library(tmp_path)


def title_of(driver: Driver) -> str:
    """What the border of the list says."""
    return str(driver.app.screen.query_one(FilmTable).border_title)


def highlighted(driver: Driver) -> str:
    row = driver.app.screen.query_one(FilmTable).current
    return "" if row is None else row.title


async def find(driver: Driver, words: str) -> str:
    """Type what is sought, and press enter."""
    await driver.press("slash", *(["space" if letter == " " else letter for letter in words]))
    return await driver.press("enter")


@SIZES
@pytest.mark.keys("LibraryScreen", "slash", "escape")
async def test_a_film_is_found_by_what_a_person_types(library: Place, size: tuple[int, int]) -> None:
    async with drive(library, size) as driver:
        screen = await driver.press("5")
        assert f"Films: {FILMS:,}, by title (o)" in screen
        assert "2001: A Space Odyssey" in screen
        for words in ("fincher 1999", "TT0137523", "tmdb-550"):
            screen = await find(driver, words)
            assert f"Films: 1 of {FILMS:,}: match '{words}'" in screen
            assert "Fight Club" in screen
            assert driver.focused == "films"
            screen = await driver.press("escape")
            assert f"Films: {FILMS:,}, by title (o)" in screen
        assert f"None of {FILMS:,} films: esc shows all" in await find(driver, "no such [/film]")
        await driver.press("escape", "escape")
        assert driver.screen == "BackupsScreen"


async def test_the_newest_of_quick_questions_is_answered(library: Place) -> None:
    async with drive(library) as driver:
        await driver.press("5")
        await driver.hit("slash")
        await driver.hit(*"fight")
        await driver.until(lambda: "match 'fight'" in title_of(driver))
        await driver.hit(*["backspace"] * 5)
        await driver.hit(*"se7en")
        await driver.until(lambda: "match 'se7en'" in title_of(driver))
        await driver.settle()
        assert highlighted(driver) == "Se7en"
        assert driver.focused == "search"


@pytest.mark.keys("LibraryScreen", "f")
@pytest.mark.keys("FilmFilterScreen", "enter", "escape", "question_mark")
async def test_films_are_filtered_by_what_their_categories_hold(library: Place) -> None:
    put_draft(library.context, library.site, category_named("awards"), "tmdb-550", {"awards": []})
    async with drive(library, NARROW) as driver:
        await driver.press("5")
        await driver.press("f", "down", "down", "down", "right")
        screen = await driver.press("enter")
        assert f" of {FILMS:,}: trivia filled, by title (o)" in screen
        assert "Fight Club" in screen
        screen = await driver.press("f", "escape")
        assert "trivia filled" in screen
        await driver.press("f", *["down"] * 7, "right")
        screen = await driver.press("enter")
        assert f"1 of {FILMS:,}: trivia filled, with a draft" in title_of(driver)
        assert "draft" in next(line for line in screen.splitlines() if "Fight Club" in line and "1999" in line)
        await driver.press("f", "question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "escape")
        await driver.press("f", "up", "up", "right")
        assert f"{FILMS:,}, by title" in await driver.press("escape", "escape")


@pytest.mark.keys("LibraryScreen", "o")
async def test_films_are_sorted(library: Place) -> None:
    async with drive(library) as driver:
        await driver.press("5")
        first = []
        for words in ("newest year first (o)", "oldest year first (o)", "last added first (o)", "by title (o)"):
            assert words in await driver.press("o")
            first.append(highlighted(driver))
        assert first[-1] == "2001: A Space Odyssey"
        assert len(set(first)) == 4
        table = driver.app.screen.query_one(FilmTable)
        heads = driver.text().splitlines()[2]
        await driver.click(table, (heads.index("Year"), 1))
        assert "newest year first" in title_of(driver)
        await driver.click(table, (heads.index("Year"), 1))
        assert "oldest year first" in title_of(driver)


@pytest.mark.keys("FilmTable", "enter")
@pytest.mark.keys("LibraryScreen", "e")
async def test_the_film_is_opened_at_the_category_that_was_asked_for(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("5")
        await find(driver, "fight club")
        for key, number in (("enter", 0), ("e", 3)):
            if number:
                await driver.press("f", "down", "down", "down", "right", "enter")
            await driver.press(key)
            editor = driver.app.screen
            assert isinstance(editor, EditorScreen)
            assert {sheet.key for sheet in editor.sheets} == {"tmdb-550"}
            assert editor._current == number
            await driver.press("escape")
            assert driver.screen == "LibraryScreen"


@pytest.mark.keys("FilmTable", "up", "down", "j", "k", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_the_list_is_gone_through_from_end_to_end(library: Place) -> None:
    async with drive(library) as driver:
        await driver.press("5")
        table = driver.app.screen.query_one(FilmTable)
        for keys, place in (
            (("down", "j"), 2),
            (("up",), 1),
            (("k",), 0),
            (("end",), FILMS - 1),
            (("home",), 0),
            (("ctrl+end",), FILMS - 1),
            (("ctrl+home",), 0),
        ):
            await driver.press(*keys)
            assert table.place == place
            assert highlighted(driver)
        seen = [highlighted(driver)]
        while table.place < FILMS - 1:
            await driver.press("pagedown")
            assert highlighted(driver) >= seen[-1]
            seen.append(highlighted(driver))
        await driver.press("pageup")
        assert table.place < FILMS - 1
        await driver.wheel("#films", lines=3)
        assert highlighted(driver)


async def test_what_others_do_appears(library: Place) -> None:
    async with drive(library) as driver:
        await driver.press("5")
        await find(driver, "fight")
        library.execute("UPDATE movies SET title = 'Fight [/red] \x1b[31m' WHERE external_id = 'tmdb-550'")
        put_draft(library.context, library.site, category_named("media"), "tmdb-550", {"trailer_url": None})
        await driver.until(lambda: "Fight [/red]" in driver.text())
        screen = await driver.settle()
        assert "\x1b" not in screen
        assert "DRAFT, manual" in screen


async def test_a_database_that_is_gone_is_said_and_what_was_read_stays(library: Place) -> None:
    async with drive(library) as driver:
        await driver.press("5")
        library.database.rename(library.database.with_name("elsewhere.db"))
        await driver.until(lambda: "CANNOT LOOK" in driver.text())
        assert "2001: A Space Odyssey" in driver.text()
        assert driver.screen == "LibraryScreen"
        library.database.with_name("elsewhere.db").rename(library.database)
        await driver.until(lambda: "CANNOT LOOK" not in driver.text())


async def test_without_a_database_no_film_can_be_opened(library: Place) -> None:
    library.database.unlink()
    async with drive(library) as driver:
        assert "CANNOT LOOK: there is no database" in await driver.press("5")
        await driver.press("e", "enter", "a")
        assert driver.screen == "LibraryScreen"
        assert driver.notices().count("the database cannot be reached") == 2


@SIZES
@pytest.mark.parametrize("is_library", [True, False])
async def test_once_the_database_is_back_films_or_tables_are_shown(
    tmp_path: Path, size: tuple[int, int], *, is_library: bool
) -> None:
    place = make_library(tmp_path) if is_library else make_place(tmp_path)
    away = place.database.with_name("elsewhere.db")
    place.database.rename(away)
    async with drive(place, size) as driver:
        screen = await driver.press("5")
        assert "The database cannot be reached or read; it is tried again every 2 seconds." in screen
        assert "there is no database at" in screen
        assert "Films: " not in screen
        assert "Year" not in screen, "it may be no list of films"
        away.rename(place.database)
        await driver.until(lambda: f"Films: {FILMS:,}" in driver.text() or "Tables: 2" in driver.text())
        assert driver.screen == ("LibraryScreen" if is_library else "RecordsScreen")
        screen = await driver.settle()
        assert "cannot be reached" not in screen
        assert "CANNOT LOOK" not in screen


@pytest.mark.keys("LibraryScreen", *"123456sxq", "question_mark", "ctrl+q")
async def test_the_library_leads_to_the_other_screens_and_follows_the_site(library: Place) -> None:
    async with drive(with_second_site(library), NARROW) as driver:
        for key, screen in zip("1234", ("Backups", "History", "Messages", "Schedule"), strict=True):
            await driver.press("5", key)
            assert driver.screen == f"{screen}Screen"
        await driver.press("5", "5", "x", "question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "s", "down", "enter")
        assert driver.app.site.name == "second"
        assert driver.screen == "RecordsScreen"
        assert "Tables: 2" in driver.text()
        await driver.press("s", "up", "enter")
        assert f"Films: {FILMS:,}" in driver.text()
        await driver.press("slash", *"123456sxq")
        assert driver.screen == "LibraryScreen"
        await driver.press("escape", "q")
        assert not driver.app.is_running
    async with drive(library, NARROW) as driver:
        await driver.press("5", "ctrl+q")
        assert not driver.app.is_running
