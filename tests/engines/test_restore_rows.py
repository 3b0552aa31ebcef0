"""A portable backup back into a site: of its own engine or another, cleared or merged, all of it or nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, MakeDatabase
from tests.engines.test_restore_into import back_up


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def query(url: str, sql: str) -> list[Any]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        found = connection.execute(sql).fetchall()
        connection.commit()
        return found


def change(url: str) -> None:
    for sql in (
        "UPDATE films SET title = 'changed' WHERE id = 1",
        "INSERT INTO films (id, title) VALUES (9, 'since')",
        "DELETE FROM notes",
        "INSERT INTO visits VALUES ('2026-03-29', 3)",
        "CREATE TABLE other (a)",
        "INSERT INTO other VALUES (1)",
    ):
        query(url, sql)


def titles(url: str) -> list[str]:
    return [title for (title,) in query(url, "SELECT title FROM films ORDER BY id")]


def restore(house: House, backup: str, *words: str) -> dict[str, Any]:
    shown: dict[str, Any] = house.done("restore", backup, "--now", "--yes", "--json", *words).json
    return shown


def test_clear_brings_the_tables_back_and_leaves_others(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    before = house.state()
    change(url)
    (house.uploads() / "a.txt").write_text("changed\n")
    dry = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert (dry["mode"], dry["scope"], dry["losses"], dry["blockers"]) == ("clear", [], [], [])
    assert {table["name"]: table["difference"] for table in dry["tables"]} == {
        "films": -1,
        "notes": 2,
        "other": 0,
        "visits": -1,
    }
    assert restore(house, backup)["outcome"]["state"] == "new"
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
    assert query(url, "SELECT count(*) FROM visits") == [(0,)]
    assert query(url, "SELECT a FROM other") == [(1,)]
    assert (house.uploads() / "a.txt").read_text() == "of app\n"
    query(url, "DROP TABLE other")
    assert house.state() == before
    query(url, "CREATE TABLE other (a)")
    house.done("undo", "app", "--yes")
    assert titles(url) == ["changed", "Amélie 🎬", "since"]


def test_merge_overwrites_by_key_and_keeps_the_rest(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    change(url)
    dry = house.done("restore", backup, "--dry-run", "--mode", "merge").out
    assert "films: 2 rows overwrite those with the same key, or are added" in dry
    restore(house, backup, "--mode", "merge")
    assert titles(url) == ["Fight Club", "Amélie 🎬", "since"]
    assert query(url, "SELECT count(*) FROM visits") == [(1,)]
    assert query(url, "SELECT count(*) FROM notes") == [(2,)]
    query(url, "INSERT INTO films (title) VALUES ('next')")
    assert titles(url)[-1] == "next"


def test_one_table(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    change(url)
    restore(house, backup, "--table", "notes")
    assert titles(url) == ["changed", "Amélie 🎬", "since"]
    assert query(url, "SELECT count(*) FROM notes") == [(2,)]


@pytest.mark.parametrize("source", ENGINES)
def test_into_another_site(house: House, make_database: MakeDatabase, source: str) -> None:
    """The tables of `shop` were made by the same application on SQLite."""
    backup = back_up(house, make_database(source))
    url = make_database("sqlite")
    for table in (
        (
            "films (id INTEGER PRIMARY KEY, title VARCHAR(40) NOT NULL UNIQUE, price DECIMAL(6, 2), seen BOOLEAN,"
            " cover BLOB, parent INT REFERENCES films (id))"
        ),
        "notes (id INTEGER PRIMARY KEY, film INT NOT NULL REFERENCES films (id), body TEXT)",
        "visits (day DATE PRIMARY KEY, people BIGINT)",
    ):
        query(url, f"CREATE TABLE {table}")
    query(url, "INSERT INTO films (id, title) VALUES (5, 'goes')")
    house.add_site("shop", database=json.dumps(url))
    restore(house, backup, "--into", "shop")
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
    assert query(url, "SELECT price, seen, cover FROM films WHERE id = 1") == [(12.5, 1, b"\x00\xff")]
    house.done("undo", "shop", "--yes")
    assert titles(url) == ["goes"]


def test_into_a_database_that_is_lost(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    Path(url.removeprefix("sqlite:///")).unlink()
    assert restore(house, backup)["outcome"]["set_aside"]
    assert titles(url) == ["Fight Club", "Amélie 🎬"]


def test_staged_today_and_applied_later(house: House, make_database: MakeDatabase) -> None:
    """What was written to other tables in between stays."""
    url = make_database("sqlite")
    backup = back_up(house, url)
    change(url)
    house.done("restore", backup, "--stage", "--yes")
    query(url, "INSERT INTO other VALUES (2)")
    house.done("apply", "app")
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
    assert query(url, "SELECT count(*) FROM other") == [(2,)]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DROP TABLE notes", "the site has no table notes"),
        ("ALTER TABLE visits DROP COLUMN people", "table visits, column people: the target has no such column"),
        ("ALTER TABLE notes ADD COLUMN must INT NOT NULL DEFAULT 1", ""),
    ],
)
def test_tables_that_changed_since(house: House, make_database: MakeDatabase, sql: str, told: str) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    query(url, sql)
    blockers = house.done("restore", backup, "--dry-run", "--json").json["preview"]["blockers"]
    assert [told in one for one in blockers] == ([True] if told else [])
    ran = house.greenroom("restore", backup, "--now", "--yes")
    assert ran.code == (1 if told else 0)
    assert told in ran.err


def test_a_row_that_does_not_fit_changes_nothing(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    query(url, "DELETE FROM films WHERE id = 2")
    query(url, "CREATE UNIQUE INDEX strict ON films (seen IS NOT NULL)")  # the second film breaks it
    before = house.state()
    ran = house.greenroom("restore", backup, "--now", "--yes")
    assert ran.code == 1
    assert "table films" in ran.err
    assert "exactly as it was before" in ran.err
    assert house.state() == before


def test_a_trigger_of_the_site_does_not_run(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    backup = back_up(house, url)
    query(url, "CREATE TRIGGER shout AFTER INSERT ON films BEGIN UPDATE films SET title = upper(title); END")
    restore(house, backup)
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
    query(url, "INSERT INTO films (title) VALUES ('next')")
    assert titles(url)[-1] == "NEXT"


@pytest.mark.parametrize("words", [("--mode", "merge"), ("--table", "films")])
def test_a_snapshot_is_restored_whole(house: House, make_database: MakeDatabase, words: tuple[str, str]) -> None:
    back_up(house, make_database("sqlite"))
    house.done("backup", "app")
    ran = house.greenroom("restore", "latest", "--now", "--yes", *words)
    assert ran.code == 2
    assert "a snapshot is restored whole" in ran.err
