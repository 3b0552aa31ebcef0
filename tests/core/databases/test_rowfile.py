"""The file of a table's rows, whichever way it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.databases.rowfile import read_lines
from core.errors import VerificationError

_ROWS = st.lists(st.binary(max_size=20).map(lambda raw: b'{"a":"%s,"}' % raw.hex().encode()), max_size=8)


def _file(rows: list[bytes]) -> bytes:
    return b"[\n" + b",\n".join(rows) + b"\n]\n" if rows else b"[]\n"


@settings(derandomize=True, max_examples=200, deadline=None)
@given(rows=_ROWS, cuts=st.lists(st.integers(1, 30), max_size=20))
def test_rows_come_out(rows: list[bytes], cuts: list[int]) -> None:
    data, pieces = _file(rows), []
    for length in cuts:
        pieces.append(data[:length])
        data = data[length:]
    assert list(read_lines([*pieces, data])) == rows


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[",
        b"[\n",
        b"[\n]\n",
        b"[]\n{}\n",
        b"[]\n\n",
        b"{}\n",
        b'[{"a":1}]\n',
        b'[\n{"a":1}\n',
        b'[\n{"a":1},\n',
        b'[\n{"a":1},\n]\n',
        b'[\n{"a":1}\n{"a":2}\n]\n',
        b'[\n{"a":1},\n\n{"a":2}\n]\n',
        b'[\n\n{"a":1}\n]\n',
        b'[\n{"a":1}\n]\nmore',
        b'[\n{"a":1}\n],\n',
        b"[],\n",
        b"[,\n{}\n]\n",
    ],
)
@pytest.mark.parametrize("length", [1, 3, 100])
def test_another_file_is_refused(data: bytes, length: int) -> None:
    pieces = [data[at : at + length] for at in range(0, len(data), length)]
    with pytest.raises(VerificationError, match="a file of rows is not as greenroom writes them"):
        list(read_lines(pieces))
