"""The type of a column, out of the words that its engine has for it: `character varying(40)`, `bigint unsigned`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.databases.schema import ColumnType, Kind

Bits = Literal[8, 16, 24, 32, 64]
Numbers = Literal["nothing", "length", "digits", "seconds"]

_NUMBERS = re.compile(r"\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\)")
_LARGEST = (1 << 32) - 1
_PLAIN_TEXT = re.compile(r"|.*(?:char|text|clob|string).*", re.IGNORECASE | re.DOTALL)
_SPECIAL_INTEGER = re.compile(r"(?:bit|year).*|.*zerofill.*", re.IGNORECASE | re.DOTALL)
LONG_TEXT = 65_535  # from here on the length of MySQL's text types says how they are kept, not what was meant


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words of a type mean: `pattern` fits all of them, without numbers, in upper case.

    `numbers` tells what the numbers in parentheses are: a length, the digits and scale of a decimal, or the digits of
    the seconds. `length`, in characters or bytes, is that of a type that needs no number to have one.
    """

    pattern: str
    kind: Kind
    numbers: Numbers = "nothing"
    bits: Bits | None = None
    length: int | None = None
    unsigned: bool = False
    zoned: bool = False


def read_type(native: str, meanings: Iterable[Meaning], otherwise: Kind) -> ColumnType:
    """Given a type in its engine's words, return what it means by the first meaning that fits, else `otherwise`."""
    words = " ".join(_NUMBERS.sub(" ", native).upper().split())
    for meaning in meanings:
        if re.fullmatch(meaning.pattern, words):
            return _typed(native, meaning)
    return ColumnType(kind=otherwise, native=native)


def _typed(native: str, meaning: Meaning) -> ColumnType:
    found = _NUMBERS.search(native)
    one, two = (int(number) if number else None for number in found.groups()) if found else (None, None)
    length = min(one, _LARGEST) if meaning.numbers == "length" and one is not None else meaning.length
    digits = meaning.numbers == "digits" and one is not None
    return ColumnType(
        kind=meaning.kind,
        bits=meaning.bits,
        unsigned=meaning.unsigned,
        zoned=meaning.zoned,
        length=length,
        precision=one if digits or meaning.numbers == "seconds" else None,
        scale=(two or 0) if digits else None,
        native=native,
    )


def told_as_plain(column: ColumnType, source: str) -> tuple[str, ...]:
    """Return what is lost where a type of one engine is only text, or only a number, on another."""
    is_integer = column.kind == "integer"
    plain = not _SPECIAL_INTEGER.fullmatch(column.native) if is_integer else _PLAIN_TEXT.fullmatch(column.native)
    return () if plain or source == "sqlite" else (f"the type {column.native} becomes {column.kind}",)
