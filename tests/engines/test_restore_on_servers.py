"""A portable backup back into a site whose database is on a server: rows and files together, and undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from core.databases.connect import open_server
from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.test_restore_into import back_up, rows, site_keys, tables_of

SERVERS = ("postgresql", "mysql")


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def change(house: House, url: str) -> None:
    run_sql(
        url,
        """
        UPDATE films SET title = 'changed' WHERE id = 1;
        INSERT INTO films (id, title) VALUES (9, 'since');
        DELETE FROM notes;
        CREATE TABLE other (a INT);
        INSERT INTO other VALUES (1)
        """,
    )
    (house.uploads() / "a.txt").write_text("changed\n")
    (house.uploads() / "new.txt").write_text("new\n")


def titles(url: str) -> list[str]:
    return [row["title"] for row in rows(url, "films")]


def state(house: House, url: str) -> Any:
    files = {path.name: path.read_text() for path in house.uploads().iterdir()}
    return {table: rows(url, table) for table in tables_of(url)}, files


@pytest.mark.parametrize("engine", SERVERS)
def test_cleared_and_undone(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    before = state(house, url)
    change(house, url)
    changed = state(house, url)
    dry = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert (dry["mode"], dry["losses"], dry["blockers"]) == ("clear", [], [])
    assert not any("processes" in notice for notice in dry["notices"]), "a server has connections, not open files"
    assert {table["name"]: table["difference"] for table in dry["tables"]} == {
        "films": -1,
        "notes": 2,
        "other": 0,
        "visits": 0,
    }
    assert state(house, url) == changed
    shown = house.done("restore", backup, "--now", "--yes", "--json").json["outcome"]
    assert (shown["state"], shown["tables"], shown["records"], shown["files"]) == ("new", 3, 4, 2)
    assert shown["safety_backup"]
    after = state(house, url)
    assert after == ({**before[0], "other": [{"a": 1}]}, before[1])
    run_sql(url, "INSERT INTO films (title) VALUES ('next')")
    assert titles(url)[-1] == "next"
    house.done("undo", "app", "--yes")
    assert state(house, url) == changed
    house.done("undo", "app", "--yes")
    assert titles(url)[-1] == "next"


@pytest.mark.parametrize("engine", SERVERS)
def test_merged(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    change(house, url)
    house.done("restore", backup, "--now", "--yes", "--mode", "merge", "--table", "films")
    assert titles(url) == ["Fight Club", "Amélie 🎬", "since"]
    assert rows(url, "notes") == []


@pytest.mark.parametrize("engine", SERVERS)
def test_staged_and_applied(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    before = state(house, url)
    run_sql(url, "DELETE FROM notes")
    house.done("restore", backup, "--stage", "--yes")
    assert rows(url, "notes") == []
    house.done("apply", "app")
    assert state(house, url) == before
    assert "nothing is pending" in house.done("apply", "app").out


@pytest.mark.parametrize("engine", SERVERS)
def test_somebody_at_the_database_is_named(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    before = state(house, url)
    server = open_server(url)
    with server.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert "connected now" in house.done("restore", backup, "--dry-run").out
        ran = house.greenroom("restore", backup, "--now", "--yes")
    server.dispose()
    assert ran.code == 5
    assert "is in use by" in ran.err
    assert state(house, url) == before


@pytest.mark.parametrize("engine", SERVERS)
def test_a_row_that_does_not_fit_changes_nothing(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    change(house, url)
    run_sql(url, "ALTER TABLE films ADD CONSTRAINT late CHECK (title <> 'Fight Club')")
    before = state(house, url)
    ran = house.greenroom("restore", backup, "--now", "--yes")
    assert ran.code == 1
    assert "films" in ran.err
    assert "exactly as it was before" in ran.err
    assert state(house, url) == before


def test_what_stands_in_the_way_is_in_the_preview(house: House, make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    backup = back_up(house, url)
    run_sql(url, "CREATE TRIGGER shout BEFORE INSERT ON films FOR EACH ROW SET NEW.title = UPPER(NEW.title)")
    (blocker,) = house.done("restore", backup, "--dry-run", "--json").json["preview"]["blockers"]
    assert "trigger shout" in blocker
    assert house.greenroom("restore", backup, "--now", "--yes").code == 1


@pytest.mark.parametrize("engine", SERVERS)
def test_an_empty_database_of_a_site(house: House, make_database: MakeDatabase, engine: str) -> None:
    """Its tables are made, and an undo takes them away."""
    backup = back_up(house, make_database(engine))
    url = make_database(engine)
    house.set_site("app", **site_keys(url))
    dry = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert dry["blockers"] == []
    assert {table["name"]: (table["now"], table["backup"]) for table in dry["tables"]}["films"] == (None, 2)
    assert any("the database is empty: the tables are made" in notice for notice in dry["notices"])
    assert not any("go before" in notice for notice in dry["notices"])
    shown = house.done("restore", backup, "--now", "--yes", "--json").json["outcome"]
    assert (shown["tables"], shown["records"], shown["files"]) == (3, 4, 2)
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
    assert set(tables_of(url)) == {"films", "notes", "visits"}
    run_sql(url, "INSERT INTO films (title) VALUES ('next')")
    house.done("undo", "app", "--yes")
    assert tables_of(url) == []
    house.done("undo", "app", "--yes")
    assert titles(url)[-1] == "next"


@pytest.mark.parametrize("engine", SERVERS)
def test_a_row_that_does_not_fit_leaves_an_empty_database_empty(
    house: House, make_database: MakeDatabase, engine: str
) -> None:
    source = make_database("sqlite")
    run_sql(source, "CREATE TABLE a (id INTEGER PRIMARY KEY, day DATE);\nINSERT INTO a VALUES (1, 'never')")
    house.add_site("app", database=json.dumps(source))
    house.done("init")
    house.done("backup", "app", "--kind", "portable")
    url = make_database(engine)
    house.set_site("app", **site_keys(url))
    ran = house.greenroom("restore", "latest", "--now", "--yes")
    assert ran.code == 1, ran.err
    assert "is exactly as it was before" in ran.err
    assert tables_of(url) == []


def test_an_empty_database_that_nothing_could_bring_back(house: House, make_database: MakeDatabase) -> None:
    backup = back_up(house, make_database("postgresql"))
    url = make_database("postgresql")
    house.set_site("app", database=json.dumps(url), tools=json.dumps("/nowhere"))
    (blocker,) = house.done("restore", backup, "--dry-run", "--json").json["preview"]["blockers"]
    assert "pg_dump is not in /nowhere" in blocker
    assert "--into URL" in blocker


@pytest.mark.parametrize("engine", SERVERS)
def test_a_snapshot_of_another_engine_does_not_fit(house: House, make_database: MakeDatabase, engine: str) -> None:
    house.add_site("app")
    house.done("init")
    house.done("backup", "app")
    house.set_site("app", database=json.dumps(make_database(engine)))
    ran = house.greenroom("restore", "latest", "--now", "--yes")
    assert ran.code == 1
    assert "a snapshot of another engine" in ran.err


@pytest.mark.parametrize("engine", SERVERS)
def test_tables_that_no_backup_holds_are_in_the_safety_backup(
    house: House, make_database: MakeDatabase, engine: str
) -> None:
    url = make_database(engine)
    backup = back_up(house, url)
    house.set_site("app", database=json.dumps(url), exclude_tables='["notes"]')
    house.done("restore", backup, "--now", "--yes")
    run_sql(url, "DELETE FROM notes")
    house.done("undo", "app", "--yes")
    assert len(rows(url, "notes")) == 2


@pytest.mark.parametrize("engine", SERVERS)
def test_another_database_than_the_one_it_was_staged_for(
    house: House, make_database: MakeDatabase, engine: str
) -> None:
    url, other = make_database(engine), make_database(engine)
    backup = back_up(house, url)
    run_sql(url, "DELETE FROM notes")
    house.done("restore", backup, "--stage", "--yes")
    for database in (other, make_database("sqlite")):
        house.set_site("app", database=json.dumps(database))
        ran = house.greenroom("apply", "app")
        assert ran.code == 1
        assert "was staged for the database" in ran.err
        assert tables_of(database) == []
    house.set_site("app", **site_keys(url))
    house.done("apply", "app")
    assert len(rows(url, "notes")) == 2


def test_a_role_that_works_in_a_schema_of_its_own(house: House, make_database: MakeDatabase) -> None:
    """The preview counts the tables by the names that the backup has for them."""
    url = make_database("postgresql")
    name = make_url(url).database
    run_sql(url, f"CREATE SCHEMA app;\nCREATE TABLE public.other (a INT);\nALTER DATABASE {name} SET search_path = app")
    backup = back_up(house, url)
    run_sql(url, "INSERT INTO films (title) VALUES ('since')")
    preview = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert [(table["name"], table["now"], table["backup"]) for table in preview["tables"]] == [
        ("films", 3, 2),
        ("notes", 2, 2),
        ("visits", 0, 0),
    ]
    house.done("restore", backup, "--now", "--yes")
    assert titles(url) == ["Fight Club", "Amélie 🎬"]
