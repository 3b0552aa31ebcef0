"""Asks before a text becomes live: all that would change, who is created; which side a conflict goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from tui.screens.ask import TextBox
from tui.widgets.choice import Choice


@dataclass(frozen=True, slots=True)
class Answer:
    """A button other than Cancel: its label, and what it gives back."""

    label: str
    name: str


class DecideScreen(TextBox[str | None]):
    """Given lines and answers, the result is the name of the answer chosen; None, for Cancel, has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, blocks: Sequence[Text], answers: Sequence[Answer]) -> None:
        super().__init__()
        self._title = title
        self._blocks = blocks
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="box decide-box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            with VerticalScroll(classes="box-text", can_focus=False):
                yield Static(Text("\n").join(self._blocks), markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "cancel")
                for answer in self._answers:
                    yield Choice(answer.label, answer.name)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id
        self.dismiss(None if name == "cancel" else name)

    def action_cancel(self) -> None:
        self.dismiss(None)
