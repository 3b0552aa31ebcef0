"""Keys and values of records: what goes in comes out."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from core.databases.sessions import writing
from core.errors import UsageError
from core.records import RecordForm, format_parts, parse_parts, record_form, rows
from core.records.jsontext import json_of, text_of

BOUNDED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
BYTES = st.binary(max_size=20).map(lambda data: {"base64": base64.b64encode(data).decode()})
TAGGED = st.one_of(
    st.builds(lambda number: {"$integer": number}, NUMBERS), st.builds(lambda text: {"$text": "~" + text}, TEXT), BYTES
)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "whole": NUMBERS,
    "real": FLOATS,
    "words": TEXT,
    "truth": st.booleans(),
    "day": st.dates().map(str),
    "moment": st.datetimes().map(str),
    "data": JSON.map(lambda value: json_of(json.dumps(value))),
    "raw": BYTES,
    "anything": NUMBERS | TEXT.map("~".__add__) | BYTES,
    "maybe": TAGGED.filter(lambda value: "$integer" not in value),
    "digits": st.decimals(-(10**9), 10**9, places=3).map(lambda number: f"{number.normalize():f}"),
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    path = tmp_path / "values.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE things (id INTEGER PRIMARY KEY, whole INTEGER, real REAL, words TEXT, truth BOOLEAN, day DATE,
                moment TIMESTAMP, data JSON, raw BLOB, anything, maybe INTEGER, digits NUMERIC(20, 3));
            CREATE TABLE pairs (one, two TEXT, PRIMARY KEY (one, two));
            INSERT INTO things (id) VALUES (1);
        """)
    with writing(make_url(f"sqlite:///{path}")) as opened:
        yield opened


@given(st.lists(st.text("ab,\\\u00e4\n", max_size=5), min_size=1, max_size=4).map(tuple))
@BOUNDED
def test_a_key_as_text_is_read_as_the_same_key(parts: tuple[str, ...]) -> None:
    assert parse_parts(format_parts(parts)) == parts


@given(st.text("a,\\", max_size=8))
@BOUNDED
def test_a_text_is_one_key_or_none(text: str) -> None:
    try:
        parts = parse_parts(text)
    except ValueError:
        return
    assert format_parts(parts) == text


@given(JSON)
@BOUNDED
def test_json_columns_keep_their_json(value: Any) -> None:
    shown = json_of(json.dumps(value))
    assert json.loads(text_of(shown)) == value
    assert json_of(text_of(shown)) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        "NaN",
        "1e999",
        "0.1000000000000000055511151231257827",
        "[",
        "\\",
        "[" * 95 + "]" * 95,
        "9" * 1001,
    ],
)
def test_json_that_would_not_come_back_keeps_its_text(text: str) -> None:
    assert json_of(text) == {"$text": text}
    assert text_of(json_of(text)) == text


@given(st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in COLUMNS.items()}))
@BOUNDED
def test_what_is_written_is_read(session: Session, data: dict[str, Any]) -> None:
    form: RecordForm = record_form(session, "things")
    record = form.find(session, "1")
    assert record is not None
    before = form.read(record)
    written = form.write(session, record, data)
    after = form.read(record)
    assert after == before | data
    assert set(written.updated_fields) == {name for name in data if json.dumps(data[name]) != json.dumps(before[name])}


@given(st.lists(st.tuples(NUMBERS | TEXT, TEXT), unique=True, max_size=8))
@BOUNDED
def test_each_row_is_found_by_its_key_and_all_by_pages(session: Session, keys: list[tuple[Any, str]]) -> None:
    connection = session.connection()
    connection.exec_driver_sql("DELETE FROM pairs")
    for key in keys:
        connection.exec_driver_sql("INSERT INTO pairs VALUES (?, ?)", key)
    form = record_form(session, "pairs")
    listed: list[str] = []
    after = None
    while True:
        page = rows(session, "pairs", after=after, limit=3)
        listed += [row.key for row in page.rows]
        after = page.after
        if after is None:
            break
    assert len(set(listed)) == len(listed) == len(keys)
    found = [form.find(session, key) for key in listed]
    assert {record.key for record in found if record is not None} == set(keys)
    assert [record.text for record in found if record is not None] == listed


def test_a_search_looks_at_so_many_rows_and_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = session.connection()
    for number in range(2, 60):
        connection.exec_driver_sql("INSERT INTO things (id, words) VALUES (?, ?)", (number, f"100%_{number}"))
    monkeypatch.setattr("core.records.listing.SEARCHED", 25)
    pages = []
    after = None
    while not pages or after is not None:
        page = rows(session, "things", search="%_5", after=after, limit=3)
        pages.append([row.key for row in page.rows])
        after = page.after
    assert [key for page in pages for key in page] == ["5", *map(str, range(50, 60))]
    assert [row.key for row in rows(session, "things", search="7").rows] == ["7", "17"]
    with pytest.raises(UsageError, match="is no key"):
        rows(session, "things", after="x")
