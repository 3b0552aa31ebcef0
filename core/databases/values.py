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
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from math import isnan
from typing import Any

import msgspec
from msgspec import Raw

from core.databases.decode import Tagged
from core.databases.schema import ColumnType, Kind

Convert = Callable[[Any], Any]
_HEXADECIMAL = "0123456789abcdef"
_MOST_WHOLE_DIGITS = 131_072  # what PostgreSQL's numeric holds, the most of all
_MOST_PARTS = 16_383
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NEVER = re.compile(r"(?!)")
_DAY = r"(?:[0-9]{4,6}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"
_CLOCK = r"(-?[0-9]{2,3}:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,6}))?"
_DATE = re.compile(rf"{_DAY}(?: BC)?|-?infinity|0000-00-00")
_TIME = re.compile(rf"{_CLOCK}([+-][0-9]{{2}}(?::[0-9]{{2}}){{0,2}})?")
_TIMESTAMP = re.compile(rf"((?:{_DAY}|0000-00-00) ){_CLOCK}(\+00)?( BC)?")
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
            return list(self._converted(values)) if self.steps else values
        converted = self._converted([value for value in values if value is not None])
        return [self.nothing if value is None else next(converted) for value in values]

    def _converted(self, values: Iterable[Any]) -> Iterator[Any]:
        for step in self.steps:
            values = map(step, values)
        return iter(values)

    def _value(self, value: Any) -> Any:
        return self.tagged(value) if type(value) is Tagged else next(self._converted((value,)))


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


def _to_integer(source: ColumnType, target: ColumnType) -> Convert | None:
    """Of whole numbers, each engine refuses by itself what is too large for it."""
    if source.kind == "integer":
        return None
    bits = target.bits or 64
    lowest, highest = (0, (1 << bits) - 1) if target.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)

    def convert(value: float | str) -> int:
        number = int(value) if isinstance(value, (int, float)) else _whole(value)
        if number != value and not isinstance(value, str):
            raise ValueError(f"{value} is no whole number")
        if not lowest <= number <= highest:
            raise ValueError(f"{number} is not within {lowest} and {highest}")
        return number

    return convert


def _whole(digits: str) -> int:
    number = checked_decimal(digits)
    if not number.is_finite() or number != number.to_integral_value():
        raise ValueError(f"{digits} is no whole number")
    return int(number)


def _to_boolean(source: ColumnType, _target: ColumnType) -> Convert | None:
    def convert(value: int) -> bool:
        if value not in {0, 1}:
            raise ValueError(f"{value} is neither 0 nor 1")
        return bool(value)

    return None if source.kind == "boolean" else convert


def checked_decimal(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(f"{digits[:40]!r} is no number") from error
    if number.is_finite():
        exponent = number.as_tuple().exponent
        if number.adjusted() >= _MOST_WHOLE_DIGITS or -int(exponent) > _MOST_PARTS:
            raise ValueError(f"{digits[:40]} has more digits than any engine holds")
    return number


def _to_decimal(_source: ColumnType, target: ColumnType) -> Convert | None:
    scale, precision = target.scale, target.precision
    bare = scale is None or precision is None
    as_it_is = _settled_decimal(precision, scale).fullmatch

    def convert(value: float | str) -> str:
        digits = value if isinstance(value, str) else repr(value)
        if as_it_is(digits):
            return digits
        number = checked_decimal(digits)
        if not number.is_finite():
            if bare or number.is_nan():
                return "NaN" if number.is_nan() else ("Infinity" if number > 0 else "-Infinity")
            raise ValueError(f"{digits} is not finite")
        if scale is None or precision is None:
            return f"{number:f}"
        return _scaled(number, precision, scale)

    return convert


def _settled_decimal(precision: int | None, scale: int | None) -> re.Pattern[str]:
    """Return what digits look like that need no change for a column of that precision and scale."""
    if precision is None or scale is None:
        return _PLAIN_DECIMAL
    if not 0 <= scale < precision:
        return _NEVER
    point = rf"\.[0-9]{{{scale}}}" if scale else ""
    return re.compile(rf"(?!-[0.]*\Z)-?(?:0|[1-9][0-9]{{0,{precision - scale - 1}}}){point}")


def _scaled(number: Decimal, precision: int, scale: int) -> str:
    """Return the digits with exactly `scale` behind the point (a negative one rounds no digit away)."""
    sign, digits, exponent = number.as_tuple()
    shift = int(exponent) + scale
    whole = int("".join(map(str, digits)))
    if shift < 0:
        whole, rest = divmod(whole, 10**-shift)
        if rest:
            raise ValueError(f"{number} has more than {scale} digits behind the point")
    else:
        whole *= 10**shift
    if whole >= 10**precision:
        raise ValueError(f"{number} has more than {precision} digits")
    minus = "-" if sign and whole else ""
    if scale <= 0:
        return f"{minus}{whole * 10**-scale}"
    text = f"{whole:0{scale + 1}d}"
    return f"{minus}{text[:-scale]}.{text[-scale:]}"


def single(value: float) -> float:
    """Return the number of 32 bits that is nearest; raise ValueError where there is none."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError as error:
        raise ValueError(f"{value} is too large for a number of 32 bits") from error


def _to_float(source: ColumnType, target: ColumnType) -> Convert | None:
    exact = source.kind != "float" or source.bits != 32

    def convert(value: float | str) -> float:
        number = float(value)
        if (
            source.kind in {"integer", "decimal"}
            and not isnan(number)
            and checked_decimal(str(value)) != checked_decimal(repr(number))
        ):
            raise ValueError(f"{value} has more digits than the column keeps")
        if target.bits != 32 and exact:
            return number
        nearest = single(number)
        if exact and nearest != number and not isnan(number):
            raise ValueError(f"{value} has more digits than a number of 32 bits keeps")
        return nearest

    return convert if target.bits == 32 or not exact or source.kind != "float" else float


def _to_text(_source: ColumnType, target: ColumnType) -> Convert | None:
    limit = target.length

    def convert(value: str) -> str:
        if limit is not None and len(value) > limit:
            raise ValueError(f"{len(value):,} characters, where {limit:,} fit")
        return value

    return None if limit is None else convert


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

    return convert


def _to_date(_source: ColumnType, _target: ColumnType) -> Convert | None:
    def convert(value: str) -> str:
        if not _DATE.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is no date")
        return value

    return convert


def _seconds(clock: str, fraction: str | None, digits: int) -> str:
    kept = (fraction or "").rstrip("0")
    if len(kept) > digits:
        raise ValueError(f"{clock}.{kept} has more than {digits} digits behind the seconds")
    return f"{clock}.{kept}" if kept else clock


def _digits_of(type_: ColumnType) -> int:
    return 6 if type_.precision is None else type_.precision


def _to_time(_source: ColumnType, target: ColumnType) -> Convert | None:
    def convert(value: str) -> str:
        found = _TIME.fullmatch(value)
        if found is None:
            raise ValueError(f"{value[:40]!r} is no time")
        clock, fraction, zone = found.groups()
        if bool(zone) != target.zoned:
            raise ValueError(f"{value} {'has' if zone else 'lacks'} a zone")
        return _seconds(clock, fraction, _digits_of(target)) + (zone or "")

    return convert


def _to_timestamp(_source: ColumnType, target: ColumnType) -> Convert | None:
    """One without a zone is taken as UTC where the target keeps a zone."""
    digits = _digits_of(target)
    zone = "+00" if target.zoned else ""
    fraction = rf"(?:\.[0-9]{{0,{digits - 1}}}[1-9])?" if digits else ""
    as_it_is = re.compile(rf"{_DAY} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]{fraction}{re.escape(zone)}").fullmatch

    def convert(value: str) -> str:
        if as_it_is(value):
            return value
        found = _TIMESTAMP.fullmatch(value)
        if found is None:
            if value in {"infinity", "-infinity"}:
                return value
            raise ValueError(f"{value[:40]!r} is no point in time")
        day, clock, part, _, era = found.groups()
        return day + _seconds(clock, part, digits) + zone + (era or "")

    return convert


def _from_date(source: ColumnType, target: ColumnType) -> Convert | None:
    to_date, to_timestamp = _to_date(source, target), _to_timestamp(source, target)
    if to_date is None or to_timestamp is None:
        return None
    return lambda value: to_timestamp(f"{to_date(value)} 00:00:00")


def _to_uuid(_source: ColumnType, _target: ColumnType) -> Convert | None:
    def convert(value: str) -> str:
        if not _UUID.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is no UUID in small letters")
        return value

    return convert


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

    return convert


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
    (_to_boolean, "boolean", ("boolean", "integer", "any")),
    (_to_integer, "integer", ("boolean", "integer", "decimal", "float", "any")),
    (_to_decimal, "decimal", ("integer", "decimal", "float", "any")),
    (_to_float, "float", ("integer", "decimal", "float", "any")),
    (_to_text, "text", (*_AS_TEXT, "decimal")),
    (_shown, "text", ("boolean", "integer", "float", "any")),
    (_from_json, "text", ("json", "array")),
    (_to_bytes, "bytes", ("bytes", "any")),
    (_to_date, "date", ("date", "text", "any")),
    (_to_time, "time", ("time", "text", "any")),
    (_to_timestamp, "timestamp", ("timestamp", "text", "any")),
    (_from_date, "timestamp", ("date",)),
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
