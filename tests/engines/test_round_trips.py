"""Any schema with rows from any engine into any other: equal afterwards, or named before; and the next insert works."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from core.databases.creation.naming import quoted
from core.databases.schema import Column, Schema, Table
from core.databases.target import open_target
from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, temporary_database
from tests.engines.creations import create, read_schema, run
from tests.engines.schema_rows import rows_of
from tests.engines.schemas import schemas
from tests.engines.test_restore_into import site_keys
from tests.engines.test_rows import open_reader

_EXAMPLES = 1000 if os.environ.get("GREENROOM_TEST_PROFILE") == "long" else 4
_NUMBERS = itertools.count()


@pytest.mark.slow
@pytest.mark.parametrize("source", ENGINES)
@settings(
    derandomize=True,
    max_examples=_EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a schema takes servers many minutes
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_what_goes_out_comes_back(
    server_of: Callable[[str], str], tmp_path: Path, source: str, data: st.DataObject
) -> None:
    house = House(tmp_path / f"house{next(_NUMBERS)}")
    house.root.mkdir()
    with temporary_database(server_of, source, tmp_path) as url:
        create(url, data.draw(schemas(source)))
        schema = read_schema(url)
        _fill(url, schema, data.draw(rows_of(schema)))
        house.add_site("app", **site_keys(url))
        house.done("init")
        house.done("backup", "app", "--kind", "portable")
        for target in ENGINES:
            with temporary_database(server_of, target, tmp_path) as into:
                _check(house, schema, url, into)


def _fill(url: str, schema: Schema, lines: dict[str, list[bytes]]) -> None:
    with open_target(url) as target:
        for table in schema.tables:
            target.load(table, iter(lines[table.name]), merge=False)
        target.commit()


def _check(house: House, schema: Schema, url: str, into: str) -> None:
    ran = house.greenroom("restore", "latest", "--into", into, "--dry-run", "--json")
    if ran.code:  # a table or column cannot have its name there
        assert "cannot be made in" in ran.err
        event("refused for a name")
        return
    losses = ran.json["preview"]["losses"]
    refused = {(loss["table"], loss["column"]) for loss in losses if "cannot be restored" in loss["what"]}
    done = house.greenroom("restore", "latest", "--into", into, "--now", "--yes", "--json")
    event(f"{schema.engine} to {into.partition(':')[0]}: {'refused' if refused else 'restored'}")
    assert (done.code != 0) == bool(refused), (done.err, losses)
    if refused:
        assert any(f"table {table}," in done.err or f"table {table}:" in done.err for table, _ in refused), done.err
        assert read_schema(into).tables == ()
        return
    changed = {(loss["table"], loss["column"]) for loss in losses}
    there = read_schema(into)
    for table in schema.tables:
        kept = [one for one in table.columns if one.computed is None and (table.name, one.name) not in changed]
        assert _rows(into, table.name, kept) == _rows(url, table.name, kept)
        _insert(into, there.table(table.name))


def _rows(url: str, table: str, columns: list[Column]) -> list[str]:
    with open_reader(url) as reader:
        data = b"\n".join(block.data for block in reader.lines(reader.schema.table(table)))
    rows = [json.loads(line.removesuffix(b",")) for line in data.split(b"\n") if line]
    return sorted(str([_neutral(one, row[one.name]) for one in columns]) for row in rows)


def _neutral(column: Column, value: Any) -> Any:
    """A value without what engines write in different ways and mean the same by."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"$text", "$integer", "$real"}:
        value = next(iter(value.values()))
    match column.type.kind:
        case "decimal" if value is not None:
            return Decimal(str(value)).normalize()
        case "float" if value is not None:
            return float(value)
        case "boolean" if value is not None:
            return bool(value)
        case "time" | "timestamp" if isinstance(value, str):
            text = value.removesuffix("+00")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case _:
            return value


def _insert(url: str, table: Table) -> None:
    """Another row like the first gets the next number; where other rules forbid two alike there is none."""
    counting = [column.name for column in table.columns if column.identity]
    rules = [*table.uniques, *(index for index in table.indexes if index.unique)]
    if not counting or any(not set(counting) & set(rule.columns) for rule in rules):
        return
    engine = url.partition(":")[0]
    place, number = quoted(engine, table.name), quoted(engine, counting[0])
    names = [one.name for one in table.columns if not one.identity and one.computed is None]
    others = ", ".join(quoted(engine, name) for name in names)
    count = f"SELECT COUNT(*), MAX({number}) FROM {place}"
    ((before, highest),) = run(url, [count])
    if not before:
        return
    statement = f"INSERT INTO {place} ({others}) SELECT {others} FROM {place} ORDER BY {number} LIMIT 1"
    if not names:
        statement = f"INSERT INTO {place} {'() VALUES ()' if engine == 'mysql' else 'DEFAULT VALUES'}"
    run(url, [statement])
    assert run(url, [count]) == [(before + 1, highest + 1)]
