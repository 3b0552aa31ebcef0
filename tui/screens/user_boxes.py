"""The boxes of the users' screen: where an export goes, a user's copies, and a report that may ask for consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from core.errors import UsageError
from core.library.transfer import Copy
from tui.format import plain_lines
from tui.hanging import Hanging
from tui.paths import typed_path, working_folder
from tui.screens.ask import Box, ConsentBox
from tui.widgets.choice import Choice
from tui.widgets.path_input import PathInput
from tui.widgets.user_table import CopyTable
from tui.work import Workshop

CopyWay = Literal["restore", "merge"]


class UserExportScreen(Box[Path | None]):
    """Asks where a user's library goes; None where it goes nowhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="user-export.cancel", tooltip="Export nothing")
    ]
    AUTO_FOCUS = "#path"

    def __init__(self, workshop: Workshop, name: str, file_name: str) -> None:
        super().__init__()
        self._workshop = workshop
        self._name_of_user = name
        self._file_name = file_name

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(f"Export the library of {self._name_of_user}", "bold"), classes="box-title", markup=False)
            yield Static("Into a new file, or a folder for it:", markup=False)
            yield PathInput(self._workshop, str(working_folder() / self._file_name))
            yield Static("tab completes; nothing is overwritten", id="path-problem", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Export", "go")
                yield Choice("Cancel", "cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        typed = self.query_one(PathInput).value
        try:
            place = typed_path(typed)
        except UsageError as error:
            self.query_one("#path-problem", Static).update(Text(plain_lines(f"{error.message}: {error.hint}"), "bold"))
            return
        self.dismiss(place / self._file_name if typed.rstrip().endswith("/") else place)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class UserCopiesScreen(Box[tuple[CopyWay, Path | None] | None]):
    """Lists a user's copies; the result is what is to be done with which, with no path for a file from elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close", id="copies.cancel", tooltip="Restore nothing"),
        Binding("x", "app.cancel_job", "Cancel work", id="copies.job", tooltip="Stop what is at work, in good order"),
    ]
    AUTO_FOCUS = "#copies"

    def __init__(
        self,
        workshop: Workshop,
        name: str,
        copies: Sequence[Copy],
        now: datetime,
        *,
        at: str | None,
        why_not: Callable[[], str | None],
    ) -> None:
        """`at` is when a copy is made each day, None where none is; `why_not` says why nothing can be restored now."""
        super().__init__()
        self._workshop = workshop
        self._name_of_user = name
        self._at = at
        self._copies = copies
        self._now = now
        self._why_not = why_not

    def compose(self) -> ComposeResult:
        with Vertical(classes="box copies-box"):
            yield Static(
                Text(f"Copies of the library of {self._name_of_user}", "bold"), classes="box-title", markup=False
            )
            yield Static(Text(self._about()), markup=False)
            yield CopyTable()
            yield Static(id="copies-foot", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Restore...", "restore")
                yield Choice("Merge...", "merge")
                yield Choice("File...", "file")
                yield Choice("Close", "close")

    def _about(self) -> str:
        if self._at is None:
            return "None is made: the user's backup is off."
        return f"Made each day at {self._at}, while the app or the daemon runs."

    def _nothing(self) -> str:
        if self._at is not None:
            return f"There is no copy yet: the first is made at {self._at}."
        return "There is no copy yet, and none is made: b among the users turns that on."

    def on_mount(self) -> None:
        self.query_one(CopyTable).show(self._copies, self._now, self._nothing())
        self._workshop.changed.subscribe(self, lambda _: self._offer())
        self._offer()

    def _offer(self) -> None:
        """Say what can be done now: a job may begin or end while the box is open."""
        reason = self._why_not()
        words = "You see first what it would do. File... restores an export of yours."
        self.query_one("#copies-foot", Static).update(
            Text(words if reason is None else f"Nothing can be restored now: {reason}")
        )
        for name, is_there in {"restore": self._copies, "merge": self._copies, "file": True}.items():
            self.query_one(f"#{name}", Button).disabled = reason is not None or not is_there

    @on(CopyTable.Opened)
    @on(Button.Pressed, "#restore")
    def _restore(self) -> None:
        self._take("restore")

    @on(Button.Pressed, "#merge")
    def _merge(self) -> None:
        self._take("merge")

    @on(Button.Pressed, "#file")
    def _another(self) -> None:
        self.dismiss(("restore", None))

    def _take(self, way: CopyWay) -> None:
        copy = self.query_one(CopyTable).current
        if copy is not None and self._why_not() is None:
            self.dismiss((way, copy.path))

    @on(Button.Pressed, "#close")
    def action_cancel(self) -> None:
        self.dismiss(None)


class _Report(VerticalScroll):
    """A text that tells when another part of it is shown."""

    class Moved(Message):
        """Another part is shown, or there is more or less of it."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def watch_virtual_size(self) -> None:
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        self.post_message(self.Moved())


class UserReportScreen(ConsentBox):
    """Says what was done, or would be. Where it asks, the answer is no until a person goes to yes.

    `yes` is what the answer says that goes on, None where there is nothing to go on with. With `typed` it is off until
    that was typed; with an `objection`, always.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "Cancel", id="user-report.no", tooltip="Change nothing more")
    ]

    def __init__(
        self,
        title: str,
        text: Text,
        *,
        no: str = "Close",
        yes: str | None = None,
        typed: str | None = None,
        objection: str | None = None,
    ) -> None:
        super().__init__(typed if objection is None else None)
        self._title = title
        self._text = text
        self._no = no
        self._yes = yes
        self._objection = objection

    @on(_Report.Moved)
    def _say_more(self) -> None:
        """Of what goes beyond the box a person must know: more may be lost than can be seen."""
        pane = self.query_one(_Report)
        words = "down, page down: there is more" if pane.scroll_y < pane.max_scroll_y else "that is the end"
        self.query_one("#more", Static).update(words if pane.max_scroll_y else "")

    def compose(self) -> ComposeResult:
        with Vertical(classes="box report-box"):
            yield Static(Text(self._title, "bold"), classes="box-title", markup=False)
            with _Report(classes="box-text", can_focus=False):
                yield Static(Hanging(self._text), markup=False)
            yield Static(id="more", markup=False)
            if self._objection is not None:
                yield Static(Text(self._objection, "bold"), id="objection", markup=False)
            if self._word is not None:
                yield Static(Text(f"Type the name of the user, {self._word}:"), id="type-name", markup=False)
                yield Input(id="name", placeholder="_" * 24, compact=True, select_on_focus=False)
            with Horizontal(classes="choices"):
                yield Choice(self._no, "no")
                if self._yes is not None:
                    yield Choice(self._yes, "yes", disabled=self._word is not None or self._objection is not None)
