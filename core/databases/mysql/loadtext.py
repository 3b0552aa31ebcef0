"""Values as MariaDB and MySQL write them, and as LOAD DATA takes them, so that what is sent is what is read back."""

from __future__ import annotations

import math
import re

from core.databases.decode import Convert
from core.databases.schema import Column, ColumnType
from core.databases.textrows import NOTHING
from core.databases.together import Together, all_are, all_match, sign_by_sign
from core.databases.values import Conversion, conversion

_ESCAPES = {"\\": r"\\", "\n": r"\n", "\t": r"\t"}
_SECONDS = re.compile(r"([^.+]*)(?:\.([0-9]*))?(?:\+00)?")


def loaded_conversion(source: ColumnType, target: ColumnType) -> Conversion | None:
    """Return how values become cells of a line that LOAD DATA takes into a column of that type."""
    if target.kind == "boolean" and source.kind in {"boolean", "integer", "any"}:
        target = ColumnType(kind="integer", bits=8, native=target.native)  # which is all that it is there
    if target.kind in {"time", "timestamp"} and target.precision is None:
        target = target.model_copy(update={"precision": 0})
    neutral = conversion(source, target)
    return None if neutral is None else neutral.then(_cell(target), NOTHING)


def read_conversion(column: Column) -> Convert | None:
    """Return how a value that the server wrote becomes such a cell; None where it is one."""
    if column.type.kind == "float":
        return lambda text: float_text(float(text))
    return escape if column.type.kind in {"text", "json", "enum"} else None


def _cell(target: ColumnType) -> Convert | None:  # noqa: PLR0911 - a table of kinds
    match target.kind:
        case "integer":
            return Together(lambda value: str(int(value)), all_are(int, str))
        case "decimal":
            return _decimal
        case "float":
            return float_text
        case "bytes":
            return _padded_bytes(target)
        case "time" | "timestamp":
            return _timed(target)
        case "date" | "uuid":
            return None
        case "text" if _is_padded(target, "char"):
            return lambda text: escape(text.rstrip(" "))
        case _:
            return Together(escape, sign_by_sign(escape))


def _is_padded(type_: ColumnType, word: str) -> bool:
    return type_.native.lower().startswith(word)


def _decimal(digits: str) -> str:
    if digits in {"NaN", "Infinity", "-Infinity"}:
        raise ValueError(f"the engine has no {digits}")
    return digits


def _padded_bytes(target: ColumnType) -> Convert:
    """A column of the type BINARY fills its values up with zeros."""
    length = 2 * (target.length or 1) if _is_padded(target, "binary") else 0
    return lambda digits: bytes.fromhex(digits.ljust(length, "0"))


def _timed(target: ColumnType) -> Convert:
    """With all the digits behind the seconds that the column has, and in UTC without saying so."""
    digits = target.precision or 0
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    settled = rf"(?:[0-9-]{{10}} )?[0-9:]{{8}}{fraction}"
    as_it_is = re.compile(settled).fullmatch

    def convert(value: str) -> str:
        if as_it_is(value):
            return value
        found = _SECONDS.fullmatch(value)
        if found is None:
            raise ValueError(f"the engine has no {value}")
        return f"{found[1]}.{(found[2] or '').ljust(digits, '0')}" if digits else found[1]

    return Together(convert, all_match(settled))


def float_text(value: float) -> str:
    """Return digits that give back every bit; there is no -0.0, no NaN and no infinity."""
    if not math.isfinite(value):
        raise ValueError(f"the engine has no {value}")
    return repr(value + 0.0)


def escape(text: str) -> str:
    """Return the text with a backslash before what LOAD DATA would take for an end."""
    for sign, escaped in _ESCAPES.items():
        if sign in text:  # much quicker than to replace nothing
            text = text.replace(sign, escaped)
    return text
