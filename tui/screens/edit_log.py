"""What was published of a sheet, by whom, with what it changed; an entry can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from core.config import Site
from core.context import Context
from core.edits import Comparison, OnConflict, Published
from core.errors import GreenroomError
from core.reports import format_time
from core.words import plural, printable
from tui.edit_calls import Told, look_back, read_log, take_back
from tui.edit_words import READ_ONLY, difference_lines, entry_text
from tui.format import section
from tui.screens.ask import error_screen
from tui.screens.publish import Answer, DecideScreen
from tui.sheets import Sheet
from tui.widgets.log_view import LogView, Row
from tui.widgets.steady_footer import SteadyFooter
from tui.work import Workshop


class EditLogScreen(Screen[bool]):
    """Given a sheet, show its log; the result is whether something was taken back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "revert", "Revert", id="log.revert", tooltip="Take back what this entry changed; asks first"),
        Binding("escape", "back", "Back", id="log.back", tooltip="Back to the text"),
    ]
    AUTO_FOCUS = "#log-list"

    def __init__(self, core: Context, workshop: Workshop, site: Site, sheet: Sheet, about: str) -> None:
        super().__init__()
        self._core, self._workshop, self._site, self._sheet = core, workshop, site, sheet
        self._about = about
        self._told: dict[str, Told] = {}
        self._reverted = False

    def compose(self) -> ComposeResult:
        yield Static(
            f"What was published: {printable(self._sheet.form.title)} of {printable(self._about)}",
            id="title",
            markup=False,
        )
        yield LogView("no", "when", "who", "what", empty="Nothing was published here yet.")
        yield SteadyFooter(compact=True)

    def on_mount(self) -> None:
        self.look()

    def look(self) -> None:
        """Read the log in a thread."""
        self._workshop.read(partial(read_log, self._core, self._site, self._sheet), self._show, self._failed)

    def _show(self, told: Sequence[Told]) -> None:
        if not self.is_running:
            return
        self._told = {str(one.head.id): one for one in told}
        zone = self._site.time_zone
        rows = [
            Row(
                str(one.head.id),
                (
                    str(one.head.id),
                    format_time(one.head.at, zone),
                    printable(one.head.by),
                    printable(", ".join(one.head.fields)),
                ),
                entry_text(one.head, one.changes, zone),
            )
            for one in told
        ]
        self.query_one(LogView).show(rows, plural(len(rows), "entry"))

    def _failed(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))
        if self.is_running:
            self.look()

    @property
    def _current(self) -> Told | None:
        row = self.query_one(LogView).current
        return None if row is None else self._told.get(row.key)

    def action_back(self) -> None:
        view = self.query_one(LogView)
        if view.is_reading():
            view.leave_text()
        else:
            self.dismiss(self._reverted)

    def action_revert(self) -> None:
        told = self._current
        if self._core.read_only:
            self.notify(READ_ONLY, severity="warning", markup=False)
        elif told is not None:
            call = partial(look_back, self._core, self._site, self._sheet, told.head.id)
            self._workshop.read(call, partial(self._ask, told), self._failed)

    def _ask(self, told: Told, seen: Comparison) -> None:
        if not self.is_running:
            return
        if not seen.changes and not seen.conflict:
            self.notify("there is nothing to take back: what it changed is so no more", markup=False)
            return
        lines = section("This would change what is live", difference_lines(seen))
        if seen.conflict:
            words = "The same was changed again since. Below, here is what it was before, there what is live.\n"
            blocks = [Text(words), lines]
            answers = [Answer("Take it back all the same", "ours"), Answer("Only what is as it was", "theirs")]
        else:
            blocks, answers = [lines], [Answer("Revert", "stop")]
        title = f"Take back entry {told.head.id} of {printable(told.head.by)}?"
        self.app.push_screen(DecideScreen(title, blocks, answers), partial(self._revert, told))

    def _revert(self, told: Told, answer: str | None) -> None:
        if answer is not None:
            side: OnConflict = "ours" if answer == "ours" else "theirs" if answer == "theirs" else "stop"
            call = partial(take_back, self._core, self._site, self._sheet, told.head.id, side)
            self._workshop.read(call, self._was_reverted, self._failed)

    def _was_reverted(self, published: Published) -> None:
        fields = ", ".join(published.written.updated_fields) or "nothing differed"
        self.app.notify(f"taken back, and live: {printable(fields)}", markup=False)
        self._reverted = True
        if self.is_running:
            self.look()
