"""The key of a row as text: "12", of several columns "12,3"; a comma or backslash in one has a backslash before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.records.fields import Field


def format_parts(parts: Sequence[str]) -> str:
    """Return the text of a key, given that of each of its columns; `parse_parts` is the way back."""
    return ",".join(part.replace("\\", "\\\\").replace(",", "\\,") for part in parts)


def parse_parts(text: str) -> tuple[str, ...]:
    """Return the text of each column of a key; raise ValueError where a backslash stands before anything else."""
    parts = [""]
    letters = iter(text)
    for letter in letters:
        if letter == ",":
            parts.append("")
        elif letter == "\\":
            escaped = next(letters, "")
            if escaped not in {"\\", ","} or not escaped:
                raise ValueError("a backslash stands only before a comma, or another one")
            parts[-1] += escaped
        else:
            parts[-1] += letter
    return tuple(parts)


def format_key(fields: Sequence[Field], values: Sequence[Any]) -> str:
    """Given the values of the columns of a key, as JSON, return the key as text."""
    return format_parts([_text(field, value) for field, value in zip(fields, values, strict=True)])


def parse_key(fields: Sequence[Field], text: str) -> tuple[Any, ...] | None:
    """Return the values of a key, as JSON; None where the text can be no key of these columns."""
    try:
        parts = parse_parts(text)
    except ValueError:
        return None
    if len(parts) != len(fields):
        return None
    values = []
    for field, part in zip(fields, parts, strict=True):
        value, problem = field.checked(_value(field, part), ())
        if problem is not None or value is None:
            return None
        values.append(value)
    return tuple(values)


def _text(field: Field, value: Any) -> str:
    """A text that would be read as something else is said as JSON."""
    if isinstance(value, str) and _value(field, value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(field: Field, text: str) -> Any:
    if text[:1] in {"{", '"'} or field.type.kind in {"integer", "float", "boolean", "any", "json", "array", "bytes"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
