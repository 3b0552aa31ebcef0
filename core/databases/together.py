"""Steps of a conversion that look at many values at once, for most need no change and one look is quick."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from core.databases.decode import Convert

Stay = Callable[[Sequence[Any]], bool]


class Together:
    """A step for one value, `convert`, and how to tell of many that it would change and refuse none of them."""

    __slots__ = ("convert", "stay")

    def __init__(self, convert: Convert, stay: Stay) -> None:
        self.convert = convert
        self.stay = stay

    def __call__(self, value: Any) -> Any:
        return self.convert(value)


def all_match(pattern: str) -> Stay:
    """Return whether texts are all of a pattern."""
    matches = re.compile(rf"(?:(?:{pattern})\n)*+", re.ASCII).fullmatch

    def stay(values: Sequence[str]) -> bool:
        if not set(map(type, values)) <= {str}:
            return False
        joined = "\n".join(values) + "\n"
        return joined.count("\n") == len(values) and matches(joined) is not None

    return stay


def none_has(pattern: re.Pattern[str]) -> Stay:
    """Return whether a sign of a pattern is in none of the texts."""
    return lambda values: pattern.search("".join(values)) is None


def none_longer(length: int) -> Stay:
    """Return whether texts have no more characters than that."""
    return lambda values: max(map(len, values)) <= length
