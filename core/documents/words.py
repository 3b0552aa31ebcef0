"""Differences in words for a terminal, a line each; the first word says what happened, so that no colour need."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from core.documents.difference import Change, Item, Steps, same
from core.documents.problems import said_path, said_value
from core.documents.three_way import Meeting, Verdict
from core.words import printable

_BEFORE_THE_DIFFERENCE = 20
_SAID = {
    "mine": "only yours",
    "theirs": "only live",
    "both": "the same on both sides",
    "conflict": "in conflict",
}


def said_steps(steps: Steps) -> str:
    """Return where something is: data.cast "Brad Pitt" character."""
    said, keys = [], list[str | int]()
    for step in steps:
        if isinstance(step, Item):
            said += [said_path(tuple(keys)), step.label]
            keys = []
        else:
            keys.append(step)
    return " ".join(each for each in (*said, said_path(tuple(keys))) if each) or "all of it"


def said_change(change: Change) -> str:
    """Return one change: changed data.year: 1998 -> 1999."""
    where = said_steps(change.steps)
    named = bool(change.steps) and isinstance(change.steps[-1], Item)
    if change.kind == "moved":
        text = f"moved {where}: from place {(change.was or 0) + 1} to {(change.position or 0) + 1}"
    elif change.kind == "changed" and named and isinstance(change.before, dict) and isinstance(change.after, dict):
        text = f"changed {where} to another one: {_said_fields(change.before, change.after)}"
    elif change.kind == "changed":
        before, after = said_pair(change.before, change.after)
        text = f"changed {where}: {before} -> {after}"
    elif named:
        text = f"{change.kind} {where}"
    else:
        text = f"{change.kind} {where}: {said_value(change.after if change.kind == 'added' else change.before)}"
    return printable(text)


def _said_fields(before: dict[str, object], after: dict[str, object]) -> str:
    names = [name for name, value in after.items() if name not in before or not same(before[name], value)]
    return ", ".join(f"{said_path((name,))} {' -> '.join(said_pair(before.get(name), after[name]))}" for name in names)


def said_changes(changes: Iterable[Change]) -> list[str]:
    """Return changes, a line each."""
    return [said_change(change) for change in changes]


def said_meeting(meeting: Meeting) -> list[str]:
    """Return what two sides did to one thing; of a conflict both sides."""
    verdict: Verdict = meeting.verdict
    if verdict != "conflict":
        return [f"{_SAID[verdict]}: {said_change(change)}" for change in meeting.mine or meeting.theirs]
    lines = [printable(f"{_SAID[verdict]}: {said_steps(meeting.steps)}")]
    lines += [f"  yours: {said_change(change)}" for change in meeting.mine]
    return lines + [f"  live: {said_change(change)}" for change in meeting.theirs]


def said_pair(before: object, after: object) -> tuple[str, str]:
    """Return two values, short; two texts from a little before where they begin to differ."""
    if isinstance(before, str) and isinstance(after, str):
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
        start = alike - _BEFORE_THE_DIFFERENCE
        if start > _BEFORE_THE_DIFFERENCE:
            return said_value(f"...{before[start:]}"), said_value(f"...{after[start:]}")
    return said_value(before), said_value(after)
