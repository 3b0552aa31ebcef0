"""The record commands: a row out and in, drafts, publishing, the way back; on a site that is no movie library."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House, Ran

SCRIPT = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE);
    CREATE TABLE notes (person INTEGER NOT NULL REFERENCES people (id), day DATE, note TEXT NOT NULL,
        PRIMARY KEY (person, day));
    CREATE TABLE secrets (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people (id));
    CREATE TABLE loose (a);
    INSERT INTO people VALUES (1, 'Ann', '1990-01-02'), (2, 'Bob', NULL);
    INSERT INTO notes VALUES (1, '2026-01-01', 'first'), (1, '2026-01-02', 'a, b');
"""


@pytest.fixture
def site(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.add_site("office", exclude_tables='["secrets"]')
    with closing(sqlite3.connect(tmp_path / "srv/office/app.db")) as connection:
        connection.executescript(SCRIPT)
    return house


def given(house: House, text: str, *words: str) -> Ran:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        return house.greenroom(*words)
    finally:
        sys.stdin = before


def exported(house: House, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(house.done("record", "export", "office", *words).out)
    return found


def test_a_row_goes_out_is_changed_published_and_taken_back(site: House) -> None:
    envelope = exported(site, "people", "1")
    assert (envelope["table"], envelope["key"], envelope["metadata"]["source"]) == ("people", "1", None)
    assert list(envelope["data"]) == ["id", "name", "born", "notes"]
    assert given(site, json.dumps(envelope), "record", "import", "office", "people", "1", "-").out.splitlines() == [
        "draft of the row 1 of people kept",
        "  nothing: it is what is live",
    ]
    envelope["data"]["name"] = "Anne"
    envelope["data"]["notes"] = [{"day": "2026-01-02", "note": "b"}, {"day": "2026-01-03", "note": "new"}]
    kept = given(site, json.dumps(envelope), "record", "import", "office", "people", "1", "-", "--json").json
    assert (kept["success"], kept["updated_fields"], kept["conflict"]) == (True, ["name", "notes"], False)
    assert kept["notes"] == ['"notes": 1 row new, 1 row changed, 1 row removed']
    assert exported(site, "people", "1")["data"]["name"] == "Ann"
    assert site.done("record", "diff", "office", "people", "1", "--json").json["updated_fields"] == ["name", "notes"]
    assert [draft["key"] for draft in site.done("record", "drafts", "office", "--json").json["drafts"]] == ["1"]
    done = site.done("record", "publish", "office", "people", "1", "--json").json
    assert done["updated_fields"] == ["name", "notes"]
    assert exported(site, "people", "1")["data"] == envelope["data"]
    assert exported(site, "people", "1")["metadata"]["source"] == "manual"
    log = site.done("record", "log", "office", "--json").json["entries"]
    assert [(entry["form"], entry["key"], entry["fields"]) for entry in log] == [
        ("table people", "1", ["name", "notes"])
    ]
    site.done("record", "revert", "office", str(log[0]["id"]), "--yes")
    assert exported(site, "people", "1")["data"]["notes"][0] == {"day": "2026-01-01", "note": "first"}
    assert exported(site, "people", "1")["data"]["name"] == "Ann"


def test_a_conflict_stops_until_it_is_decided(site: House) -> None:
    envelope = exported(site, "people", "1")
    given(
        site, '{"name": "Other"}', "record", "import", "office", "people", "1", "-", "--publish", "--on-conflict=ours"
    )
    envelope["data"]["name"] = "Anne"
    wrong = given(site, json.dumps(envelope), "record", "import", "office", "people", "1", "-", "--publish", "--json")
    assert (wrong.code, wrong.json["success"]) == (1, False)
    assert any("Other" in error["message"] for error in wrong.json["errors"])
    site.done("record", "publish", "office", "people", "1", "--on-conflict", "ours")
    assert exported(site, "people", "1")["data"]["name"] == "Anne"
    again = site.greenroom("record", "publish", "office", "people", "1")
    assert (again.code, "no draft of the row 1 of people" in again.err) == (2, True)


def test_every_problem_has_its_place(site: House) -> None:
    text = '{\n  "name": null,\n  "notes": [{"day": "x"}]\n}'
    wrong = given(site, text, "record", "import", "office", "people", "1", "-", "--json")
    assert wrong.code == 1
    assert [(error["path"], error["line"]) for error in wrong.json["errors"]] == [("name", 2), ("notes[0].day", 3)]
    envelope = json.dumps({"table": "people", "key": "2", "data": {}})
    assert "key" in given(site, envelope, "record", "import", "office", "people", "1", "-").err
    assert given(site, envelope, "record", "validate", "office", "people", "-").out == "right: the row 2 of people\n"
    assert site.greenroom("record", "export", "office", "people", "9").code == 2
    assert "its key is person,day" in site.greenroom("record", "export", "office", "notes", "1").err
    assert site.greenroom("record", "export", "office", "loose", "1").code == 2
    assert "no table" in site.greenroom("record", "export", "office", "secrets", "1").err


def test_tables_rows_and_schemas_are_shown(site: House, tmp_path: Path) -> None:
    listed = site.done("record", "tables", "office", "--json").json["tables"]
    assert [(row["table"], row["editable"]) for row in listed] == [
        ("films", True),
        ("loose", False),
        ("notes", True),
        ("people", True),
    ]
    assert "its rows cannot be told apart" in site.done("record", "tables", "office").out
    found = site.done("record", "list", "office", "notes", "--search", "A, B", "--json").json
    assert found["rows"] == [{"key": "1,2026-01-02", "labels": ["a, b"]}]
    first = site.done("record", "list", "office", "films", "--limit", "2", "--json").json
    assert [row["key"] for row in first["rows"]] == ["1", "2"]
    assert "office 2" in site.done("record", "list", "office", "films", "--after", "2").out
    schema = json.loads(site.done("record", "schema", "office", "people").out)
    assert schema["properties"]["table"]["const"] == "people"
    assert exported(site, "notes", "1,2026-01-02")["data"]["note"] == "a, b"
    site.done("record", "export", "office", "people", "1", "-o", str(tmp_path))
    assert json.loads((tmp_path / "people-1.json").read_text())["key"] == "1"


def test_a_draft_is_dropped_after_a_question(site: House) -> None:
    given(site, '{"name": "Anne"}', "record", "import", "office", "people", "1", "-")
    assert site.greenroom("record", "drop", "office", "people", "1").code == 2
    site.done("record", "drop", "office", "people", "1", "--yes")
    assert site.greenroom("record", "publish", "office", "people", "1").code == 2
    assert site.greenroom("record", "drop", "office", "people", "1", "--yes").code == 2
    refused = given(site, "{}", "--read-only", "record", "import", "office", "people", "1", "-")
    assert (refused.code, "read-only" in refused.err) == (2, True)
