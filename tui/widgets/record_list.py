"""The tables of a site, and the rows of one of them, as long lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from core.records import TableRow
from core.words import printable
from tui.format import count
from tui.record_calls import RowsView
from tui.widgets.long_list import Column, Line, LongList

_OF_TABLES = (Column("Table", 0, least=20), Column("Rows", 1, right=True), Column("Key", 3), Column("", 2))
_KEY_LEAST, _LABEL_LEAST = 6, 16


class RecordList(LongList):
    """Tables, or rows; enter goes into the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "Open", id="records.open", key_display="enter", tooltip="A table's rows, or a row to edit"
        ),
    ]

    def show_tables(self, tables: Sequence[TableRow], nothing: str) -> None:
        """Show these tables."""
        lines = [Line(table.name, _cells(table)) for table in tables]
        self.show_lines(lines, offset=0, total=len(lines), nothing=nothing)

    def show_rows(self, view: RowsView, nothing: str) -> None:
        """Show these rows: their keys, and what people may know them by."""
        lines = [Line(row.key, (printable(row.key), *map(printable, row.labels))) for row in view.rows]
        self.show_lines(lines, offset=view.offset, total=view.total, nothing=nothing)

    def head_of_tables(self) -> None:
        self.set_columns(_OF_TABLES)

    def head_of_rows(self, columns: Sequence[str]) -> None:
        labels = [Column(printable(name), 1 + number, least=_LABEL_LEAST) for number, name in enumerate(columns)]
        self.set_columns([Column("Key", 0, least=_KEY_LEAST), *labels])


def _cells(table: TableRow) -> tuple[str, ...]:
    if table.rows is None:
        rows = "-" if table.why_not else "many"
    else:
        rows = count(table.rows) if table.exact else f"about {table.rows:,}"
    return printable(table.name), rows, printable(", ".join(table.key_columns)), printable(table.why_not)
