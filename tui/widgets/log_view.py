"""A list with the whole of its highlighted row beside it, or below it on a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import DataTable, Static

from tui.widgets.row_list import RowList


@dataclass(frozen=True)
class Row:
    """A row of the list: a key that stays the same while the list grows, its cells, and the whole of it."""

    key: str
    cells: tuple[str, ...]
    whole: Text


class LogList(RowList):
    """The list of a log; enter goes into the text beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Read", key_display="enter", tooltip="Into the text beside, to scroll it"),
    ]


class LogView(Container):
    """Shows rows, newest first, and keeps the highlighted one while others come."""

    class Highlighted(Message):
        """Posted when another row is highlighted."""

    def __init__(self, *columns: str, empty: str) -> None:
        super().__init__(classes="log")
        self._columns = columns
        self._empty = empty
        self._rows: list[Row] = []

    def compose(self) -> ComposeResult:
        table = LogList("log-list")
        table.add_columns(*self._columns)
        yield table
        with VerticalScroll(id="log-whole"):
            yield Static(id="log-text", markup=False)

    @property
    def current(self) -> Row | None:
        """The highlighted row, or None where there is none."""
        position = self._table.cursor_row
        return self._rows[position] if 0 <= position < len(self._rows) else None

    @property
    def is_at_end(self) -> bool:
        """Whether the last row that is loaded is highlighted."""
        return self._table.cursor_row >= len(self._rows) - 1

    def show(self, rows: Sequence[Row], title: str) -> None:
        """Show these rows."""
        table, before = self._table, self.current
        table.border_title = title
        if [row.key for row in rows] != [row.key for row in self._rows] or list(rows) != self._rows:
            self._rows = list(rows)
            table.clear()
            for row in rows:
                table.add_row(*map(Text, row.cells), key=row.key)
            keys = [row.key for row in rows]
            if before is not None and before.key in keys and before.key != keys[0]:
                table.move_cursor(row=keys.index(before.key))
        self._show_whole()

    def read(self) -> None:
        """Go into the text beside the list."""
        self.query_one("#log-whole").focus()

    def is_reading(self) -> bool:
        return self.query_one("#log-whole").has_focus

    def leave_text(self) -> None:
        """Go back to the list."""
        self._table.focus()

    @property
    def _table(self) -> LogList:
        return self.query_one(LogList)

    def _show_whole(self) -> None:
        row = self.current
        self.query_one("#log-text", Static).update(row.whole if row is not None else Text(self._empty))

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self) -> None:
        self._show_whole()
        self.query_one("#log-whole").scroll_home(animate=False)
        self.post_message(self.Highlighted())

    @on(DataTable.RowSelected)
    def _row_selected(self) -> None:
        self.read()
