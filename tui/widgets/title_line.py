"""The first line of a main screen: what it is about, the keys of the others, and what there is room for besides."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from tui.format import shorten
from tui.screens.main import screen_names

_APART = 3
_LEAST_APART = 2


class TitleLine(Static):
    """Says as much of what it is given as there is room for; the keys of the screens are never left out."""

    def __init__(self) -> None:
        super().__init__(id="title", markup=False)
        self._about: Sequence[str] = ("",)
        self._beside = ""
        self._only: str | None = None

    def say(self, *about: str) -> None:
        """Say what the screen is about: in the first of these words that there is room for."""
        self._about, self._only = about, None
        self.refresh()

    def say_only(self, words: str) -> None:
        """Say this and nothing else, until it is said again what the screen is about."""
        self._only = words
        self.refresh()

    def say_beside(self, words: str) -> None:
        """Say something at the right end, where there is room."""
        self._beside = words
        self.refresh()

    def render(self) -> Text:
        if self._only is not None:
            return Text(self._only, no_wrap=True)
        names = screen_names(has_users=getattr(self.app, "has_users", False))
        return Text(title_text(self._about, names, self._beside, self.content_size.width), no_wrap=True)


def title_text(about: Sequence[str], names: str, beside: str, width: int) -> str:
    """Given words in their order, the first ones the best, return the line of at most `width` letters.

    What is beside is left out rather than words shortened.
    """
    needed = _APART + cell_len(names)
    for end in (beside, ""):
        room = width - needed - (_LEAST_APART + cell_len(end) if end else 0)
        for words in about:
            if cell_len(words) <= room:
                line = f"{words}{' ' * _APART}{names}"
                return f"{line}{' ' * (width - cell_len(line) - cell_len(end))}{end}" if end else line
    return f"{shorten(about[-1], max(3, width - needed))}{' ' * _APART}{names}"
