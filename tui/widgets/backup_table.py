"""The list of backups: a window on what the catalog pages, of which only a page is ever held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.binding import Binding, BindingType

from core.catalog import CANCELLED, BackupRecord, Page
from core.words import printable
from tui.format import count, short_age, size
from tui.widgets.long_list import Column, Line, LongList

COLUMNS = (
    Column("When", 0),
    Column("Age", 3, right=True),
    Column("State", 1, least=14),
    Column("Size", 2, right=True),
    Column("Rows", 5, right=True),
    Column("Description", 4, least=12),
    Column("Kind", 6),
)


class BackupTable(LongList):
    """Shows a page of backups, a line each, as if all were there; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "Details", id="list.open", show=False, key_display="enter", tooltip="Scroll the details"
        ),
    ]

    def __init__(self) -> None:
        super().__init__("backups", COLUMNS)
        self._page = Page((), 0, 0, 0)

    @property
    def current(self) -> BackupRecord | None:
        """The highlighted backup, or None where there is none, or its page is still being read."""
        at = self.place - self._page.offset
        return self._page.rows[at] if 0 <= at < len(self._page.rows) else None

    @property
    def page(self) -> Page:
        return self._page

    def show(self, page: Page, now: datetime, zone: ZoneInfo, *, nothing: str, highlight: int | None = None) -> bool:
        """Show a page and return whether the backup of the id `highlight` was there to be highlighted.

        What is highlighted stays so wherever it is now; where it is gone, its place does.
        """
        lines = [Line(backup.id, _cells(backup, now, zone)) for backup in page.rows]
        was_there = self.show_lines(lines, offset=page.offset, total=page.total, nothing=nothing, highlight=highlight)
        self._page = page
        return was_there

    def show_nothing(self, text: str) -> None:
        """Forget the rows, those of another site, and say why there are none."""
        self._page = Page((), 0, 0, 0)
        super().show_nothing(text)


def state(backup: BackupRecord) -> str:
    """Given a backup, return its state in words: what is proven of it, where it comes from, whether it is kept."""
    return ", ".join(_state(backup))


def _state(backup: BackupRecord) -> Iterator[str]:
    if backup.status == "failed":
        yield CANCELLED if backup.cancelled else "FAILED"
    elif backup.status == "running":
        yield "running"
    else:
        yield from _proof(backup)
    if backup.foreign:
        yield "foreign"
    if backup.pinned:
        yield "pinned"
    if backup.role in ("safety", "adopted") and not backup.foreign:
        yield backup.role


def _proof(backup: BackupRecord) -> Iterator[str]:
    """The strongest that is known: that it restores, that its hashes agree, or that it does not."""
    if backup.error:
        yield "DAMAGED"
    elif backup.drill_status == "failed":
        yield "DRILL FAILED"
    elif backup.drilled_at is not None:
        yield "drilled"
    elif backup.verified_at is not None:
        yield "verified"
    elif not backup.foreign:
        yield "not verified"


def _cells(backup: BackupRecord, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        f"{backup.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        short_age(now - backup.created_at),
        state(backup),
        size(backup.file_size),
        count(backup.record_count),
        printable(backup.description),
        backup.kind,
    )
