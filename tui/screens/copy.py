"""Asks where the copy of an archive is to go."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from core.catalog import BackupRecord
from core.errors import UsageError
from core.words import printable
from tui.format import size
from tui.paths import typed_path, working_folder
from tui.screens.ask import Box
from tui.widgets.choice import Choice
from tui.widgets.path_input import PathInput
from tui.work import Workshop


class CopyScreen(Box[Path | None]):
    """Given a backup, ask for the file or folder that its archive is copied to; None where to none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="copy.cancel", tooltip="Copy nothing")
    ]
    AUTO_FOCUS = "#path"

    def __init__(self, workshop: Workshop, backup: BackupRecord) -> None:
        super().__init__()
        self._workshop = workshop
        self._backup = backup

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(f"Copy {printable(self._backup.name)}", "bold"), classes="box-title", markup=False)
            how = "To a file or into a folder; tab completes. Nothing is overwritten."
            yield Static(Text(f"{size(self._backup.file_size)}. {how}"), markup=False)
            yield PathInput(self._workshop, str(working_folder() / f"{self._backup.name}.zip"))
            yield Static(id="path-problem", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Copy", "go")
                yield Choice("Cancel", "cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        try:
            self.dismiss(typed_path(self.query_one(PathInput).value))
        except UsageError as error:
            self.query_one("#path-problem", Static).update(Text(f"{error.message}: {error.hint}"))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
