"""Values at the edges of what an engine holds, and those that only one of them has."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url

from core.databases.schema import Column, ColumnType, Table
from core.databases.target import open_target
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_target import Exported, export, fetch, restore

_ONLY_POSTGRESQL = """
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE TABLE t (id INTEGER PRIMARY KEY, score REAL, far DOUBLE PRECISION, amount NUMERIC, day DATE, at TIMESTAMPTZ,
        clock TIMETZ, span INTERVAL, mood mood, marks INTEGER[], prices NUMERIC[], words TEXT[], moods mood[],
        address INET, uid UUID, facts JSON, more JSONB, code CHAR(5), small REAL[], flags BOOLEAN[], raws BYTEA[],
        bits BIT(5), days DATE[]);
    INSERT INTO t VALUES (1, 'NaN', '-Infinity', 'NaN', 'infinity', '2026-03-29 14:05:00.5+02', '14:05:00+02',
        '1 year -1 day 2 hours', 'glad', '{{1,NULL},{3,4}}', '{1.50}',
        ARRAY['a,b', 'NULL', NULL, '', '{}', '\\', '"'], '{sad}', '10.0.0.1',
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', E'{"a":\\n1}',
        '{"b": [1, 1.50, 1e3, -0.0, 12345678901234567890], "ab": null, "c": {"$text": "x"}, "é": "\\u00e9\\t"}',
        'ab', '{0.1,NaN,1e10}', '{t,f,NULL}', '{"\\\\x00ff"}', B'10101', '{2026-01-01}'),
    (2, 0.1, 1e15, 123456789012345678901234567890.1234567890, '0044-03-15 BC', '0044-03-15 12:00:00 BC', NULL,
        '-00:00:00.000001', NULL, '{}', NULL, NULL, NULL, NULL, NULL, 'null', '"text"', '', NULL, NULL, NULL, NULL,
        NULL),
    (3, 1e-45, -0.0, 0.000000000000000000001, '99999-12-31', '99999-12-31 00:00:00', NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, '{"$text": 1}', '{"$text": 1}', NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 3.4e38, 1234567890123456.8, 'Infinity', '-infinity', 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, '[]', '[]', NULL, NULL, NULL, NULL, NULL, NULL)
"""


def test_what_only_postgresql_holds(make_database: MakeDatabase) -> None:
    source, url = make_database("postgresql"), make_database("postgresql")
    run_sql(source, _ONLY_POSTGRESQL)
    run_sql(url, _ONLY_POSTGRESQL.partition("INSERT")[0])
    exported = export(source, "t")
    restore(url, exported)
    assert sorted(export(url, "t").lines) == sorted(exported.lines)
    restore(url, exported, merge=True)


def test_the_schema_that_the_role_works_in_has_a_name_in_quotes(make_database: MakeDatabase) -> None:
    source, url = make_database("postgresql"), make_database("postgresql")
    for one in (source, url):
        name = make_url(one).database
        run_sql(one, f"""CREATE SCHEMA "My App"; ALTER DATABASE "{name}" SET search_path TO "My App" """)
        run_sql(one, "CREATE TABLE t (id SERIAL PRIMARY KEY, above INTEGER REFERENCES t (id))")
    run_sql(source, "INSERT INTO t (above) VALUES (NULL), (1)")
    exported = export(source, "t")
    restore(url, exported)
    assert sorted(export(url, "t").lines) == sorted(exported.lines)


def test_what_only_mariadb_holds(make_database: MakeDatabase) -> None:
    source, url = make_database("mysql"), make_database("mysql")
    script = r"""
        SET SESSION sql_mode = '';
        CREATE TABLE t (id INTEGER PRIMARY KEY, mood ENUM('sad', 'glad', 'it''s'), tags SET('a', 'b'), year YEAR,
            flags BIT(5), day DATE, at TIMESTAMP(3) NULL, huge BIGINT UNSIGNED, small FLOAT, took TIME, odd TINYINT(1),
            body TEXT, code CHAR(5), raw BINARY(4), later DATETIME, uid UUID, far DOUBLE,
            amount DECIMAL(65,30), facts JSON);
    """
    run_sql(source, script)
    run_sql(
        source,
        r"""
        SET SESSION sql_mode = '';
        INSERT INTO t VALUES (1, 'glad', 'a,b', 2026, 5, '0000-00-00', '2026-03-29 14:05:00.5', 18446744073709551615,
            0.1, '-838:59:59', 7, 'back\\slash\t\n\0', 'ab', 'x', '2026-03-29 14:05:00',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1e15, 12345678901234567890123456789012345.5, '{"a": 1.50}'),
        (2, 'it''s', '', 1901, 31, '0001-01-01', NULL, 0, 1e-38, '00:00:00', 0, '', '', '', '0000-00-00 00:00:00', NULL,
            1234567890123456.8, -0.1, 'null'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -1e-5, NULL, NULL)
        """,
    )
    run_sql(url, script)
    exported = export(source, "t")
    restore(url, exported)
    assert sorted(export(url, "t").lines) == sorted(exported.lines)
    restore(url, exported, merge=True)


def test_what_sqlite_holds_against_its_declarations(make_database: MakeDatabase) -> None:
    source, url = make_database("sqlite"), make_database("sqlite")
    script = """CREATE TABLE t (id INTEGER PRIMARY KEY, flag BOOLEAN, number INTEGER, score REAL, body TEXT, raw BLOB,
        day DATE, at DATETIME, anything, amount DECIMAL(10,2), facts JSON);
    """
    run_sql(source, script)
    run_sql(
        source,
        """
        INSERT INTO t VALUES (1, 'maybe', 'text', 'text', x'00', 'text', '29.3.2026', '2026-03-29T14:05:00', '5', 'no',
                '[1'),
            (2, 2, 1.5, 9e999, NULL, 5, '2026-02-00', 1774793100, -9e999, 1.5, x'00'),
            (3, 1, 1, 1, 1, NULL, NULL, NULL, x'0a', -9e999, 1.5),
            (4, x'01', x'02', 5, '007', 1.5, 5, 2.5, 5.0, 1e20, 7)
        """,
    )
    run_sql(url, script)
    exported = export(source, "t")
    restore(url, exported)
    assert sorted(export(url, "t").lines) == sorted(exported.lines)
    query = "SELECT group_concat(typeof(flag) || typeof(number) || typeof(anything) || typeof(facts)) FROM t"
    assert fetch(url, query) == fetch(source, query)
    restore(url, exported, merge=True)


_ARRAY = ColumnType(kind="array", element=ColumnType(kind="integer"))
_FOREIGN = Table(
    name="t",
    columns=(
        Column(name="id", type=ColumnType(kind="integer")),
        Column(name="marks", type=_ARRAY),
        Column(name="span", type=ColumnType(kind="interval")),
        Column(name="at", type=ColumnType(kind="timestamp", zoned=True)),
        Column(name="uid", type=ColumnType(kind="uuid")),
        Column(name="mood", type=ColumnType(kind="enum", values=("sad", "glad"))),
        Column(name="amount", type=ColumnType(kind="decimal")),
        Column(name="small", type=ColumnType(kind="float", bits=32)),
    ),
    primary_key=("id",),
)
_PLAIN = {
    "sqlite": "marks TEXT, span TEXT, at DATETIME, uid CHAR(36), mood TEXT, amount TEXT, small DOUBLE",
    "mysql": "marks JSON, span TEXT, at DATETIME(6), uid CHAR(36), mood TEXT, amount DECIMAL(65,30), small DOUBLE",
    "postgresql": "marks JSONB, span TEXT, at TIMESTAMP, uid TEXT, mood TEXT, amount NUMERIC(70,40),"
    " small DOUBLE PRECISION",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_kinds_that_a_target_lacks(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, {_PLAIN[engine]})")
    line = (
        b'{"id":1,"marks":[[1,null],[3,4]],"span":"P1DT2H","at":"2026-03-29 12:05:00.5+00","small":0.1,'
        b'"uid":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","mood":"glad","amount":"12345678901234567890.5"}'
    )
    restore(url, Exported(_FOREIGN, [line]))
    (there,) = export(url, "t").lines
    row = json.loads(there)
    assert (row["marks"] if engine != "sqlite" else json.loads(row["marks"])) == [[1, None], [3, 4]]
    assert (row["span"], row["mood"], row["small"]) == ("P1DT2H", "glad", 0.10000000149011612)
    assert row["at"].rstrip("0") == "2026-03-29 12:05:00.5"
    assert row["amount"].rstrip("0") == "12345678901234567890.5"


def test_a_server_that_takes_no_files(make_database: MakeDatabase) -> None:
    source, url = make_database("mysql"), make_database("mysql")
    script = "CREATE TABLE t (id INTEGER PRIMARY KEY, body LONGTEXT, raw LONGBLOB, flags BIT(5), score DOUBLE);"
    run_sql(source, f"{script}\nSET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
    run_sql(
        source,
        rf"""
        SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';
        INSERT INTO t VALUES (1, 'it''s \ \n \N {chr(9)} é', x'005c0a09275c5c6e', 5, 0.1), (2, '\N', x'', NULL, NULL),
            (3, '{"x" * 3_000_000}', NULL, 0, -1e300), (4, '', NULL, 0, NULL)
        """,
    )
    run_sql(url, script)
    run_sql(url, "SET GLOBAL local_infile = 0")
    try:
        restore(url, export(source, "t"))
        assert export(url, "t").lines == export(source, "t").lines
        restore(url, export(source, "t"), merge=True)
    finally:
        run_sql(url, "SET GLOBAL local_infile = 1")


@pytest.mark.parametrize("engine", ENGINES)
def test_names_that_no_program_would_choose(make_database: MakeDatabase, engine: str) -> None:
    """Lines whose names have quotes are read in another way."""
    url = make_database(engine)
    quote, name = ("`", 'a "quoted" \\ one') if engine == "mysql" else ('"', 'a ""quoted"" \\ one')
    run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, {quote}{name}{quote} VARCHAR(9))")
    run_sql(url, "INSERT INTO t VALUES (1, 'x'), (2, NULL)")
    exported = export(url, "t")
    restore(url, exported)
    assert export(url, "t").lines == exported.lines


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_without_rows(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);\nINSERT INTO t VALUES (1, 2)")
    exported = Exported(export(url, "t").table, [])
    restore(url, exported, merge=True)
    assert fetch(url, "SELECT COUNT(*) FROM t") == [(1,)]
    restore(url, exported)
    assert fetch(url, "SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.parametrize("engine", ENGINES)
def test_tables_made_in_the_same_transaction(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);\nINSERT INTO t VALUES (1, 2)")
    exported = export(url, "t")
    run_sql(url, "DROP TABLE t")
    with open_target(url) as target:
        target.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        target.refresh()
        result = target.load(exported.table, exported.lines, merge=False)
        target.execute("CREATE INDEX by_a ON t (a)")
        target.finish()
        assert target.checksum(target.schema.table("t"), result.columns) == result.sum
        target.commit()
    assert fetch(url, "SELECT * FROM t") == [(1, 2)]


@pytest.mark.parametrize("engine", ENGINES)
def test_one_changed_value_changes_the_checksum(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9));\nINSERT INTO t VALUES (1, 'x'), (2, NULL)")
    exported = export(url, "t")
    with open_target(url) as target:
        target.clear(["t"])
        result = target.load(exported.table, exported.lines, merge=False)
        for change in ("UPDATE t SET a = 'y' WHERE id = 1", "UPDATE t SET a = '' WHERE id = 2", "DELETE FROM t"):
            target.execute(change)
            assert target.checksum(target.schema.table("t"), result.columns) != result.sum
