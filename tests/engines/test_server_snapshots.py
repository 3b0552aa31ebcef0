"""Snapshots of a database on a server, by its engine's own tools: made, proved, put in the place of the present one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from core.databases.connect import open_server
from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, MakeRole, run_sql
from tests.engines.test_restore_into import back_up, rows, tables_of
from tests.engines.test_restore_on_servers import SERVERS, change, state, titles

MEMBERS = {"postgresql": "database.dump", "mysql": "database.sql"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


@pytest.mark.parametrize("engine", SERVERS)
def test_a_snapshot_holds_a_dump_and_its_counts(house: House, make_database: MakeDatabase, engine: str) -> None:
    backup = back_up(house, make_database(engine), "snapshot")
    shown = house.done("show", backup, "--json").json
    with zipfile.ZipFile(house.archive(shown["backup"]["name"])) as archive:
        assert archive.namelist()[0] == MEMBERS[engine]
    manifest = shown["manifest"]
    assert (manifest["engine"], manifest["kind"]) == (engine, "snapshot")
    assert {table["name"]: table["rows"] for table in manifest["tables"]} == {"films": 2, "notes": 2, "visits": 0}
    house.done("verify", backup)


@pytest.mark.parametrize("engine", SERVERS)
def test_restored_whole_and_undone(house: House, make_database: MakeDatabase, engine: str) -> None:
    """Views come back, and a table that was made since is gone."""
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    before = state(house, url)
    change(house, url)
    run_sql(url, "CREATE VIEW names AS SELECT title FROM films")
    changed = state(house, url)
    dry = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert dry["blockers"] == []
    assert {table["name"]: table["difference"] for table in dry["tables"]}["other"] == -1
    shown = house.done("restore", backup, "--now", "--yes", "--json").json["outcome"]
    assert (shown["state"], shown["tables"], shown["records"], shown["files"]) == ("new", 3, 4, 2)
    assert state(house, url) == before
    run_sql(url, "INSERT INTO films (title) VALUES ('next')")
    assert titles(url)[-1] == "next"
    house.done("undo", "app", "--yes")
    assert state(house, url) == changed
    assert _query(url, "SELECT count(*) FROM names") == 3
    assert tables_of(url) == ["films", "notes", "other", "visits"]


@pytest.mark.parametrize("engine", SERVERS)
def test_staged_and_applied(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    run_sql(url, "DELETE FROM notes")
    house.done("restore", backup, "--stage", "--yes")
    assert rows(url, "notes") == []
    house.done("apply", "app")
    assert len(rows(url, "notes")) == 2


def test_a_snapshot_goes_into_no_other_engine(house: House, make_database: MakeDatabase) -> None:
    backup = back_up(house, make_database("postgresql"), "snapshot")
    house.set_site("app", database=json.dumps(make_database("mysql")))
    ran = house.greenroom("restore", backup, "--now", "--yes")
    assert ran.code == 1
    assert "the backup is a snapshot of postgresql" in ran.err
    house.set_site("app", database=json.dumps(make_database("sqlite")))
    assert house.greenroom("restore", backup, "--now", "--yes").code == 1


@pytest.mark.parametrize("engine", SERVERS)
def test_a_dump_from_elsewhere_is_not_run(
    house: House, make_database: MakeDatabase, engine: str, tmp_path: Path
) -> None:
    """It is SQL, and could do whatever the user of the site may."""
    backup = back_up(house, make_database(engine), "snapshot")
    house.done("copy", backup, str(tmp_path / "elsewhere.zip"))
    house.done("delete", backup, "--yes")
    adopted = house.done("adopt", str(tmp_path / "elsewhere.zip"), "--site", "app", "--json").json["backup"]
    ran = house.greenroom("restore", str(adopted["id"]), "--now", "--yes")
    assert ran.code == 1
    assert "was not made here" in ran.err


def test_a_role_that_may_create_no_database_restores_in_place(
    house: House, make_database: MakeDatabase, make_role: MakeRole
) -> None:
    """What it owns goes, and is named before."""
    admin = make_database("postgresql")
    url = make_role(admin)
    backup = back_up(house, url, "snapshot")
    before = state(house, url)
    change(house, url)
    run_sql(url, "CREATE VIEW names AS SELECT title FROM films")
    run_sql(url, "CREATE SCHEMA more;\nCREATE TABLE more.extra AS SELECT 1 AS a")
    changed = state(house, url)
    dry = house.done("restore", backup, "--dry-run", "--json").json["preview"]
    assert (dry["mode"], dry["blockers"]) == ("replace", [])
    assert {table["name"]: table["difference"] for table in dry["tables"]}["more.extra"] == -1
    (said,) = [notice for notice in dry["notices"] if "may create no database" in notice]
    assert "table public.other" in said
    assert "view public.names" in said
    shown = house.done("restore", backup, "--now", "--yes", "--json").json["outcome"]
    assert (shown["state"], shown["tables"], shown["records"], shown["files"]) == ("new", 3, 4, 2)
    assert state(house, url) == before
    assert _query(admin, "SELECT count(*) FROM pg_class WHERE relname LIKE 'greenroom%'") == 0
    house.done("undo", "app", "--yes")
    assert state(house, url) == changed
    assert _query(url, "SELECT count(*) FROM names") == 3
    assert _query(url, "SELECT a FROM more.extra") == 1


def test_where_others_have_tables_nothing_is_restored_in_place(
    house: House, make_database: MakeDatabase, make_role: MakeRole
) -> None:
    admin = make_database("postgresql")
    url = make_role(admin)
    backup = back_up(house, url, "snapshot")
    change(house, url)
    changed = state(house, url)
    run_sql(admin, "CREATE VIEW names AS SELECT title FROM films")
    (blocker,) = house.done("restore", backup, "--dry-run", "--json").json["preview"]["blockers"]
    assert "not all its own: names" in blocker
    ran = house.greenroom("restore", backup, "--now", "--yes")
    assert ran.code == 1
    assert "not all its own" in ran.err
    assert state(house, url) == changed


def _query(url: str, sql: str) -> object:
    server = open_server(url)
    with server.connect() as connection:
        found = connection.execute(text(sql)).scalar_one()
    server.dispose()
    return found
