"""A portable backup of one engine restored into an empty database of any other, by the command line."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from core.databases.lines import Reader
from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.servers import postgresql_tools
from tests.engines.test_rows import open_reader
from tests.support import tree_state

AUTO = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY", "mysql": "INT AUTO_INCREMENT PRIMARY KEY"}
BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA", "mysql": "LONGBLOB"}
RAW = {"sqlite": "x'00ff'", "postgresql": r"'\x00ff'", "mysql": "x'00ff'"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def back_up(house: House, url: str, kind: str = "portable") -> str:
    """Make a site of a small shop, and a backup of it; return its id."""
    engine = next(engine for engine in ENGINES if url.startswith(engine))
    run_sql(
        url,
        f"""
        CREATE TABLE films (id {AUTO[engine]}, title VARCHAR(40) NOT NULL UNIQUE, price DECIMAL(6, 2) DEFAULT 9.5,
            seen BOOLEAN, cover {BYTES[engine]}, parent INT REFERENCES films (id));
        CREATE TABLE notes (id {AUTO[engine]}, film INT NOT NULL REFERENCES films (id) ON DELETE CASCADE, body TEXT);
        CREATE TABLE visits (day DATE PRIMARY KEY, people BIGINT);
        INSERT INTO films (title, price, seen, cover, parent) VALUES ('Fight Club', 12.5, TRUE, {RAW[engine]}, NULL);
        INSERT INTO films (title, price, seen, cover, parent) VALUES ('Amélie 🎬', NULL, FALSE, NULL, 1);
        INSERT INTO notes (film, body) VALUES (1, 'it''s good\n\\n'), (2, '')
        """,
    )
    house.add_site("app", **site_keys(url))
    house.done("init")
    made = house.done("backup", "app", "--kind", kind, "--json").json
    return str(made["backup"]["id"])


def site_keys(url: str) -> dict[str, str]:
    """The database of a site, and the tools that are of its server's version."""
    tools = postgresql_tools() if url.startswith("postgresql") else None
    return {"database": json.dumps(url), **({"tools": json.dumps(str(tools))} if tools else {})}


def rows(url: str, table: str) -> list[dict[str, Any]]:
    reader: AbstractContextManager[Reader] = open_reader(url)
    with reader as opened:
        data = b",\n".join(block.data for block in opened.lines(opened.schema.table(table)))
    found = [json.loads(line.removesuffix(b",")) for line in data.split(b"\n") if line]
    return sorted(found, key=lambda row: int(row.get("id") or 0))


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
def test_every_engine_into_every_other(house: House, make_database: MakeDatabase, source: str, target: str) -> None:
    url, into = make_database(source), make_database(target)
    backup = back_up(house, url)
    dry = house.done("restore", backup, "--into", into, "--dry-run", "--json").json
    assert dry["preview"]["tables"] == [
        {"name": "films", "rows": 2},
        {"name": "notes", "rows": 2},
        {"name": "visits", "rows": 0},
    ]
    assert not tables_of(into)
    done = house.done("restore", backup, "--into", into, "--now", "--yes", "--json").json["outcome"]
    assert (done["tables"], done["records"]) == (3, 4)
    assert done["losses"] == dry["preview"]["losses"]
    for table in ("films", "notes", "visits"):
        assert [numbers(row) for row in rows(into, table)] == [numbers(row) for row in rows(url, table)]
    run_sql(into, "INSERT INTO films (title, seen) VALUES ('next', TRUE)")
    assert [row["id"] for row in rows(into, "films")] == [1, 2, 3]
    assert numbers(rows(into, "films")[2])["price"] == 9.5
    run_sql(into, "DELETE FROM films WHERE id = 2")
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        run_sql(into, "INSERT INTO films (title) VALUES ('next')")
    entry = house.done("history", "--json").json["restores"][0]
    assert entry["into"] == into
    assert house.greenroom("undo", "app", "--yes").code == 2


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    """A decimal as a number: its zeros behind the point go in SQLite, which the preview says."""
    return {key: float(value) if key == "price" and value is not None else value for key, value in row.items()}


def tables_of(url: str) -> list[str]:
    with open_reader(url) as reader:
        return [table.name for table in reader.schema.tables]


def test_files_go_into_a_folder_of_their_own(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    backup, into, folder = back_up(house, make_database("sqlite")), make_database("postgresql"), tmp_path / "files"
    words = ("restore", backup, "--into", into, "--files-into", str(folder))
    dry = house.done(*words, "--dry-run", "--json").json["preview"]
    assert (dry["files"], dry["files_into"]) == (2, str(folder))
    assert not any("not restored" in notice for notice in dry["notices"])
    assert not folder.exists()
    done = house.done(*words, "--now", "--yes", "--json").json["outcome"]
    assert (done["files"], done["files_into"], done["tables"]) == (2, str(folder), 3)
    assert tree_state(folder) == tree_state(house.uploads())
    assert house.done("history", "--json").json["restores"][0]["files"] == 2
    assert not (tmp_path / ".files.greenroom-partial").exists()


def test_several_folders_go_into_one_by_their_keys(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    (house.root / "more").mkdir()
    (house.root / "more" / "c.txt").write_text("third\n")
    house.add_site("app", files='{uploads = "srv/app/uploads", more = "more"}')
    house.done("init")
    house.done("backup", "app", "--kind", "portable")
    left = tmp_path / ".files.greenroom-partial"
    (left / "of a killed one").mkdir(parents=True)
    house.done(
        "restore",
        "latest",
        "--into",
        make_database("sqlite"),
        "--files-into",
        str(tmp_path / "files"),
        "--now",
        "--yes",
    )
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == ["more", "uploads"]
    assert (tmp_path / "files" / "more" / "c.txt").read_text() == "third\n"
    assert not left.exists()


def test_files_that_cannot_go_there_change_nothing(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    backup, into = back_up(house, make_database("sqlite")), make_database("sqlite")
    words = ("restore", backup, "--into", into, "--now", "--yes", "--files-into")
    (tmp_path / "there").mkdir()
    for folder, told in (("there", "is there already"), ("no/such", "there is no folder")):
        ran = house.greenroom(*words, str(tmp_path / folder))
        assert (ran.code, told in ran.err) == (2, True)
    run_sql(into, "CREATE TABLE mine (a INT)")
    assert house.greenroom(*words, str(tmp_path / "files")).code == 2
    assert not (tmp_path / "files").exists()
    assert tables_of(into) == ["mine"]
    assert house.greenroom("restore", backup, "--now", "--yes", "--files-into", str(tmp_path / "x")).code == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_database_that_is_not_empty_is_refused(house: House, make_database: MakeDatabase, engine: str) -> None:
    backup, into = back_up(house, make_database("sqlite")), make_database(engine)
    run_sql(into, "CREATE TABLE mine (a INT)")
    for how in (["--dry-run"], ["--now", "--yes"]):
        ran = house.greenroom("restore", backup, "--into", into, *how)
        assert ran.code == 2
        assert "is not empty: it has mine" in ran.err
    assert tables_of(into) == ["mine"]


def test_one_table_alone(house: House, make_database: MakeDatabase) -> None:
    backup, into = back_up(house, make_database("postgresql")), make_database("sqlite")
    shown = house.done("restore", backup, "--into", into, "--table", "notes", "--dry-run")
    assert "films" in shown.out
    house.done("restore", backup, "--into", into, "--table", "notes", "--now", "--yes")
    assert tables_of(into) == ["notes"]
    assert house.greenroom("restore", backup, "--into", into, "--table", "note", "--now", "--yes").code == 2


def test_a_file_that_is_not_there_is_made(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    backup = back_up(house, make_database("sqlite"))
    new = tmp_path / "new.db"
    house.done("restore", backup, "--into", f"sqlite:///{new}", "--dry-run")
    assert not new.exists()
    house.done("restore", backup, "--into", f"sqlite:///{new}", "--now", "--yes")
    assert tables_of(f"sqlite:///{new}") == ["films", "notes", "visits"]
    assert new.stat().st_mode & 0o777 == 0o600
    assert house.greenroom("restore", backup, "--into", f"sqlite:///{tmp_path}/no/x.db", "--now", "--yes").code == 2


@pytest.mark.parametrize(
    ("into", "told"),
    [
        ("postgresql://u:hunter2@h/db", "holds a password"),
        ("postgresql://u:${GREENROOM_TEST_NOT_SET}@h/db", "GREENROOM_TEST_NOT_SET is not set"),
        ("oracle://u@h/db", "'oracle'"),
        ("app.db", "is not a database URL"),
        ("sqlite://", "in memory"),
    ],
)
def test_an_address_that_cannot_be(house: House, make_database: MakeDatabase, into: str, told: str) -> None:
    backup = back_up(house, make_database("sqlite"))
    ran = house.greenroom("restore", backup, "--into", into, "--now", "--yes")
    assert ran.code == 2
    assert told in ran.err
    assert "hunter2" not in ran.err


def test_a_snapshot_goes_nowhere_else(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    back_up(house, make_database("sqlite"))
    house.done("backup", "app")
    ran = house.greenroom("restore", "latest", "--into", f"sqlite:///{tmp_path}/x.db", "--now", "--yes")
    assert ran.code == 2
    assert "the backup is a snapshot" in ran.err


def test_a_person_types_the_name_of_the_database(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    backup = back_up(house, make_database("sqlite"))
    words = ("restore", backup, "--into", f"sqlite:///{tmp_path}/new.db", "--now")
    assert house.at_terminal(*words, answers="app\n").code == 130
    assert not (tmp_path / "new.db").exists()
    assert house.at_terminal(*words, answers="new.db\n").code == 0
    assert house.greenroom(*words).code == 2


def test_without_broken_foreign_keys(house: House, make_database: MakeDatabase) -> None:
    url, into = make_database("sqlite"), make_database("postgresql")
    run_sql(
        url,
        """
        CREATE TABLE films (id INTEGER PRIMARY KEY);
        CREATE TABLE notes (film INTEGER REFERENCES films (id));
        INSERT INTO notes VALUES (7)
        """,
    )
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    house.done("backup", "--kind", "portable")
    done = house.done("restore", "latest", "--into", into, "--now", "--yes", "--json").json
    assert any("1 row broke it in the source already" in loss["what"] for loss in done["outcome"]["losses"])
    assert rows(into, "notes") == [{"film": 7}]
