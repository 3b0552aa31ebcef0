"""What a target cannot keep exactly: the fidelity report, said before anything is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """One line of the report: of a table, and of a column where it is about one."""

    table: str
    column: str | None
    what: str
