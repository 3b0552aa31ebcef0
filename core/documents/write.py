"""The one way that a value is written, so that equal values are equal bytes."""

from __future__ import annotations

import hashlib
import json
import re

from core.documents.problems import DocumentError, Problem, quoted

# What an editor takes for the end of a line, what a terminal obeys, and what reorders a line: it stands as \uXXXX.
_HIDDEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def write(value: object) -> str:
    """Return a value as JSON text: two spaces, UTF-8, keys in their order, a newline at the end.

    Raise DocumentError where it holds a number that JSON does not have, or half a surrogate pair.
    """
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise DocumentError(
            [Problem((), "the value holds a number that JSON does not have", "finite numbers")]
        ) from error
    if lone := _SURROGATE.search(text):
        near = quoted(text[max(0, lone.start() - 20) : lone.end() + 20])
        raise DocumentError([Problem((), f"half of a surrogate pair stands in {near}", "whole characters")])
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def fingerprint(value: object) -> str:
    """Return the SHA-256 of a value as it is written, 64 hexadecimal digits."""
    return hashlib.sha256(write(value).encode()).hexdigest()
