"""Rows as JSON: one object a line, in blocks of about the same length, however long a row is.

How a value is written is decided by the kind of its column, the same for every engine:

    boolean          true, false
    integer          a number
    decimal          its digits as text, "12.50"; "NaN" and "Infinity" where an engine has them
    float            a number that gives back every bit; "NaN", "Infinity" or "-Infinity"
    text, uuid, enum text
    bytes            hexadecimal digits in small letters
    date             "2026-03-29"
    time             "14:05:00.123"
    timestamp        "2026-03-29 14:05:00.123"; with a zone "2026-03-29 12:05:00.123+00"
    interval         as PostgreSQL writes it in ISO 8601, "P1DT2H"
    json             the JSON itself
    array            an array of its elements
    any              a number, a text, or what is said below

A value that is not of its column's kind, and JSON that must keep its exact text, is an object that names what it is
instead: {"$integer": 5}, {"$real": 1.5}, {"$text": "maybe"}, {"$bytes": "00ff"}; and {"$json": null} is the JSON null,
where null is none at all. JSON that looks like such an object is put into {"$json": ...}, too.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from core.databases.schema import Schema, Table
from core.errors import GreenroomError

BLOCK_BYTES = 256 << 10
LONG_BYTES = 1 << 20  # a line that is longer comes in pieces, and never as a whole
SEPARATOR = b",\n"
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, joined by the separator; one without a row goes on with the row before."""

    rows: int
    data: bytes


Line = bytes | Block | Iterator[bytes]  # of one row, of several, or of one in pieces


class NotTextError(GreenroomError):
    """A text in the database is not UTF-8."""


@dataclass(frozen=True)
class Reader:
    """A database as it was at one moment.

    `rows_of` gives a table's rows as lines, and `count` how many they are; `broken_keys` some of its tables with the
    rows that break foreign keys.
    """

    engine_version: str
    schema: Schema
    rows_of: Callable[[Table], Iterator[Line]]
    count: Callable[[Table], int]
    broken_keys: Callable[[Schema], Schema]

    def lines(self, table: Table) -> Iterator[Block]:
        """Yield the rows of a table, without computed columns: those are left to the engine that they come back to.

        Raise NotTextError where a text is not UTF-8.
        """
        return _in_blocks(table.name, self.rows_of(table))

    def whole_lines(self, table: Table) -> Iterator[bytes]:
        """As `rows_of`, a long line as a whole, too: for tables that are known to have none."""
        for line in self.rows_of(table):
            if isinstance(line, Block):
                yield from line.data.split(SEPARATOR)
            else:
                yield line if isinstance(line, bytes) else b"".join(line)


def json_value(text: str) -> object:
    """Given the text of JSON, return it as it goes into a line: as it stands, or as an object that says what it is.

    It stands as it is where it is valid and on one line, and means nothing else there.
    """
    if "\n" in text or "\r" in text:
        return {"$text": text}
    try:
        meaning = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return {"$text": text}
    raw = msgspec.Raw(text.encode())
    is_tag = isinstance(meaning, dict) and len(meaning) == 1 and next(iter(meaning)).startswith("$")
    return {"$json": raw} if meaning is None or is_tag else raw


def in_pieces(row: Mapping[str, object]) -> Iterator[bytes]:
    """Given a row by the names of its columns, yield its line; values that are bytes become digits piece by piece."""
    for number, (name, value) in enumerate(row.items()):
        yield (b"," if number else b"{") + _encode(name) + b":"
        if not isinstance(value, bytes):
            yield _encode(value)
            continue
        yield b'"'
        for start in range(0, len(value), LONG_BYTES):
            yield value[start : start + LONG_BYTES].hex().encode()
        yield b'"'
    yield b"}"


def _in_blocks(table: str, lines: Iterable[Line]) -> Iterator[Block]:
    collected: list[bytes] = []
    size = 0
    for line in lines:
        if not isinstance(line, bytes):
            if collected:
                yield _block(table, collected)
                collected, size = [], 0
            if isinstance(line, Block):
                yield line
            else:
                yield from _long(table, line)
            continue
        collected.append(line)
        size += len(line)
        if size >= BLOCK_BYTES:
            yield _block(table, collected)
            collected, size = [], 0
    if collected:
        yield _block(table, collected)


def _block(table: str, lines: list[bytes]) -> Block:
    data = SEPARATOR.join(lines)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise not_text(table, f"{data[max(0, error.start - 40) : error.end + 20]!r}") from error
    return Block(len(lines), data)


def _long(table: str, pieces: Iterable[bytes]) -> Iterator[Block]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    rows = 1
    for piece in pieces:
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise not_text(table, f"{piece[max(0, error.start - 40) : error.end + 20]!r}") from error
        yield Block(rows, piece)
        rows = 0


def not_text(table: str, where: str) -> NotTextError:
    return NotTextError(
        f"the table {table} holds text that is not UTF-8: {where}",
        hint="a portable backup holds Unicode only; mend the text, or make a snapshot, which keeps every byte",
    )
