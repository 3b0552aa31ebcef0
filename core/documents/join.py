"""What a model or a rule finds wrong with a value, given its place in the text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.documents.document import Document
from core.documents.problems import Path, Problem, quoted, said_value

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

KnownKeys = Callable[[Path], Iterable[str]]

# What pydantic calls it, and what is allowed; its own numbers and words stand in {}.
_ALLOWED = {
    "string_type": "text in double quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list in [ ]",
    "dict_type": "an object in {{ }}",
    "model_type": "an object in {{ }}",
    "model_attributes_type": "an object in {{ }}",
    "none_required": "null",
    "string_too_long": "up to {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "up to {max_length} entries",
    "too_short": "at least {min_length} entries",
    "string_pattern_mismatch": "text that matches {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
}


def no_keys(path: Path) -> Iterable[str]:
    """Tell that nothing is known of the keys at a path."""
    del path
    return ()


def placed(problems: Iterable[Problem], document: Document) -> tuple[Problem, ...]:
    """Return problems with their places in the document, in the order of the text."""
    with_places = [
        problem if problem.span else replace(problem, span=document.mark(problem.path)) for problem in problems
    ]
    return tuple(sorted(with_places, key=_order))


def model_problems(
    error: ValidationError, document: Document, *, within: Path = (), known_keys: KnownKeys = no_keys
) -> tuple[Problem, ...]:
    """Given what pydantic says of the value at `within`, return it as problems with places, in the order of the text.

    `known_keys` gives the keys that an object may have. The same found twice, by several members of a union, is joined.
    An error of a validator that is a PydanticCustomError with `found` and `allowed` in its context is said as it is.
    """
    joined: dict[tuple[Path, str], list[str]] = {}
    spots: dict[tuple[Path, str], Problem] = {}
    for details in error.errors(include_url=False):
        problem = _problem(details, document, within, known_keys)
        name = (problem.path, problem.found)
        spots.setdefault(name, problem)
        joined.setdefault(name, []).append(problem.allowed)
    return placed(
        [
            replace(spots[name], allowed=", or ".join(dict.fromkeys(filter(None, each))))
            for name, each in joined.items()
        ],
        document,
    )


def _order(problem: Problem) -> tuple[int, str]:
    return (problem.span.start.offset if problem.span else -1, str(problem))


def _problem(details: ErrorDetails, document: Document, within: Path, known_keys: KnownKeys) -> Problem:
    kind, context = details["type"], details.get("ctx", {})
    steps = tuple(step for step in details["loc"] if step != "[key]")
    path = _found_path(document, within, steps[:-1] if kind == "missing" else steps)
    if kind == "missing":
        return Problem(path, f"{quoted(str(steps[-1]))} is missing")
    if kind == "extra_forbidden" or details["loc"][-1:] == ("[key]",):
        return _unknown_key(path, document, known_keys)
    if {"found", "allowed"} <= context.keys():
        return Problem(path, str(context["found"]), str(context["allowed"]))
    if kind == "value_error":
        return Problem(path, str(context.get("error", details["msg"])))
    return Problem(path, f"is {said_value(details['input'])}", _allowed(kind, context, details["msg"]))


def _found_path(document: Document, within: Path, steps: Path) -> Path:
    """Follow pydantic's steps into the document, past those that only name a member of a union."""
    path = within
    for step in steps:
        if (*path, step) in document.spots:
            path = (*path, step)
    return path


def _unknown_key(path: Path, document: Document, known_keys: KnownKeys) -> Problem:
    known = list(known_keys(path[:-1]))
    name = str(path[-1]) if path else ""
    close = difflib.get_close_matches(name.lower(), {key.lower(): key for key in known}, n=1, cutoff=0.7)
    meant = next((f" (did you mean {quoted(key)}?)" for key in known if close and key.lower() == close[0]), "")
    span = document.key_span(path) if path in document.spots else None
    return Problem(path, f"unknown key {quoted(name)}{meant}", ", ".join(known), span)


def _allowed(kind: str, context: Mapping[str, object], message: str) -> str:
    pattern = _ALLOWED.get(kind)
    return message if pattern is None else pattern.format_map(context)
