"""The list of backups, newest first, which keeps its highlighted row while the catalog changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from core.catalog import BackupRecord
from core.words import printable
from tui.format import count, short_age, shorten, size

_COLUMNS = ("When", "Age", "Status", "Proof", "Size", "Description", "Rows", "Kind")
_RIGHT = ("Size", "Rows")
_LONGEST_DESCRIPTION = 40


class BackupTable(DataTable[Text]):
    """Shows backups, a row each; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Details", key_display="enter", tooltip="Scroll the details")
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, id="backups")
        self._backups: list[BackupRecord] = []
        self._cells: list[tuple[Text, ...]] = []
        self._wanted: int | None = None

    def on_mount(self) -> None:
        for name in _COLUMNS:
            self.add_column(Text(name, justify="right" if name in _RIGHT else "left"), key=name)

    @property
    def current(self) -> BackupRecord | None:
        """The highlighted backup, or None where there is none."""
        return self._backups[self.cursor_row] if 0 <= self.cursor_row < len(self._backups) else None

    @property
    def is_at_end(self) -> bool:
        """Whether the last row that is loaded is highlighted."""
        return self.cursor_row >= len(self._backups) - 1

    def highlight_when_shown(self, backup_id: int) -> None:
        """Move to a backup as soon as the list holds it."""
        self._wanted = backup_id

    def show(self, backups: Sequence[BackupRecord], now: datetime, zone: ZoneInfo) -> None:
        """Show these backups; write only what changed, and keep the highlighted one, or its place where it is gone."""
        cells = [_cells(backup, now, zone) for backup in backups]
        same_rows = [one.id for one in backups] == [one.id for one in self._backups]
        before, row = self.current, self.cursor_row
        self._backups = list(backups)
        self._fit(cells)
        if same_rows:
            self._write_changes(cells)
        else:
            self.clear()
            for backup, line in zip(backups, cells, strict=True):
                self.add_row(*line, key=str(backup.id))
        self._cells = cells
        self._highlight(before, row, moved=not same_rows)

    def _fit(self, cells: list[tuple[Text, ...]]) -> None:
        """Fit the columns before they are drawn: a line drawn too narrow would be kept and drawn again."""
        for position, column in enumerate(self.ordered_columns):
            column.content_width = max(cell.cell_len for cell in (column.label, *(line[position] for line in cells)))

    def _highlight(self, before: BackupRecord | None, row: int, *, moved: bool) -> None:
        ids = [backup.id for backup in self._backups]
        if self._wanted in ids:
            self.move_cursor(row=ids.index(self._wanted))
            self._wanted = None
        elif moved and before is not None:
            self.move_cursor(row=ids.index(before.id) if before.id in ids else min(row, len(ids) - 1))

    def _write_changes(self, cells: list[tuple[Text, ...]]) -> None:
        for backup, old, new in zip(self._backups, self._cells, cells, strict=True):
            if old != new:
                for name, before, after in zip(_COLUMNS, old, new, strict=True):
                    if before != after:
                        self.update_cell(str(backup.id), name, after, update_width=True)


def proof(backup: BackupRecord) -> str:
    """Given a backup, return in words what is known of it besides its status: proof, origin, role, pin."""
    words = []
    if backup.status == "completed":
        if backup.verified_at is not None:
            words.append("verified")
        elif backup.error:
            words.append("DAMAGED")
        elif not backup.foreign:
            words.append("not verified")
    if backup.foreign:
        words.append("foreign")
    if backup.role != "manual":
        words.append(backup.role)
    if backup.pinned:
        words.append("pinned")
    return ", ".join(words)


def _cells(backup: BackupRecord, now: datetime, zone: ZoneInfo) -> tuple[Text, ...]:
    return (
        Text(f"{backup.created_at.astimezone(zone):%Y-%m-%d %H:%M}"),
        Text(short_age(now - backup.created_at)),
        Text(backup.status),
        Text(proof(backup)),
        Text(size(backup.file_size), justify="right"),
        Text(shorten(printable(backup.description), _LONGEST_DESCRIPTION)),
        Text(count(backup.record_count), justify="right"),
        Text(backup.kind),
    )
