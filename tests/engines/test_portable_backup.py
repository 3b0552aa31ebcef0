"""Portable backups of real databases, by the command line, and what their archives hold."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.archive import Limits, open_archive
from core.databases.schema import Schema
from core.progress import Reporter
from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql

AUTO = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY", "mysql": "INT AUTO_INCREMENT PRIMARY KEY"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path / "house")
    (tmp_path / "house").mkdir()
    return house


def add_films(house: House, url: str, **keys: str) -> None:
    """Make a database with three tables, one of them empty, and the site `app` that has it."""
    engine = next(engine for engine in ENGINES if url.startswith(engine))
    run_sql(
        url,
        f"""
        CREATE TABLE films (id {AUTO[engine]}, title VARCHAR(40), price DECIMAL(6, 2));
        CREATE TABLE notes (id {AUTO[engine]}, film INT REFERENCES films (id), body TEXT);
        CREATE TABLE visits (id {AUTO[engine]}, at TIMESTAMP);
        CREATE VIEW titles AS SELECT title FROM films;
        INSERT INTO films (title, price) VALUES ('Fight Club', 12.5), ('Amélie 🎬', NULL);
        INSERT INTO notes (film, body) VALUES (1, 'good')
        """,
    )
    house.add_site("app", database=json.dumps(url), **keys)
    house.done("init")


def archive_of(house: House, name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(house.archive(name)) as archive:
        return {one: archive.read(one) for one in archive.namelist()}


def back_up(house: House, *words: str) -> dict[str, Any]:
    shown: dict[str, Any] = house.done("backup", "app", "--kind", "portable", "--json", *words).json
    return shown


@pytest.mark.parametrize("engine", ENGINES)
def test_every_table_is_a_file_of_json(house: House, make_database: MakeDatabase, engine: str, tmp_path: Path) -> None:
    add_films(house, make_database(engine))
    backup = back_up(house)["backup"]
    assert (backup["kind"], backup["scope"], backup["tables"], backup["records"]) == ("portable", "full", 3, 3)
    members = archive_of(house, backup["name"])
    assert list(members)[:4] == ["schema.json", "tables/films.json", "tables/notes.json", "tables/visits.json"]
    assert json.loads(members["tables/films.json"]) == [
        {"id": 1, "title": "Fight Club", "price": "12.5" if engine == "sqlite" else "12.50"},
        {"id": 2, "title": "Amélie 🎬", "price": None},
    ]
    assert members["tables/films.json"].count(b"\n") == 4
    assert members["tables/visits.json"] == b"[]\n"
    schema = Schema.model_validate_json(members["schema.json"])
    assert [table.name for table in schema.tables] == ["films", "notes", "visits"]
    assert schema.left_out == ("view titles",)
    manifest = json.loads(members["metadata.json"])
    assert manifest["database"]["member"] == "schema.json"
    assert [(table["name"], table["rows"], table["member"]) for table in manifest["tables"]] == [
        ("films", 2, "tables/films.json"),
        ("notes", 1, "tables/notes.json"),
        ("visits", 0, "tables/visits.json"),
    ]
    unpacked = tmp_path / "unpacked"
    subprocess.run(["unzip", "-q", house.archive(backup["name"]), "-d", unpacked], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "checksums.sha256"], cwd=unpacked, check=True)
    house.done("verify", str(backup["id"]))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_not_in_it_is_said(house: House, make_database: MakeDatabase, engine: str) -> None:
    add_films(house, make_database(engine), exclude_tables='["visits", "gone"]')
    whole = back_up(house)
    assert whole["notices"] == [
        "not portable, and not in the backup: view titles",
        "`exclude_tables` names gone, which is not there",
    ]
    manifest = json.loads(archive_of(house, whole["backup"]["name"])["metadata.json"])
    assert manifest["excluded_tables"] == ["visits"]
    part = back_up(house, "--table", "notes")
    assert part["backup"]["scope"] == "partial"
    (site,) = house.done("status", "--json").json["sites"]
    assert site["last_good"]["name"] == whole["backup"]["name"]
    assert "notes (film) refers to films, which is not in the backup" in part["notices"]
    assert [name for name in archive_of(house, part["backup"]["name"]) if name.startswith("tables/")] == [
        "tables/notes.json"
    ]


BREAK = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "ALTER TABLE notes ADD CONSTRAINT unproved FOREIGN KEY (film) REFERENCES films (id) NOT VALID",
    "mysql": "SET foreign_key_checks = 0",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_foreign_keys_that_the_source_broke_are_counted(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    key = "" if engine == "postgresql" else ", FOREIGN KEY (film) REFERENCES films (id)"
    insert = "INSERT INTO notes VALUES (1, 1), (2, 7), (3, 8), (4, NULL)"
    run_sql(
        url,
        f"""
        CREATE TABLE films (id INT PRIMARY KEY);
        CREATE TABLE notes (id INT PRIMARY KEY, film INT{key});
        INSERT INTO films VALUES (1);
        {f"{insert}; {BREAK[engine]}" if engine == "postgresql" else f"{BREAK[engine]};{chr(10)} {insert}"}
        """,
    )
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    backup = back_up(house)
    assert backup["notices"] == ["2 rows of notes (film) name a row of films that is not there"]
    schema = Schema.model_validate_json(archive_of(house, backup["backup"]["name"])["schema.json"])
    assert [key.broken for table in schema.tables for key in table.foreign_keys] == [2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--kind", "portable", "--table", "film"], "no table 'film'"),
        (["--kind", "portable", "--table", "film"], "did you mean films?"),
        (["--kind", "portable", "--table", "visits"], "exclude_tables"),
        (["--kind", "portable", "--table", ""], "no empty name"),
        (["--table", "films"], "a snapshot holds all tables"),
    ],
)
def test_a_table_that_cannot_be_asked_for(
    house: House, make_database: MakeDatabase, words: list[str], told: str
) -> None:
    add_films(house, make_database("sqlite"), exclude_tables='["visits"]')
    ran = house.greenroom("backup", "app", *words)
    assert ran.code == 2
    assert told in ran.err
    assert house.done("list", "--json").json["backups"] == []


def test_names_that_no_file_could_have(house: House, make_database: MakeDatabase) -> None:
    """Each table finds its own rows again, whatever it is called."""
    names = ["../up", "a/b", "UP", "Up~2", "x" * 300, "line\tand 'quote'", "CON", "ünï 🎬"]
    url = make_database("sqlite")
    run_sql(url, ";\n".join(f'CREATE TABLE "{name}" (name TEXT)' for name in names))
    for name in names:
        run_sql(url, f"""INSERT INTO "{name}" VALUES ('{name.replace("'", "''")}')""")
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    backup = back_up(house)["backup"]
    with open_archive(house.archive(backup["name"]), Limits(max_bytes=1 << 30)) as archive:
        archive.verify(Reporter())
        assert archive.manifest is not None
        contents = {entry.name: b"".join(archive.read(entry)) for entry in archive.entries if entry.size}
        assert {table.name for table in archive.manifest.tables} == set(names)
        for table in archive.manifest.tables:
            assert json.loads(contents[str(table.member)]) == [{"name": table.name}]
    members = [str(table.member) for table in archive.manifest.tables]
    assert len({member.casefold() for member in members}) == len(names)


def test_a_name_that_cannot_be_described(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    run_sql(url, f'CREATE TABLE "{"x" * 5000}" (a)')
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    ran = house.greenroom("backup", "app", "--kind", "portable")
    assert ran.code == 1
    assert "cannot be described" in ran.err


def test_a_database_that_is_away_is_told_without_its_password(house: House) -> None:
    house.add_site("app", database='"postgresql://u:hunter2@127.0.0.1:1/none"')
    house.done("init")
    ran = house.greenroom("backup", "app", "--kind", "portable")
    assert ran.code == 1
    assert "postgresql://u:***@127.0.0.1:1/none" in ran.err
    assert "hunter2" not in ran.err + ran.out + house.done("list", "--json").out
