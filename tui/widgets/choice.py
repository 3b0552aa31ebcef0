"""A button of one line that looks like a button on every terminal, with or without colours."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button


class Choice(Button):
    """A button in brackets; the one that has the focus is drawn in reverse, and enter or space presses it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "press", "Press", show=False)]

    def __init__(self, label: str, name: str, *, disabled: bool = False) -> None:
        super().__init__(Content(f"[ {label} ]"), id=name, disabled=disabled, compact=True)
