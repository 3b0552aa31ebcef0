"""JSON read value by value, from pieces of any length."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import VerificationError
from core.json_stream import JsonStream

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


def test_a_stream_may_begin_within_a_file() -> None:
    data = b'{"a": [1, 2, x]}'
    items = JsonStream(pieces(data[6:], 3), "it", start=6).items()
    assert [next(items), next(items)] == [b"1", b"2"]
    with pytest.raises(VerificationError, match="near byte 13"):
        next(items)


def test_a_value_that_is_too_long_is_not_read_to_its_end() -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        yield b'["'
        for number in range(10_000):
            taken.append(number)
            yield b"x" * 100

    stream = JsonStream(endless(), "it", longest=1_000)
    with pytest.raises(VerificationError, match="a value of more than 1,000 bytes"):
        list(stream.items())
    assert len(taken) < 50
