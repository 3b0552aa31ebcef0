"""A field for a path, completed by tab."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from core.errors import GreenroomError
from tui.paths import complete_path
from tui.work import Workshop


class PathInput(Input):
    """Tab completes what was typed, and goes on to the next field where nothing can be completed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="path.complete", tooltip="Complete the path, or go to the next field")
    ]

    def __init__(self, workshop: Workshop, value: str) -> None:
        super().__init__(value, id="path", compact=True, select_on_focus=False)
        self._workshop = workshop

    def action_complete(self) -> None:
        typed = self.value
        self._workshop.read(partial(complete_path, typed), partial(self._completed, typed), self._not_completed)

    def _completed(self, typed: str, completed: str) -> None:
        if not self.is_attached or self.value != typed:
            return
        if completed == typed:
            self.screen.focus_next()
        else:
            self.value = completed
            self.cursor_position = len(completed)

    def _not_completed(self, error: GreenroomError) -> None:
        self.notify(error.message, severity="warning", markup=False)
