"""One sheet being edited: its text, what is wrong in it, what it would change, and what is allowed at the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static, TextArea

from core.config import Site
from core.context import Context
from core.documents import Document, Path, Problem
from core.edits import Draft
from core.errors import GreenroomError
from tui.edit_calls import (
    Basis,
    Examined,
    SheetView,
    basis_at,
    basis_of,
    examine,
    read_sheet,
)
from tui.edit_words import difference_lines, difference_title, field_words
from tui.format import plain_lines
from tui.sheets import Sheet
from tui.unsaved import Keeper
from tui.widgets.json_area import JsonArea
from tui.widgets.problem_list import ProblemList
from tui.work import Workshop

SECONDS_OF_REST = 0.3  # what is typed is looked at once a person pauses
_CHARACTERS_A_REST = 500_000  # what is thought of a large text slows the typing down, so it waits for longer pauses


class SheetPane(Container):
    """Given a sheet, read it, and look at its text on each pause in typing; nothing is published from here."""

    class Changed(Message):
        """Posted when there is something new to be said of the sheet."""

    class Offered(Message):
        """Posted when there is a text of this sheet that nobody has saved."""

        def __init__(self, pane: SheetPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, core: Context, workshop: Workshop, site: Site, sheet: Sheet) -> None:
        super().__init__(classes="sheet")
        self._core, self._workshop, self._site = core, workshop, site
        self.sheet = sheet
        self.view: SheetView | None = None
        self.basis = Basis(None, None)
        self.examined: Examined | None = None
        self.start = ""
        self.draft: Draft | None = None  # the one that the text was made from
        self.trouble = ""  # why it cannot be read
        self._waiting = False
        self._edits = 0
        self._thinking = False
        self._think_again = False
        self._kept = ""
        self._keeper = Keeper(core, site, sheet)
        self._goes_on = False
        self._then: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet-left"):
            yield JsonArea()
            yield Static(classes="sheet-help", markup=False)
            yield ProblemList()
        with VerticalScroll(id="difference"):
            yield Static(classes="difference-lines", markup=False)

    def on_mount(self) -> None:
        self.area.read_only = True
        self.look()

    @property
    def area(self) -> JsonArea:
        return self.query_one(JsonArea)

    @property
    def text(self) -> str:
        return self.area.text

    @property
    def is_unsaved(self) -> bool:
        """Whether there is text that is neither kept nor live."""
        return self.view is not None and self.text != self.start

    @property
    def is_examined(self) -> bool:
        """Whether what is said of the text is said of the text as it stands."""
        return self.examined is not None and self.examined.text == self.text

    @property
    def moved(self) -> bool:
        """Whether somebody else changed what is live since the text was made."""
        return self.view is not None and self.basis.revision is not None and self.basis.revision != self.view.revision

    # Reading

    def look(self) -> None:
        """Read the sheet in a thread."""
        self._workshop.read(partial(read_sheet, self._core, self._site, self.sheet), self._show, self._cannot_look)

    def _show(self, view: SheetView) -> None:
        if not self.is_attached:
            return
        first, before = self.view is None, self.view
        self.view, self.trouble = view, ""
        if first:
            self.begin(view)
            if view.unsaved is not None and view.unsaved.text != self.start:
                self.post_message(self.Offered(self))
        elif self._goes_on or before is None or (view.draft, view.revision) != (before.draft, before.revision):
            self._follow(view)
        self.post_message(self.Changed())

    def _follow(self, view: SheetView) -> None:
        """What is live or drafted is another now: an untouched text follows it, one that was touched stays."""
        if not self.is_unsaved:
            self.rest_on(view)
        elif self._goes_on:
            self.basis, self.draft = basis_of(view), view.draft
        self._goes_on = False
        self.think()

    def begin(self, view: SheetView) -> None:
        """Begin with what is drafted or live."""
        self.start = view.start
        self.basis, self.draft = basis_of(view), view.draft
        self.area.begin(self.start)
        self.area.read_only = False
        self.think()

    def rest_on(self, view: SheetView) -> None:
        """Go on from what is drafted or live now; what was typed before can still be undone."""
        self.view = view
        self.basis, self.draft = basis_of(view), view.draft
        self.start = view.start
        if self.text != self.start:
            self.area.put(self.start)
        self.think()
        self.post_message(self.Changed())

    def was_kept(self, draft: Draft, text: str) -> None:
        """Go on from a draft that was made of this text."""
        if self.view is not None:
            self.view = replace(self.view, draft=draft, unsaved=None)
            self.basis, self.draft, self.start = basis_of(self.view), draft, text
            self.throw_away()
            self.think()
            self.post_message(self.Changed())

    def was_published(self, text: str) -> None:
        """Go on from what is live now, which this text has become."""
        self.start, self._goes_on = text, True
        self.throw_away()
        self.look()

    def _cannot_look(self, error: GreenroomError) -> None:
        if self.is_attached:
            self.trouble = f"CANNOT LOOK: {error.message}\n{error.hint}".rstrip()
            self.post_message(self.Changed())

    # A text that nobody has saved

    def take_up(self) -> None:
        """Put the text that was not saved into the editor, made from what it was made from."""
        unsaved = self.view.unsaved if self.view is not None else None
        if unsaved is None:
            return
        self.area.put(unsaved.text)
        look = partial(basis_at, self._core, self._site, self.sheet, unsaved.base_revision)
        self._workshop.read(look, self._rebase, self._cannot_look)

    def _rebase(self, found: Basis) -> None:
        if found.revision is not None and found.revision != self.basis.revision:
            self.basis = found
        if self.is_attached:
            self.think()

    def throw_away(self) -> None:
        """Forget the text that was not saved, where it was kept."""
        self._workshop.read(self.forgetting(), lambda _: None, self._cannot_keep)

    def forgetting(self) -> Callable[[], None]:
        """Return what, called in a thread, forgets the text that was not saved."""
        self._kept = ""
        return self._keeper.forgetting()

    def _keep(self) -> None:
        text = self.text
        if self._core.read_only or text == self._kept:
            return
        if self.is_unsaved:
            self._kept = text
            self._workshop.read(self._keeper.keeping(self.basis, text), lambda _: None, self._cannot_keep)
        elif self._kept:
            self.throw_away()

    def _cannot_keep(self, error: GreenroomError) -> None:
        words = f"what is not saved here would be lost in a crash: {error.message}"
        self.app.notify(plain_lines(words), severity="warning", markup=False)

    # What the text means

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self._edits += 1
        if not self._waiting and self.view is not None:
            self._waiting = True
            self.run_worker(self._wait_for_a_pause())

    async def _wait_for_a_pause(self) -> None:
        seen = -1
        while seen != self._edits:
            seen = self._edits
            await asyncio.sleep(SECONDS_OF_REST * (1 + len(self.text) // _CHARACTERS_A_REST))
        self._waiting = False
        self._keep()
        self.think()
        self.post_message(self.Changed())

    def think(self) -> None:
        """Find out in a thread what the text means."""
        if self.view is None:
            return
        if self._thinking:
            self._think_again = True
            return
        self._thinking, self._think_again = True, False
        call = partial(examine, self._core, self._site, self.sheet, self.view, self.basis, self.text)
        self._workshop.read(call, self._show_examined, self._cannot_think)

    def when_examined(self, then: Callable[[], None]) -> None:
        """Go on once it is known what the text means as it stands."""
        if self.is_examined and not self._thinking:
            then()
        else:
            self._then = then
            self.think()

    def _show_examined(self, examined: Examined) -> None:
        self._thinking = False
        if not self.is_attached:
            return
        self.examined = examined
        if examined.text == self.text:
            self.show_problems(examined.problems)
        difference = self.query_one("#difference")
        difference.border_title = difference_title(examined.comparison)
        self.query_one(".difference-lines", Static).update(Text("\n".join(difference_lines(examined.comparison))))
        self._help()
        self.post_message(self.Changed())
        if self._think_again or examined.text != self.text:
            self.think()
        elif self._then is not None:
            then, self._then = self._then, None
            then()

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """List problems and mark their places."""
        self.area.mark(problems)
        self.query_one(ProblemList).show(problems)
        self.set_class(bool(problems), "-wrong")

    def _cannot_think(self, error: GreenroomError) -> None:
        self._thinking = False
        self._cannot_look(error)

    # Where the cursor is

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self) -> None:
        line, column = self.area.place
        self.area.border_subtitle = f"line {line}, column {column}"
        self._help()

    def _help(self) -> None:
        """Say what the field under the cursor means, as long as what is known is of the text as it stands."""
        if not self.is_examined or self.examined is None:
            return
        document, meant = self.examined.understood.document, self.examined.understood.meant
        words = Text()
        if document is not None and meant is not None and len(document.spots) <= _MOST_SPOTS:
            path = meant.in_data(self._path_at_cursor(document))
            if path is not None:
                words = field_words(self.sheet.form.schema(), path)
        self.query_one(".sheet-help", Static).update(words)

    def _path_at_cursor(self, document: Document) -> Path:
        """Return what the cursor is on; before and behind that, what its line begins with."""
        line, column = self.area.place
        path = document.path_at(line, column)
        words = self.area.document.get_line(line - 1)
        first = len(words) - len(words.lstrip()) + 1
        if first > len(words):
            return path
        begun = document.path_at(line, first)
        return begun if begun[: len(path)] == path else path

    @on(ProblemList.Wanted)
    def _go_to(self, event: ProblemList.Wanted) -> None:
        event.stop()
        self.go_to(event.problem)

    def go_to(self, problem: Problem) -> None:
        """Move the cursor to a problem."""
        if problem.span is not None:
            self.area.go_to(problem.span.start.line, problem.span.start.column)
        self.area.focus()

    def next_problem(self) -> bool:
        """Move the cursor to the next problem below it, or the first; return whether there is one."""
        problems = self.query_one(ProblemList).problems
        here = self.area.place
        below = (one for one in problems if one.span and (one.span.start.line, one.span.start.column) > here)
        wanted = next(below, problems[0] if problems else None)
        if wanted is not None:
            self.go_to(wanted)
        return wanted is not None


_MOST_SPOTS = 50_000  # each is looked at, at each step of the cursor
