"""A list of which one is picked; one moves as in every list."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class PickList(OptionList):
    """Lines of text, or of several; enter picks the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="The line above"),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="The line below"),
        Binding("home,ctrl+home", "first", "First", show=False, tooltip="The first line"),
        Binding("end,ctrl+end", "last", "Last", show=False, tooltip="The last line"),
    ]
