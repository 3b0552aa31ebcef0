"""Text that every engine can store: no NUL, no half of a surrogate pair, not longer than its column."""

from __future__ import annotations


def storable(text: str, limit: int | None = None) -> str:
    """Given any text, return it with what cannot be stored written as an escape, cut off at `limit`."""
    clean = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return clean if limit is None else clean[:limit]


def is_storable(text: str) -> bool:
    """Return whether a row can hold exactly this text."""
    return storable(text) == text
