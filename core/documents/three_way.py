"""Two changed the same value: what only one of them changed, what both did alike, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.documents.difference import Change, Item, KeyOf, Steps, apply, by_value, difference, frozen

Verdict = Literal["mine", "theirs", "both", "conflict"]
Side = Literal["mine", "theirs"]

_ORDER = Item("the place in the list", 0)  # a step that no list has: moving an item leaves what is in it alone


@dataclass(frozen=True, slots=True)
class Meeting:
    """What two sides did to one thing, the outermost that either of them changed as a whole."""

    steps: Steps
    verdict: Verdict
    mine: tuple[Change, ...]
    theirs: tuple[Change, ...]


@dataclass
class _Sides:
    mine: list[Change] = field(default_factory=list)
    theirs: list[Change] = field(default_factory=list)


def three_way(base: object, mine: object, theirs: object, key_of: KeyOf = by_value) -> tuple[Meeting, ...]:
    """Return what the two sides made of the base, thing by thing: mine in their order, then what only theirs has."""
    my_changes, their_changes = difference(base, mine, key_of), difference(base, theirs, key_of)
    outermost = {change.steps for change in (*my_changes, *their_changes) if change.kind != "moved"}
    things: dict[Steps, _Sides] = {}
    for change in my_changes:
        things.setdefault(_thing(change, outermost), _Sides()).mine.append(change)
    for change in their_changes:
        things.setdefault(_thing(change, outermost), _Sides()).theirs.append(change)
    return tuple(
        Meeting(
            steps[:-1] if steps[-1:] == (_ORDER,) else steps,
            _verdict(sides.mine, sides.theirs),
            tuple(sides.mine),
            tuple(sides.theirs),
        )
        for steps, sides in things.items()
    )


def conflicts(meetings: Iterable[Meeting]) -> tuple[Meeting, ...]:
    """Return those that contradict themselves."""
    return tuple(meeting for meeting in meetings if meeting.verdict == "conflict")


def merge(base: object, meetings: Sequence[Meeting], *, prefer: Side, key_of: KeyOf = by_value) -> object:
    """Return the base with what both sides did; where they contradict each other, with what the preferred side did."""
    changes: list[Change] = []
    for meeting in meetings:
        if meeting.verdict == "theirs" or (meeting.verdict in {"both", "conflict"} and prefer == "theirs"):
            changes += meeting.theirs
        else:
            changes += meeting.mine
    return apply(base, changes, key_of)


def _thing(change: Change, outermost: set[Steps]) -> Steps:
    steps = (*change.steps, _ORDER) if change.kind == "moved" else change.steps
    return next((steps[:length] for length in range(len(steps)) if steps[:length] in outermost), steps)


def _verdict(mine: Sequence[Change], theirs: Sequence[Change]) -> Verdict:
    if not theirs:
        return "mine"
    if not mine:
        return "theirs"
    return "both" if _meant(mine) == _meant(theirs) else "conflict"


def _meant(changes: Sequence[Change]) -> list[object]:
    """Return what the changes do, for comparing; where an added item stands is no part of it."""
    return [
        (change.kind, change.steps, frozen(change.after), change.position if change.kind == "moved" else None)
        for change in changes
    ]
