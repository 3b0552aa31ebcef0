"""An expression that is said on another engine gives there what it gave."""

from __future__ import annotations

import logging
from itertools import permutations
from typing import Any

import pytest

from core.databases.creation.default_sql import default_clause
from core.databases.creation.draft import NativeType
from core.databases.creation.expressions import translate
from core.databases.creation.families import LeftOutError
from core.databases.schema import Column, ColumnType, Default, Table
from tests.engines.conftest import ENGINES, MakeDatabase
from tests.engines.creations import run

TABLE = Table(
    name="t",
    columns=(
        Column(name="a", type=ColumnType(kind="integer", bits=64)),
        Column(name="b", type=ColumnType(kind="integer", bits=64)),
        Column(name="w", type=ColumnType(kind="text", length=20)),
        Column(name="x", type=ColumnType(kind="text", length=20)),
        Column(name="p", type=ColumnType(kind="decimal", precision=8, scale=2)),
        Column(name="ok", type=ColumnType(kind="boolean")),
        Column(name="d", type=ColumnType(kind="date")),
        Column(name="e", type=ColumnType(kind="enum", values=("sad", "glad"))),
        Column(name="raw", type=ColumnType(kind="bytes")),
    ),
)
ROWS = """
    CREATE TABLE t (a BIGINT, b BIGINT, w VARCHAR(20), x VARCHAR(20), p DECIMAL(8,2), ok BOOLEAN, d DATE,
        e VARCHAR(9), raw VARCHAR(9));
    INSERT INTO t VALUES (7, -3, 'äb', 'X@y', 1.25, TRUE, '2026-03-29', 'sad', ''),
        (-7, 3, '', ' pad ', -0.5, FALSE, '1999-12-31', 'glad', ''),
        (NULL, 0, NULL, 'abcdef', NULL, NULL, NULL, NULL, '')
"""
CONDITIONS = [
    "a > 0", "a + b * 2 >= 1", "a - b <> 10", "-a = 7", "a % 3 = 1", "mod(a, 3) = -1", "a BETWEEN -7 AND 0",
    "a NOT BETWEEN 0 AND 9", "a IN (7, 8)", "a NOT IN (7, 8)", "a IS NULL", "NOT a IS NULL", "ok", "NOT ok",
    "ok = TRUE", "ok IS TRUE", "ok OR a > 0", "ok AND (b < 0 OR b = 3)", "w = ''", "w <> 'äb'", "w IN ('äb', '')",
    "w > ''",
    "x LIKE '%@%'", "x LIKE '_@_'", "length(x) = 3", "p * 2 > 1", "p > 1.2", "p + a > 0",
    "abs(p) = 0.5", "d > '2000-01-01'", "d = '2026-03-29'", "d IN ('1999-12-31')", "e <> 'sad'", "e IN ('sad', 'glad')",
    "coalesce(a, b) = 0", "nullif(b, 0) IS NULL", "CASE WHEN a > 0 THEN b < 0 ELSE b > 0 END", "trim(x) = 'pad'",
    "CASE a WHEN 7 THEN ok ELSE NOT ok END", "substr(x, 2, 2) = 'bc'", "lower(x) = 'x@y'", "x || w = 'X@yäb'",
    "(a > 0) = ok", "coalesce(a, 0) > coalesce(p, 1)",
]  # fmt: skip
DIFFERENT = [
    "a / 2 > 1", "x LIKE 'x%'", "x LIKE '%\\_%'", "w > 'a'", "w BETWEEN 'a' AND 'b'", "a = 'seven'", "a = w",
    "w + 1 > 0", "nullif(a, w) = 1",
    "e > 'sad'", "e = 'unheard'", "raw = raw", "d > 'soon'", "a + w > 0", "abs(w) = 1", "a LIKE '%1%'",
    "cast(a AS INTEGER) = cast(p AS INTEGER)", "substr(x, a, 1) = 'x'", "substr(x, 0, 2) = 'x'", "a IS TRUE",
    "a % p = 1", "coalesce(a, w) = 1", "trim(a) = '1'", "length(a) = 1", "substr(a, 1, 1) = '1'", "w OR ok",
    "ok = 2", "w IS TRUE", "length(raw) = 1",
]  # fmt: skip


def _truths(url: str, sql: str) -> list[Any]:
    rows = run(url, [f"SELECT CASE WHEN {sql} THEN 1 WHEN NOT ({sql}) THEN 0 END FROM t ORDER BY b"])
    return [row[0] for row in rows]


@pytest.mark.parametrize(("source", "target"), list(permutations(ENGINES, 2)))
def test_it_means_the_same(make_database: MakeDatabase, source: str, target: str) -> None:
    urls = {}
    for engine in (source, target):
        urls[engine] = make_database(engine)
        run(urls[engine], ROWS.split(";\n"))
    left_out = []
    for sql in CONDITIONS:
        try:
            said = translate(sql, source, target, TABLE).sql
        except LeftOutError:
            left_out.append(sql)
        else:
            assert _truths(urls[target], said) == _truths(urls[source], sql), (sql, said)
    by_case = ["lower(x) = 'x@y'"] if "sqlite" in {source, target} else []
    joined = ["x || w = 'X@yäb'"] if source == "mysql" else []  # where it means OR
    in_bytes = ["length(x) = 3"] if source == "mysql" else []
    assert sorted(left_out) == sorted(by_case + joined + in_bytes)


@pytest.mark.parametrize(("source", "target"), list(permutations(ENGINES, 2)))
def test_what_would_mean_something_else_is_left_out(source: str, target: str) -> None:
    for sql in DIFFERENT:
        with pytest.raises(LeftOutError):
            translate(sql, source, target, TABLE)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("((w)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", "(`w` IN ('a', 'b'))"),
        ("(p > (0)::numeric)", "(`p` > 0)"),
        ("((a)::numeric * 1.5) > p", "((`a`) * 1.5) > `p`"),
        ("d >= '2000-01-01'::date", "`d` >= '2000-01-01'"),
        ("(e = 'sad'::mood)", "(`e` = 'sad')"),
        ("((x)::text <> ''::text)", "((`x`) <> '')"),
        ("NOT (a IS NULL)", "NOT (`a` IS NULL)"),
    ],
)
def test_what_postgresql_writes_of_checks(sql: str, said: str) -> None:
    assert translate(sql, "postgresql", "mysql", TABLE).sql == said


@pytest.mark.parametrize("target", ENGINES)
def test_a_truth_is_said_as_the_engine_wants_it(target: str) -> None:
    said = translate("ok IN (0, 1) AND ok = 1", "sqlite" if target != "sqlite" else "mysql", target, TABLE).sql
    assert said.replace("`", '"') == '"ok" IN (FALSE, TRUE) AND "ok" = TRUE'


_DEFAULTS: list[tuple[str, dict[str, Any], object, str, str | None]] = [
    ("boolean", {}, 1, "postgresql", "TRUE"),
    ("boolean", {}, "f", "postgresql", "FALSE"),
    ("boolean", {}, 2, "postgresql", None),
    ("integer", {"bits": 16}, 40000, "postgresql", None),
    ("integer", {"bits": 16}, "abc", "mysql", None),
    ("integer", {"bits": 64}, True, "mysql", "1"),
    ("integer", {"bits": 64}, "1.5", "mysql", None),
    ("decimal", {"precision": 4, "scale": 2}, "123.4", "mysql", None),
    ("decimal", {"precision": 4, "scale": 2}, "12.3", "mysql", "12.3"),
    ("float", {}, "1e400", "mysql", None),
    ("date", {}, "tomorrow", "mysql", None),
    ("date", {}, "0000-00-00", "sqlite", "'0000-00-00'"),
    ("timestamp", {"zoned": True}, "2026-03-29 12:00:00+00", "mysql", None),
    ("timestamp", {}, "2026-03-29 12:00:00.5", "mysql", "'2026-03-29 12:00:00.5'"),
    ("uuid", {}, "none", "postgresql", None),
    ("json", {}, "{", "mysql", None),
    ("json", {}, "{}", "mysql", "'{}'"),
    ("bytes", {}, "\\x00ff", "mysql", "UNHEX('00ff')"),
    ("bytes", {}, "text", "sqlite", "x'74657874'"),
    ("array", {}, "{}", "sqlite", "'[]'"),
    ("array", {}, "{1}", "sqlite", None),
    ("enum", {"values": ("a",)}, "b", "mysql", None),
    ("any", {}, 5, "sqlite", "5"),
    ("any", {}, 5, "mysql", "'5'"),
    ("text", {}, "a\0b", "sqlite", None),
    ("text", {}, None, "sqlite", "NULL"),
]


@pytest.mark.parametrize(("kind", "more", "value", "target", "said"), _DEFAULTS)
def test_a_default_is_one_that_the_target_takes(
    kind: str, more: dict[str, Any], value: Any, target: str, said: str | None
) -> None:
    source = "postgresql" if target != "postgresql" else "sqlite"
    type_ = ColumnType.model_validate({"kind": kind, **more})
    column = Column(name="c", type=type_, default=Default(kind="literal", value=value))
    if said is None:
        with pytest.raises(LeftOutError):
            default_clause(column, NativeType("X"), source, target, mariadb=True)
    else:
        assert default_clause(column, NativeType("X"), source, target, mariadb=True) == said


def test_a_default_that_is_too_long_or_no_time_is_left_out() -> None:
    text = Column(name="c", type=ColumnType(kind="text"), default=Default(kind="literal", value="x" * 9))
    with pytest.raises(LeftOutError, match="longer than 8"):
        default_clause(text, NativeType("VARCHAR(8)", length=8), "sqlite", "mysql", mariadb=True)
    number = Column(name="c", type=ColumnType(kind="integer"), default=Default(kind="now"))
    with pytest.raises(LeftOutError, match="a time is none"):
        default_clause(number, NativeType("INT"), "sqlite", "mysql", mariadb=True)


def test_the_parser_says_nothing_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """On the terminal of the app its words, and with them an archive's, would stand in the screen."""
    translate("a > 1", "postgresql", "sqlite", TABLE)
    logging.getLogger("sqlglot").warning("the text of an archive")
    assert caplog.messages == []
