"""Messages: what the app has said, whole, to be read again and passed on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from core.config import Site
from core.errors import GreenroomError
from core.messages import save_messages
from core.words import printable
from tui.format import plain_lines, shorten
from tui.notes import MOST_NOTES, Note, note_text, notes_text
from tui.screens.ask import error_screen
from tui.screens.main import Surroundings
from tui.widgets.job_line import JobLine
from tui.widgets.log_view import LogView, Row
from tui.widgets.steady_footer import SteadyFooter
from tui.widgets.title_line import TitleLine

_LONGEST_LINE = 200


class MessagesScreen(Screen[None]):
    """Given what was said, show it, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", tooltip="Send the highlighted message to the clipboard of the terminal"),
        Binding("w", "write", "Write to a file", tooltip="Write all messages to a private file in the state folder"),
        Binding("escape", "back", "Back"),
    ]
    AUTO_FOCUS = "#log-list"

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site

    def compose(self) -> ComposeResult:
        yield TitleLine()
        yield LogView("When", "Kind", "Message", empty="Nothing was said since greenroom was started.")
        yield JobLine(self._around.workshop)
        yield SteadyFooter()

    def on_mount(self) -> None:
        self.show_site(self._site)

    def on_screen_resume(self) -> None:
        self._show()

    def show_site(self, site: Site) -> None:
        """Tell times in the zone of this site."""
        self._site = site
        self.query_one(TitleLine).say("Messages")
        self._show()

    def _show(self) -> None:
        zone, notes = self._site.time_zone, self._around.notes.newest_first()
        rows = [
            Row(
                str(note.number),
                (
                    f"{note.time.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    note.kind,
                    shorten(printable(note.text.partition("\n")[0]), _LONGEST_LINE),
                ),
                Text(plain_lines(note_text(note, zone))),
            )
            for note in notes
        ]
        self.query_one(LogView).show(rows, f"Messages ({len(rows)}, at most {MOST_NOTES})")
        self.refresh_bindings()

    def objection(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        if action in ("copy", "write") and not self._around.notes.newest_first():
            return "nothing was said yet"
        if action == "write" and self._around.core.read_only:
            return "greenroom is read-only: it writes no file; c copies a message"
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return None if self.objection(action) else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        reason = self.objection({"c": "copy", "w": "write"}.get(event.key, ""))
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)
            self._show()

    def action_copy(self) -> None:
        note = self._current()
        if note is not None:
            self.app.copy_to_clipboard(plain_lines(note_text(note, self._site.time_zone)))
            self.notify("sent to the terminal's clipboard; not every terminal takes it: w writes a file", markup=False)
            self._show()

    def action_write(self) -> None:
        text = plain_lines(notes_text(self._around.notes.newest_first(), self._site.time_zone)) + "\n"
        self._around.workshop.read(
            partial(save_messages, self._around.core, text),
            self._written,
            self._failed,
        )

    def _written(self, path: Path) -> None:
        self.app.notify(f"written to {printable(str(path))}", markup=False, timeout=15)
        if self.is_running:
            self._show()

    def _failed(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    def action_back(self) -> None:
        view = self.query_one(LogView)
        if view.is_reading():
            view.leave_text()
        else:
            self.dismiss()

    def _current(self) -> Note | None:
        row = self.query_one(LogView).current
        notes = self._around.notes.newest_first()
        return next((note for note in notes if row is not None and str(note.number) == row.key), None)
