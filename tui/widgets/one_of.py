"""One of a few words, on one line: what is chosen is read, not seen by a colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from tui.schedule_fields import Value


class OneOf(Static, can_focus=True):
    """Shows `< word >`; space and the arrows to the side go to the next word or the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", "Next", show=False, tooltip="The next choice"),
        Binding("left", "turn(-1)", "Previous", show=False, tooltip="The choice before"),
    ]

    class Changed(Message):
        """Posted when another word was chosen."""

    def __init__(self, words: Sequence[tuple[Value, str]], name: str) -> None:
        super().__init__(id=name, markup=False, classes="one-of")
        self._words = list(words)
        self._at = 0

    @property
    def value(self) -> Value:
        return self._words[self._at][0]

    def choose(self, value: Value) -> None:
        """Show the word of this value, the first one where it has none, and post nothing."""
        known = [one for one, _ in self._words]
        self._at = known.index(value) if value in known else 0
        self._draw()

    def on_mount(self) -> None:
        self._draw()

    def action_turn(self, steps: int) -> None:
        self._at = (self._at + steps) % len(self._words)
        self._draw()
        self.post_message(self.Changed())

    def on_click(self) -> None:
        self.action_turn(1)

    def _draw(self) -> None:
        self.update(Text(f"< {self._words[self._at][1]} >"))
