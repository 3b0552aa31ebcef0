"""Portable archives that lie, with hashes that agree: a clear error by the command line, and nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House
from tests.core.archive.rawzip import Raw, build, with_checksums
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_restore_into import site_keys, tables_of
from tests.engines.test_target import fetch

TABLE = {
    "name": "t",
    "columns": [
        {"name": "id", "type": {"kind": "integer", "bits": 64}, "nullable": False},
        {"name": "a", "type": {"kind": "text", "length": 20}},
    ],
    "primary_key": ["id"],
}
_FAR = 999_999


def _archive(
    path: Path, rows: bytes, said: int, *, tables: list[dict[str, Any]] | None = None, member: str = "tables/t.json"
) -> Path:
    schema = json.dumps({"engine": "sqlite", "tables": [TABLE] if tables is None else tables}).encode()
    listed = [{"name": "t", "rows": said, "member": member, "bytes": len(rows), "sha256": _sha(rows)}]
    manifest = {
        "format": "greenroom",
        "format_version": 1,
        "name": "backup_20261121_060622",
        "site": "app",
        "kind": "portable",
        "scope": "full",
        "created_at": "2026-11-21T06:06:22.644408Z",
        "time_zone": "UTC",
        "created_by": "somebody",
        "description": "",
        "greenroom_version": "0.1.0",
        "application_version": None,
        "engine": "sqlite",
        "engine_version": "3.40.1",
        "database": {"member": "schema.json", "bytes": len(schema), "sha256": _sha(schema)},
        "tables": listed,
        "excluded_tables": [],
        "files": [],
    }
    members = [Raw("schema.json", schema), Raw(member, rows), Raw("metadata.json", json.dumps(manifest).encode())]
    path.write_bytes(build(with_checksums(members)))
    return path


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def _site(house: House, url: str) -> None:
    run_sql(url, "CREATE TABLE t (id BIGINT PRIMARY KEY, a VARCHAR(20));\nINSERT INTO t VALUES (7, 'kept')")
    house.add_site("app", **site_keys(url))
    house.done("init")


ROW = b'{"id":%d,"a":"x"}'
HOSTILE: list[tuple[bytes, int, str]] = [
    (b"no JSON at all\n", 1, "does not begin with ["),
    (b'[\n{"id":1,"a":"x"}\n', 1, "ends too early"),
    (b'[\n{"id":1,"a":"x"}\n]\nmore', 1, "behind its end"),
    (b'[\n{"id":1,"a":\n]\n', 1, "row 1"),
    (b'[\n{"id":1,"a":"x"},\n{"id":2,"a":{"$drop":1}}\n]\n', 2, "row 2, column a"),
    (b'[\n{"id":1,"a":"x"}\n]\n', 2, "the manifest lies"),
    (b'[\n{"id":1,"a":"x"},\n{"id":2,"a":"x"}\n]\n', 1, "the manifest lies"),
    (b"[]\n", 3, "the manifest lies"),
    (b"[\n" + b"[" * 100_000 + b"\n]\n", 1, "row 1"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("content", "said", "words"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_file_of_rows_that_lies(
    house: House, make_database: MakeDatabase, tmp_path: Path, engine: str, content: bytes, said: int, words: str
) -> None:
    url, into = make_database(engine), make_database(engine)
    _site(house, url)
    house.done("adopt", str(_archive(tmp_path / "x.zip", content, said)), "--site", "app")
    for how in (["--into", into, "--now", "--yes"], ["--into", into, "--dry-run"], ["--now", "--yes"]):
        ran = house.greenroom("restore", "latest", *how)
        assert ran.code not in {0, 2}
        assert words in ran.err
        assert "Traceback" not in ran.err
    assert tables_of(into) == []
    assert fetch(url, "SELECT id, a FROM t") == [(7, "kept")]


@pytest.mark.slow
def test_a_wrong_type_in_a_row_far_behind(house: House, make_database: MakeDatabase, tmp_path: Path) -> None:
    url, into = make_database("sqlite"), make_database("postgresql")
    _site(house, url)
    rows = [ROW % number for number in range(1, _FAR + 2)]
    rows[_FAR - 1] = b'{"id":%d,"a":[]}' % _FAR
    content = b"[\n" + b",\n".join(rows) + b"\n]\n"
    house.done("adopt", str(_archive(tmp_path / "x.zip", content, len(rows))), "--site", "app")
    for how in (["--into", into, "--now", "--yes"], ["--into", into, "--dry-run"], ["--now", "--yes"]):
        ran = house.greenroom("restore", "latest", *how)
        assert ran.code == 1
        assert "table t, row 999,999, column a" in ran.err
    assert tables_of(into) == []
    assert fetch(url, "SELECT id, a FROM t") == [(7, "kept")]


def _named(name: str) -> list[dict[str, Any]]:
    return [{**TABLE, "name": name}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: {"tables": _named("other")}, "it names other tables than schema.json"),
        (lambda: {"tables": [TABLE, TABLE]}, "a table is named twice"),
        (lambda: {"tables": _named("")}, "schema.json is wrong"),
        (lambda: {"tables": _named("t\0")}, "schema.json is wrong"),
        (lambda: {"tables": [{**TABLE, "primary_key": ["nothing"]}]}, "a key names a column"),
        (lambda: {"tables": [{**TABLE, "secret": 1}]}, "schema.json is wrong"),
        (lambda: {"member": "tables/../../t.json"}, "tables/../../t.json"),
        (lambda: {"member": "files/t.json"}, "should match pattern"),
    ],
    ids=range(8),
)
def test_names_that_lie(
    house: House, make_database: MakeDatabase, tmp_path: Path, change: Callable[[], dict[str, Any]], words: str
) -> None:
    url, into = make_database("sqlite"), make_database("sqlite")
    _site(house, url)
    archive = _archive(tmp_path / "x.zip", b"[\n" + ROW % 1 + b"\n]\n", 1, **change())
    ran = house.greenroom("adopt", str(archive), "--site", "app")
    if ran.code == 0:
        ran = house.greenroom("restore", "latest", "--into", into, "--now", "--yes")
    assert ran.code in {1, 6}
    assert words in ran.err
    assert tables_of(into) == []
