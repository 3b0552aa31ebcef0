"""JSON Schemas: what they say of the value at a path, and in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def schema_at(schema: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """Return the part of a JSON Schema that describes what is at `path`; empty where nothing does."""
    part = _resolved(schema, schema)
    for step in path:
        inner = _inner(schema, part, "items" if isinstance(step, int) else "properties")
        part = _resolved(schema, inner if isinstance(step, int) else inner.get(step, {}))
    return part


def keys_at(schema: Mapping[str, Any], path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that the object at `path` may have."""
    return tuple(_inner(schema, schema_at(schema, path), "properties"))


def allowed_words(schema: Mapping[str, Any]) -> str:
    """Return in words what a part of a JSON Schema allows: "text of at most 200 characters, or null"."""
    if "anyOf" in schema:
        return ", or ".join(allowed_words(option) for option in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
    kind = "object" if "$ref" in schema else schema.get("type", "")
    words = _WORDS.get(kind)
    return words(schema) if words else ""


def _inner(root: Mapping[str, Any], part: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return what `part` holds under `key`, looking into its alternatives."""
    for option in (part, *(_resolved(root, option) for option in part.get("anyOf", ()))):
        if key in option:
            inner: Mapping[str, Any] = option[key]
            return inner
    return {}


def _resolved(root: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if not reference:
        return part
    found: Mapping[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return found


def _text_words(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return "a date as YYYY-MM-DD"
    if schema.get("format") == "date-time":
        return "a time with its zone, as 2025-11-02T05:15:25+00:00"
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if schema.get("format") == "uri":
        words = "an address that begins with http:// or https://"
        return f"{words}, of at most {most:,} characters" if most else words
    if schema.get("pattern") in _PATTERN_WORDS:
        return _PATTERN_WORDS[schema["pattern"]]
    if not most:
        return "text"
    return f"text of {least:,} to {most:,} characters" if least else f"text of at most {most:,} characters"


def _range_words(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None or high is None:
        return ""
    return f" from {low:,} to {high:,}"


def _list_words(schema: Mapping[str, Any]) -> str:
    most = schema.get("maxItems")
    return f"a list of at most {most:,} items" if most else "a list"


_PATTERN_WORDS = {
    "^[0-9]{4}$": "a year of four digits, as text",
    "^tt[0-9]{1,10}$": "an IMDb id, as tt0137523",
}

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string": _text_words,
    "integer": lambda schema: "a whole number" + _range_words(schema),
    "number": lambda schema: "a number" + _range_words(schema),
    "array": _list_words,
    "boolean": lambda _: "true or false",
    "null": lambda _: "null",
    "object": lambda _: "an object",
}
