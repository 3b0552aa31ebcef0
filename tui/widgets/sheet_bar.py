"""One line of tabs: which sheet is shown, and which have a draft or text that is not saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from core.words import printable
from tui.format import shorten

UNSAVED, DRAFT = "*", "+"
_LEAST = 4


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: its title, and what its sheet has."""

    title: str
    unsaved: bool = False
    draft: bool = False

    @property
    def mark(self) -> str:
        return UNSAVED if self.unsaved else DRAFT if self.draft else ""


class SheetBar(Static):
    """Tabs in a line; left and right choose one, the mouse too."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Before", show=False, tooltip="The category before"),
        Binding("right", "step(1)", "Next", show=False, tooltip="The next category"),
    ]

    class Chosen(Message):
        """Posted when another tab is wanted."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__(id="sheets", markup=False)
        self._tabs: Sequence[Tab] = ()
        self._current = 0

    def show(self, tabs: Sequence[Tab], current: int) -> None:
        """Show these tabs, this one as the present one."""
        if (list(tabs), current) != (list(self._tabs), self._current):
            self._tabs, self._current = tabs, current
            self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True)
        for number, words in enumerate(bar_words(self._tabs, self._current, self.content_size.width)):
            here = "bold reverse" if self.has_focus else "bold underline"
            text.append(words, here if number == self._current else "")
            text.append(" ")
        return text

    def action_step(self, by: int) -> None:
        if self._tabs:
            self.post_message(self.Chosen((self._current + by) % len(self._tabs)))

    def on_click(self, event: events.Click) -> None:
        at = event.x
        for number, words in enumerate(bar_words(self._tabs, self._current, self.content_size.width)):
            if at < cell_len(words):
                self.post_message(self.Chosen(number))
                return
            at -= cell_len(words) + 1


def bar_words(tabs: Sequence[Tab], current: int, width: int) -> list[str]:
    """Given tabs, return what each says, the present one in brackets; titles are shortened where there is no room."""
    longest = max((len(tab.title) for tab in tabs), default=0)
    while True:
        words = [
            f"[{shorten(printable(tab.title), longest)}{tab.mark}]"
            if number == current
            else f" {shorten(printable(tab.title), longest)}{tab.mark} "
            for number, tab in enumerate(tabs)
        ]
        if longest <= _LEAST or sum(map(cell_len, words)) + len(words) - 1 <= width:
            return words
        longest -= 1
