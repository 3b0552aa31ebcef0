"""What is wrong in a document, each with its path and its place, and how paths and values are said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import GreenroomError
from core.words import plural, printable

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_QUOTE = 60
_TOO_LONG_A_NUMBER = 10**20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a text: line and column from 1, columns in characters; `offset` from 0 in the whole text."""

    line: int
    column: int
    offset: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text; `end` is the place behind its last character."""

    start: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where in the value, what was found, what is allowed, where in the text."""

    path: Path
    found: str
    allowed: str = ""
    span: Span | None = None

    def __str__(self) -> str:
        where = [str(self.span.start)] if self.span else []
        where += [said_path(self.path)] if self.path else []
        words = f"{self.found}; allowed: {self.allowed}" if self.allowed else self.found
        return f"{', '.join(where)}: {words}" if where else words


class DocumentError(GreenroomError):
    """A text is no JSON that can be read, or says what it may not; `problems` holds all of it."""

    def __init__(self, problems: Iterable[Problem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=hint)


def said_path(path: Path) -> str:
    """Return a path as people write it: data.cast[0].name; entries of lists count from 0, as in JSON paths."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{quoted(step)}]"
    return text


def quoted(text: str) -> str:
    """Return text from outside in quotes, short and without anything that a terminal would obey."""
    short = json.dumps(text[:_LONGEST_QUOTE], ensure_ascii=False)
    short = printable(short.encode("utf-8", "replace").decode())
    return f'{short[:-1]}..." ({len(text):,} characters)' if len(text) > _LONGEST_QUOTE else short


def said_value(value: object) -> str:
    """Return a JSON value as a message says it: short, on one line; a list by how much it holds."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"a list of {plural(len(value), 'item')}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, int) and abs(value) >= _TOO_LONG_A_NUMBER:
        return "a number of more than 20 digits"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
