"""The items of a list of rows, checked: types, unknown keys, what a new row must say, rows that stand there twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.documents import Path, Problem, said_value
from core.forms.form import Json
from core.forms.problems import MOST_PROBLEMS, unknown_key
from core.records.raw import is_kept
from core.records.record import MOST_ROWS, Child


def checked_items(child: Child, value: Any, path: Path) -> tuple[list[Json], list[Problem]]:
    """Return the items as they are written, or what is wrong with them."""
    if not isinstance(value, list):
        return [], [Problem(path, said_value(value), f"a list of at most {MOST_ROWS:,} items")]
    if len(value) > MOST_ROWS:
        return [], [Problem(path, said_value(value), f"at most {MOST_ROWS:,} items")]
    items: list[Json] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        if len(problems) >= MOST_PROBLEMS:
            break
        found, wrong = _checked_item(child, item, (*path, index))
        problems += wrong
        items.append(found)
        key = child.values_of_key(found) if not child.why_not and not wrong else None
        if key is None:
            continue
        first = seen.setdefault(repr(key), index)
        if first != index:
            problems.append(Problem((*path, index), f"the same row as [{first}]", "each row once"))
    return items, problems


def _checked_item(child: Child, item: Any, path: Path) -> tuple[Json, list[Problem]]:
    if not isinstance(item, Mapping):
        return {}, [Problem(path, said_value(item), "an object")]
    found: Json = {}
    problems: list[Problem] = []
    for name, value in item.items():
        if len(problems) >= MOST_PROBLEMS:
            break
        field = child.fields.get(name)
        if field is None:
            problems.append(_no_field(child, (*path, name)))
            continue
        found[name], problem = field.checked(value, (*path, name))
        problems += [problem] if problem else []
    # One that has its key may be there already, and then may leave out what it likes.
    if not child.why_not and not problems and child.values_of_key(found) is None:
        problems += problems_of_new(child, found, path)
    return found, problems


def _no_field(child: Child, path: Path) -> Problem:
    if path[-1] in child.hanging.key.columns:
        return Problem(path, "a key that cannot be changed", "nothing: it names the row that this list belongs to")
    return unknown_key(path, list(child.fields))


def problems_of_new(child: Child, item: Mapping[str, Any], path: Path) -> list[Problem]:
    """Return what a new row lacks, or says and may not."""
    problems = []
    for field in child.fields.values():
        here = (*path, field.name)
        if item.get(field.name) is None:
            problems += [Problem(here, "is missing in a new row", field.allowed)] if field.required else []
        elif is_kept(item[field.name]):
            problems.append(Problem(here, "stands for a value that a new row does not have", field.allowed))
    return problems
