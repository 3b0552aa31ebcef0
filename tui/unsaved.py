"""Texts that nobody has saved: kept over a crash, told when the app starts, forgotten when they are not wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from threading import Lock

from core.config import Site
from core.context import Context
from core.edits import open_edits
from core.words import printable
from tui.edit_calls import Basis, forget_unsaved, keep_unsaved
from tui.format import shorten
from tui.sheets import Sheet

_MOST = 5
_LONGEST_SITE, _LONGEST_SUBJECT = 8, 26  # what is told fits into the half of 80 columns that a notice has


def unsaved_texts(context: Context, sites: Iterable[Site]) -> list[str]:
    """Return a line for each text that nobody has saved, the newest of each site first; raise GreenroomError."""
    lines = [
        printable(f"{shorten(site.name, _LONGEST_SITE)}: {shorten(str(one.subject), _LONGEST_SUBJECT)}")
        for site in sites
        for one in open_edits(context, site).unsaved()
    ]
    more = len(lines) - _MOST
    return lines if more <= 0 else [*lines[:_MOST], f"and {more:,} more"]


class Keeper:
    """Gives what threads call to keep the text of a sheet and to forget it: what was wanted last holds.

    `keeping` and `forgetting` are called in one thread, what they return in any.
    """

    def __init__(self, context: Context, site: Site, sheet: Sheet) -> None:
        self._about = (context, site, sheet)
        self._numbers = count(1)
        self._forgotten = 0
        self._lock = Lock()

    def keeping(self, basis: Basis, text: str) -> Callable[[], None]:
        """Return what keeps a text, unless it is to be forgotten meanwhile."""
        return partial(self._keep, next(self._numbers), basis, text)

    def forgetting(self) -> Callable[[], None]:
        """Return what forgets all that was to be kept before."""
        self._forgotten = next(self._numbers)
        return self._forget

    def _keep(self, number: int, basis: Basis, text: str) -> None:
        with self._lock:
            if number > self._forgotten:
                keep_unsaved(*self._about, basis, text)

    def _forget(self) -> None:
        with self._lock:
            forget_unsaved(*self._about)
