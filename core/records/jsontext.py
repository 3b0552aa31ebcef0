"""JSON columns: their text as JSON where that loses nothing, else as an object that holds the exact text.

As in the lines of a portable backup: {"$json": null} is the JSON null, where null is none at all; {"$text": "..."} is
text that is no JSON, or would not come back as it is; and what looks like one of these is put into {"$json": ...}.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from core.documents import MOST_LEVELS

MOST_DIGITS = 1000  # of a whole number in a document
_AROUND = 10  # levels around a value in an envelope, and to spare


class _LossyError(ValueError):
    pass


def _no_constant(word: str) -> NoReturn:
    raise _LossyError(word)


def _exact(digits: str) -> float:
    number = float(digits)
    if Decimal(repr(number)) != Decimal(digits) if abs(number) != float("inf") else True:
        raise _LossyError(digits)
    return number


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _LossyError(digits)
    return int(digits)


def _is_deep(value: Any) -> bool:
    """Tell whether a document with this in it would have more levels than are read."""
    level = [value]
    for _ in range(MOST_LEVELS - _AROUND):
        level = [
            each
            for one in level
            if isinstance(one, (dict, list))
            for each in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _LossyError("a key twice")
    return found


def json_of(text: str) -> Any:
    """Given the text of a JSON column, return it as JSON that loses nothing but space."""
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_exact,
            parse_int=_whole,
            object_pairs_hook=_no_key_twice,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {"$text": text}
    if _is_deep(value):
        return {"$text": text}
    return {"$json": value} if value is None or _looks_like_tag(value) else value


def text_of(value: Any) -> str:
    """Return the text that a JSON column holds for what `json_of` gave."""
    if is_tagged(value):
        ((tag, inner),) = value.items()
        return inner if tag == "$text" else json.dumps(inner, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def is_tagged(value: Any) -> bool:
    """Tell whether a value of a JSON column says what it is."""
    if not _looks_like_tag(value):
        return False
    ((tag, inner),) = value.items()
    return tag == "$json" or (tag == "$text" and isinstance(inner, str))


def _looks_like_tag(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")
