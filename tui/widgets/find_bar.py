"""The line above a list in which a person types what is to be found."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

_PAUSE_IN_TYPING = 0.2


class FindBar(Horizontal):
    """Away until it is opened; tells what is sought, and when a person is done with typing it."""

    class Asked(Message):
        """Other words are sought than before."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """A person goes on into the list."""

    def __init__(self) -> None:
        super().__init__(id="filter", classes="field")
        self.display = False
        self._asked = ""
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("Find:", markup=False)
        yield Input(id="search", compact=True, select_on_focus=False, max_length=200)

    @property
    def is_open(self) -> bool:
        return bool(self.display)

    def open(self) -> None:
        """Show it, to be typed in."""
        self.display = True
        self.screen.set_focus(self._field)

    def close(self) -> None:
        """Put it away, and forget what was sought; nothing is told of that."""
        self._rest()
        self._asked = ""
        with self._field.prevent(Input.Changed):
            self._field.value = ""
        self.display = False

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """While a person types nothing is asked: the answer to half a word would only hold up the other half's."""
        event.stop()
        self._rest()
        self._typing = self.set_timer(_PAUSE_IN_TYPING, self._ask)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._ask()
        if not self._asked.strip():
            self.close()
        self.post_message(self.Left())

    def _rest(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    def _ask(self) -> None:
        self._rest()
        if self._field.value != self._asked:
            self._asked = self._field.value
            self.post_message(self.Asked(self._asked))
