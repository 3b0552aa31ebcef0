"""What an engine gives for a column, before it is JSON, and how it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import UserDefinedType

MOST_BYTES: Final = 64 << 10
MOST_TEXT: Final = 1 << 20  # in bytes


class AsItIs(UserDefinedType[Any]):
    """A column whose values go to the driver as they are, with no type said: the engine takes its column's own."""

    cache_ok = True

    def get_col_spec(self, **_words: Any) -> str:
        """Return nothing, for no column is ever made with it."""
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is selected for one column, and how that becomes JSON."""

    wanted: tuple[ColumnElement[Any], ...]
    shown: Callable[[Sequence[Any]], Any]


def kept(size: int, digest: str) -> dict[str, Any]:
    """Return what stands for a value that is too large to be edited, or no text at all."""
    return {"bytes": int(size), "sha256": digest}


def is_kept(value: object) -> bool:
    """Tell whether a value stands for one that is kept as it is."""
    return isinstance(value, dict) and value.keys() == {"bytes", "sha256"}
