"""Rows as the text that servers take in bulk: a line each, with tabs between the values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

from core.databases.decode import Row
from core.databases.sums import DIGEST_BYTES, TableSum, sum_digests, sum_rows

NOTHING = r"\N"
_TAB, _END = b"\t", b"\n"
_PIECE = 1 << 20


def write_rows(rows: Sequence[Row], write: Callable[[bytes], object]) -> TableSum:
    """Given rows of cells, text or bytes that need no more escaping, write their lines and return their sum.

    A row that comes alone may be a long one: no copy is made of all of it.
    """
    if len(rows) == 1:
        return _write_alone(rows[0], write)
    lines = list(map(row_line, rows))
    write(_END.join(lines) + _END)
    return sum_rows(lines)


def row_line(row: Row) -> bytes:
    """Return the line of a row, without its end."""
    try:
        return "\t".join(row).encode()
    except TypeError:
        return _TAB.join([cell if isinstance(cell, bytes) else cell.encode() for cell in row])


def _write_alone(row: Row, write: Callable[[bytes], object]) -> TableSum:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for piece in _pieces(row):
        digest.update(piece)
        write(piece)
    write(_END)
    return sum_digests([digest.digest()])


def _pieces(row: Row) -> Iterator[bytes]:
    for number, cell in enumerate(row):
        if number:
            yield _TAB
        for start in range(0, len(cell), _PIECE):
            piece = cell[start : start + _PIECE]
            yield piece if isinstance(piece, bytes) else piece.encode()
