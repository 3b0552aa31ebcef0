"""The category commands: out, in, drafts, publishing, the way back; on a library that has something in everything."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.filesystem import Filesystem
from core.library.categories import CATEGORIES, FILE_NAMES
from core.library.demo import write_demo
from core.progress import Reporter
from tests.cli.conftest import House, Ran

each_category = pytest.mark.parametrize("name", FILE_NAMES)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("category") / "demo", disk=Filesystem(), reporter=Reporter()).folder


@pytest.fixture
def library(demo: Path, tmp_path: Path) -> House:
    """The demo, as a house with one site, `movies`."""
    root = tmp_path / "demo"
    root.mkdir(mode=0o700)
    for name in ("app.db", "greenroom.toml"):
        shutil.copy2(demo / name, root / name)
    (root / "uploads").mkdir()
    return House(root)


def sums(library: House) -> dict[str, str]:
    """A sum of the rows of each table."""
    with closing(sqlite3.connect(library.root / "app.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: hashlib.sha256(repr(list(connection.execute(f'SELECT * FROM "{name}"'))).encode()).hexdigest()
            for name in names
        }


def given(library: House, text: str | bytes, *words: str) -> Ran:
    """Run a command with a text on its standard input."""
    before = sys.stdin
    data = text if isinstance(text, bytes) else text.encode()
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        return library.greenroom(*words)
    finally:
        sys.stdin = before


def exported(library: House, name: str, movie: str = "tmdb-550") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(library.done("category", "export", movie, name).out)
    return found


def without_times(envelope: dict[str, Any]) -> dict[str, Any]:
    return {**envelope, "exported_at": None, "metadata": {**envelope["metadata"], "last_updated": None}}


@each_category
def test_what_is_exported_imports_publishes_and_is_exported_again_the_same(library: House, name: str) -> None:
    text = library.done("category", "export", "tmdb-550", name).out
    before = sums(library)
    assert all(json.loads(text)["data"].values())
    done = given(library, text, "category", "import", "-", "--publish", "--json")
    assert (done.code, done.json["success"], done.json["updated_fields"]) == (0, True, [])
    again = library.done("category", "export", "tmdb-550", name).out
    assert without_times(json.loads(again)) == without_times(json.loads(text))
    assert sums(library) == before


@each_category
def test_what_was_emptied_is_filled_again_from_the_export(library: House, name: str) -> None:
    """All that may be cleared is cleared and published, and then the export brings every row of it back."""
    text = library.done("category", "export", "tmdb-550", name).out
    envelope = json.loads(text)
    envelope["metadata"].pop("revision")
    schema = next(one for one in CATEGORIES if one.file_name == name).schema()["properties"]
    empty = {key: [] if about.get("type") == "array" else None for key, about in schema.items() if key != "title"}
    ours = ("category", "import", "-", "--publish", "--on-conflict", "ours")
    emptied = given(library, json.dumps({**envelope, "data": empty}), *ours, "--json")
    assert set(emptied.json["updated_fields"]) == set(empty)
    assert all(value in (None, []) for key, value in exported(library, name)["data"].items() if key != "title")
    back = given(library, json.dumps(envelope), *ours)
    assert back.code == 0, back.err
    assert exported(library, name)["data"] == envelope["data"]


def test_a_partial_import_changes_what_it_names_and_nothing_else(library: House) -> None:
    before = sums(library)
    envelope = exported(library, "basic-info")
    envelope["data"] = {"tagline": "Another line", "runtime": None}
    done = given(library, json.dumps(envelope), "category", "import", "-", "--publish", "--json")
    assert set(done.json["updated_fields"]) == {"tagline", "runtime"}
    after = sums(library)
    assert {table for table in before if before[table] != after[table]} == {"movies"}
    assert exported(library, "basic-info")["data"]["tagline"] == "Another line"
    assert exported(library, "basic-info")["data"]["genres"]
