"""Small screens on top of another: a question, a message, an error, a consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.errors import GreenroomError
from tui.format import plain_lines
from tui.notes import Said
from tui.widgets.choice import Choice

Result = TypeVar("Result")


class Box(ModalScreen[Result]):
    """A small screen on top of another; help can be asked for here too, where no text is being typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "app.help", "Help", show=False, key_display="?")]


class TextBox(Box[Result]):
    """As Box, with a text that may be longer than it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_text(-1)", "Scroll", show=False, key_display="up/down"),
        Binding("down", "scroll_text(1)", show=False),
        Binding("pageup", "turn_text(-1)", show=False),
        Binding("pagedown", "turn_text(1)", show=False),
    ]

    def action_scroll_text(self, lines: int) -> None:
        self._text_pane.scroll_relative(y=lines, animate=False)

    def action_turn_text(self, pages: int) -> None:
        self._text_pane.scroll_relative(y=pages * self._text_pane.size.height, animate=False)

    @property
    def _text_pane(self) -> VerticalScroll:
        return self.query_one(".box-text", VerticalScroll)


class TellScreen(TextBox[None]):
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


class ErrorScreen(TellScreen):
    """An error, said whole, with what to do about it; it can be read again among the messages."""

    def __init__(self, error: GreenroomError, title: str) -> None:
        text = plain_lines(error.message)
        if error.hint:
            text += f"\n\nWhat to do: {plain_lines(error.hint)}"
        super().__init__(title, Text(text))
        self._said = Said("error", f"{title}\n{text}")

    def on_mount(self) -> None:
        self.post_message(self._said)


def error_screen(error: GreenroomError, title: str = "This did not work") -> TellScreen:
    """Given an error, return the screen that says it."""
    return ErrorScreen(error, title)


@dataclass(frozen=True)
class NewBackup:
    """What was answered: the description, and whether the backup is to be portable."""

    description: str
    portable: bool = False


class DescriptionScreen(Box[NewBackup | None]):
    """Asks for the description and the kind of a new backup; None where there is to be none."""

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
            yield Static("A snapshot holds the database exactly as it is; a portable one goes into any engine.")
            with Horizontal(classes="choices"):
                yield Choice("Back up", "go")
                yield Choice("Portable...", "portable")
                yield Choice("Cancel", "cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        self.dismiss(NewBackup(self.query_one(Input).value.strip()))

    @on(Button.Pressed, "#portable")
    def _go_portable(self) -> None:
        self.dismiss(NewBackup(self.query_one(Input).value.strip(), portable=True))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class AskScreen(Box[bool]):
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


class ConsentBox(TextBox[bool]):
    """The answer is no until a person goes to yes; where there is a `word`, yes is off until that was typed."""

    AUTO_FOCUS = "#no"

    def __init__(self, word: str | None) -> None:
        super().__init__()
        self._word = word

    @on(Input.Changed)
    def _offer(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value.strip() != self._word

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        self.dismiss(result=False)

    @on(Button.Pressed, "#yes")
    def _say_yes(self) -> None:
        self.dismiss(result=True)


class ConsentScreen(ConsentBox):
    """Names what will be lost; the answer is no until the name of the site was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "Cancel", show=False)]

    def __init__(self, title: str, text: Text, *, site: str, yes: str) -> None:
        super().__init__(site)
        self._title = title
        self._text = text
        self._site = site
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            with VerticalScroll(classes="box-text"):
                yield Static(self._text, markup=False)
            yield Static(Text(f"\nType the name of the site, {self._site}:"), markup=False)
            yield Input(id="name", placeholder="_" * 24, compact=True, select_on_focus=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "no")
                yield Choice(self._yes, "yes", disabled=True)
