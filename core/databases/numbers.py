"""Numbers and truth, exactly as the number that another column is to hold, or a ValueError."""

from __future__ import annotations

import re
import struct
from decimal import Decimal, InvalidOperation
from math import isnan

from core.databases.decode import Convert
from core.databases.schema import ColumnType
from core.databases.together import Together, all_are, all_match

_MOST_WHOLE_DIGITS = 131_072  # what PostgreSQL's numeric holds, the most of all
_MOST_PARTS = 16_383
_PLAIN_DECIMAL = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_NEVER = r"(?!)"


def to_integer(source: ColumnType, target: ColumnType) -> Convert | None:
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


def to_boolean(source: ColumnType, _target: ColumnType) -> Convert | None:
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


def to_decimal(_source: ColumnType, target: ColumnType) -> Convert | None:
    scale, precision = target.scale, target.precision
    bare = scale is None or precision is None
    settled = _settled_decimal(precision, scale)
    as_it_is = re.compile(settled).fullmatch

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

    return Together(convert, all_match(settled))


def _settled_decimal(precision: int | None, scale: int | None) -> str:
    """Return what digits look like that need no change for a column of that precision and scale."""
    if precision is None or scale is None:
        return _PLAIN_DECIMAL
    if not 0 <= scale < precision:
        return _NEVER
    point = rf"\.[0-9]{{{scale}}}" if scale else ""
    return rf"(?!-[0.]*(?:\n|\Z))-?(?:0|[1-9][0-9]{{0,{precision - scale - 1}}}){point}"


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
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError as error:
        raise ValueError(f"{value} is too large for a number of 32 bits") from error


def to_float(source: ColumnType, target: ColumnType) -> Convert | None:
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

    return convert if target.bits == 32 or not exact or source.kind != "float" else Together(float, all_are(float))
