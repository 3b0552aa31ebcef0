"""Any value goes from any engine into any other, and is read back as what was sent."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.databases.schema import Column, ColumnType, Kind, Table
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_target import Exported, export, restore

_COLUMNS = {
    "sqlite": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount DECIMAL(12,2), score DOUBLE, body TEXT, "
    " raw BLOB, day DATE, clock TIME, at DATETIME, facts {json}",
    "postgresql": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount NUMERIC(12,2), score DOUBLE PRECISION,"
    " body TEXT, raw BYTEA, day DATE, clock TIME, at TIMESTAMP, facts {json}",
    "mysql": "id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount DECIMAL(12,2), score DOUBLE, body LONGTEXT,"
    " raw LONGBLOB, day DATE, clock TIME(6), at DATETIME(6), facts {json}",
}
_JSON = {"sqlite": "TEXT", "postgresql": "JSON", "mysql": "JSON"}
_KINDS: dict[str, Kind] = {
    "flag": "boolean",
    "big": "integer",
    "amount": "decimal",
    "score": "float",
    "body": "text",
    "raw": "bytes",
    "day": "date",
    "clock": "time",
    "at": "timestamp",
    "facts": "json",
}
_TABLE = Table(
    name="t",
    columns=(
        Column(name="id", type=ColumnType(kind="integer"), nullable=False),
        *(Column(name=name, type=ColumnType(kind=kind)) for name, kind in _KINDS.items()),
    ),
    primary_key=("id",),
)
_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_CLOCK = st.times().map(lambda value: value.isoformat())
_FACTS = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | st.text(_LETTERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_LETTERS, max_size=4), inner, max_size=3),
    max_leaves=6,
)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    "big": st.integers(-(2**63), 2**63 - 1),
    "amount": st.decimals(-(10**10) + 1, 10**10 - 1, places=2).map(str),
    "score": st.floats(allow_nan=False, allow_infinity=False),
    "body": st.text(_LETTERS, max_size=30),
    "raw": st.binary(max_size=30).map(bytes.hex),
    "day": st.dates().map(str),
    "clock": _CLOCK,
    "at": st.tuples(st.dates(), _CLOCK).map(lambda both: f"{both[0]} {both[1]}"),
    "facts": _FACTS.map(lambda value: {"$json": value} if isinstance(value, dict) else value),
}
_ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in _VALUES.items()}), min_size=20, max_size=60
)
_EXAMPLES = 1000 if os.environ.get("GREENROOM_TEST_PROFILE") == "long" else 4


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("json_type", ["plain", "jsonb"])
def test_what_goes_in_is_there(make_database: MakeDatabase, engine: str, json_type: str) -> None:
    """The first engine gets made rows; what is exported from it goes through the others, and is still the same."""
    urls = [make_database(one) for one in (engine, *ENGINES)]
    for url in urls:
        one = "mysql" if url.startswith("mysql") else url.partition(":")[0]
        declared = "JSONB" if json_type == "jsonb" and one == "postgresql" else _JSON[one]
        run_sql(url, f"CREATE TABLE t ({_COLUMNS[one].format(json=declared)})")

    @settings(
        derandomize=True,
        max_examples=_EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(rows=_ROWS, merge=st.booleans())
    def travels(rows: list[dict[str, Any]], merge: bool) -> None:
        lines = [json.dumps({"id": number, **row}).encode() for number, row in enumerate(rows)]
        passed = Exported(_TABLE, lines)
        for url in urls:
            if merge:
                restore(url, Exported(_TABLE, []))
            restore(url, passed, merge=merge)
            passed = export(url, "t")
        last = sorted(map(_exact, passed.lines), key=lambda row: row["id"])
        for row, found in zip(map(_exact, lines), last, strict=True):
            _expect_same(row, found)

    travels()


def _exact(line: bytes) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line, parse_float=Decimal, parse_int=Decimal)
    return row


def _expect_same(row: dict[str, Any], found: dict[str, Any]) -> None:
    for name in ("flag", "big", "body", "raw", "day"):
        assert found[name] == row[name]
    for name in ("clock", "at", "amount"):
        assert _short(found[name]) == _short(row[name])
    assert (row["score"] is None) == (found["score"] is None)
    assert float(found["score"] or 0) == float(row["score"] or 0)
    assert _meaning(found["facts"]) == _meaning(row["facts"])


def _short(text: str | None) -> str | None:
    if text is None or "." not in text:
        return text
    short = text.rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def _meaning(facts: Any) -> Any:
    if isinstance(facts, dict) and len(facts) == 1 and "$json" in facts:
        return facts["$json"]
    return facts
