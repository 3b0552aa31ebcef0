"""What is wrong with a configuration: all of it at once, each with its key and what is allowed there."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.urls import SQLITE_FORMS
from core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_QUOTE = 60
_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
_REQUIRED = {
    "sites": "a table [sites.NAME] for each site",
    "database": SQLITE_FORMS,
    "state": 'a folder, such as "/var/lib/greenroom"',
    "storage": 'a folder, such as "/var/backups/greenroom"',
}
_WANTED = {
    "string_type": 'text in quotes ("...")',
    "list_type": 'a list (["...", "..."])',
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the key with dots, what is wrong, what is allowed."""

    key: str
    wrong: str
    allowed: str = ""

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}" + (f"; allowed: {self.allowed}" if self.allowed else "")


class InvalidConfigError(ConfigError):
    """greenroom.toml can be read, but says what it may not; `problems` holds all of it."""

    def __init__(self, source: Path, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        message = f"{source}: {lines[0]}"
        if len(lines) > 1:
            message = "\n  ".join([f"{source} has {len(lines)} problems:", *lines])
        super().__init__(message, hint="correct the file; `greenroom config schema` prints all that it may hold")


def dotted(parts: Sequence[str | int]) -> str:
    """Given the parts of a key, return it as TOML writes it, entries of lists counted from 1."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f", entry {part + 1}"
        else:
            bare = part if _BARE_KEY.fullmatch(part) else json.dumps(part)
            text += f".{bare}" if text else bare
    return text


def quote(value: str) -> str:
    """Given text from the file, return it in quotes, short and without anything that a terminal would obey."""
    shown = value if len(value) <= _LONGEST_QUOTE else f"{value[:_LONGEST_QUOTE]}..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def suggestion(value: str, known: Iterable[str]) -> str:
    """Return `did you mean "..."?` where a known word is close to `value`, or nothing."""
    by_lower_case = {word.lower(): word for word in known}
    close = difflib.get_close_matches(value.lower(), by_lower_case, n=1, cutoff=0.7)
    return f" (did you mean {quote(by_lower_case[close[0]])}?)" if close else ""


def problem_of(details: ErrorDetails, known_keys: Sequence[str]) -> Problem:
    """Given one error of pydantic's, return it as a problem; `known_keys` are those allowed beside the key."""
    kind, location = details["type"], details["loc"]
    # "[key]" is pydantic's mark of a wrong key, "" the key of the one folder in a list.
    key = dotted([part for part in location if part not in {"[key]", ""}])
    if kind == "greenroom":
        context = details.get("ctx", {})
        return Problem(key, str(context.get("wrong")), str(context.get("allowed")))
    if kind == "extra_forbidden":
        last = str(location[-1])
        return Problem(key, f"unknown key{suggestion(last, known_keys)}", ", ".join(known_keys))
    if kind == "missing":
        return Problem(key, "is missing", _REQUIRED.get(str(location[-1]), ""))
    if kind in _WANTED:
        return Problem(key, f"is {_kind_of(details['input'])}", _WANTED[kind])
    return Problem(key, details["msg"])


def _kind_of(value: object) -> str:
    return _KINDS.get(type(value), "a date or time")
