"""A list of rows, in which one moves by the same keys as in the list of backups."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable


class RowList(DataTable[Text]):
    """Rows of cells; a row is chosen as a whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="The row above"),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="The row below"),
        Binding("home,ctrl+home", "scroll_top", "First", show=False, tooltip="The first row"),
        Binding("end,ctrl+end", "scroll_bottom", "Last", show=False, tooltip="The last row"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(cursor_type="row", id=name)
