"""What an engine has and another has not: kept where it can be, else named by table and column."""

from __future__ import annotations

import pytest

from core.databases.creation.plan import Creation, plan_creation
from core.databases.schema import Check, Column, ColumnType, Default, ForeignKey, Index, Schema, Table, Unique
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.creations import DRIVER_ERRORS, create, read_schema, run, what_is_kept

SPECIAL = {
    "sqlite": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, anything, point POINT DEFAULT 5, word TEXT UNIQUE
                DEFAULT CURRENT_TIMESTAMP, name VARCHAR(40) CHECK (name <> '' AND length(name) < 10),
            amount NUMERIC DEFAULT 1.5, flag BOOLEAN DEFAULT 0 CHECK (flag IN (0, 1)), day DATE DEFAULT CURRENT_DATE,
            at DATETIME DEFAULT (datetime('now')), raw BLOB DEFAULT (x'00ff'), score REAL, big BIGINT,
            zoned TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP,
            twice INTEGER AS (big * 2) STORED, thrice INTEGER AS (twice * 2), loud TEXT AS (upper(name)),
            half INTEGER AS (big / 2), CHECK (typeof(big) = 'integer'), CHECK (name LIKE '%@%'));
        CREATE TABLE child (a INTEGER REFERENCES T (ID) ON DELETE CASCADE, word TEXT REFERENCES t (word),
            x TEXT, y TEXT, PRIMARY KEY (x, y));
        CREATE TABLE grandchild (b TEXT, a TEXT, FOREIGN KEY (b, a) REFERENCES child (y, x))
    """,
    "postgresql": """
        CREATE TYPE mood AS ENUM ('sad', 'so ''so''');
        CREATE TABLE t (id BIGINT PRIMARY KEY, mood mood DEFAULT 'sad', moods mood[] DEFAULT '{}', marks INTEGER[],
            span INTERVAL DAY TO SECOND(3), at TIMESTAMPTZ DEFAULT now(), clock TIME WITH TIME ZONE, address INET
            UNIQUE, amount NUMERIC, big NUMERIC(50,20) DEFAULT 1.5, hundreds NUMERIC(5,-2), who UUID
            DEFAULT gen_random_uuid(),
            facts JSON, more JSONB DEFAULT '{"a": 1}', code CHAR(3), name VARCHAR, long VARCHAR(5000) UNIQUE,
            body TEXT DEFAULT 'a\\b', raw BYTEA DEFAULT '\\x00ff', score REAL, ok BOOLEAN DEFAULT true, num INTEGER,
            quiet TEXT GENERATED ALWAYS AS (lower(name)) STORED,
            total NUMERIC(12,2) GENERATED ALWAYS AS (num * 1.2) STORED,
            half INTEGER GENERATED ALWAYS AS (num / 2) STORED,
            CHECK (name IN ('a', 'b')), CHECK (mood <> 'sad'), CHECK (length(name) < 9), CHECK (name ~ '^x'),
            CHECK (ok OR num IS NOT NULL));
        CREATE INDEX on_body ON t (body);
        CREATE TABLE node (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent INTEGER REFERENCES node,
            code VARCHAR(9) UNIQUE, other VARCHAR(9) REFERENCES node (code) ON UPDATE CASCADE,
            fallback INTEGER DEFAULT 1 REFERENCES node ON DELETE SET DEFAULT)
    """,
    "mysql": """
        CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, mood ENUM('sad', 'so ''so''') DEFAULT 'sad',
            tags SET('a', 'b'), year YEAR, bits BIT(5), small TINYINT UNSIGNED, huge BIGINT UNSIGNED,
            amount DECIMAL(30,10) DEFAULT 1.5, score FLOAT, body TEXT, name VARCHAR(300) DEFAULT 'it''s', code CHAR(4),
            hash BINARY(16) UNIQUE, who UUID DEFAULT uuid(), address INET6, facts JSON DEFAULT '{}',
            day DATE DEFAULT (CURRENT_DATE), clock TIME(3), at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6),
            changed TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
            quiet VARCHAR(300) AS (lower(name)) STORED, total DECIMAL(12,2) AS (small * 1.2) VIRTUAL,
            half INT AS (small / 2) STORED, CHECK (name IN ('a', 'b')), CHECK (char_length(name) < 9),
            CHECK (name REGEXP '^x'), CHECK (small > 0));
        CREATE INDEX on_body ON t (body(100));
        CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, t BIGINT UNSIGNED, FOREIGN KEY (t) REFERENCES t (id)
            ON DELETE CASCADE, code VARCHAR(20) COLLATE utf8mb4_unicode_ci UNIQUE)
    """,
}
LOST = {
    ("sqlite", "postgresql"): {"anything", "point", "word", "at", "thrice", "loud", "half", None},
    ("sqlite", "mysql"): {
        "anything", "point", "word", "amount", "at", "score", "zoned", "loud", "half", "x", "y", "b", "a", None,
    },
    ("postgresql", "sqlite"): {
        "moods", "marks", "span", "at", "address", "amount", "big", "who", "score", "quiet", "half", "id", None,
    },
    ("postgresql", "mysql"): {
        "moods", "marks", "span", "at", "clock", "address", "amount", "hundreds", "long", "score", "half", "body",
        "fallback", "id", None,
    },
    ("mysql", "sqlite"): {
        "tags", "year", "bits", "huge", "amount", "who", "address", "day", "at", "changed", "quiet", "half", "t",
        "body", None,
    },
    ("mysql", "postgresql"): {
        "id", "tags", "year", "bits", "address", "changed", "total", "half", "t", "body", None,
    },
}  # fmt: skip


@pytest.mark.parametrize(("source", "target"), sorted(LOST))
def test_what_another_engine_has_not_is_named(make_database: MakeDatabase, source: str, target: str) -> None:
    made_from, made = make_database(source), make_database(target)
    run_sql(made_from, SPECIAL[source])
    creation = create(made, read_schema(made_from))
    assert {loss.column for loss in creation.losses} == LOST[source, target]
    assert {loss.table for loss in creation.losses} <= {"t", "child", "grandchild", "node"}
    missing = {loss.column for loss in creation.losses if "the column is missing" in loss.what}
    meant = {(table.name, one.name) for table in read_schema(made_from).tables for one in table.columns}
    found = {(table.name, one.name) for table in read_schema(made).tables for one in table.columns}
    assert found == {(table, column) for table, column in meant if column not in missing}


@pytest.mark.parametrize("engine", ENGINES)
def test_at_home_all_is_kept(make_database: MakeDatabase, engine: str) -> None:
    made_from, made = make_database(engine), make_database(engine)
    run_sql(made_from, SPECIAL[engine])
    schema = read_schema(made_from)
    assert create(made, schema).losses == ()
    again = read_schema(made)
    assert what_is_kept(again) == what_is_kept(schema)
    types = [{one.name: one.type for one in table.columns} for table in schema.tables]
    assert [{one.name: one.type for one in table.columns} for table in again.tables] == types


def test_the_rules_of_mariadb_hold_in_postgresql(make_database: MakeDatabase) -> None:
    """Unsigned is a check, an enum a type; what refers to a counting key has its type."""
    made_from, made = make_database("mysql"), make_database("postgresql")
    run_sql(made_from, SPECIAL["mysql"])
    create(made, read_schema(made_from))
    run(made, ["INSERT INTO t (small, name) VALUES (5, 'a')", "INSERT INTO child (t) VALUES (1)"])
    assert run(made, ["SELECT id, mood::text, total, changed IS NOT NULL FROM t"]) == [(1, "sad", 6, True)]
    for refused in ("UPDATE t SET small = -1", "UPDATE t SET mood = 'glad'", "INSERT INTO child (t) VALUES (9)"):
        with pytest.raises(DRIVER_ERRORS):
            run(made, [refused])


def test_the_rules_of_postgresql_hold_in_sqlite(make_database: MakeDatabase) -> None:
    made_from, made = make_database("postgresql"), make_database("sqlite")
    run_sql(made_from, SPECIAL["postgresql"])
    create(made, read_schema(made_from))
    run(made, ["INSERT INTO t (id, mood, name, num, more) VALUES (1, 'so ''so''', 'a', 5, '1.50')"])
    assert run(made, ["SELECT moods, body, hex(raw), ok, total, more FROM t"]) == [("[]", "a\\b", "00FF", 1, 6, "1.50")]
    for refused in ("UPDATE t SET mood = 'glad'", "UPDATE t SET name = 'c'", "INSERT INTO node (parent) VALUES (9)"):
        with pytest.raises(DRIVER_ERRORS):
            run(made, [refused])


def _plan(target: str, *columns: Column, source: str = "postgresql", **more: object) -> Creation:
    table = Table.model_validate({"name": "t", "columns": columns, **more})
    return plan_creation(Schema(engine=source, tables=(table,)), target, mariadb=False)


def _column(name: str, kind: str, **more: object) -> Column:
    return Column(name=name, type=ColumnType.model_validate({"kind": kind, **more}))


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize(
    "sql",
    [
        "('INV-'::text || nextval('inv_seq'::regclass))",
        "lpad((nextval('inv_seq'::regclass))::text, 6, '0'::text)",
        "(('x'::regclass) = ANY (ARRAY['x'::regclass]))",
    ],
)
def test_a_default_with_a_type_that_is_none_is_left_out_and_named(target: str, sql: str) -> None:
    default = Default(kind="sql", value=sql)
    column = Column(name="number", type=ColumnType(kind="text"), default=default)
    said = [str(loss) for loss in _plan(target, column).losses]
    assert any("default" in loss and "number" in loss for loss in said), said
    assert "is not understood" not in "".join(said)


def test_a_condition_that_is_missing_its_beginning_is_left_out() -> None:
    check = Check(name="c", sql="substr(w) = 'a'")
    said = [str(loss) for loss in _plan("mysql", _column("w", "text"), checks=(check,)).losses]
    assert any("substring means something else there" in loss for loss in said), said


def test_keys_of_innodb_have_3072_bytes() -> None:
    texts = [_column("short", "text", length=40), _column("long", "text", length=5000), _column("any", "text")]
    creation = _plan("mysql", *texts, uniques=[Unique(columns=("short", "long", "any"))])
    assert "`short` VARCHAR(40)" in creation.tables[0]
    assert "`long` VARCHAR(364)" in creation.tables[0]
    assert "`any` VARCHAR(364)" in creation.tables[0]
    assert [loss.what for loss in creation.losses] == [
        "holds 364 letters in a key, the source 5000",
        "holds 364 letters in a key, the source any number",
    ]


def test_rows_of_innodb_have_65535_bytes(make_database: MakeDatabase) -> None:
    texts = tuple(_column(f"c{number}", "text", length=900) for number in range(40))
    url = make_database("mysql")
    creation = create(url, Schema(engine="postgresql", tables=(Table(name="t", columns=texts),)))
    lost = [loss.column for loss in creation.losses]
    assert 0 < len(lost) < 40
    kept = {one.name for one in read_schema(url).table("t").columns if one.type.length == 900}
    assert kept == {column.name for column in texts} - set(lost)


def test_what_mysql_has_and_mariadb_has_not() -> None:
    """There is no MySQL among the servers of these tests: the SQL is looked at."""
    made = _plan(
        "mysql",
        Column(name="id", type=ColumnType(kind="integer", bits=64), nullable=False, identity=True),
        _column("who", "uuid"),
        Column(name="body", type=ColumnType(kind="text"), default=Default(kind="literal", value="x")),
        Column(name="next", type=ColumnType(kind="integer", bits=64), computed="id + 1"),
        primary_key=("id",),
    )
    assert "CHAR(36) CHARACTER SET ascii" in made.tables[0]
    assert "`body` LONGTEXT DEFAULT ('x')" in made.tables[0]
    assert "COLLATE utf8mb4_0900_bin" in made.tables[0]
    assert [(loss.column, loss.what.rpartition(": ")[2]) for loss in made.losses] == [
        ("next", "it reads a column that counts by itself")
    ]


def test_only_one_column_counts_in_mariadb(make_database: MakeDatabase) -> None:
    whole = ColumnType(kind="integer", bits=64)
    columns = tuple(Column(name=name, type=whole, nullable=False, identity=True) for name in "ab")
    url = make_database("mysql")
    creation = create(url, Schema(engine="postgresql", tables=(Table(name="t", columns=columns),)))
    assert [(loss.column, loss.what) for loss in creation.losses] == [("b", "does not count by itself there")]
    run(url, ["INSERT INTO t (b) VALUES (7)", "INSERT INTO t (b) VALUES (7)"])
    assert run(url, ["SELECT a FROM t ORDER BY a"]) == [(1,), (2,)]


def test_names_of_indexes_are_found_anew_where_they_are_taken(make_database: MakeDatabase) -> None:
    """They are one's own in each table of MariaDB, and shared by all tables elsewhere."""
    tables = tuple(
        Table(
            name=name,
            columns=(_column("a", "integer", bits=32),),
            indexes=(Index(name="one", columns=("a",)), Index(name="x" * 70, columns=("a",))),
            checks=(Check(name="more", sql="`a` > 0"),),
            foreign_keys=(ForeignKey(columns=("a",), table="one", referred=("a",)),),
            uniques=(Unique(name="one", columns=("a",)),),
        )
        for name in ("one", "two")
    )
    for engine in ENGINES:
        url = make_database(engine)
        create(url, Schema(engine="mysql", tables=tables))
        assert [len(table.indexes) >= 2 for table in read_schema(url).tables] == [True, True]


@pytest.mark.parametrize(("target", "sql"), [("sqlite", '"a" * 2'), ("postgresql", '"a" * 2'), ("mysql", "`a` * 2")])
def test_a_missing_column_takes_its_keys_along(target: str, sql: str) -> None:
    computed = [Column(name=name, type=ColumnType(kind="integer"), computed=one) for name, one in (("b", "a / 2"),)]
    made = _plan(
        target,
        _column("a", "integer", bits=32),
        *computed,
        Column(name="c", type=ColumnType(kind="integer"), computed="a * 2"),
        Column(name="d", type=ColumnType(kind="integer"), computed="b + 1"),
        source="mysql" if target != "mysql" else "sqlite",
        uniques=[Unique(columns=("a", "b"))],
        indexes=[Index(name="i", columns=("d",))],
        foreign_keys=[ForeignKey(columns=("a",), table="t", referred=("b",))],
        checks=[Check(sql="b > 0")],
    )
    assert sql in made.tables[0]
    said = [(loss.column, loss.what.rpartition(": ")[2]) for loss in made.losses if "half" not in loss.what]
    assert ("b", "div means something else there") in said
    assert ("d", "it reads a column that is missing") in said
    assert (None, "a column of it is missing") in said
    assert (None, "it reads b, which is no column of the table") in said
    assert not made.rules


@pytest.mark.parametrize("target", ENGINES)
def test_a_foreign_key_that_is_checked_at_the_end(make_database: MakeDatabase, target: str) -> None:
    made_from, made = make_database("postgresql"), make_database(target)
    run_sql(
        made_from,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY,
            parent INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED, other INTEGER REFERENCES t DEFERRABLE)
        """,
    )
    schema = read_schema(made_from)
    by_column = {key.columns: (key.deferrable, key.deferred) for key in schema.table("t").foreign_keys}
    assert by_column == {("parent",): (True, True), ("other",): (True, False)}
    creation = create(made, schema)
    if target == "mysql":
        assert [loss.column for loss in creation.losses] == ["parent"]
        return
    run(
        made, ["BEGIN"] * (target == "sqlite") + ["INSERT INTO t VALUES (1, 2, NULL)", "INSERT INTO t VALUES (2, 1, 1)"]
    )
    with pytest.raises(DRIVER_ERRORS):
        run(made, ["INSERT INTO t VALUES (3, 4, NULL)"])


def test_an_enum_comes_back_from_sqlite(make_database: MakeDatabase) -> None:
    schema = Schema(
        engine="postgresql",
        tables=(Table(name="t", columns=(_column('a "b"', "enum", values=("sad", "it's, so", "")),)),),
    )
    first, second = make_database("sqlite"), make_database("postgresql")
    create(first, schema)
    create(second, read_schema(first))
    (column,) = read_schema(second).table("t").columns
    assert (column.type.kind, column.type.values) == ("enum", ("sad", "it's, so", ""))
    assert not read_schema(first).table("t").checks


def test_a_result_is_not_stored_where_mariadb_changes_what_it_is_made_of(make_database: MakeDatabase) -> None:
    table = Table(
        name="t",
        columns=(
            _column("a", "integer", bits=32),
            _column("b", "integer", bits=32),
            Column(name="c", type=ColumnType(kind="integer"), computed='"b" * 2'),
        ),
        primary_key=("a",),
        foreign_keys=(ForeignKey(columns=("b",), table="t", referred=("a",), on_delete="SET NULL"),),
    )
    url = make_database("mysql")
    creation = create(url, Schema(engine="postgresql", tables=(table,)))
    assert [(loss.column, loss.what.partition(",")[0]) for loss in creation.losses] == [
        ("c", "is computed when it is read")
    ]
    run(url, ["INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a, b) VALUES (2, 1)", "DELETE FROM t WHERE a = 1"])
    assert run(url, ["SELECT * FROM t"]) == [(2, None, None)]
