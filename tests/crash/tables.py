"""What docs/atomicity.md says of each step, read from its tables: the crash tests expect that and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "atomicity.md"
_SECTION = re.compile(r"^## (?P<title>[^\n]+)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_OUTCOME = re.compile(r"\*(old|new)\*")


def rows(title: str, *, first: str = r"\d+b?") -> list[list[str]]:
    """Return the cells of the rows of a section's table whose first cell matches."""
    body = next(match["body"] for match in _SECTION.finditer(_DOCUMENT.read_text()) if match["title"] == title)
    lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line[:1] == "|")
    found = [cells for cells in lines if re.fullmatch(first, cells[0])]
    assert found, f"no table in {title}"
    return found


def outcomes_by_phase(title: str, *, first: str = r"\d+b?") -> dict[str, set[str]]:
    """Return what a start after a kill ends in, `old` or `new`, for each phase that the marker can stand at."""
    found: dict[str, set[str]] = {}
    for _, phase, _, after in rows(title, first=first):
        if phase:
            found.setdefault(phase.strip("*`"), set()).update(_OUTCOME.findall(after))
    return found


def assert_one_switch_point(title: str, ends: Sequence[object]) -> None:
    """The table has one step in bold; the ends of all kills, in the order of the steps, change there and only there."""
    bold = [cells for cells in rows(title) if any("**" in cell for cell in cells)]
    assert len(bold) == 1, f"{title} names {len(bold)} switch points"
    changes = sum(before != after for before, after in pairwise(ends))
    assert changes == 1, f"{title}: {ends}"
