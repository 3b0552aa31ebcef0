"""Small screens on top of another: a question, a message, help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.errors import GreenroomError
from tui.format import aligned, plain_lines
from tui.widgets.choice import Choice

HELP = (
    ("up, down", "choose a backup; its details are shown beside the list"),
    ("enter", "into the details, to scroll them; esc goes back"),
    ("n", "new backup"),
    ("v", "verify the chosen one: read it back, compare every hash"),
    ("r", "restore it: first a preview, nothing is changed by looking"),
    ("c", "cancel what is at work; it stops in good order"),
    ("s", "the next site, where there are several"),
    ("tab", "to the next field, button or pane"),
    ("esc", "back; long work goes on"),
    ("?", "this help"),
    ("q", "quit"),
)


class TellScreen(ModalScreen[None]):
    """A message that waits until it was read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "close", "Close", show=False)]
    AUTO_FOCUS = "#close"

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            with VerticalScroll(classes="box-text", can_focus=False):
                yield Static(self._text, markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Close", "close")

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        self.dismiss()

    def key_down(self) -> None:
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def key_up(self) -> None:
        self.query_one(VerticalScroll).scroll_up(animate=False)


def error_screen(error: GreenroomError, title: str = "This did not work") -> TellScreen:
    """Given an error, return the screen that says it whole, with what to do about it."""
    text = Text(plain_lines(error.message))
    if error.hint:
        text.append(f"\n\nWhat to do: {plain_lines(error.hint)}")
    return TellScreen(title, text)


def help_screen() -> TellScreen:
    """Return the screen that lists the keys."""
    return TellScreen("Keys", Text("\n".join(aligned(HELP, indent=0))))


class DescriptionScreen(ModalScreen[str | None]):
    """Asks for the description of a new backup; None where there is to be none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]
    AUTO_FOCUS = "#description"

    def __init__(self, site: str) -> None:
        super().__init__()
        self._site = site

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(f"New backup of {self._site}", "bold"), classes="box-title", markup=False)
            yield Static("Description, to know it again; may be left empty", markup=False)
            yield Input(id="description", placeholder="_" * 40, max_length=200, compact=True, select_on_focus=False)
            with Horizontal(classes="choices"):
                yield Choice("Back up", "go")
                yield Choice("Cancel", "cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        self.dismiss(self.query_one(Input).value.strip())

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class AskScreen(ModalScreen[bool]):
    """A question whose answer is no unless a person goes to yes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "No", show=False)]
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, lines: Sequence[str], *, no: str, yes: str) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._no = no
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            yield Static(Text("\n".join(self._lines)), markup=False)
            with Horizontal(classes="choices"):
                yield Choice(self._no, "no")
                yield Choice(self._yes, "yes")

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        self.dismiss(result=False)

    @on(Button.Pressed, "#yes")
    def _say_yes(self) -> None:
        self.dismiss(result=True)
