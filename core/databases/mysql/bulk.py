"""Rows into a table of MariaDB or MySQL in bulk: by LOAD DATA from a pipe, or by INSERT where that is forbidden."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy.exc import DBAPIError

from core.databases.decode import Row, RowError
from core.databases.mysql.offering import offered
from core.databases.quoting import back_quoted as quoted
from core.databases.schema import Table
from core.databases.sums import TableSum
from core.databases.target import Way
from core.databases.textrows import NOTHING, write_rows

_PLACE = re.compile(r"(?:.* column '(?:.*\.)?([^']*)')?.* at row (\d+)", re.DOTALL)
_FIELDS = r"CHARACTER SET utf8mb4 FIELDS TERMINATED BY x'09' ESCAPED BY '\' LINES TERMINATED BY x'0a'"
_INSERT_BYTES = 1 << 20
_LARGEST_PART = 8  # a letter of the cells takes up to four bytes, and twice as many as hexadecimal digits
_UNESCAPED = {r"\\": "\\", r"\t": "\t", r"\n": "\n"}
_ESCAPE = re.compile(r"\\.")


@dataclass(frozen=True, slots=True)
class Bulk:
    """A table to fill, by its quoted name, over PyMySQL's connection."""

    connection: Any
    place: str
    table: Table

    def fill(self, way: Way, lines: Iterable[bytes]) -> TableSum:
        """Put all rows in. Raise RowError where the server takes a row otherwise than it is."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT @@local_infile, @@max_allowed_packet")
            ((allowed, packet),) = cursor.fetchall()
        return self._by_file(way, lines) if int(allowed) else self._by_insert(way, lines, int(packet))

    def _by_file(self, way: Way, lines: Iterable[bytes]) -> TableSum:
        """The server reads from a pipe while the rows are made; what it changes or leaves out, it only warns of."""
        total = TableSum()
        reading, writing = os.pipe()
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self._read_from, reading, way)
            try:
                with os.fdopen(writing, "wb", buffering=0) as pipe:
                    for rows in way.rows(lines):
                        total += write_rows(rows, lambda data: _write_all(pipe.fileno(), data))
            except BrokenPipeError:
                pass  # the server's own words say why
            loaded = running.result()
        if loaded != total.rows:
            raise RowError(way.table, None, None, f"{total.rows:,} rows were sent, the server took {loaded:,}")
        return total

    def _read_from(self, reading: int, way: Way) -> int:
        names, changes = self._places(way.columns)
        path = f"/dev/fd/{reading}"
        statement = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {self.place} {_FIELDS} ({names}){changes}"
        try:
            with self.connection.cursor() as cursor:
                self._run(cursor, statement, way.table, file=path)
                return int(cursor.rowcount)
        finally:
            os.close(reading)

    def _places(self, columns: Sequence[str]) -> tuple[str, str]:
        """Bits are given as a number, which LOAD DATA would take for text."""
        bits = self._bits(columns)
        names = [f"@b{number}" if name in bits else quoted(name) for number, name in enumerate(columns)]
        changes = [
            f"{quoted(name)} = CAST(@b{number} AS UNSIGNED)" for number, name in enumerate(columns) if name in bits
        ]
        return ", ".join(names), f" SET {', '.join(changes)}" if changes else ""

    def _bits(self, columns: Sequence[str]) -> set[str]:
        return {name for name in columns if self.table.column(name).type.native.lower().startswith("bit")}

    def _by_insert(self, way: Way, lines: Iterable[bytes], packet: int) -> TableSum:
        """No statement may be longer than a packet; of a file, the server takes a row of any length."""
        total = TableSum()
        names = ", ".join(map(quoted, way.columns))
        begin = f"INSERT INTO {self.place} ({names}) VALUES ".encode()
        bits = self._bits(way.columns)
        literals = [_number if name in bits else _literal for name in way.columns]
        with self.connection.cursor() as cursor:
            for rows in way.rows(lines):
                for some in _chunks(rows, min(_INSERT_BYTES, packet // _LARGEST_PART)):
                    values = (b",".join(to(cell) for to, cell in zip(literals, row, strict=True)) for row in some)
                    statement = begin + b"(" + b"),(".join(values) + b")"
                    if len(statement) >= packet:
                        what = f"takes {len(statement):,} bytes, where max_allowed_packet of the server is {packet:,}"
                        raise RowError(way.table, total.rows + len(some), None, what)
                    self._run(cursor, statement, way.table, total.rows)
                    total += write_rows(some, lambda _: None)
        return total

    def _run(self, cursor: Any, statement: str | bytes, table: str, before: int = 0, file: str = "") -> None:
        """Run a statement that must raise no warning, and may read a file; `before` rows went before its own."""
        errors = import_module("pymysql.err")  # the driver is an extra
        try:
            with offered(self.connection, file):
                cursor.execute(statement)
            taken = cursor.rowcount
            if cursor.warning_count:
                cursor.execute("SHOW WARNINGS")
                raise _of_a_row(table, str(cursor.fetchone()[2]), before)
            cursor.rowcount = taken
        except errors.MySQLError as error:
            raise _of_a_row(table, str(error.args[-1]), before) from error
        except AttributeError as error:  # which PyMySQL raises where the server goes while a file is sent
            if self.connection.open:
                raise
            raise RowError(table, None, None, "the connection to the server is lost") from error


def words_of(error: DBAPIError) -> str:
    """Return what the server says of a statement that it refuses."""
    return str(error.orig.args[-1] if error.orig is not None and error.orig.args else error)


def _of_a_row(table: str, words: str, before: int) -> RowError:
    found = _PLACE.match(words)
    return RowError(table, before + int(found[2]) if found else None, found and found[1], words)


def _write_all(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(number, rest) :]


def _chunks(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Yield rows together that make a statement of bearable length."""
    some: list[Row] = []
    size = 0
    for row in rows:
        length = sum(map(len, row))
        if some and size + length > most:
            yield some
            some, size = [], 0
        some.append(row)
        size += length
    if some:
        yield some


def _number(cell: str) -> bytes:
    return b"NULL" if cell == NOTHING else cell.encode()


def _literal(cell: str | bytes) -> bytes:
    """A cell of LOAD DATA as an SQL literal, in a session where a backslash means nothing."""
    if cell == NOTHING:
        return b"NULL"
    if isinstance(cell, bytes):
        return b"x'" + cell.hex().encode() + b"'"
    text = _ESCAPE.sub(lambda found: _UNESCAPED[found[0]], cell).replace("'", "''")
    return f"'{text}'".encode()
