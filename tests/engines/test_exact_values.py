"""Any value that an engine takes is read as exactly that value: floats to the last bit, text to the last letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from core.databases.connect import open_server
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_rows import open_reader

_TABLES = {
    "sqlite": "CREATE TABLE t (id INTEGER, score DOUBLE, big BIGINT, body TEXT, raw BLOB, facts JSON)",
    "postgresql": "CREATE TABLE t (id INTEGER, score DOUBLE PRECISION, big BIGINT, body TEXT, raw BYTEA, facts JSON)",
    "mysql": "CREATE TABLE t (id INTEGER, score DOUBLE, big BIGINT, body LONGTEXT, raw LONGBLOB, facts JSON)",
}
_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_FACTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(_LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_LETTERS, max_size=4), inner, max_size=3),
    max_leaves=6,
)
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "score": st.floats(allow_nan=False, allow_infinity=False),
            "big": st.integers(-(2**63), 2**63 - 1),
            "body": st.text(_LETTERS, max_size=30),
            "raw": st.binary(max_size=30),
            "facts": _FACTS.map(lambda value: json.dumps(value, ensure_ascii=False)),
        }
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Iterator[tuple[str, Connection]]:
    """A database with the table, and a connection to fill it."""
    url = make_database(request.param)
    run_sql(url, _TABLES[request.param])
    engine = open_server(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield url, connection
    engine.dispose()


@pytest.mark.slow
@settings(derandomize=True, max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS)
def test_what_goes_in_comes_out(place: tuple[str, Connection], rows: list[dict[str, Any]]) -> None:
    url, connection = place
    connection.execute(text("DELETE FROM t"))
    insert = text("INSERT INTO t VALUES (:id, :score, :big, :body, :raw, :facts)")
    connection.execute(insert, [{"id": number, **row} for number, row in enumerate(rows)])
    with open_reader(url) as reader:
        blocks = list(reader.lines(reader.schema.table("t")))
    lines = [line.removesuffix(b",") for block in blocks for line in block.data.split(b"\n")]
    read = sorted((json.loads(line) for line in lines), key=lambda row: row["id"])
    for row, found in zip(rows, read, strict=True):
        has_sign = url.startswith("postgresql") or row["score"]  # the others have no -0.0
        taken = row["score"] if has_sign else 0.0
        assert float(found["score"]).hex() == taken.hex()
        assert (found["big"], found["body"], bytes.fromhex(found["raw"])) == (row["big"], row["body"], row["raw"])
        assert _meaning(found["facts"]) == json.loads(row["facts"])


def _meaning(facts: object) -> object:
    """The JSON that stands in a row."""
    if isinstance(facts, str) and facts:
        try:
            return json.loads(facts)
        except ValueError:
            return facts
    if isinstance(facts, dict) and len(facts) == 1:
        tag, value = next(iter(facts.items()))
        if tag == "$json":
            return value
        if tag == "$text":
            return json.loads(value)
    return facts
