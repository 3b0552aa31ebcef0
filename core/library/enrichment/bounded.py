"""Raw answers as they are kept: what every database stores, and not more than so much of it."""

from __future__ import annotations

import json
from typing import Any, Final

MOST_BYTES: Final = 256 * 1024

_LONGEST_LISTS: Final = (200, 60, 20, 5, 0)
_DEEPEST: Final = 30
_MOST_DIGITS: Final = 2**63


class TooLargeError(ValueError):
    """An answer stays too large however short its lists are."""


def bounded(data: dict[str, Any]) -> dict[str, Any]:
    """Return an answer that can be kept: lists shortened until it is small enough.

    Characters that a database refuses are left out, numbers beyond 64 bits are None. Raise TooLargeError.
    """
    for longest in _LONGEST_LISTS:
        cut: dict[str, Any] = _cut(data, longest, 0)
        if len(json.dumps(cut)) <= MOST_BYTES:
            return cut
    raise TooLargeError


def _cut(value: Any, longest: int, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {_clean(key): _cut(one, longest, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_cut(one, longest, depth + 1) for one in value[:longest]]
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, int | float) and not -_MOST_DIGITS <= value < _MOST_DIGITS:
        return None
    return value


def _clean(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()
