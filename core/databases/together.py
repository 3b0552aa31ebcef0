"""Steps of a conversion that take many values at once, for most need little or no change and one look is quick."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from core.databases.decode import Convert

Many = Callable[[Sequence[Any]], Sequence[Any] | None]
_BETWEEN = "\0"


class Together:
    """A step for one value, `convert`, and `many`: what it makes of many values, or None where it must see each."""

    __slots__ = ("convert", "many")

    def __init__(self, convert: Convert, many: Many) -> None:
        self.convert = convert
        self.many = many

    def __call__(self, value: Any) -> Any:
        return self.convert(value)


@cache
def all_match(pattern: str) -> Many:
    """Texts stay that are all of a pattern."""
    matches = re.compile(rf"(?:(?:{pattern})\n)*+", re.ASCII).fullmatch

    def many(values: Sequence[str]) -> Sequence[str] | None:
        if not set(map(type, values)) <= {str}:
            return None
        joined = "\n".join(values) + "\n"
        return values if joined.count("\n") == len(values) and matches(joined) is not None else None

    return many


def none_has(pattern: re.Pattern[str]) -> Many:
    """Texts stay where the pattern is in none of them."""
    return lambda values: values if pattern.search("".join(values)) is None else None


def none_longer(length: int) -> Many:
    """Texts stay that have no more characters than that."""
    return lambda values: values if max(map(len, values)) <= length else None


def all_are(type_: type, change: Convert | None = None) -> Many:
    """Values of exactly one type stay, or are changed one by one without a look at them."""

    def many(values: Sequence[Any]) -> Sequence[Any] | None:
        if set(map(type, values)) != {type_}:
            return None
        return values if change is None else list(map(change, values))

    return many


def sign_by_sign(change: Callable[[str], str]) -> Many:
    """Texts are changed as one, for what becomes of a sign does not depend on the others; none becomes NUL."""

    def many(values: Sequence[str]) -> Sequence[str] | None:
        joined = _BETWEEN.join(values)
        return change(joined).split(_BETWEEN) if joined.count(_BETWEEN) == len(values) - 1 else None

    return many
