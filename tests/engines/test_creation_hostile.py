"""An archive's schema is hostile until it was checked: nothing in it is run, and nothing in it breaks out."""

from __future__ import annotations

from itertools import product

import pytest

from core.databases.creation.plan import plan_creation
from core.databases.schema import Check, Column, ColumnType, Default, ForeignKey, Kind, Schema, Table
from core.errors import GreenroomError
from tests.engines.conftest import ENGINES, MakeDatabase
from tests.engines.creations import create, read_schema, run

PAIRS = list(product(ENGINES, ENGINES))
NOT_ONE_EXPRESSION = [
    "1); DROP TABLE t; --",
    "a > 0; DROP TABLE t",
    "a > 0) OR (1 = 1",
    "1), CHECK (1",
    "(SELECT 1)",
    "EXISTS (SELECT 1)",
    "a IN (SELECT a FROM t)",
    "CASE WHEN (SELECT 1) THEN 1 END",
    "pg_sleep(10)",
    "pg_read_file('/etc/passwd')",
    "query_to_xml('DROP TABLE t', true, true, '')",
    "nextval('x')",
    "load_extension('x')",
    "load_file('/etc/passwd')",
    "sleep(10)",
    "benchmark(1, 2)",
    "a = @@version",
    "a = :a",
    "a = $$x$$",
    "a::regclass = 1",
    "count(*) > 0",
    "b = 'x\\'' OR a = '); DROP TABLE t; --'",
    "elsewhere.a > 1",
    "CAST(a AS mood)",
    "",
    "a > 1 AND",
    "(" * 5000,
    "NOT " * 2000 + "a",
    "a" + "+a" * 5000,
]


def _schema(source: str, *columns: Column, checks: tuple[Check, ...] = ()) -> Schema:
    return Schema(engine=source, tables=(Table(name="t", columns=columns, checks=checks),))


def _whole(name: str = "a") -> Column:
    return Column(name=name, type=ColumnType(kind="integer", bits=64))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_sql_that_is_no_scalar_expression_is_left_out_and_shown(source: str, target: str) -> None:
    plain = plan_creation(_schema(source, _whole(), Column(name="b", type=ColumnType(kind="text"))), target)
    for sql in NOT_ONE_EXPRESSION:
        columns = (_whole(), Column(name="b", type=ColumnType(kind="text"), default=Default(kind="sql", value=sql)))
        checked = plan_creation(_schema(source, *columns, checks=(Check(sql=sql),)), target)
        assert (checked.tables, checked.rules) == (plain.tables, plain.rules)
        assert [(loss.table, loss.column) for loss in checked.losses] == [("t", "b"), ("t", None)]
        computed = Column(name="c", type=ColumnType(kind="integer", bits=64), computed=sql)
        made = plan_creation(
            _schema(source, *columns[:1], columns[1].model_copy(update={"default": None}), computed), target
        )
        assert (made.tables, made.rules) == (plain.tables, plain.rules)
        assert made.losses[0].column == "c"
        assert "the column is missing" in made.losses[0].what


@pytest.mark.parametrize(
    ("target", "mode"),
    [
        ("sqlite", ""),
        ("postgresql", ""),
        *(("mysql", mode) for mode in ("", "NO_BACKSLASH_ESCAPES", "ANSI,TRADITIONAL")),
    ],
)
def test_texts_do_not_break_out(make_database: MakeDatabase, target: str, mode: str) -> None:
    """Defaults and values of enums with all that ends a text somewhere, in any mode of MariaDB."""
    nasty = ["'); DROP TABLE t; --", "\\'); DROP TABLE t; --", "\\", "'", '"', "`", "$$", "%s %(a)s", ":a", "{}", "\n"]
    enum = ColumnType(kind="enum", values=tuple(nasty))
    columns = [
        Column(name=f"c{number}", type=ColumnType(kind="text"), default=Default(kind="literal", value=text))
        for number, text in enumerate(nasty)
    ]
    moods = [
        Column(name=f"e{number}", type=enum, default=Default(kind="literal", value=text))
        for number, text in enumerate(nasty)
    ]
    url = make_database(target)
    source = "postgresql" if target == "sqlite" else "sqlite"
    creation = plan_creation(_schema(source, _whole(), *columns, *moods), target)
    settings = [f"SET SESSION sql_mode = '{mode}'"] if mode else []
    run(url, [*settings, *creation.tables, *creation.rules, "INSERT INTO t (a) VALUES (1)"])
    (row,) = run(url, ["SELECT * FROM t"])
    assert list(row) == [1, *nasty, *nasty]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_type_is_made_of_known_words_only(make_database: MakeDatabase, source: str, target: str) -> None:
    kinds: tuple[Kind, ...] = ("text", "integer", "bytes", "json", "interval", "any", "timestamp", "enum", "array")
    natives = (
        "INTEGER); DROP TABLE t; --", "integer PRIMARY KEY", "text COLLATE x", "TEXT NOT NULL", "INT UNIQUE",
        "set('a') , x int", "set('\\')", "bit(5) DEFAULT 1", "inet DEFAULT '::1'", "interval day) x", "INT DEFAULT (1",
    )  # fmt: skip
    columns = [
        Column(name=f"c{number}", type=ColumnType(kind=kind, native=native, collation="utf8mb4_bin; DROP TABLE t"))
        for number, (kind, native) in enumerate(product(kinds, natives))
    ]
    url = make_database(target)
    create(url, _schema(source, *columns))
    (table,) = read_schema(url).tables
    assert [column.name for column in table.columns] == [column.name for column in columns]
    assert all(column.nullable and column.default is None for column in table.columns)
    assert (table.primary_key, table.uniques) == ((), ())


@pytest.mark.parametrize("target", ENGINES)
def test_names_do_not_break_out(make_database: MakeDatabase, target: str) -> None:
    name = "x\"; DROP TABLE t; --'`\\"
    columns = (_whole(name), Column(name="b", type=ColumnType(kind="enum", values=("a",), name=name)))
    table = Table(name=name, columns=columns, primary_key=(name,), checks=(Check(name=name, sql="b <> 'a'"),))
    url = make_database(target)
    create(url, Schema(engine="postgresql", tables=(table,)))
    quote = "`" if target == "mysql" else '"'
    quoted = f"{quote}{name.replace(quote, quote * 2)}{quote}"
    run(url, [f"INSERT INTO {quoted} ({quoted}) VALUES (1)"])
    assert [tuple(row) for row in run(url, [f"SELECT {quoted} FROM {quoted}"])] == [(1,)]


@pytest.mark.parametrize(
    ("target", "name", "why"),
    [
        ("postgresql", "é" * 32, "63 bytes"),
        ("mysql", "n" * 65, "64 letters"),
        ("mysql", "blank ", "end with a blank"),
        ("mysql", "🎬", "U\\+FFFF"),
    ],
)
def test_a_name_that_cannot_be_is_refused(target: str, name: str, why: str) -> None:
    for schema in (
        _schema("sqlite", _whole(name)),
        Schema(engine="sqlite", tables=(Table(name=name, columns=(_whole(),)),)),
    ):
        with pytest.raises(GreenroomError, match=why):
            plan_creation(schema, target)


def test_names_that_only_some_engines_have() -> None:
    with pytest.raises(GreenroomError, match=r"ctid.*PostgreSQL has such a column"):
        plan_creation(_schema("mysql", _whole("ctid")), "postgresql")
    with pytest.raises(GreenroomError, match="sqlite_x"):
        plan_creation(Schema(engine="mysql", tables=(Table(name="sqlite_x", columns=(_whole(),)),)), "sqlite")
    for target in ("sqlite", "mysql"):
        with pytest.raises(GreenroomError, match=r"'A'.*'a' is the same name"):
            plan_creation(_schema("postgresql", _whole("a"), _whole("A")), target)
    tables = (Table(name="a", columns=(_whole(),)), Table(name="A", columns=(_whole(),)))
    with pytest.raises(GreenroomError, match=r"'A'.*'a' is the same name"):
        plan_creation(Schema(engine="postgresql", tables=tables), "sqlite")
    with pytest.raises(GreenroomError, match="no columns"):
        plan_creation(Schema(engine="postgresql", tables=(Table(name="a", columns=()),)), "sqlite")
    with pytest.raises(GreenroomError, match="oracle"):
        plan_creation(Schema(engine="oracle", tables=()), "sqlite")


@pytest.mark.parametrize("target", ENGINES)
def test_foreign_keys_to_what_is_not_there(target: str) -> None:
    keys = (
        ForeignKey(columns=("a",), table="gone", referred=("id",)),
        ForeignKey(columns=("a",), table="t", referred=("nothing",)),
        ForeignKey(columns=("a",), table="t", referred=("a",)),
        ForeignKey(columns=("a",), table="t", referred=()),
    )
    table = Table(name="t", columns=(_whole(),), foreign_keys=keys)
    creation = plan_creation(Schema(engine="sqlite", tables=(table,)), target)
    assert not [one for one in (*creation.tables, *creation.rules) if "FOREIGN" in one]
    assert [loss.what.rpartition(": ")[2] for loss in creation.losses] == [
        "that table is not among these",
        "a column of it is missing",
        "what it refers to is not unique",
        "a column of it is missing",
    ]
