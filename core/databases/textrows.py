"""Rows as the text that servers take in bulk: a line each, with tabs between the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from core.databases.decode import Row
from core.databases.sums import TableSum, sum_pieces, sum_rows

NOTHING = r"\N"
_TAB, _END = b"\t", b"\n"
_PIECE = 256 << 10
_LINES = 1000


def write_rows(rows: Sequence[Row], write: Callable[[bytes], object]) -> TableSum:
    """Given rows of cells, write their lines and return their sum.

    Cells are text that was escaped, or bytes that were not. A row that comes alone may be a long one: no copy is made
    of all of it.
    """
    if len(rows) == 1:
        return _write_alone(rows[0], write)
    lines = list(map(_line, rows))
    write(_END.join(lines) + _END)
    return sum_rows(lines)


def sum_cells(rows: Iterable[Row]) -> TableSum:
    """Return the sum of such rows that are only read."""
    total = TableSum()
    lines: list[bytes] = []
    for row in rows:
        if any(len(cell) > _PIECE for cell in row):
            total += _write_alone(row, len)
            continue
        lines.append(_line(row))
        if len(lines) == _LINES:
            total += sum_rows(lines)
            lines.clear()
    return total + sum_rows(lines)


def escape_bytes(data: bytes) -> bytes:
    """Return the bytes with a backslash before what would end a value."""
    return data.replace(b"\\", rb"\\").replace(_TAB, rb"\t").replace(_END, rb"\n")


def _line(row: Row) -> bytes:
    try:
        return "\t".join(row).encode()
    except TypeError:
        return _TAB.join([escape_bytes(cell) if isinstance(cell, bytes) else cell.encode() for cell in row])


def _write_alone(row: Row, write: Callable[[bytes], object]) -> TableSum:
    def written() -> Iterator[bytes]:
        for piece in _pieces(row):
            write(piece)
            yield piece

    total = sum_pieces(written())
    write(_END)
    return total


def _pieces(row: Row) -> Iterator[bytes]:
    for number, cell in enumerate(row):
        if number:
            yield _TAB
        for start in range(0, len(cell), _PIECE):
            piece = cell[start : start + _PIECE]
            yield escape_bytes(piece) if isinstance(piece, bytes) else piece.encode()
