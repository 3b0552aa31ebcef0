"""Which texts nobody has saved: what a crash left, told when the app starts."""

from __future__ import annotations

from collections.abc import Iterable

from core.config import Site
from core.context import Context
from core.edits import open_edits
from core.reports import format_time
from core.words import printable

_MOST = 5


def unsaved_texts(context: Context, sites: Iterable[Site]) -> list[str]:
    """Return a line for each text that nobody has saved, the newest of each site first; raise GreenroomError."""
    lines = [
        printable(
            f"{one.subject.form} of {one.subject.key} at {site.name}, {one.by} {format_time(one.at, site.time_zone)}"
        )
        for site in sites
        for one in open_edits(context, site).unsaved()
    ]
    more = len(lines) - _MOST
    return lines if more <= 0 else [*lines[:_MOST], f"and {more:,} more"]
