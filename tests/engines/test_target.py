"""Rows of any engine go into any other, in one transaction, and are what was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from core.databases.connect import open_server
from core.databases.lines import SEPARATOR
from core.databases.schema import Table
from core.databases.target import LoadResult, Target, open_target
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_rows import BYTES, TYPES, open_reader

PAIRS = [(source, target) for source in ENGINES for target in ENGINES]


@dataclass(frozen=True)
class Exported:
    """A table as an archive has it."""

    table: Table
    lines: list[bytes]


def export(url: str, name: str) -> Exported:
    with open_reader(url) as reader:
        table = reader.schema.table(name)
        blocks = [block.data for block in reader.lines(table)]
    return Exported(table, [line for block in blocks for line in block.split(SEPARATOR)])


def restore(url: str, *exported: Exported, merge: bool = False) -> None:
    """Clear and load, or merge, and prove it."""
    with open_target(url) as target:
        if not merge:
            target.clear([one.table.name for one in exported])
        results = [(one, target.load(one.table, iter(one.lines), merge=merge)) for one in exported]
        target.finish()
        for one, result in results:
            assert_equal(target, one.table.name, result)
            assert result.sum.rows == len(one.lines)
        target.commit()


def assert_equal(target: Target, name: str, result: LoadResult) -> None:
    assert target.checksum(target.schema.table(name), result.columns, result.keys) == result.sum


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    server = open_server(url)
    with server.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    server.dispose()
    return rows


def test_a_plain_table(make_database: MakeDatabase) -> None:
    source = make_database("sqlite")
    run_sql(
        source, "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40));\nINSERT INTO t VALUES (1, 'a'), (2, NULL)"
    )
    for engine in ENGINES:
        url = make_database(engine)
        run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40))")
        restore(url, export(source, "t"))
        assert fetch(url, "SELECT * FROM t ORDER BY id") == [(1, "a"), (2, None)]


def _fill(url: str, engine: str) -> None:
    raw = BYTES[engine].format("00ff5c27090a0d")
    run_sql(
        url,
        f"""
        {"SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';" if engine == "mysql" else ""}
        CREATE TABLE t ({TYPES[engine]});
        INSERT INTO t (id, flag, big, amount, score, body, raw, day, clock, at, facts) VALUES
        (1, TRUE, 9223372036854775807, 1234.5, 0.1, 'quote " and ''{chr(9)} é 🎬 \\N \\', {raw},
            '2026-03-29', '14:05:00', '2026-03-29 14:05:00.25', '{{"a": [1, 1.50, null], "b": "é\\n"}}'),
        (2, FALSE, -9223372036854775808, -0.5, -1e300, '', {BYTES[engine].format("")}, '0001-01-01', '00:00:00',
            '1999-12-31 23:59:59', 'null'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (4, NULL, 0, 12345678901234, 2.2250738585072014e-308, 'two
lines', NULL, NULL, '23:59:59.999999', NULL, '{{"$json": 1}}')
        """,
    )


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("merge", [False, True])
def test_each_kind(make_database: MakeDatabase, source: str, target: str, merge: bool) -> None:
    first, second = make_database(source), make_database(target)
    _fill(first, source)
    run_sql(second, f"CREATE TABLE t ({TYPES[target]});\nINSERT INTO t (id, big) VALUES (2, 5), (9, 9)")
    restore(second, export(first, "t"), merge=merge)
    here, there = _values(export(first, "t")), _values(export(second, "t"))
    if merge:
        assert there.pop(9)["big"] == 9
    assert there == here
    assert fetch(second, "SELECT id, twice FROM t WHERE id = 4") == [(4, 8)]


def _values(exported: Exported) -> dict[int, dict[str, Any]]:
    rows = [json.loads(line) for line in exported.lines]
    for row in rows:
        for name in ("amount", "clock", "at"):
            if row[name] and "." in row[name]:
                row[name] = row[name].rstrip("0").rstrip(".")
    return {row["id"]: row for row in rows}
