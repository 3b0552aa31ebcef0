"""Values as PostgreSQL's COPY writes them, sign for sign, so that what is sent is what is read back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from core.databases.decode import Convert
from core.databases.numbers import checked_decimal, single
from core.databases.schema import ColumnType
from core.databases.textrows import NOTHING
from core.databases.together import Together, none_has, sign_by_sign
from core.databases.values import Conversion, conversion

_ESCAPES = {"\\": r"\\", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
_NEEDS_QUOTES = re.compile(r'[{}",\\\s]|\A\Z|\A[nN][uU][lL][lL]\Z', re.ASCII)
_MINUS_ZERO = re.compile("-0")
_UNSETTLED_NUMBER = re.compile(r"[0-9][eE]|-0(?:\.0*)?(?![0-9.])")
_as_json = msgspec.json.Decoder().decode
_ZERO = re.compile(r"-0(?:\.0*)?")


def copied_conversion(source: ColumnType, target: ColumnType) -> Conversion | None:
    """Return how values become cells of a line that COPY takes into a column of that type."""
    neutral = conversion(source, target)
    return None if neutral is None else neutral.then(_cell(target), NOTHING)


def _cell(target: ColumnType) -> Convert | None:  # noqa: PLR0911 - a table of kinds
    element = target.element
    match target.kind:
        case "boolean":
            return _truth
        case "integer":
            return str
        case "decimal":
            return Together(_unsigned_zero, none_has(_MINUS_ZERO))
        case "float":
            return repr
        case "bytes":
            return _bytes
        case "date" | "time" | "timestamp" | "interval" | "uuid":
            return None
        case "json" if target.native.lower() == "jsonb":
            return lambda text: escape(jsonb_text(text))
        case "array" if element is not None:
            return lambda items: escape(_array(items, element))
        case "text" if _is_padded(target):
            return lambda text: escape(text.ljust(target.length or 1))
        case _:
            return Together(escape, sign_by_sign(escape))


def _is_padded(type_: ColumnType) -> bool:
    words = type_.native.lower()
    return words.startswith("character") and not words.startswith("character varying")


def _truth(value: object) -> str:
    return "t" if value else "f"


def _bytes(digits: str) -> str:
    return rf"\\x{digits}"


def _unsigned_zero(digits: str) -> str:
    return digits[1:] if _ZERO.fullmatch(digits) else digits


def escape(text: str) -> str:
    """Return the text with a backslash before each sign that COPY would take for another."""
    for sign, escaped in _ESCAPES.items():
        if sign in text:  # much quicker than to replace nothing
            text = text.replace(sign, escaped)
    return text


def read_conversion(target: ColumnType) -> Convert | None:
    """Return how a cell that PostgreSQL wrote becomes one that is sent; None where they are the same.

    Of several digits that mean the same number, PostgreSQL and Python do not always choose the same.
    """
    element = target.element
    if target.kind == "float":
        return lambda cell: repr(float(cell))
    if element is not None and element.kind == "float":
        return lambda cell: _array(json.loads(cell), element)
    return None


def jsonb_text(text: str) -> str:
    """Return JSON as jsonb shows it: names by their length, numbers without exponent. Raise ValueError."""
    try:
        if _is_settled(text):
            return text
        meaning = json.loads(text, parse_float=checked_decimal, parse_int=checked_decimal, parse_constant=_no_number)
        return _shown(meaning)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _is_settled(text: str) -> bool:
    """Whether a text surely is what jsonb shows, as that of a jsonb is: most are, and this is quick."""
    if "\\" in text or _UNSETTLED_NUMBER.search(text):
        return False
    try:
        meaning = _as_json(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    laid_out = msgspec.json.format(msgspec.json.encode(meaning), indent=0)
    return laid_out.decode() == text and _is_ordered(meaning)


def _is_ordered(value: Any) -> bool:
    if isinstance(value, dict):
        return list(value) == sorted(value, key=_by_length) and all(map(_is_ordered, value.values()))
    return not isinstance(value, list) or all(map(_is_ordered, value))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _shown(value: Any) -> str:
    match value:
        case Decimal():
            return _unsigned_zero(f"{value:f}")
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case dict():
            names = sorted(value, key=_by_length)
            return f"{{{', '.join(f'{_quoted(name)}: {_shown(value[name])}' for name in names)}}}"
        case str():
            return _quoted(value)
        case _:
            return json.dumps(value)


def _by_length(name: str) -> tuple[int, bytes]:
    encoded = name.encode()
    return len(encoded), encoded


_quoted: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


def _array(items: list[Any], element: ColumnType) -> str:
    return f"{{{','.join(_item(item, element) for item in items)}}}"


def _item(item: Any, element: ColumnType) -> str:
    match item:
        case None:
            return "NULL"
        case list():
            return _array(item, element)
        case bool():
            return _truth(item)
    if element.kind == "float":
        return repr(single(float(item)) if element.bits == 32 else float(item))
    text = str(item)
    if not _NEEDS_QUOTES.search(text):
        return text
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
