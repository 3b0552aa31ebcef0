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
            at -= cell_len(words)


def bar_words(tabs: Sequence[Tab], current: int, width: int) -> list[str]:
    """Given tabs, return what each says, the present one in brackets; where there is no room, its first word."""
    titles = [printable(tab.title) for tab in tabs]
    longest = max(map(len, titles), default=0)
    firsts = [title.split()[0] if title.split() else title for title in titles]
    for shown in (titles, firsts, *([shorten(title, most) for title in firsts] for most in range(longest, _LEAST, -1))):
        words = [
            f"[{title}{tab.mark}]" if number == current else f" {title}{tab.mark} "
            for number, (title, tab) in enumerate(zip(shown, tabs, strict=True))
        ]
        if sum(map(cell_len, words)) <= width:
            break
    return words
