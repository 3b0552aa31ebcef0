"""A value of one column's type as the value that another column is to hold: exactly, or not at all.

What comes out is, whichever engine takes it, of the target's kind:

    boolean          bool
    integer          int
    decimal          digits as text, with as many behind the point as the target keeps
    float            float
    bytes            hexadecimal digits in small letters
    array            JSON as a list
    all others       text; a time without needless zeros behind its seconds
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw

from core.databases.decode import Convert, Tagged
from core.databases.moments import from_date, to_date, to_time, to_timestamp
from core.databases.numbers import to_boolean, to_decimal, to_float, to_integer
from core.databases.schema import ColumnType, Kind
from core.databases.together import Together, none_longer

_HEXADECIMAL = "0123456789abcdef"
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_DIGITS_OF_UUID = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")
_UUID_DIGITS = re.compile(r"char\(32\)", re.IGNORECASE)
_LOOKS_LIKE_TAG = re.compile(r'\s*\{\s*"(?:\$|\\u0024)')
_as_parts = msgspec.json.Decoder(dict[str, Raw]).decode
_as_tagged = msgspec.json.Decoder(Tagged).decode
_as_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Conversion:
    """How the values of a column are changed on their way into another one.

    `steps` are for values of the source column's kind, one after the other; `tagged` is for those that say their own;
    `nothing` stands where there is no value.
    """

    steps: tuple[Convert, ...]
    tagged: Convert
    nothing: object = None

    def then(self, convert: Convert | None, nothing: object = None) -> Conversion:
        """Return the conversion that lets another one follow."""
        if convert is None:
            return Conversion(self.steps, self.tagged, nothing)
        return Conversion((*self.steps, convert), lambda value: convert(self.tagged(value)), nothing)

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        """Convert the values of some rows. Raise ValueError."""
        kinds = set(map(type, values))
        if Raw in kinds:
            values = [None if text == "null" else text for text in map(_text_of, values)]
            kinds = set(map(type, values))
        if Tagged in kinds:
            return [self.nothing if value is None else self._value(value) for value in values]
        if type(None) not in kinds:
            return self._converted(values)
        converted = iter(self._converted([value for value in values if value is not None]))
        return [self.nothing if value is None else next(converted) for value in values]

    def _converted(self, values: Sequence[Any]) -> Sequence[Any]:
        for step in self.steps:
            together = step.many(values) if isinstance(step, Together) and len(values) > 1 else None
            values = list(map(step, values)) if together is None else together
        return values

    def _value(self, value: Any) -> Any:
        return self.tagged(value) if type(value) is Tagged else self._converted((value,))[0]


def conversion(source: ColumnType, target: ColumnType) -> Conversion | None:
    """Return how values of a column's type become those of another; None where they cannot."""
    builder = _BUILDERS.get((source.kind, target.kind))
    if builder is None:
        return None
    step = _by_type(target) if source.kind == "any" else builder(source, target)
    return Conversion(() if step is None else (step,), partial(_tagged, target))


def _text_of(raw: Raw) -> str:
    return str(memoryview(raw), "utf-8")


def text_of_json(line_part: str) -> str | Tagged:
    """Given JSON as a line has it, return its exact text, or what says that it is no JSON. Raise ValueError."""
    if '"$' not in line_part and "u0024" not in line_part:
        return line_part
    if not _LOOKS_LIKE_TAG.match(line_part) or len(_as_parts(line_part)) != 1:
        return line_part
    tagged = _as_tagged(line_part)
    kind, value = tagged.kind_and_value()
    if kind == "json":
        return _text_of(value)
    return str(value) if kind == "text" else tagged


def none_tagged(values: Sequence[str]) -> Sequence[str] | None:
    """Parts of lines that are JSON stay where none says by itself what it is."""
    joined = "\n".join(values)
    return None if '"$' in joined or "u0024" in joined else values


_NATURAL: dict[type, Kind] = {bool: "boolean", int: "integer", float: "float", str: "text"}


def _by_type(target: ColumnType) -> Convert:
    return lambda value: _natural(target, _NATURAL[type(value)], value)


def _tagged(target: ColumnType, value: Tagged) -> Any:
    return _natural(target, *value.kind_and_value())


def _natural(target: ColumnType, kind: Kind, value: Any) -> Any:
    """Convert a value whose kind is its own, not that of its column."""
    found = conversion(ColumnType(kind=kind), target)
    if found is None:
        raise ValueError(f"{kind} in a column for {target.kind}")
    (converted,) = found.column((value,))
    return converted


def _same(_source: ColumnType, _target: ColumnType) -> Convert | None:
    return None


def _to_text(source: ColumnType, target: ColumnType) -> Convert | None:
    if source.kind == "uuid" and _UUID_DIGITS.fullmatch(target.native):
        return lambda value: str(_uuid(value)).replace("-", "")
    limit = target.length

    def convert(value: str) -> str:
        if limit is not None and len(value) > limit:
            raise ValueError(f"{len(value):,} characters, where {limit:,} fit")
        return value

    return None if limit is None else Together(convert, none_longer(limit))


def _shown(source: ColumnType, target: ColumnType) -> Convert | None:
    """Numbers and truth as text."""
    fit = _to_text(source, target)

    def convert(value: object) -> str:
        text = (
            repr(value) if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
        )
        return text if fit is None else str(fit(text))

    return convert


def _to_bytes(_source: ColumnType, target: ColumnType) -> Convert | None:
    limit = target.length

    def convert(value: str) -> str:
        if len(value) % 2 or value.strip(_HEXADECIMAL):
            raise ValueError("not hexadecimal digits in small letters")
        if limit is not None and len(value) > 2 * limit:
            raise ValueError(f"{len(value) // 2:,} bytes, where {limit:,} fit")
        return value

    return Together(convert, _whole_bytes) if limit is None else convert


def _whole_bytes(values: Sequence[str]) -> Sequence[str] | None:
    """Digits stay where all of them are such, and two for each byte."""
    if not set(map(type, values)) <= {str} or any(len(value) % 2 for value in values):
        return None
    return None if "".join(values).encode(errors="replace").translate(None, _HEXADECIMAL.encode()) else values


def _to_uuid(_source: ColumnType, _target: ColumnType) -> Convert | None:
    return _uuid


def _uuid(value: str) -> str:
    """Applications keep one as 32 digits where an engine has no type for it."""
    if _UUID.fullmatch(value):
        return value
    found = _DIGITS_OF_UUID.fullmatch(value)
    if found is None:
        raise ValueError(f"{value[:40]!r} is no UUID in small letters")
    return "-".join(found.groups())


def _to_enum(_source: ColumnType, target: ColumnType) -> Convert | None:
    values = frozenset(target.values)

    def convert(value: str) -> str:
        if value not in values:
            raise ValueError(f"{value[:40]!r} is none of the column's values")
        return value

    return convert


def _from_json(source: ColumnType, target: ColumnType) -> Convert | None:
    fit = _to_text(source, target)

    def convert(value: str) -> str:
        text = text_of_json(value)
        if isinstance(text, Tagged):
            raise ValueError(f"{text.kind_and_value()[0]} in a column for JSON")  # noqa: TRY004 - of a row, not of ours
        return text if fit is None else str(fit(text))

    return Together(convert, none_tagged) if fit is None else convert


def _to_array(_source: ColumnType, _target: ColumnType) -> Convert | None:
    def convert(value: str) -> list[Any]:
        items = _as_json(value)
        if not isinstance(items, list):
            raise ValueError("not a list")  # noqa: TRY004 - of a row, not of ours
        return items

    return convert


Builder = Callable[[ColumnType, ColumnType], Convert | None]
_AS_TEXT: tuple[Kind, ...] = ("text", "uuid", "enum", "date", "time", "timestamp", "interval")
_FROM: tuple[tuple[Builder, Kind, tuple[Kind, ...]], ...] = (
    (to_boolean, "boolean", ("boolean", "integer", "any")),
    (to_integer, "integer", ("boolean", "integer", "decimal", "float", "any")),
    (to_decimal, "decimal", ("integer", "decimal", "float", "any")),
    (to_float, "float", ("integer", "decimal", "float", "any")),
    (_to_text, "text", (*_AS_TEXT, "decimal")),
    (_shown, "text", ("boolean", "integer", "float", "any")),
    (_from_json, "text", ("json", "array")),
    (_to_bytes, "bytes", ("bytes", "any")),
    (to_date, "date", ("date", "text", "any")),
    (to_time, "time", ("time", "text", "any")),
    (to_timestamp, "timestamp", ("timestamp", "text", "any")),
    (from_date, "timestamp", ("date",)),
    (_to_uuid, "uuid", ("uuid", "text", "any")),
    (_to_enum, "enum", ("enum", "text", "any")),
    (_same, "interval", ("interval",)),
    (_from_json, "json", ("json", "array")),
    (_same, "json", ("text", "any")),
    (_to_array, "array", ("array",)),
    (_same, "any", (*_AS_TEXT, "boolean", "integer", "decimal", "float", "bytes", "any")),
    (_from_json, "any", ("json", "array")),
)
_BUILDERS = {(kind, target): builder for builder, target, kinds in _FROM for kind in kinds}
