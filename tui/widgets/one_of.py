"""One of a few words, on one line: what is chosen is read, not seen by a colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from tui.schedule_fields import Value

STEPS: tuple[BindingType, ...] = (
    Binding("up", "step(-1)", "Up", show=False, tooltip="The field above"),
    Binding("down", "step(1)", "Down", show=False, tooltip="The field below"),
)


class Stepped(Message):
    """Posted by a field that a person leaves by an arrow: upwards where `steps` is less than 0."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps


class OneOf(Static, can_focus=True):
    """Shows `< word >`; space and the arrows to the side go to the next word or the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *STEPS,
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

    def action_step(self, steps: int) -> None:
        self.post_message(Stepped(steps))

    def on_click(self) -> None:
        self.action_turn(1)

    def _draw(self) -> None:
        self.update(Text(f"< {self._words[self._at][1]} >"))
