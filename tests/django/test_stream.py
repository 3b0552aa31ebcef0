"""JSON read value by value, from pieces of any length, and with little memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.archive import Limits, open_archive
from core.databases.reading import open_reader
from core.django.keys import KeyIndex
from core.django.records import open_export
from core.django.stream import JsonStream
from core.django.tables import plan_django
from core.errors import VerificationError
from core.progress import Reporter
from core.secrets import file_url
from tests.django.exports import make_tables, members, write_zip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    values=st.lists(JSON, max_size=6),
    length=st.integers(1, 40),
    indent=st.none() | st.integers(0, 3),
    escaped=st.booleans(),
)
def test_what_was_written_is_read(values: list[object], length: int, indent: int | None, escaped: bool) -> None:
    written = json.dumps(values, indent=indent, ensure_ascii=escaped)
    data = written.encode(errors="surrogatepass")
    stream = JsonStream(pieces(data, length), "it")
    assert [json.loads(one.decode(errors="surrogatepass")) for one in stream.items()] == json.loads(written)
    stream.end()


@settings(derandomize=True, max_examples=200, deadline=None)
@given(values=st.lists(JSON, min_size=1, max_size=3), length=st.integers(1, 40), data=st.data())
def test_what_is_cut_is_noticed(values: list[object], length: int, data: st.DataObject) -> None:
    whole = json.dumps(values).encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    stream = JsonStream(pieces(cut, length), "it")
    with pytest.raises(VerificationError, match="it is not valid JSON"):
        list(stream.items())


def test_places_are_those_of_the_file() -> None:
    data = '{"ä": 1, "b": [2, 3]}'.encode()
    stream = JsonStream(pieces(data, 3), "it")
    places = {}
    for key in stream.each_key():
        places[key] = stream.offset()
        stream.value()
    assert {key: data[at : at + 1] for key, at in places.items()} == {"ä": b"1", "b": b"["}


@pytest.mark.slow
def test_memory_does_not_grow_with_records(tmp_path: Path) -> None:
    count = 8_000
    children = (
        json.dumps(
            {
                "model": "core.child",
                "pk": number,
                "fields": {"name": f"child {number} {'x' * 2000}", "weight": None, "rooms": [[1, "attic"]]},
            }
        )
        for number in range(1, count + 1)
    )
    files = {**members([], models_count=1, total_records=count), "core/child.json": f"[{','.join(children)}]".encode()}
    path = write_zip(tmp_path / "b.zip", files)
    size = len(files["core/child.json"])
    del files
    make_tables(tmp_path / "app.db")
    tracemalloc.start()
    with closing(open_archive(path, Limits(max_bytes=1 << 30))) as archive, KeyIndex() as index:
        export = open_export(archive, Reporter())
        with open_reader(file_url(tmp_path / "app.db"), Reporter()) as reader:
            found = plan_django(
                export, reader, index, Reporter(), merge=False, wanted=["core_child", "core_child_rooms"]
            )
        lines = sum(1 for table in found.schema.tables for _ in found.lines(table, Reporter()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 2 * count
    assert size > 16_000_000
    assert peak < 8_000_000
