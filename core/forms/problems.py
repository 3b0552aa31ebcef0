"""What is wrong with data, all of it at once: where, what was found, what is allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.documents import Path, Problem, said_value
from core.errors import GreenroomError
from core.forms.schemas import allowed_words, keys_at, schema_at
from core.words import plural

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_PROBLEMS = 1_000  # are told of one text: each takes a search for the key that may be meant, and memory


class InvalidDataError(GreenroomError):
    """Data that cannot be written, and was not; `problems` holds all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        message = lines[0] if len(lines) == 1 else "\n  ".join([f"{plural(len(lines), 'problem')}:", *lines])
        super().__init__(message, hint="mend what is named; nothing was written")


def quoted_suggestion(key: str, known: Iterable[str]) -> str:
    """Return `did you mean "..."?` where a known key is close to `key`, or nothing."""
    by_plain = {_plain(name): name for name in known}
    plain = _plain(key)
    close = difflib.get_close_matches(plain, by_plain, n=1, cutoff=0.7)
    if not close and len(plain) >= 4:
        close = [name for name in by_plain if plain in name or (len(name) >= 4 and name in plain)]
    return f"did you mean {json.dumps(by_plain[close[0]])}?" if close else ""


def problem_of(details: ErrorDetails, schema: Mapping[str, Any], before: Path = ()) -> Problem:
    """Given one error of pydantic's and the JSON Schema of what was checked, return it as a problem below `before`."""
    location, kind = details["loc"], details["type"]
    path = before + location
    if kind == "extra_forbidden":
        return unknown_key(path, keys_at(schema, location[:-1]))
    found = "is missing" if kind == "missing" else said_value(details["input"])
    reason = {"nul": "with a NUL character", "string_unicode": "with half a character"}.get(kind)
    return Problem(path, f"{found}, {reason}" if reason else found, allowed_words(schema_at(schema, location)))


def unknown_key(path: Path, known: Sequence[str]) -> Problem:
    """Return the problem that the last part of `path` is a key that nobody knows."""
    key = str(path[-1])
    guess = quoted_suggestion(key, known)
    allowed = ", ".join(known)
    return Problem(path, f"unknown key {said_value(key)}", f"{guess} {allowed}" if guess else allowed)


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "").replace(" ", "")
