"""Any schema, made on any engine, says there what it said, but for what was told to be lost."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.databases.schema import Column, ColumnType, Schema, Table
from tests.engines.conftest import ENGINES, MakeDatabase
from tests.engines.creations import create, read_schema, what_is_kept
from tests.engines.schemas import schemas

_EXAMPLES = 1000 if os.environ.get("GREENROOM_TEST_PROFILE") == "long" else 15
_KINDS = {
    "sqlite": {"array": "json"},
    "postgresql": {"any": "text"},
    "mysql": {"any": "text", "array": "json", "interval": "text"},
}


@pytest.mark.slow
@pytest.mark.parametrize("target", ENGINES)
@settings(
    derandomize=True,
    max_examples=_EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a schema takes a server many minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schema=st.sampled_from(ENGINES).flatmap(schemas))
def test_what_is_made_is_what_was_meant(make_database: MakeDatabase, target: str, schema: Schema) -> None:
    url = make_database(target)
    creation = create(url, schema)
    made = read_schema(url)
    assert {table.name for table in made.tables} == {table.name for table in schema.tables}
    told = {(loss.table, loss.column) for loss in creation.losses}
    whole = {(loss.table) for loss in creation.losses if loss.column is None}
    found, meant = what_is_kept(made), what_is_kept(schema)
    for table in schema.tables:
        there = made.table(table.name)
        for planned in creation.made.table(table.name).columns:
            found_type = there.column(planned.name).type
            assert _values_of(planned.type) == _values_of(found_type)
        for column in table.columns:
            if column.computed is None or (table.name, column.name) not in told:
                _compare(column, there, target, is_told=(table.name, column.name) in told)
        if not {column for name, column in told if name == table.name} and table.name not in whole:
            assert found[table.name]["uniques"] == meant[table.name]["uniques"]
            assert found[table.name]["foreign keys"] == meant[table.name]["foreign keys"]
            assert found[table.name]["primary key"] == meant[table.name]["primary key"]


def _values_of(type_: ColumnType) -> object:
    """What decides which values a column takes."""
    return type_.kind, type_.bits, type_.unsigned, type_.length, type_.precision, type_.scale, type_.zoned, type_.values


def _compare(column: Column, there: Table, target: str, *, is_told: bool) -> None:
    found = there.column(column.name)
    assert found.type.kind == _KINDS[target].get(column.type.kind, column.type.kind)
    assert (found.computed is None) == (column.computed is None)
    if is_told:
        return
    assert found.identity == column.identity
    assert found.nullable == column.nullable
    assert found.type.values == column.type.values
    assert (found.default is None) == (column.default is None)
    if column.type.length is not None and target != "postgresql":
        assert found.type.length == column.type.length
