"""Rows as JSON: every value as core/databases/lines.py says, whichever engine it comes from."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import make_url

from core.databases import reading
from core.databases.lines import BLOCK_BYTES, SEPARATOR, NotTextError, Reader
from core.progress import Reporter
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql


def open_reader(url: str) -> AbstractContextManager[Reader]:
    return reading.open_reader(make_url(url), Reporter())


def _rows(url: str, table: str) -> list[dict[str, Any]]:
    with open_reader(url) as reader:
        blocks = list(reader.lines(reader.schema.table(table)))
    data = b"".join((SEPARATOR if block.rows else b"") + block.data for block in blocks)
    lines = data.split(SEPARATOR)[1:]
    assert len(lines) == sum(block.rows for block in blocks)
    return [json.loads(line, parse_float=_exact) for line in lines]


def _exact(digits: str) -> str:
    return float(digits).hex()


TYPES = {
    "sqlite": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount DECIMAL(20,4), score DOUBLE, body TEXT,"
    " raw BLOB, day DATE, clock TIME, at DATETIME, facts JSON, twice INTEGER AS (id * 2) STORED",
    "postgresql": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount NUMERIC(20,4), score DOUBLE PRECISION,"
    " body TEXT, raw BYTEA, day DATE, clock TIME, at TIMESTAMP, facts JSON,"
    " twice INTEGER GENERATED ALWAYS AS (id * 2) STORED",
    "mysql": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount DECIMAL(20,4), score DOUBLE, body LONGTEXT,"
    " raw LONGBLOB, day DATE, clock TIME(6), at DATETIME(6), facts JSON,"
    " twice INTEGER GENERATED ALWAYS AS (id * 2) STORED",
}
BYTES = {"sqlite": "x'{0}'", "postgresql": r"'\x{0}'", "mysql": "x'{0}'"}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_kind(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    raw = BYTES[engine].format("00ff5c27")
    run_sql(
        url,
        f"""
        CREATE TABLE t ({TYPES[engine]});
        INSERT INTO t (id, flag, big, amount, score, body, raw, day, clock, at, facts) VALUES
        (1, TRUE, 9223372036854775807, 1234.5, 0.1, 'quote " and ''{chr(9)} é 🎬', {raw}, '2026-03-29', '14:05:00',
            '2026-03-29 14:05:00.25', '{{"a": [1, 1.50, null], "b": "é"}}'),
        (2, FALSE, -9223372036854775808, -0.5, -1e300, '', {BYTES[engine].format("")}, '0001-01-01', '00:00:00',
            '1999-12-31 23:59:59', 'null'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (4, NULL, 0, 12345678901234, 2.2250738585072014e-308, 'two
lines', NULL, NULL, NULL, NULL, '{{"$json": 1}}')
        """,
    )
    one, two, three, four = _rows(url, "t")
    assert list(one) == ["id", "flag", "big", "amount", "score", "body", "raw", "day", "clock", "at", "facts"]
    assert (one["flag"], one["big"], one["score"]) == (True, 9223372036854775807, (0.1).hex())
    assert one["body"] == "quote \" and '\t é 🎬"
    assert (one["raw"], one["day"]) == ("00ff5c27", "2026-03-29")
    assert one["clock"].removesuffix(".000000") == "14:05:00"
    assert one["at"].rstrip("0") == "2026-03-29 14:05:00.25"
    assert one["facts"] == {"a": [1, (1.5).hex(), None], "b": "é"}
    assert one["amount"] == ("1234.5" if engine == "sqlite" else "1234.5000")
    assert (two["flag"], two["big"], two["score"]) == (False, -9223372036854775808, (-1e300).hex())
    assert (two["body"], two["raw"], two["facts"]) == ("", "", {"$json": None})
    assert set(three.values()) == {3, None}
    assert four["score"] == (2.2250738585072014e-308).hex()
    assert (four["body"], four["facts"]) == ("two\nlines", {"$json": {"$json": 1}})
    assert four["amount"].removesuffix(".0000") == "12345678901234"


def test_what_sqlite_holds_against_its_declarations(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    run_sql(
        url,
        """
        CREATE TABLE t (flag BOOLEAN, number INTEGER, score REAL, body TEXT, raw BLOB, day DATE, at DATETIME, anything);
        INSERT INTO t VALUES ('maybe', 'text', 'text', x'00', 'text', '29.3.2026', '2026-03-29T14:05:00', 5),
            (2, 1.5, 9e999, NULL, 5, '2026-02-00', 1774793100, -9e999), (1, 1, 1, 1, NULL, NULL, NULL, x'0a')
        """,
    )
    one, two, three = _rows(url, "t")
    assert one == {
        "flag": {"$text": "maybe"},
        "number": {"$text": "text"},
        "score": {"$text": "text"},
        "body": {"$bytes": "00"},
        "raw": {"$text": "text"},
        "day": {"$text": "29.3.2026"},
        "at": {"$text": "2026-03-29T14:05:00"},
        "anything": 5,
    }
    assert two == {
        "flag": {"$integer": 2},
        "number": {"$real": (1.5).hex()},
        "score": "Infinity",
        "body": None,
        "raw": {"$integer": 5},
        "day": {"$text": "2026-02-00"},
        "at": {"$integer": 1774793100},
        "anything": {"$real": "-Infinity"},
    }
    assert three == {
        "flag": True,
        "number": 1,
        "score": (1.0).hex(),
        "body": "1",
        "raw": None,
        "day": None,
        "at": None,
        "anything": {"$bytes": "0a"},
    }


def test_what_only_postgresql_holds(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    run_sql(
        url,
        """
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE TABLE t (score REAL, amount NUMERIC, day DATE, at TIMESTAMPTZ, span INTERVAL, mood mood, marks INTEGER[],
            prices NUMERIC[], words TEXT[], moods mood[], address INET, id UUID, facts JSON, more JSONB);
        SET TIME ZONE 'Europe/Berlin';
        INSERT INTO t VALUES ('NaN', 'NaN', 'infinity', '2026-03-29 14:05:00.5', '1 day 2 hours', 'glad',
            '{{1,NULL},{3,4}}', '{1.50}', '{"a,b","NULL",NULL}', '{sad}', '10.0.0.1',
            'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', E'{"a":\n1}',
            '{"$text": "x"}')
        """,
    )
    assert _rows(url, "t") == [
        {
            "score": "NaN",
            "amount": "NaN",
            "day": "infinity",
            "at": "2026-03-29 12:05:00.5+00",
            "span": "P1DT2H",
            "mood": "glad",
            "marks": [[1, None], [3, 4]],
            "prices": ["1.50"],
            "words": ["a,b", "NULL", None],
            "moods": ["sad"],
            "address": "10.0.0.1/32",
            "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "facts": {"$text": '{"a":\n1}'},
            "more": {"$json": {"$text": "x"}},
        }
    ]


def test_what_only_mariadb_holds(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_sql(
        url,
        r"""
        SET SESSION sql_mode = '', SESSION time_zone = '+02:00';
        CREATE TABLE t (mood ENUM('sad', 'glad'), tags SET('a', 'b'), year YEAR, flags BIT(5), day DATE,
            at TIMESTAMP(3), huge BIGINT UNSIGNED, small FLOAT, took TIME, odd TINYINT(1), body TEXT);
        INSERT INTO t VALUES ('glad', 'a,b', 2026, 5, '0000-00-00', '2026-03-29 14:05:00.5', 18446744073709551615,
            0.1, '-838:59:59', 7, 'back\\slash')
        """,
    )
    (row,) = _rows(url, "t")
    assert row == {
        "mood": "glad",
        "tags": "a,b",
        "year": 2026,
        "flags": 5,
        "day": {"$text": "0000-00-00"},
        "at": "2026-03-29 12:05:00.500+00",
        "huge": 18446744073709551615,
        "small": (0.10000000149011612).hex(),
        "took": "-838:59:59",
        "odd": {"$integer": 7},
        "body": "back\\slash",
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_odd_names_and_long_rows(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    quote = "`" if engine == "mysql" else '"'
    name = f"{quote}it's 100% odd \\{quote}"
    run_sql(url, f"CREATE TABLE {name} ({name} {'LONGTEXT' if engine == 'mysql' else 'TEXT'}, b INTEGER)")
    for number in range(5):
        run_sql(url, f"INSERT INTO {name} VALUES ('{'x' * BLOCK_BYTES}', {number})")
    with open_reader(url) as reader:
        blocks = list(reader.lines(reader.schema.table("it's 100% odd \\")))
    assert [block.rows for block in blocks] == [1] * 5
    assert [row["b"] for row in _rows(url, "it's 100% odd \\")] == list(range(5))


def test_text_that_is_none_is_told(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    run_sql(url, "CREATE TABLE t (body TEXT);\nINSERT INTO t VALUES (CAST(x'ff41' AS TEXT))")
    with pytest.raises(NotTextError, match="table t holds text that is not UTF-8"):
        _rows(url, "t")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_written_meanwhile_is_not_seen(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    if engine == "sqlite":
        run_sql(url, "PRAGMA journal_mode = WAL")
    run_sql(url, "CREATE TABLE a (x INTEGER);\nCREATE TABLE b (x INTEGER);\nINSERT INTO a VALUES (1)")
    with open_reader(url) as reader:
        run_sql(url, "INSERT INTO a VALUES (2);\nINSERT INTO b VALUES (2)")
        tables = reader.schema.table("a"), reader.schema.table("b")
        assert [block.rows for table in tables for block in reader.lines(table)] == [1]


def test_values_that_are_longer_than_a_packet(make_database: MakeDatabase) -> None:
    """The server makes no text longer than max_allowed_packet, and says NULL instead."""
    url = make_database("mysql")
    run_sql(
        url,
        """
        CREATE TABLE t (id INT PRIMARY KEY, raw LONGBLOB, body LONGTEXT, facts JSON, price DECIMAL(6, 2), nothing INT);
        INSERT INTO t VALUES (1, x'00ff', 'short', '[1]', 1.5, NULL);
        INSERT INTO t VALUES (2, REPEAT(x'00ff', 4500000), NULL, NULL, 2.5, NULL);
        INSERT INTO t VALUES (3, NULL, REPEAT(CHAR(10), 9000000), NULL, NULL, NULL);
        INSERT INTO t VALUES (4, NULL, '', CONCAT('["', REPEAT('a', 15900000), '"]'), 4, 4)
        """,
    )
    one, two, three, four = sorted(_rows(url, "t"), key=lambda row: row["id"])
    assert one == {"id": 1, "raw": "00ff", "body": "short", "facts": [1], "price": "1.50", "nothing": None}
    assert two == {**one, "id": 2, "raw": "00ff" * 4500000, "body": None, "facts": None, "price": "2.50"}
    assert three == {**two, "id": 3, "raw": None, "body": "\n" * 9000000, "price": None}
    assert four == {**three, "id": 4, "body": "", "facts": ["a" * 15900000], "price": "4.00", "nothing": 4}


def test_times_with_a_zone_in_sqlite(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    run_sql(
        url,
        """
        CREATE TABLE t (clock TIME WITH TIME ZONE, at TIMESTAMP WITH TIME ZONE);
        INSERT INTO t VALUES ('14:05:00.5+02', '2026-03-29 12:05:00+00'), ('14:05:00-05:30', '2026-03-29 12:05:00'),
            ('14:05:00', '2026-03-29 12:05:00+02')
        """,
    )
    assert [(row["clock"], row["at"]) for row in _rows(url, "t")] == [
        ("14:05:00.5+02", "2026-03-29 12:05:00+00"),
        ("14:05:00-05:30", {"$text": "2026-03-29 12:05:00"}),
        ({"$text": "14:05:00"}, {"$text": "2026-03-29 12:05:00+02"}),
    ]
