"""Asks which tables a portable backup is to hold."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, SelectionList, Static

from core.backup import portable_tables
from core.config import Site
from core.errors import GreenroomError
from core.words import plural, printable
from tui.format import plain_lines
from tui.screens.ask import Box
from tui.widgets.choice import Choice
from tui.work import Workshop


class PortableScreen(Box[tuple[str, ...] | None]):
    """Lists the tables of a site with their rows; the result names those wanted, none for all, None for no backup."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="portable.cancel", tooltip="Make no backup")
    ]
    AUTO_FOCUS = "#tables"

    def __init__(self, workshop: Workshop, site: Site) -> None:
        super().__init__()
        self._workshop = workshop
        self._site = site
        self._lines: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(f"Portable backup of {self._site.name}", "bold"), classes="box-title", markup=False)
            yield Static("Counting rows...", id="tables-told", markup=False)
            yield SelectionList[str](id="tables", compact=True)
            with Horizontal(classes="choices"):
                yield Choice("Back up", "go", disabled=True)
                yield Choice("Cancel", "cancel")

    def on_mount(self) -> None:
        site = self._site
        self._workshop.read(lambda: portable_tables(site), self._counted, self._not_counted)

    def _counted(self, tables: dict[str, int]) -> None:
        if not self.is_attached:
            return
        told = "Each table becomes a file of JSON, which any engine takes back. Space takes a table out, or in again."
        if self._site.exclude_tables:
            told += f" Never in it: {', '.join(map(printable, self._site.exclude_tables))}."
        self.query_one("#tables-told", Static).update(Text(told))
        widest = max((len(name) for name in tables), default=0)
        self._lines = {name: f"{printable(name):<{widest}}  {plural(rows, 'row')}" for name, rows in tables.items()}
        listed = self.query_one("#tables", SelectionList)
        for name, line in self._lines.items():
            listed.add_option((Text(f"in   {line}"), name, True))
        listed.highlighted = 0 if tables else None

    def _not_counted(self, error: GreenroomError) -> None:
        if self.is_attached:
            told = f"The tables cannot be listed: {error.message}. {error.hint}"
            self.query_one("#tables-told", Static).update(Text(plain_lines(told)))

    @on(SelectionList.SelectionToggled)
    def _say(self, event: SelectionList.SelectionToggled[str]) -> None:
        """In words, for the mark before a line is told apart by its colour alone."""
        name = event.selection.value
        word = "in " if name in event.selection_list.selected else "out"
        event.selection_list.replace_option_prompt_at_index(event.selection_index, Text(f"{word}  {self._lines[name]}"))

    @on(SelectionList.SelectedChanged)
    def _offer(self, event: SelectionList.SelectedChanged[str]) -> None:
        self.query_one("#go", Button).disabled = not event.selection_list.selected

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        listed = self.query_one("#tables", SelectionList)
        chosen = tuple(listed.selected)
        self.dismiss(() if len(chosen) == listed.option_count else chosen)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
