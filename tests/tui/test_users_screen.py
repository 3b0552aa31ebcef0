"""The users of a library on the screen: out, in, back, copied daily, and what is missing of films fetched."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.library.users import copies_folder, restore_file
from core.progress import Reporter
from tests.support import Place, open_place
from tests.tui.driver import NARROW, WIDE, choose, drive, focus
from tests.tui.libraries import make_library
from tests.tui.users import MIRA, content, mira, pick, put_copy, to_mira, type_name, write
from tests.tui.ways import with_second_site

NEW = "tt0156887"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return make_library(tmp_path)


@pytest.mark.keys("UsersScreen", "escape", *"12345")
async def test_the_users_are_listed_with_what_they_have(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        assert "6 Users" in driver.text()
        screen = await to_mira(driver)
        for words in ("Users of app", "Users: 2", "jonas", "never", "on ", "off"):
            assert words in screen
        assert "mira  mira@movies.example" in screen
        for key, name in {"1": "Backups", "2": "History", "3": "Messages", "4": "Schedule", "5": "Library"}.items():
            await driver.press(key)
            assert driver.screen == f"{name}Screen"
            await driver.press("6")
            assert driver.screen == "UsersScreen"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


@pytest.mark.keys("UsersScreen", *"sx6q", "question_mark")
async def test_a_site_without_users_offers_no_such_screen(library: Place) -> None:
    async with drive(with_second_site(library), NARROW) as driver:
        await driver.press("6", "s", "down", "enter")
        screen = driver.text()
        assert "second has no users with libraries of their own" in screen
        assert "6 Users" not in screen
        await driver.press("a")
        assert "no user is highlighted" in driver.notices()
        await driver.press("x", "question_mark", "escape", "6")
        assert driver.screen == "UsersScreen"
        await driver.press("1", "6")
        assert driver.screen == "BackupsScreen"
        assert "second is no movie library in which users keep their own" in driver.notices()
        await driver.press("s", "up", "enter")
        assert "6 Users" in await driver.settle()
        await driver.press("6", "q")
        assert not driver.app.is_running


@pytest.mark.keys("UserTable", "up", "down", "k", "j", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_one_goes_through_the_users(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("6")
        first, second = "jonas  jonas@", "mira  mira@"
        for key, words in {
            "down": second,
            "up": first,
            "j": second,
            "k": first,
            "pagedown": second,
            "pageup": first,
            "end": second,
            "home": first,
            "ctrl+end": second,
            "ctrl+home": first,
        }.items():
            assert words in await driver.press(key)


@pytest.mark.keys("UsersScreen", "b")
async def test_the_daily_copy_is_switched(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        assert "copied each day at 03:00" in await to_mira(driver)
        screen = await driver.press("b")
        assert "not copied each day" in screen
        assert not mira(library).backup_enabled
        assert "no more daily copies" in driver.notices()
        await driver.press("b")
        assert mira(library).backup_enabled


@pytest.mark.keys("UsersScreen", "a")
@pytest.mark.keys("UserExportScreen", "escape", "question_mark")
async def test_a_library_is_exported_to_a_file(library: Place, tmp_path: Path) -> None:
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("a", "escape")
        assert not list((tmp_path / "out").iterdir())
        await driver.press("a")
        await focus(driver, "go")
        await driver.press("question_mark", "escape", "enter")
        [path] = (tmp_path / "out").iterdir()
        assert path.match("moviemanager-export-????-??-??.json")
        assert len(json.loads(path.read_text())["movies"]) == mira(library).movies
        assert f"{mira(library).movies} movies" in driver.notices()
        await driver.press("a")
        assert "exists already" in await choose(driver, "go")


@pytest.mark.keys("UsersScreen", "i")
@pytest.mark.keys("UserReportScreen", "escape", "question_mark", "up", "down", "pageup", "pagedown")
async def test_an_import_is_looked_at_before_it_is_done(library: Place) -> None:
    before = content(library)
    [first, second, *_] = before["movies"]
    movies = [{**first, "last_modified": 4e9}, {**second, "status": 7}, {**first, "imdb_id": NEW}]
    path = write(library, movies=movies)
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        screen = await pick(driver, path)
        assert "Import in.json into the library of mira?" in screen
        assert "REFUSED: 1 record cannot be taken" in screen
        assert "movies[1].status" in screen
        assert driver.focused == "no"
        await driver.press("down", "down", "pagedown", "pageup", "up", "question_mark", "escape")
        await driver.press("escape")
        assert content(library) == before
        await driver.press("i")
        await pick(driver, path)
        screen = await choose(driver, "yes")
        assert "Import for mira done" in screen
        assert "1 record refused" in screen
        await driver.press("end", "pagedown", "pagedown")
        assert f"1 film without metadata: {NEW}" in driver.text()
        await driver.press("escape")
        assert {movie["imdb_id"] for movie in content(library)["movies"]} >= {NEW}
        await driver.press("i")
        screen = await pick(driver, write(library))
        assert "Nothing would change: the library is what the file says already." in screen


async def test_what_is_no_library_is_refused(library: Place, tmp_path: Path) -> None:
    path = tmp_path / "out" / "other.json"
    path.write_text('{"version": "9[/red]"}')
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        await pick(driver, path)
        assert driver.screen == "ErrorScreen"


@pytest.mark.keys("UserTable", "enter")
@pytest.mark.keys("CopyTable", "enter")
@pytest.mark.keys("UserCopiesScreen", "escape", "question_mark")
@pytest.mark.keys("UsersScreen", "u")
async def test_a_library_is_brought_back_to_a_copy_and_back_from_that(library: Place) -> None:
    before = content(library)
    put_copy(library, json.dumps({**before, "movies": before["movies"][1:]}))
    async with drive(library, NARROW) as driver:
        assert "never" not in (await to_mira(driver)).splitlines()[4]
        screen = await driver.press("enter")
        assert "Copies of the library of mira" in screen
        assert "2026-01-05" in screen
        await driver.press("question_mark", "escape", "escape")
        await driver.press("enter")
        screen = await driver.press("enter")
        assert "Make the library of mira what 2026-01-05.json says?" in screen
        assert "1 of the movies are not in the file and go" in screen
        assert before["movies"][0]["imdb_id"] in screen
        assert driver.app.screen.query_one("#yes").disabled
        await type_name(driver)
        screen = await choose(driver, "yes")
        assert "Restore for mira done: " in screen
        after = content(library)
        assert len(after["movies"]) == len(before["movies"]) - 1
        await driver.press("escape")
        screen = await driver.press("u")
        assert "u takes back the restore from 2026-01-05.json" in screen
        await type_name(driver)
        assert "Undo for mira done: " in await choose(driver, "yes")
        assert content(library) == before


async def test_a_copy_is_merged_and_a_file_restored(library: Place) -> None:
    before = content(library)
    path = write(library, movies=before["movies"][:3], rankings=[])
    put_copy(library, json.dumps(before))
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("enter")
        await choose(driver, "file")
        await pick(driver, path)
        await type_name(driver)
        await choose(driver, "yes")
        assert len(content(library)["movies"]) == 3
        await driver.press("escape", "enter")
        await focus(driver, "copies")
        await driver.press("home")
        screen = await choose(driver, "merge")
        assert "Merge 2026-01-05.json into the library of mira?" in screen
        await choose(driver, "yes")
        assert content(library)["movies"] == before["movies"]


@pytest.mark.keys("CopyTable", "up", "down", "k", "j", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end")
async def test_one_goes_through_the_copies(library: Place) -> None:
    (folder := copies_folder(library.context, library.site) / MIRA).mkdir(parents=True, mode=0o700)
    for day in (5, 6):
        (folder / f"2026-01-0{day}.json").write_text("{}")
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("enter")
        keys = ("down", "up", "j", "k", "pagedown", "pageup", "end", "home", "ctrl+end", "ctrl+home")
        for number, key in enumerate(keys):
            await driver.press(key)
            assert driver.app.screen.query_one("#copies").place == (number + 1) % 2  # type: ignore[attr-defined]
        await driver.press("enter")
        assert driver.screen == "ErrorScreen"


async def test_an_undo_of_what_is_not_known_to_be_done_says_so(library: Place) -> None:
    path = write(library, movies=[], rankings=[])
    restore_file(library.context, library.site, mira(library), path, Reporter())
    note = library.context.site_folder(library.site) / "users" / f"{MIRA}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "done": False}))
    async with drive(library, WIDE) as driver:
        await to_mira(driver)
        await driver.press("u")
        assert await driver.shows("greenroom was stopped at the commit")


async def test_nothing_to_undo_is_said(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("u")
        assert "there is nothing to undo in the library of mira" in driver.notices()


async def test_names_from_outside_are_only_drawn(library: Place) -> None:
    with closing(sqlite3.connect(library.database)) as connection, connection:
        connection.execute("UPDATE users SET username = '[/red]' || char(27), email = '[bold' WHERE id = ?", (MIRA,))
    async with drive(library, NARROW) as driver:
        assert "[/red]?  [bold" in await driver.press("6")
        for key, words in (("enter", "Copies of the library of [/red]?"), ("a", "Export the library of [/red]?")):
            assert words in await driver.press(key)
            await driver.press("escape")
        await driver.press("b")
        assert "backup of [/red]? is off" in driver.notices()
        await driver.press("i")
        assert "Make the library of" not in await pick(driver, write(library, people=[]))
        assert "into the library of [/red]?" in driver.text()


@pytest.mark.usefixtures("library")
async def test_read_only_looks_and_changes_nothing(tmp_path: Path) -> None:
    async with drive(open_place(tmp_path, read_only=True), WIDE) as driver:
        await to_mira(driver)
        for key in ("a", "i", "b", "u", "m"):
            await driver.press(key)
            assert driver.screen == "UsersScreen"
        assert driver.notices().count("greenroom is read-only") == 5
        driver.app.clear_notifications()
        await driver.press("enter")
        assert await driver.shows("Nothing can be restored now: greenroom is read-only")
        await driver.press("enter")
        assert driver.screen == "UserCopiesScreen"
