"""The rows of each table, counted out of a dump while it goes by.

A second connection cannot see the same moment as mariadb-dump's transaction without a lock on the whole server, and the
right to take it. So the rows are counted where they are: within an INSERT of these tools a parenthesis outside of a
text opens a row, for all values are literals; where each row has a line of its own, the lines' beginnings are counted.
"""

from __future__ import annotations

import re

from core.errors import VerificationError

_NAME = rb"`((?:[^`]|``)+)`"
_TABLE = re.compile(rb"CREATE TABLE " + _NAME + rb" \(")
_COLUMN = rb"`(?:[^`]|``)+`"
_INSERT = re.compile(rb"INSERT INTO " + _NAME + rb"(?: \(" + _COLUMN + rb"(?:, ?" + _COLUMN + rb")*\))? VALUES(\s)")
_END = b";\n"
_INSERT_BEGINS = b"INSERT INTO `"
_DELIMITER = re.compile(rb"DELIMITER (\S+)")
_COMPLETED = re.compile(rb"-- Dump completed[^\n]*\n*\Z")
_CHOOSES = re.compile(rb"\s*(?:USE\s|CREATE DATABASE\b|DROP DATABASE\b)", re.IGNORECASE)
_SERVER = re.compile(rb"-- Server version\t([^\n]+)")
_LONGEST_LINE = 16 << 20  # but for rows
_TAIL_BYTES = 200


class DumpCounter:
    """Takes a dump block by block; `tables` are the rows by table so far."""

    def __init__(self) -> None:
        self.tables: dict[str, int] = {}
        self.server_version = ""
        self.names_a_database = False
        self._in_rows = False
        self._in_text = False
        self._line_each = False
        self._in_body = False  # of a trigger, routine or event, which is SQL of any shape
        self._table = ""
        self._rest = b""
        self._tail = b""

    def take(self, block: bytes) -> None:
        self._tail = (self._tail + block)[-_TAIL_BYTES:] if len(block) < _TAIL_BYTES else block[-_TAIL_BYTES:]
        data = self._rest + block
        self._rest = b""
        position = 0
        while position < len(data):
            position = self._rows(data, position) if self._in_rows else self._line(data, position)

    def finish(self) -> None:
        """Raise VerificationError where the dump has no end, or ends within a row."""
        if self._in_rows or not _COMPLETED.search(self._tail):
            raise VerificationError(
                "the dump is cut off: its last line does not say that it is completed",
                hint="make the backup again, and look at the server's log",
            )

    def _line(self, data: bytes, position: int) -> int:
        """Look at the line that begins here; return where to go on. A line that is not whole yet waits."""
        if not self._in_body and data.startswith(_INSERT_BEGINS, position):
            found = _INSERT.match(data, position)
            if found is not None:
                self._table = _text(found[1])
                self.tables.setdefault(self._table, 0)
                self._line_each = found[2] == b"\n"
                self._in_rows = True
                return found.end() - 1
        end = data.find(b"\n", position)
        if end < 0:
            self._rest = data[position:]
            if len(self._rest) > _LONGEST_LINE:
                raise VerificationError(
                    "the dump has a line that no tool writes", hint="the backup is damaged; use another one"
                )
            return len(data)
        self._whole_line(data[position:end])
        return end + 1

    def _whole_line(self, line: bytes) -> None:
        delimiter = _DELIMITER.match(line)
        if delimiter is not None:
            self._in_body = delimiter[1] != b";"
        elif not self._in_body:
            table = _TABLE.match(line)
            if table is not None:
                self.tables[_text(table[1])] = 0
            self.names_a_database |= _CHOOSES.match(line) is not None
            server = None if self.server_version else _SERVER.match(line)
            if server is not None:
                self.server_version = server[1].decode(errors="replace").strip()

    def _rows(self, data: bytes, position: int) -> int:
        """Count rows up to the end of the statement, or of the data; these tools write no line's end into a text."""
        end = data.find(_END, position)
        stop = end if end >= 0 else len(data) - _held_back(data)
        if self._line_each:
            self.tables[self._table] += data.count(b"\n(", position, stop)
        else:
            self.tables[self._table] += self._opened(data[position:stop])
        if end < 0:
            self._rest = data[stop:]
            return len(data)
        self._in_rows = self._in_text = False
        return end + len(_END)

    def _opened(self, data: bytes) -> int:
        """How many parentheses open outside of texts."""
        pieces = data.replace(b"\\\\", b"").replace(b"\\'", b"").split(b"'")
        outside = pieces[self._in_text :: 2]
        self._in_text ^= len(pieces) % 2 == 0
        return b"".join(outside).count(b"(")


def _held_back(data: bytes) -> int:
    """How many bytes at the end may be half of something: an escape, or the end of a statement."""
    escapes = len(data) - len(data.rstrip(b"\\"))
    return max(escapes % 2, int(data.endswith((b";", b"\n"))))


def _text(name: bytes) -> str:
    return name.replace(b"``", b"`").decode(errors="surrogateescape")
