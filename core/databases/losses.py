"""What a target cannot keep exactly: the fidelity report, said before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Loss:
    """One line of the report: of a table, and of a column where it is about one."""

    table: str
    column: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Refusal(Loss):
    """A loss of some values only, which are refused when they come: nothing is lost where there are none of these."""


def shown(sql: str) -> str:
    """Return SQL, or a name, as a report shows it: on one line, and not all of one that is long."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in sql).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def losses_of_all(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    """Return the losses without those of values that were refused, where none was."""
    return tuple(loss for loss in losses if not isinstance(loss, Refusal))
