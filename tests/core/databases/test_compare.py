"""What is said before the first row goes: what cannot, and what is lost."""

from __future__ import annotations

import pytest

from core.databases.compare import compare_columns
from core.databases.schema import Column, ColumnType, Default, Table


def _kind(kind: str, **more: object) -> ColumnType:
    return ColumnType.model_validate({"kind": kind, **more})


def _compare(source: ColumnType, target: ColumnType, engine: str) -> tuple[list[str], list[str]]:
    tables = [Table(name="t", columns=(Column(name="a", type=one),)) for one in (source, target)]
    problems, losses = compare_columns(*tables, engine)
    assert all((loss.table, loss.column) == ("t", "a") for loss in losses)
    return problems, [loss.what for loss in losses]


@pytest.mark.parametrize(
    ("source", "target", "engine", "words"),
    [
        (_kind("integer", bits=64), _kind("integer", bits=32), "postgresql", "keeps 32 bits"),
        (_kind("integer", bits=32), _kind("integer", bits=64, unsigned=True), "mysql", "without a sign"),
        (_kind("integer", bits=64, unsigned=True), _kind("integer", bits=64), "postgresql", "keeps 64 bits"),
        (_kind("text"), _kind("text", length=40), "mysql", "keeps 40 characters"),
        (_kind("bytes"), _kind("bytes", length=40), "mysql", "keeps 40 bytes"),
        (_kind("decimal", precision=12, scale=2), _kind("decimal", precision=12, scale=4), "mysql", "keeps 12 digits"),
        (_kind("decimal"), _kind("decimal", precision=12, scale=2), "mysql", "keeps 12 digits, 2 behind the point"),
        (_kind("decimal"), _kind("decimal", precision=12, scale=2), "sqlite", "is a number there"),
        (_kind("float", bits=64), _kind("float", bits=32), "postgresql", "keeps 32 bits"),
        (_kind("float"), _kind("float"), "sqlite", "NaN are refused"),
        (_kind("float"), _kind("float"), "mysql", "NaN and infinity are refused"),
        (_kind("timestamp"), _kind("timestamp", native="datetime"), "mysql", "keeps 0 digits behind the seconds"),
        (_kind("timestamp", zoned=True), _kind("timestamp"), "postgresql", "loses its zone"),
        (_kind("timestamp"), _kind("timestamp", zoned=True), "postgresql", "is taken as UTC"),
        (_kind("enum", values=("a", "b")), _kind("enum", values=("a",)), "mysql", "lacks values"),
        (_kind("uuid"), _kind("text", native="text"), "postgresql", "uuid is kept as text"),
        (_kind("json"), _kind("json", native="jsonb"), "postgresql", "keeps the meaning of JSON"),
        (_kind("text", length=5), _kind("text", length=5, native="char(5)"), "mysql", "loses spaces at its end"),
    ],
)
def test_losses(source: ColumnType, target: ColumnType, engine: str, words: str) -> None:
    problems, losses = _compare(source, target, engine)
    assert problems == []
    assert any(words in loss for loss in losses), losses


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize("kind", ["boolean", "integer", "text", "bytes", "date", "uuid", "json", "any"])
def test_nothing_is_lost_between_the_same(engine: str, kind: str) -> None:
    native = "text" if kind == "text" else kind
    assert _compare(_kind(kind, native=native), _kind(kind, native=native), engine) == ([], [])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (_kind("bytes"), _kind("text", native="text")),
        (_kind("text"), _kind("bytes")),
        (_kind("json"), _kind("integer")),
        (_kind("interval"), _kind("time")),
        (_kind("array", element=_kind("integer")), _kind("array", element=_kind("text"))),
        (_kind("time", zoned=True), _kind("time")),
        (_kind("text", native="varchar(9)"), _kind("text", native="inet")),
    ],
)
def test_what_cannot_become(source: ColumnType, target: ColumnType) -> None:
    problems, _ = _compare(source, target, "postgresql")
    assert len(problems) == 1
    assert problems[0].startswith("table t, column a: ")


def test_columns_of_only_one_side() -> None:
    number = ColumnType(kind="integer")
    source = Table(
        name="t",
        columns=(
            Column(name="gone", type=number),
            Column(name="computed there", type=number),
            Column(name="computed here", type=number, computed="1 + 1"),
            Column(name="empty", type=number),
        ),
    )
    target = Table(
        name="t",
        columns=(
            Column(name="computed there", type=number, computed="1 + 1"),
            Column(name="computed here", type=number, nullable=False),
            Column(name="empty", type=number, nullable=False),
            Column(name="new", type=number),
            Column(name="counted", type=number, nullable=False, identity=True),
            Column(name="filled", type=number, nullable=False, default=Default(kind="now")),
        ),
    )
    problems, losses = compare_columns(source, target, "postgresql")
    assert problems == [
        "table t, column gone: the target has no such column",
        "table t, column computed here: the target must have a value there, the backup has none",
    ]
    assert [(loss.column, loss.what.partition(":")[0]) for loss in losses] == [
        ("computed there", "is computed by the target, which leaves its own values out"),
        ("empty", "must have a value in the target"),
    ]
