"""Asks which tables are meant: those of a portable backup to be made, or to be restored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, SelectionList, Static

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.restore.address import Address
from core.words import printable
from tui.calls import TableRows, read_table_rows
from tui.format import aligned, plain_lines, shorten
from tui.restore_choice import RestoreChoice
from tui.screens.ask import Box
from tui.widgets.choice import Choice
from tui.widgets.table_list import TableList
from tui.work import Workshop

_LONGEST_NAME = 24


class TablesBox(Box[tuple[str, ...] | None]):
    """Lists tables, each in or out; the result names those wanted, none for all, None where nothing was decided."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="tables.cancel", tooltip="Leave it as it was")
    ]
    AUTO_FOCUS = "#tables"

    def __init__(self, workshop: Workshop, title: str, yes: str) -> None:
        super().__init__()
        self._workshop = workshop
        self._title = title
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            yield Static("Counting rows...", id="tables-told", markup=False)
            yield TableList()
            with Horizontal(classes="choices"):
                yield Choice(self._yes, "go", disabled=True)
                yield Choice("Cancel", "cancel")
                yield Choice("All in", "all")
                yield Choice("All out", "none")

    @abstractmethod
    def on_mount(self) -> None:
        """Begin to read the tables, and `show` them."""

    def show(self, told: str, lines: Mapping[str, str], chosen: tuple[str, ...] = ()) -> None:
        """Show the tables; without any `chosen` all are in."""
        self.query_one("#tables-told", Static).update(Text(told))
        self.query_one(TableList).show(lines, chosen or tuple(lines))

    def cannot_show(self, error: GreenroomError) -> None:
        if self.is_attached:
            told = f"The tables cannot be listed: {error.message}. {error.hint}"
            self.query_one("#tables-told", Static).update(Text(plain_lines(told)))

    @on(SelectionList.SelectedChanged)
    def _offer(self, event: SelectionList.SelectedChanged[str]) -> None:
        self.query_one("#go", Button).disabled = not event.selection_list.selected

    @on(Button.Pressed, "#all")
    def _take_all(self) -> None:
        self.query_one(TableList).select_all()

    @on(Button.Pressed, "#none")
    def _take_none(self) -> None:
        self.query_one(TableList).deselect_all()

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        listed = self.query_one(TableList)
        self.dismiss(() if listed.has_all else listed.chosen)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class RestoreTablesScreen(TablesBox):
    """Given what was chosen for a restore so far, lists the backup's tables with their rows in it and now."""

    def __init__(self, context: Context, workshop: Workshop, choice: RestoreChoice) -> None:
        super().__init__(workshop, f"Which tables of {printable(choice.backup.name)}?", "Take these")
        self._core = context
        self._choice = choice

    def on_mount(self) -> None:
        core, choice = self._core, self._choice
        self._workshop.read(lambda: read_table_rows(core, choice.backup, choice.into), self._counted, self.cannot_show)

    def _counted(self, tables: list[TableRows]) -> None:
        if not self.is_attached:
            return
        told = f"Those that are out stay in {printable(self._choice.word)} as they are. Space takes a table out, or in."
        if isinstance(self._choice.into, Address):
            told = f"Those that are out are not made in {printable(self._choice.word)}. Space takes a table out, or in."
        lines = aligned([_cells(table, self._choice.into) for table in tables], right=[1, 2], indent=0)
        self.show(told, dict(zip((table.name for table in tables), lines, strict=True)), self._choice.tables)


def _cells(table: TableRows, into: Site | Address) -> tuple[str, ...]:
    cells = (shorten(printable(table.name), _LONGEST_NAME), f"{table.backup:,} in backup")
    if isinstance(into, Address):
        return cells
    return (*cells, "not there now" if table.now is None else f"{table.now:,} now")
