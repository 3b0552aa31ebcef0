"""The screen of the users on a bad night: long names, users who go, locked databases, other people's work."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import UsageError
from core.progress import Reporter
from tests.support import Place
from tests.tui.driver import NARROW, choose, drive, focus
from tests.tui.gate import Gate
from tests.tui.libraries import make_library
from tests.tui.users import MIRA, change, content, mira, pick, put_copy, restored, to_mira, write
from tests.tui.ways import with_second_site
from tui.user_calls import Wish, perform, preview

NAME = "m" * 50
SMALL = (60, 20)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return make_library(tmp_path)


async def test_the_longest_name_can_be_typed(library: Place) -> None:
    change(library, f"UPDATE users SET username = '{NAME}' WHERE id = '{MIRA}'")
    path = write(library, rankings=[])
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("enter")
        await choose(driver, "file")
        await pick(driver, path)
        assert await driver.shows(f"Type the name of the user, {NAME}:")
        await focus(driver, "name")
        assert NAME in (await driver.type(NAME)).splitlines()[-6]
        assert not driver.app.screen.query_one("#yes").disabled


async def test_a_name_of_nothing_is_told_apart_by_the_id(library: Place) -> None:
    change(library, f"UPDATE users SET username = '  ' WHERE id = '{MIRA}'")
    async with drive(library, NARROW) as driver:
        screen = await driver.press("6")
        assert MIRA[:7] in screen.splitlines()[3]
        assert f"Copies of the library of {MIRA}" in await driver.press("enter")


async def test_in_the_smallest_window_the_choices_can_be_seen(library: Place) -> None:
    restored(library)
    async with drive(library, SMALL) as driver:
        assert "q Quit" in await to_mira(driver)
        screen = await driver.press("enter")
        for choice in ("Restore", "Merge", "File", "Close"):
            assert f"[ {choice}" in screen
        await driver.press("escape")
        screen = await driver.press("u")
        for words in ("[ Cancel ]", "[ Undo now ]", "Type the name of the user, mira:"):
            assert words in screen


async def test_with_a_job_at_work_the_footer_still_tells_how_to_leave(library: Place) -> None:
    gate = Gate()
    place = replace(library, context=replace(library.context, disk=gate))
    async with drive(place, NARROW) as driver:
        await to_mira(driver)
        gate.shut()
        await driver.press("a")
        await focus(driver, "go")
        await driver.hit("enter")
        await driver.until(gate.reached.is_set)
        await driver.until(lambda: "export of mira" in driver.text())
        assert driver.text().splitlines()[-1].rstrip().endswith("q Quit")
        gate.open()
        await driver.settle()


@pytest.mark.parametrize("key", ["a", "b", "u", "i", "enter"])
async def test_a_user_who_was_deleted_meanwhile_is_said_to_be_gone(library: Place, key: str) -> None:
    restored(library)
    path = write(library)
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        driver.app.screen._looking = True  # type: ignore[attr-defined]
        change(library, f"DELETE FROM users WHERE id = '{MIRA}'")
        await driver.press(key)
        if key == "a":
            await choose(driver, "go")
        if key == "i":
            await pick(driver, path)
        if key == "enter":
            await driver.press("enter")
        assert await driver.shows("is no user of this library any more")
        assert driver.screen == "ErrorScreen"
        assert sorted(path.parent.iterdir()) == [path]


async def test_a_user_who_goes_while_the_question_is_open_is_said_to_be_gone(library: Place) -> None:
    path = write(library, rankings=[])
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("enter")
        await choose(driver, "file")
        await pick(driver, path)
        await focus(driver, "name")
        await driver.type("mira")
        change(library, f"DELETE FROM users WHERE id = '{MIRA}'")
        await choose(driver, "yes")
        assert await driver.shows("is no user of this library any more")


async def test_where_nothing_was_restored_there_is_nothing_to_undo_and_the_key_says_so(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("u")
        assert driver.screen == "UsersScreen"
        assert "there is nothing to undo in the library of mira" in driver.notices()
        restored(library)
        await driver.press("1", "6")
        driver.app.clear_notifications()
        await driver.press("down")
        assert "u goes back to before the restore from in.json" in driver.text()
        await driver.press("u")
        assert driver.screen == "UserReportScreen"


async def test_what_can_be_taken_is_there_already(library: Place) -> None:
    before = content(library)
    path = write(library, movies=[{**before["movies"][0], "status": 7}, *before["movies"][1:]])
    nothing = write(library, movies=[{**before["movies"][0], "status": 7}], people=[], lists=[], rankings=[])
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        await pick(driver, nothing)
        assert await driver.shows("Nothing would change: no record of the file can be taken")
        await driver.press("escape")
        write(library, movies=[{**before["movies"][0], "status": 7}, *before["movies"][1:]])
        await driver.press("i")
        await pick(driver, path)
        assert await driver.shows("Nothing would change: what can be taken of the file is in the library already")


async def test_the_counts_come_before_a_long_list_of_what_is_refused(library: Place) -> None:
    before = content(library)
    good, *others = before["movies"]
    movies = [{**good, "last_modified": 4e9, "status": "deleted"}, *({**movie, "status": 7} for movie in others)]
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        screen = await pick(driver, write(library, movies=movies))
        assert screen.index("Unchanged") < screen.index("REFUSED") < screen.index("movies[1].status")
        assert f"Import without {len(others)} refused" in screen
        assert "Cancel takes nothing of the file" in screen
        assert "there is more" in screen
        await driver.press(*["pagedown"] * 9)
        assert await driver.shows("that is the end")


async def test_what_is_refused_goes_on_further_in_where_a_line_is_too_short(library: Place) -> None:
    movies = content(library)["movies"]
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        screen = await pick(driver, write(library, movies=[{**movies[0], "status": "seen"}, *movies[1:]]))
        [at] = [number for number, line in enumerate(screen.splitlines()) if "movies[0].status" in line]
        first, second = (line.split("│")[1] for line in screen.splitlines()[at : at + 2])
        assert second.strip().endswith('"custom"')
        assert second.index('"') == first.index("movies") + 2


async def test_a_time_that_has_not_come_yet_is_a_date(library: Place) -> None:
    first, second, *others = content(library)["movies"]
    movies = [{**first, "last_modified": 4e9}, {**second, "last_modified": 1.8e12}, *others]
    async with drive(library, (120, 60)) as driver:
        await to_mira(driver)
        await driver.press("i")
        await pick(driver, write(library, movies=movies))
        assert await driver.shows(f"({first['imdb_id']}): changed at 2096-10-02 07:06:40 UTC")
        assert await driver.shows(f"({second['imdb_id']}): changed after the year 9999: 1.8e+12 seconds since 1970")


async def test_a_small_report_says_nothing_of_more(library: Place) -> None:
    async with drive(library, (120, 60)) as driver:
        await to_mira(driver)
        await driver.press("i")
        assert "there is more" not in await pick(driver, write(library))


async def test_what_is_lost_is_counted_first(library: Place) -> None:
    path = write(library, movies=content(library)["movies"][20:], rankings=[])
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("enter")
        await choose(driver, "file")
        await pick(driver, path)
        assert await driver.shows("WHAT IS LOST: 30 records go")


def test_a_file_that_was_agreed_to_whole_is_not_taken_in_part(library: Place) -> None:
    """It was changed between the look and the import."""
    before = content(library)
    path = write(library, movies=[{**before["movies"][0], "last_modified": 4e9}])
    found = preview(library.context, Wish(library.site, mira(library), "import", path), Reporter())
    write(library, movies=[{**before["movies"][0], "last_modified": 4e9}, {**before["movies"][1], "status": 7}])
    with pytest.raises(UsageError, match="changed since the preview"):
        perform(library.context, found, Reporter())
    assert content(library) == before


async def test_the_switch_is_work_that_is_shown_and_is_done_once(library: Place) -> None:
    gate = Gate()
    place = replace(library, context=replace(library.context, disk=gate))
    async with drive(place, NARROW) as driver:
        await to_mira(driver)
        with closing(sqlite3.connect(library.database, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            await driver.hit("b")
            await driver.until(lambda: "backup of mira" in driver.text())
            await driver.hit("b")
            assert "backup of mira is at work" in driver.notices()
            connection.execute("ROLLBACK")
        await driver.settle()
        assert not mira(library).backup_enabled


async def test_what_was_cancelled_is_named(library: Place) -> None:
    path = write(library)
    library.context.clock.now += timedelta(days=1)  # type: ignore[attr-defined]
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        driver.app.workshop.start(
            "import for mira", _until_cancelled, print, driver.app.screen._failed_at("import for mira")
        )  # type: ignore[attr-defined]
        await driver.hit("x")
        await driver.settle()
        assert "import for mira: cancelled" in driver.notices()
        assert "nothing was changed" in driver.notices()
        assert path.exists()


@pytest.mark.keys("UserCopiesScreen", "x")
async def test_the_copies_say_why_none_is_restored_now_and_come_back_when_the_job_ends(library: Place) -> None:
    put_copy(library, json.dumps(content(library)))
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        failed = driver.app.screen._failed_at("import for jonas")  # type: ignore[attr-defined]
        driver.app.workshop.start("import for jonas", _until_cancelled, print, failed)
        await driver.hit("enter")
        await driver.until(lambda: driver.screen == "UserCopiesScreen")
        await driver.until(lambda: "or x cancels it" in driver.text())
        assert driver.app.screen.query_one("#restore").disabled
        await driver.hit("enter")
        assert driver.screen == "UserCopiesScreen"
        await driver.hit("x")
        await driver.settle()
        assert "import for jonas: cancelled" in driver.notices()
        assert await driver.shows("You see first what it would do")
        assert not driver.app.screen.query_one("#restore").disabled
        assert "Make the library of mira what 2026-01-05.json says?" in await driver.press("enter")


async def test_the_users_open_as_soon_as_it_is_known_that_there_are_any(library: Place) -> None:
    async with drive(with_second_site(library), NARROW) as driver:
        await driver.press("s", "down", "enter")
        assert "6 Users" not in driver.text()
        change(library, "PRAGMA journal_mode = DELETE")  # a lock then holds up those who read
        with closing(sqlite3.connect(library.database, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            await driver.hit("s", "up", "enter")
            await driver.until(lambda: driver.screen == "BackupsScreen")
            await driver.hit("6")
            await driver.until(lambda: "greenroom still looks whether app is a movie library" in driver.notices())
            assert driver.screen == "BackupsScreen"
            connection.execute("ROLLBACK")
        await driver.until(lambda: driver.screen == "UsersScreen")
        assert "Users: 2" in await driver.settle()


async def test_whoever_has_gone_elsewhere_before_it_is_known_stays_there(library: Place) -> None:
    async with drive(with_second_site(library), NARROW) as driver:
        await driver.press("s", "down", "enter")
        change(library, "PRAGMA journal_mode = DELETE")  # a lock then holds up those who read
        with closing(sqlite3.connect(library.database, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            await driver.hit("s", "up", "enter")
            await driver.until(lambda: driver.screen == "BackupsScreen")
            await driver.hit("6", "3")
            await driver.until(lambda: driver.screen == "MessagesScreen")
            assert "greenroom still looks" in driver.notices()
            connection.execute("ROLLBACK")
        await driver.until(lambda: "6 Users" in driver.text())
        await driver.settle()
        assert driver.screen == "MessagesScreen"


def _until_cancelled(reporter: Reporter) -> None:
    while True:
        reporter.check()


async def test_what_did_not_work_is_named(library: Place, tmp_path: Path) -> None:
    path = tmp_path / "out" / "other.json"
    path.write_text("[]")
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("i")
        assert "The preview of import for mira did not work" in await pick(driver, path)


async def test_without_copies_it_is_said_when_the_first_one_comes(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        assert "There is no copy yet: the first is made at 03:00" in await driver.press("enter")
        await driver.press("escape", "up")
        assert "There is no copy yet, and none is made: b among the users" in await driver.press("enter")


async def test_a_database_that_was_away_at_first_is_looked_at_again(library: Place) -> None:
    away = library.database.with_name("away.db")
    async with drive(library, NARROW) as driver:
        library.database.rename(away)
        assert "CANNOT LOOK" in await driver.press("6")
        away.rename(library.database)
        await driver.until(lambda: "Users: 2" in driver.text())


async def test_an_export_goes_into_a_folder_that_is_named_without_a_stroke(library: Place) -> None:
    folder = library.root / "out" / "mine"
    folder.mkdir()
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        await driver.press("a", "ctrl+u", *"mine")
        await choose(driver, "go")
        [path] = folder.iterdir()
        assert path.match("moviemanager-export-????-??-??.json")


async def test_ages_grow_while_one_looks(library: Place) -> None:
    put_copy(library, "{}")
    async with drive(library, NARROW) as driver:
        await to_mira(driver)
        before = driver.text()
        library.context.clock.now += timedelta(days=40_000)  # type: ignore[attr-defined]
        await driver.until(lambda: driver.text() != before)
        assert "days" in driver.text().splitlines()[4]
