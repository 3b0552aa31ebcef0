"""Asks for one of a few things, each explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from tui.screens.ask import Box
from tui.widgets.pick_list import PickList


class PickScreen(Box[int | None]):
    """Given texts, the present one highlighted, the result is the number of the one picked; None leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="pick.cancel", tooltip="Leave it as it was")
    ]
    AUTO_FOCUS = "#picks"

    def __init__(self, title: str, texts: Sequence[str], present: int, foot: str = "") -> None:
        super().__init__()
        self._foot = foot
        self._title = title
        self._texts = texts
        self._present = present

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            yield PickList(*map(Text, self._texts), id="picks", markup=False, compact=True)
            keys = "enter chooses, esc leaves it as it was"
            yield Static(Text(f"{self._foot}\n\n{keys}" if self._foot else keys), classes="box-foot", markup=False)

    def on_mount(self) -> None:
        self.query_one(PickList).highlighted = self._present

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_cancel(self) -> None:
        self.dismiss(None)
