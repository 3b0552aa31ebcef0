"""How a portable backup is restored, of which tables, and where to: a line each, with the button that changes it."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from core.restore.address import Address
from core.words import printable
from tui.restore_choice import RestoreChoice
from tui.rows import CLEAR, MERGE, tables_words
from tui.widgets.choice import Choice


class RestoreLines(Vertical):
    """Shown where there is something to choose."""

    def __init__(self) -> None:
        super().__init__(id="restore-lines")

    def compose(self) -> ComposeResult:
        for name, label in (("mode", "Mode"), ("tables", "Tables"), ("into", "Into")):
            with Horizontal(classes="restore-line"):
                yield Choice(label, f"choose-{name}")
                yield Static(id=f"{name}-told", markup=False)

    def show(self, choice: RestoreChoice) -> None:
        """Say what is chosen now."""
        self.display = choice.is_open
        self.query_one("#choose-mode", Button).disabled = isinstance(choice.into, Address)
        for name, words in (("mode", _mode(choice)), ("tables", _tables(choice)), ("into", _into(choice))):
            self.query_one(f"#{name}-told", Static).update(Text(printable(words)))


def _mode(choice: RestoreChoice) -> str:
    if isinstance(choice.into, Address):
        return "the database is empty: its tables are made and filled"
    return f"{choice.mode}: {MERGE if choice.mode == 'merge' else CLEAR}"


def _tables(choice: RestoreChoice) -> str:
    return tables_words(choice.tables, choice.backup.table_count)


def _into(choice: RestoreChoice) -> str:
    if isinstance(choice.into, Address):
        return f"an empty database, CANNOT BE UNDONE: {choice.into.shown}"
    return f"{choice.into.name}, {'its own site' if choice.into == choice.of else 'another site'}"
