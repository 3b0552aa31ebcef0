"""Lines of rows, as lines.py says them, back into values; what is no such line is told by row and column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from types import GenericAlias
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType, field

from core.databases.lines import SEPARATOR
from core.databases.schema import Column, Kind
from core.errors import GreenroomError

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]  # of one value


class RowError(GreenroomError):
    """A row is none, or the target cannot hold it: the message names table, row and column; nothing was changed."""

    def __init__(self, table: str, row: int | None, column: str | None, what: str) -> None:
        where = f"table {table}"
        where += "" if row is None else f", row {row:,}"
        where += "" if column is None else f", column {column}"
        super().__init__(f"{where}: {what}", hint="nothing was changed")


class Tagged(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A value that says what it is."""

    integer: int | UnsetType = field(default=UNSET, name="$integer")
    real: float | Literal["Infinity", "-Infinity"] | UnsetType = field(default=UNSET, name="$real")
    text: str | UnsetType = field(default=UNSET, name="$text")
    bytes: str | UnsetType = field(default=UNSET, name="$bytes")
    json: Raw | UnsetType = field(default=UNSET, name="$json")

    def kind_and_value(self) -> tuple[Kind, Any]:
        """Return what it is, and the value as a column of that kind has it; raise ValueError if it is not one thing."""
        parts: list[tuple[Kind, Any]] = [
            ("integer", self.integer),
            ("float", self.real),
            ("text", self.text),
            ("bytes", self.bytes),
            ("json", self.json),
        ]
        found = [part for part in parts if part[1] is not UNSET]
        if len(found) != 1:
            raise ValueError("an object that is no value")
        return found[0]


_TEXT = str | Tagged | None
_TYPES: dict[Kind, Any] = {
    "boolean": bool | Tagged | None,
    "integer": int | Tagged | None,
    "float": float | Literal["NaN", "Infinity", "-Infinity"] | Tagged | None,
    "any": int | float | str | Tagged | None,
    "json": Raw,
    "array": Raw,
}


class Decoder:
    """Reads the lines of one table, whose columns must all be there and no other."""

    def __init__(self, table: str, columns: Sequence[Column]) -> None:
        self._table = table
        self._names = [column.name for column in columns]
        self._types = [_TYPES.get(column.type.kind, _TEXT) for column in columns]
        plain = all(map(is_plain, self._names))
        self._values = self._quick() if self._names and plain else self._thorough()

    def columns(self, lines: Sequence[bytes], first: int) -> list[Sequence[Any]]:
        """Given lines, the first of them row number `first` of the table, return their values, column by column.

        JSON and arrays are msgspec.Raw. Raise RowError.
        """
        try:
            return self._values(lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            for number, line in enumerate(lines, first):
                self._explain(line, number)
            raise

    def _quick(self) -> Callable[[Sequence[bytes]], list[Sequence[Any]]]:
        fields = [f"f{number}" for number in range(len(self._names))]
        struct = msgspec.defstruct(
            "Line",
            list(zip(fields, self._types, strict=True)),
            rename=dict(zip(fields, self._names, strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(struct).decode
        decode_all: Callable[[bytes], list[Any]] = msgspec.json.Decoder(GenericAlias(list, (struct,))).decode
        values = [attrgetter(name) for name in fields]

        def columns(lines: Sequence[bytes]) -> list[Sequence[Any]]:
            rows = [decode(lines[0])] if len(lines) == 1 else decode_all(b"[" + SEPARATOR.join(lines) + b"]")
            if len(rows) != len(lines):
                raise msgspec.ValidationError("a line that is no row")
            return [list(map(value, rows)) for value in values]

        return columns

    def _thorough(self) -> Callable[[Sequence[bytes]], list[Sequence[Any]]]:
        """For names that msgspec takes for no field: the values are put in order, then read by their types."""
        as_parts = msgspec.json.Decoder(dict[str, Raw]).decode
        as_row: Callable[[bytes], Row] = msgspec.json.Decoder(GenericAlias(tuple, tuple(self._types))).decode
        names = set(self._names)

        def values(line: bytes) -> Row:
            parts = as_parts(line)
            if parts.keys() != names:
                raise msgspec.ValidationError("other columns")
            return as_row(b"[" + b",".join(parts[name] for name in self._names) + b"]")

        return lambda lines: list(zip(*map(values, lines), strict=True))

    def _explain(self, line: bytes, number: int) -> None:
        """Raise RowError where the line is none of this table."""
        try:
            parts = msgspec.json.decode(line, type=dict[str, Raw])
        except msgspec.ValidationError as error:
            raise RowError(self._table, number, None, "the line is no JSON object") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(self._table, number, None, f"the line is no JSON: {error}") from error
        for name in self._names:
            if name not in parts:
                raise RowError(self._table, number, name, "the column is missing")
        for name in parts:
            if name not in self._names:
                raise RowError(self._table, number, name, "the table of the archive has no such column")
        for name, kind in zip(self._names, self._types, strict=True):
            try:
                msgspec.json.decode(parts[name], type=kind)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise RowError(self._table, number, name, f"the value is not of the column's type: {error}") from error


def is_plain(name: str) -> bool:
    """Whether msgspec takes a name for a field's."""
    return not any(sign < " " or sign in {'"', "\\"} for sign in name)
