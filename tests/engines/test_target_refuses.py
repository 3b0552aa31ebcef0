"""What cannot go in exactly is refused, by table, row and column, and nothing has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.databases.connect import open_server
from core.databases.decode import RowError
from core.databases.schema import Column, ColumnType, Kind, Table
from core.databases.target import TargetError, open_target
from core.errors import GreenroomError
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_target import fetch

pytestmark = pytest.mark.slow


def _source(kind: Kind, **more: object) -> Table:
    value = ColumnType.model_validate({"kind": kind, **more})
    columns = (Column(name="id", type=ColumnType(kind="integer"), nullable=False), Column(name="a", type=value))
    return Table(name="t", columns=columns, primary_key=("id",))


def _expect_refusal(url: str, source: Table, lines: list[bytes], words: str) -> None:
    before = fetch(url, "SELECT COUNT(*) FROM t")
    for merge in (False, True):
        with open_target(url) as target, pytest.raises(RowError, match=words):
            target.load(source, iter(lines), merge=merge)
    assert fetch(url, "SELECT COUNT(*) FROM t") == before


def _table(url: str, declared: str) -> None:
    run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {declared});\nINSERT INTO t (id) VALUES (99)")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "row 3: the line is no JSON"),
        (b'{"id": 3, "a": "x"', "row 3: the line is no JSON"),
        (b'{"id": 3, "a": "\xff"}', "row 3, column a: the value is not of the column's type: 'utf-8'"),
        (b"[3, 4]", "row 3: the line is no JSON object"),
        (b'{"id": 3}', "row 3, column a: the column is missing"),
        (b'{"id": 3, "a": "x", "b": 1}', "row 3, column b: the table of the archive has no such column"),
        (b'{"id": "3", "a": "x"}', "row 3, column id: the value is not of the column's type"),
        (b'{"id": 3, "a": 7}', "row 3, column a: the value is not of the column's type"),
        (b'{"id": 3, "a": {"$what": 7}}', "row 3, column a: the value is not of the column's type"),
        (b'{"id": 3, "a": {}}', "row 3, column a: an object that is no value"),
        (b'{"id": 3.5, "a": "x"}', "row 3, column id: the value is not of the column's type"),
        (b'{"id": 1e400, "a": "x"}', "row 3, column id: the value is not of the column's type"),
    ],
)
def test_lines_that_are_none(make_database: MakeDatabase, engine: str, line: bytes, words: str) -> None:
    url = make_database(engine)
    _table(url, "VARCHAR(20)")
    good = [b'{"id": 1, "a": "x"}', b'{"id": 2, "a": null}']
    _expect_refusal(url, _source("text"), [*good, line], f"table t, {words}")


_REFUSED: list[tuple[str, Kind, str, bytes]] = [
    ("sqlite", "integer", "INTEGER", b"9223372036854775808"),
    ("sqlite", "float", "DOUBLE", b'"NaN"'),
    ("sqlite", "decimal", "DECIMAL(30,10)", b'"12345678901234567890.1234567890"'),
    ("sqlite", "text", "STRING", b'"007"'),
    ("sqlite", "json", "JSON", b"12345678901234567890123"),
    ("sqlite", "decimal", "INTEGER", b'"1.5"'),
    ("postgresql", "integer", "INTEGER", b"2147483648"),
    ("postgresql", "text", "VARCHAR(3)", b'"abc "'),
    ("postgresql", "text", "TEXT", b'"a\\u0000b"'),
    ("postgresql", "decimal", "NUMERIC(5,2)", b'"1.005"'),
    ("postgresql", "decimal", "NUMERIC(5,2)", b'"1000"'),
    ("postgresql", "decimal", "NUMERIC", b'"1e999999999"'),
    ("postgresql", "decimal", "NUMERIC", b'"a"'),
    ("postgresql", "float", "REAL", b"0.1"),
    ("postgresql", "date", "DATE", b'"now"'),
    ("postgresql", "date", "DATE", b'"2026-02-30"'),
    ("postgresql", "date", "DATE", b'{"$text": "0000-00-00"}'),
    ("postgresql", "time", "TIME", b'"-838:59:59"'),
    ("postgresql", "timestamp", "TIMESTAMP(3)", b'"2026-03-29 14:05:00.1234"'),
    ("postgresql", "timestamp", "TIMESTAMP", b'"tomorrow"'),
    ("postgresql", "bytes", "BYTEA", b'"0G"'),
    ("postgresql", "bytes", "BYTEA", b'"0 0A"'),
    ("postgresql", "uuid", "UUID", b'"no"'),
    ("postgresql", "boolean", "BOOLEAN", b'{"$integer": 2}'),
    ("postgresql", "json", "JSON", b'{"$text": "{"}'),
    ("postgresql", "json", "JSONB", b'"a\\u0000b"'),
    ("postgresql", "json", "JSONB", b"1e999999"),
    ("postgresql", "any", "BIGINT", b'"text"'),
    ("postgresql", "text", "TEXT", b'{"$bytes": "00"}'),
    ("postgresql", "text", "TEXT NOT NULL DEFAULT 'x'", b"null"),
    ("postgresql", "integer", "INTEGER CHECK (a < 5)", b"7"),
    ("mysql", "integer", "INTEGER", b"2147483648"),
    ("mysql", "integer", "INTEGER UNSIGNED", b"-1"),
    ("mysql", "text", "VARCHAR(3)", b'"abc "'),
    ("mysql", "text", "TINYTEXT", b'"' + "é".encode() * 200 + b'"'),
    ("mysql", "text", "VARCHAR(9) CHARACTER SET latin1", '"🎬"'.encode()),
    ("mysql", "decimal", "DECIMAL(5,2)", b'"1.005"'),
    ("mysql", "decimal", "DECIMAL(5,2)", b'"NaN"'),
    ("mysql", "float", "DOUBLE", b'"Infinity"'),
    ("mysql", "float", "FLOAT", b"0.1"),
    ("mysql", "date", "DATE", b'"2026-02-30"'),
    ("mysql", "date", "DATE", b'"infinity"'),
    ("mysql", "timestamp", "DATETIME", b'"2026-03-29 14:05:00.5"'),
    ("mysql", "timestamp", "TIMESTAMP NULL", b'"2099-03-29 14:05:00"'),
    ("mysql", "timestamp", "DATETIME", b'"infinity"'),
    ("mysql", "enum", "ENUM('sad', 'glad')", b'"GLAD"'),
    ("mysql", "json", "JSON", b'{"$text": "{"}'),
    ("mysql", "text", "TEXT NOT NULL", b"null"),
    ("mysql", "integer", "INTEGER CHECK (a < 5)", b"7"),
]


@pytest.mark.parametrize(("engine", "kind", "declared", "value"), _REFUSED, ids=lambda one: str(one)[:40])
def test_values_that_do_not_fit(
    make_database: MakeDatabase, engine: str, kind: Kind, declared: str, value: bytes
) -> None:
    url = make_database(engine)
    if "NOT NULL" in declared:
        run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {declared})")
    else:
        _table(url, declared)
    lines = [b'{"id": 1, "a": %s}' % (b'"x"' if "NOT NULL" in declared else b"null"), b'{"id": 2, "a": %s}' % value]
    where = r"table t(, row 2)?(, column a)?: "
    _expect_refusal(url, _source(kind), lines, where)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_key_that_comes_twice(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    _table(url, "VARCHAR(20)")
    lines = [b'{"id": 1, "a": "x"}', b'{"id": 2, "a": "x"}', b'{"id": 1, "a": "x"}']
    _expect_refusal(url, _source("text"), lines, "table t")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_type_far_behind(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    _table(url, "VARCHAR(20)")
    rows = [b'{"id": %d, "a": "x"}' % number for number in range(101, 30_101)]
    rows[29_998] = b'{"id": 1, "a": 5}'
    _expect_refusal(url, _source("text"), rows, "table t, row 29,999, column a: ")


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_that_do_not_meet(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a DATE, c INTEGER NOT NULL)")
    source = _source("bytes")
    columns = (*source.columns, Column(name="b", type=ColumnType(kind="text")))
    with open_target(url) as target, pytest.raises(TargetError) as caught:
        target.load(source.model_copy(update={"columns": columns}), [], merge=False)
    for words in ("column a: bytes cannot become", "column b: the target has no", "column c: the target must have"):
        assert words in caught.value.message


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_that_is_not_there(make_database: MakeDatabase, engine: str) -> None:
    with open_target(make_database(engine)) as target, pytest.raises(TargetError, match="no table t"):
        target.load(_source("text"), [], merge=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reader_that_fails_in_the_middle(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    _table(url, "VARCHAR(20)")

    def lines() -> Iterator[bytes]:
        yield b'{"id": 1, "a": "x"}'
        raise GreenroomError("the archive ends here")

    with open_target(url) as target:
        target.clear(["t"])
        with pytest.raises(GreenroomError, match="ends here"):
            target.load(_source("text"), lines(), merge=False)
    assert fetch(url, "SELECT id FROM t") == [(99,)]


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_connection_that_is_cut(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    _table(url, "VARCHAR(20)")
    (mine,) = {"postgresql": ("pg_backend_pid()",), "mysql": ("connection_id()",)}[engine]
    kill = {"postgresql": "SELECT pg_terminate_backend({0})", "mysql": "KILL {0}"}[engine]

    with open_target(url) as target:
        driver = target._connection  # type: ignore[attr-defined]
        number = driver.execute(text(f"SELECT {mine}")).scalar()

        def lines() -> Iterator[bytes]:
            for at in range(200_000):
                if at == 100_000:
                    run_sql(url, kill.format(number))
                yield b'{"id": %d, "a": "x"}' % at

        target.clear(["t"])
        with pytest.raises(GreenroomError):
            target.load(_source("text"), lines(), merge=False)
    assert fetch(url, "SELECT id FROM t") == [(99,)]


def test_a_database_that_another_process_writes(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    _table(url, "TEXT")
    server = open_server(url)
    with server.connect() as connection:
        connection.execute(text("BEGIN IMMEDIATE"))
        with pytest.raises(GreenroomError, match="locked"), open_target(f"{url}"):
            pass
    server.dispose()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(TargetError, match="not a database"), open_target(f"sqlite:///{broken}"):
        pass
    with pytest.raises(TargetError, match="unable to open"), open_target(f"sqlite:///{tmp_path / 'none.db'}"):
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_disk_that_is_full(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    _table(url, "TEXT")
    with open_target(url) as target:
        target.execute("PRAGMA max_page_count = 4")
        lines = (b'{"id": %d, "a": "%s"}' % (number, b"x" * 1000) for number in range(1000, 1100))
        with pytest.raises(RowError, match="full"):
            target.load(_source("text"), lines, merge=False)
    assert fetch(url, "SELECT id FROM t") == [(99,)]


def test_what_the_words_name() -> None:
    error = RowError("films", 999_999, "year", "no number")
    assert re.fullmatch("table films, row 999,999, column year: no number", error.message)
