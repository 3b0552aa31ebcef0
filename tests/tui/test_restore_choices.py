"""A portable backup restored from the screen: cleared or merged, of some tables, into another site or a database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord
from core.progress import Reporter
from core.restore.marker import marker_path, read_marker
from tests.support import Place, open_place
from tests.tui.driver import NARROW, WIDE, Driver, agree, back_up, choose, drive, focus
from tests.tui.ways import with_second_site

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _portable(place: Place, tables: tuple[str, ...] = ()) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter(), BackupRequest("portable", tables)).record


def _change(place: Place) -> None:
    place.execute(
        "UPDATE films SET title = 'changed' WHERE id < 4",
        "INSERT INTO films (id, title) VALUES (99, 'since')",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT)",
        "INSERT INTO tags VALUES (1, 'new')",
    )


def _with_tags(place: Place) -> None:
    place.execute(
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT)",
        "INSERT INTO tags VALUES (1, 'good')",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO users VALUES (1, 'ada')",
    )


def _all(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(query))


def _off(driver: Driver, name: str) -> bool:
    return driver.app.screen.query_one(f"#{name}", Button).disabled


async def _type_url(driver: Driver, url: str) -> str:
    await driver.press("i", "end", "enter")
    assert driver.screen == "AddressScreen"
    driver.app.screen.query_one("#url", Input).value = url
    return await driver.press("enter")


@pytest.mark.keys("RestoreScreen", "m", "t")
@pytest.mark.keys("PickScreen", "enter", "down")
@pytest.mark.slow
@SIZES
async def test_two_tables_are_merged(place: Place, size: tuple[int, int]) -> None:
    _with_tags(place)
    backup = _portable(place)
    place.execute(
        "UPDATE films SET title = 'changed' WHERE id < 4",
        "INSERT INTO films (id, title) VALUES (99, 'since')",
        "DELETE FROM tags",
        "UPDATE users SET name = 'bob'",
    )
    async with drive(place, size) as driver:
        screen = await driver.press("r")
        assert "clear: all rows of these tables go" in screen
        assert "all 4 tables of the backup" in screen
        assert "app, its own site" in screen
        await driver.press("m", "down", "enter")
        assert "merge: rows with the same key are overwritten" in driver.text()
        screen = await driver.press("t")
        assert driver.screen == "RestoreTablesScreen"
        assert "in   films  20 in backup  21 now" in screen
        assert "in   tags    1 in backup   0 now" in screen
        await driver.press("down", "space", "down", "down", "space")
        assert "out  users" in driver.text()
        screen = await choose(driver, "go")
        assert "2 of 4: films, tags" in screen
        for _ in range(6):
            screen += await driver.press("pagedown")
        assert "overwrite those with the same key" in screen
        assert "OUTDATED" not in driver.text()
        await agree(driver, "app")
        screen = await choose(driver, "now")
        assert f"NEW: app is now as in {backup.name}" in screen
        assert "merge, 2 tables: films, tags" in screen
        await driver.press("enter")
        seen = await driver.press("2")
        await driver.press("enter", "pagedown")
        assert "merge, 2 tables: films, tags" in " ".join((seen + driver.text()).split())
    assert _all(place.database, "SELECT count(*), max(title = 'changed') FROM films") == [(21, 0)]
    assert _all(place.database, "SELECT word FROM tags") == [("good",)]
    assert _all(place.database, "SELECT name FROM users") == [("bob",)]


async def test_one_table_is_cleared_and_the_rest_stays(place: Place) -> None:
    _portable(place)
    _change(place)
    async with drive(place) as driver:
        await driver.press("r", "t", "down", "space")
        screen = await choose(driver, "go")
        assert "1 of 2: films" in screen
        await agree(driver, "app")
        await choose(driver, "now")
    assert _all(place.database, "SELECT count(*), max(title = 'changed') FROM films") == [(20, 0)]
    assert _all(place.database, "SELECT word FROM tags") == [("new",)]


@pytest.mark.slow
async def test_what_waits_says_how_and_compares_so(place: Place) -> None:
    _portable(place, ("films",))
    _change(place)
    async with drive(place) as driver:
        await driver.press("r", "m", "down", "enter")
        await agree(driver, "app")
        assert "STAGED" in await choose(driver, "stage")
    marker = read_marker(marker_path(place.context, place.site))
    assert marker is not None
    assert marker.rows is not None
    assert marker.rows.mode == "merge"
    async with drive(place) as driver:
        assert "merge, all tables" in driver.text()
        compared = await choose(driver, "more")
        assert "after it, or more" in compared
        assert "LOST" not in compared.partition("Now, and after it")[2].partition("folder")[0]
        assert "to a row that the backup has too" in await choose(driver, "apply")
        await agree(driver, "app")
        assert "NEW: app" in await choose(driver, "yes")
    assert _all(place.database, "SELECT title FROM films WHERE id = 99") == [("since",)]


@pytest.mark.slow
@SIZES
async def test_into_another_site(place: Place, size: tuple[int, int]) -> None:
    two = with_second_site(place)
    backup = _portable(two)
    before = place.state()
    second = two.context.settings.sites["second"]
    path = second.sqlite_path
    assert path is not None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM films")
    async with drive(two, size) as driver:
        await driver.press("r")
        await agree(driver, "app")
        screen = await driver.press("shift+tab", "i")
        assert "second, another site" in screen
        screen = await driver.press("down", "enter")
        assert "Restore a backup of app into second?" in screen
        assert _off(driver, "now"), "another name must be typed"
        assert "of another site, app" in screen
        assert "all rows of these tables, and the files, that are there now" in await driver.press("pagedown")
        await agree(driver, "app")
        assert _off(driver, "now")
        await driver.press("ctrl+u", *"second")
        screen = await choose(driver, "now")
        assert f"NEW: second is now as in {backup.name}" in screen
        assert "choose second (s), History (2), then u" in screen
        await driver.press("enter", "s", "down", "enter")
        seen = await driver.press("2")
        await driver.press("enter", "pagedown")
        assert "a backup of app" in " ".join((seen + driver.text()).split())
    assert place.state() == before
    assert _all(path, "SELECT count(*) FROM films") == [(20,)]


@pytest.mark.keys("RestoreScreen", "i")
@pytest.mark.slow
@SIZES
async def test_into_the_database_of_a_url(place: Place, tmp_path: Path, size: tuple[int, int]) -> None:
    backup = _portable(place)
    before = place.state()
    new = tmp_path / "new.db"
    async with drive(place, size) as driver:
        await driver.press("r")
        screen = await _type_url(driver, f"sqlite:///{new}")
        assert "Fill new.db from a backup of app?" in screen
        assert "CANNOT BE UNDONE" in screen
        assert not driver.app.screen.query_one("#stage").display
        assert _off(driver, "choose-mode")
        for _ in range(6):
            screen += await driver.press("pagedown")
        for words in ("What comes in", "table films", "are not restored: they belong to no database"):
            assert words in screen
        assert not new.exists(), "a preview makes nothing"
        await agree(driver, "app")
        assert _off(driver, "now")
        assert "IT CANNOT BE UNDONE" in await driver.press("ctrl+u", *"new.db")
        screen = await choose(driver, "now")
        assert f"FILLED: the database new.db holds {backup.name} now" in screen
        assert "2 tables, 21 rows" in screen
        assert driver.focused == "back"
        await driver.press("enter")
        seen = await driver.press("2")
        await driver.press("enter", "pagedown")
        assert "it changed no site" in " ".join((seen + driver.text()).split())
    assert _all(new, "SELECT count(*) FROM films") == [(20,)]
    assert place.state() == before


@pytest.mark.keys("AddressScreen", "escape", "question_mark")
@pytest.mark.keys("PickScreen", "escape", "question_mark")
@pytest.mark.keys("RestoreTablesScreen", "escape", "question_mark")
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:hunter2@h/db", "the URL holds a password, which others can read"),
        ("postgresql://u:${GREENROOM_TEST_NOT_SET}@h/db", "GREENROOM_TEST_NOT_SET is not set"),
        ("oracle://u@h/db", "'oracle'"),
        ("app.db", "is not a database URL"),
        ("", "is not a database URL"),
        ("[/red]", "is not a database URL"),
    ],
)
async def test_an_address_that_cannot_be_is_refused_where_it_is_typed(place: Place, url: str, told: str) -> None:
    _portable(place)
    async with drive(place, NARROW) as driver:
        await driver.press("r")
        await _type_url(driver, url)
        assert driver.screen == "AddressScreen"
        assert await driver.shows(told)
        await focus(driver, "cancel")
        await driver.press("question_mark", "escape", "escape")
        assert driver.screen == "RestoreScreen"
        await driver.press("i", "question_mark", "escape", "escape", "t", "question_mark", "escape", "escape")
        assert driver.screen == "RestoreScreen"
        assert "app, its own site" in driver.text()


@SIZES
async def test_a_database_that_is_not_empty_is_refused_and_another_can_be_chosen(
    place: Place, tmp_path: Path, size: tuple[int, int]
) -> None:
    _portable(place)
    full = tmp_path / "full.db"
    with closing(sqlite3.connect(full)) as connection, connection:
        connection.execute("CREATE TABLE mine (a)")
    before = place.state()
    async with drive(place, size) as driver:
        await driver.press("r")
        screen = await _type_url(driver, f"sqlite:///{full}")
        assert "NOT POSSIBLE NOW" in screen
        assert "is not empty: it has mine" in " ".join(screen.split())
        await agree(driver, "full.db")
        assert _off(driver, "now")
        with closing(sqlite3.connect(full)) as connection, connection:
            connection.execute("DROP TABLE mine")
        await choose(driver, "look")
        assert not _off(driver, "now")
        with closing(sqlite3.connect(full)) as connection, connection:
            connection.execute("CREATE TABLE mine (a)")
        screen = await choose(driver, "now")
        assert "NOT RESTORED. The database full.db is as it was before." in screen
        assert "is not empty" in " ".join(screen.split())
    assert _all(full, "SELECT name FROM sqlite_master") == [("mine",)]
    assert place.state() == before


@pytest.mark.keys("TableList", "up", "down", "j", "k", "space")
async def test_one_moves_in_the_tables_as_in_every_list(place: Place) -> None:
    _with_tags(place)
    _portable(place)
    async with drive(place, NARROW) as driver:
        await driver.press("r", "t", "down", "j", "k", "up", "j", "space")
        assert "out  notes" in driver.text()
        assert "3 of 4: films, tags, users" in await choose(driver, "go")


async def test_nothing_chosen_restores_nothing_and_all_are_in_again(place: Place) -> None:
    _portable(place)
    async with drive(place, NARROW) as driver:
        await driver.press("r", "t")
        await choose(driver, "none")
        assert _off(driver, "go")
        assert driver.text().count("out  ") == 2
        await choose(driver, "all")
        assert "all 2 tables" in await choose(driver, "go")


async def test_read_only_looks_at_every_choice_and_does_nothing(place: Place, tmp_path: Path) -> None:
    _portable(place)
    before = place.state()
    async with drive(open_place(place.root, read_only=True)) as driver:
        await driver.press("r", "m", "down", "enter")
        assert "merge: rows" in driver.text()
        screen = await _type_url(driver, f"sqlite:///{tmp_path / 'new.db'}")
        assert "greenroom is read-only" in screen
        assert _off(driver, "now")
        assert not driver.app.screen.query_one("#type-name").display
    assert place.state() == before
    assert not (tmp_path / "new.db").exists()


async def test_a_snapshot_is_restored_whole(place: Place) -> None:
    back_up(place)
    async with drive(place, NARROW) as driver:
        screen = await driver.press("r", "m", "t", "i")
        assert driver.screen == "RestoreScreen"
        assert "a snapshot, restored whole" in screen
        assert not driver.app.screen.query_one("#restore-lines").display


@pytest.mark.keys("RestoreScreen", "x")
async def test_the_old_preview_is_marked_until_the_new_one_is_there(place: Place) -> None:
    _portable(place, ("films",))
    async with drive(place) as driver:
        await driver.press("r")
        await agree(driver, "app")
        assert not _off(driver, "now")
        await driver.press("tab")
        with closing(sqlite3.connect(place.database, isolation_level=None)) as holder:
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
            holder.execute("BEGIN EXCLUSIVE")
            await driver.hit("m", "down", "enter")
            assert "OUTDATED" in driver.text()
            assert _off(driver, "now")
            assert "clear" not in driver.text()
            screen = await driver.press("x")
            assert "The preview was cancelled" in screen
            assert _off(driver, "now")
        await choose(driver, "look")
        assert "after it, or more" in driver.text()
        assert "cancelled" not in driver.text()
        assert not _off(driver, "now")
