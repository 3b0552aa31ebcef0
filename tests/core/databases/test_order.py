"""Tables come after those that they refer to."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.databases.order import order_tables
from core.databases.schema import Column, ColumnType, ForeignKey, Table


def _table(name: str, *parents: str) -> Table:
    keys = tuple(ForeignKey(columns=("a",), table=parent, referred=("a",)) for parent in parents)
    return Table(name=name, columns=(Column(name="a", type=ColumnType(kind="integer")),), foreign_keys=keys)


def _ordered(*tables: Table) -> list[str]:
    return [table.name for table in order_tables(tables)]


def test_parents_come_first() -> None:
    assert _ordered(_table("a", "b", "c"), _table("b", "c"), _table("c", "c", "elsewhere")) == ["c", "b", "a"]


def test_a_circle_is_entered_once() -> None:
    circle = (_table("x", "y"), _table("y", "z"), _table("z", "x"))
    assert _ordered(_table("a", "x"), *circle, _table("root")) == ["root", "x", "a", "z", "y"]


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_where_there_is_an_order_it_is_found(pairs: list[tuple[int, int]]) -> None:
    downwards = {(str(max(pair)), str(min(pair))) for pair in pairs}
    tables = [_table(str(number), *(one for other, one in downwards if other == str(number))) for number in range(10)]
    names = _ordered(*tables)
    assert sorted(names) == [str(number) for number in range(10)]
    assert all(names.index(parent) <= names.index(name) for name, parent in downwards)
    anyhow = [_table(str(number), *(str(one) for other, one in pairs if other == number)) for number in range(10)]
    assert sorted(_ordered(*anyhow)) == sorted(names)
