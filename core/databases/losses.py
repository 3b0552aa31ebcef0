"""What a target cannot keep exactly, said before anything is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """A line of the fidelity report: `what` a column, or a whole table, loses."""

    table: str
    column: str | None
    what: str
