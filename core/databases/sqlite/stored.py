"""A value as SQLite stores it by the affinity of the column, or a refusal where that would be another value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from math import isnan
from typing import Literal, cast

from core.databases.decode import Convert, Tagged
from core.databases.schema import ColumnType
from core.databases.together import Many, Together, all_match
from core.databases.values import Conversion, conversion, none_tagged, text_of_json

Affinity = Literal["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"]
Value = int | float | str | bytes | None

_BY_WORD: tuple[tuple[str, Affinity], ...] = (
    ("INT", "INTEGER"),
    ("CHAR", "TEXT"),
    ("CLOB", "TEXT"),
    ("TEXT", "TEXT"),
    ("BLOB", "BLOB"),
    ("REAL", "REAL"),
    ("FLOA", "REAL"),
    ("DOUB", "REAL"),
)
_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*", re.ASCII)
_PART_OF_SECOND = re.compile(r"\.[0-9]{1,6}")
_WHOLE = all_match(r"[^.\n]*(?:\.[0-9]{6}(?![0-9])[^.\n]*)?")
_SURE_DIGITS = 15  # as many, any number keeps
_HAS_LETTERS = re.compile("[a-zA-Z]")
_NO_NUMBERS = {"{", "[", '"', "t", "f"}
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def affinity_of(declared: str) -> Affinity:
    """Given the type that a column was declared with, return which type SQLite likes its values to have."""
    if not declared:
        return "BLOB"
    return next((affinity for word, affinity in _BY_WORD if word in declared.upper()), "NUMERIC")


def stored_conversion(source: ColumnType, target: ColumnType) -> Conversion | None:
    """Return how values become what SQLite stores of them in a column of that type."""
    neutral = conversion(source, _unlimited(source, target))
    if neutral is None:
        return None
    affinity = affinity_of(target.native)
    natural = partial(_natural, affinity)
    if source.kind == "json":
        return Conversion((Together(partial(_json, affinity), _structures),), natural)
    if source.kind == "any" and target.kind == "any":
        return Conversion((partial(_stored, affinity),), natural)
    if target.kind in {"time", "timestamp"}:
        spelled = _as_it_was if source.native == target.native else _with_six_digits
        return Conversion(tuple(map(spelled, neutral.steps)), natural)
    return Conversion(neutral.then(_last_step(source, target, affinity)).steps, natural)


def _as_it_was(check: Convert) -> Convert:
    """What SQLite kept as text comes back with the very same signs, for by these it is compared and found there."""

    def convert(value: str) -> str:
        check(value)
        return value

    if not isinstance(check, Together):
        return convert
    check_many = check.many
    return Together(convert, lambda values: None if check_many(values) is None else values)


def _with_six_digits(step: Convert) -> Convert:
    """Parts of a second with all their digits, as the drivers of Python write and look for them in SQLite."""

    def convert(value: str) -> str:
        return _PART_OF_SECOND.sub(lambda found: found[0].ljust(7, "0"), step(value), count=1)

    if not isinstance(step, Together):
        return convert
    many = step.many

    def convert_many(values: Sequence[str]) -> Sequence[str] | None:
        made = many(values)
        return None if made is None else _WHOLE(made)

    return Together(convert, convert_many)


def _unlimited(source: ColumnType, target: ColumnType) -> ColumnType:
    """SQLite heeds neither length nor digits, and truth is a number to it."""
    truth = target.kind == "boolean" and source.kind in {"integer", "any"}
    limits = {"length": None, "precision": None, "scale": None, "bits": None, "unsigned": False}
    return target.model_copy(update={**limits, "kind": "integer" if truth else target.kind})


def _last_step(source: ColumnType, target: ColumnType, affinity: Affinity) -> Convert | None:
    match target.kind, source.kind:
        case ("bytes", _) | ("any", "bytes"):
            return bytes.fromhex
        case ("decimal", _) | ("any", "decimal"):
            return Together(partial(_number, affinity), _short_numbers(affinity))
        case ("boolean", _):
            return int
        case ("date" | "uuid", _):
            return None  # which is never like a number
        case _ if affinity == "TEXT" and target.kind in {"text", "json", "enum"}:
            return None
        case _:
            return Together(partial(_stored, affinity), _settled(affinity))


def _json(affinity: Affinity, line_part: str) -> Value:
    """JSON is text, but of JSON that is only a number SQLite makes one in a column that was declared as JSON."""
    text = text_of_json(line_part)
    if isinstance(text, Tagged):
        return _natural(affinity, text)
    if affinity in {"TEXT", "BLOB"} or not _NUMBER.fullmatch(text):
        return text
    return _number(affinity, text.strip())


def _structures(values: Sequence[str]) -> Sequence[str] | None:
    """JSON that cannot be taken for a number stays, where it is nothing but JSON."""
    return none_tagged(values) if {text[:1] for text in values} <= _NO_NUMBERS else None


def _short_numbers(affinity: Affinity) -> Many:
    def many(values: Sequence[str]) -> Sequence[Value] | None:
        if affinity not in {"INTEGER", "NUMERIC"} or max(map(len, values)) > _SURE_DIGITS:
            return None
        return list(map(_shortest, map(float, values))) if _HAS_LETTERS.search("".join(values)) is None else None

    return many


def _settled(affinity: Affinity) -> Many:
    """Whole numbers in a column for them, and numbers with a point in a column for those."""

    def many(values: Sequence[Value]) -> Sequence[Value] | None:
        kinds = set(map(type, values))
        if kinds == {int} and affinity in {"INTEGER", "NUMERIC"}:
            numbers = cast("Sequence[int]", values)
            return values if min(numbers) >= _SMALLEST and max(numbers) <= _LARGEST else None
        if kinds == {float} and affinity == "REAL":
            reals = [value + 0.0 for value in cast("Sequence[float]", values)]  # there is no -0.0
            return None if any(map(isnan, reals)) else reals
        return None

    return many


def _natural(affinity: Affinity, value: Tagged) -> Value:
    """What a tag says it is, SQLite takes in any column."""
    kind, plain = value.kind_and_value()
    if kind == "bytes":
        return bytes.fromhex(plain)
    if kind == "json":
        text = bytes(plain).decode()
        return None if text == "null" else _json(affinity, text)
    return _stored(affinity, float(plain) if kind == "float" else plain)


def _number(affinity: Affinity, digits: str) -> Value:
    """Digits as the number that has all of them; raise ValueError where SQLite has no such number."""
    if affinity in {"TEXT", "BLOB"}:
        return digits
    if len(digits) <= _SURE_DIGITS and "e" not in digits.lower():
        return _stored(affinity, _shortest(float(digits)))
    number = Decimal(digits)
    if not number.is_finite():
        return _stored(affinity, float(number))
    if number == number.to_integral_value() and _SMALLEST <= number <= _LARGEST:
        return _stored(affinity, int(number))
    nearest = float(number)
    if Decimal(repr(nearest)) != number:
        raise ValueError(f"{digits[:40]} has more digits than a number of SQLite keeps")
    return _stored(affinity, nearest)


def _shortest(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _stored(affinity: Affinity, value: Value) -> Value:
    """What SQLite makes of a value; raise ValueError where it is another one."""
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, str):
        if affinity not in {"TEXT", "BLOB"} and _NUMBER.fullmatch(value):
            raise ValueError(f"SQLite would make a number of the text {value[:40]!r}")
        return value
    if isinstance(value, float):
        return _real(affinity, value)
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise ValueError(f"{value} needs more than 64 bits")
        return _integer(affinity, value)
    return value


def _real(affinity: Affinity, value: float) -> Value:
    if math.isnan(value):
        raise ValueError("SQLite has no NaN")
    if affinity == "TEXT":
        raise ValueError(f"SQLite would make text of the number {value}")
    if affinity in {"INTEGER", "NUMERIC"} and value.is_integer() and _SMALLEST < value < _LARGEST:
        return int(value)
    return value + 0.0  # there is no -0.0


def _integer(affinity: Affinity, value: int) -> Value:
    if affinity == "TEXT":
        raise ValueError(f"SQLite would make text of the number {value}")
    if affinity != "REAL":
        return value
    if int(float(value)) != value:
        raise ValueError(f"{value} has more digits than a number with a point keeps")
    return float(value)
