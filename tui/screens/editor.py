"""Editor: the sheets of a thing as JSON, checked at each pause, compared with what is live, kept, published."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from core.config import Site
from core.documents import write
from core.errors import GreenroomError
from core.words import plural, printable
from tui.edit_calls import Marks, SheetView, read_marks, source_words, template_text
from tui.edit_words import READ_ONLY, lost_lines, measure_line, state_line, taken_line
from tui.external_editor import edited, editor_command
from tui.format import plain_lines
from tui.screens.ask import AskScreen, error_screen
from tui.screens.edit_log import EditLogScreen
from tui.screens.edit_verbs import EditVerbs
from tui.screens.main import Surroundings
from tui.sheets import Sheet as Sheet  # noqa: PLC0414 (what the lists open the screen with)
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.job_line import JobLine
from tui.widgets.json_area import JsonArea
from tui.widgets.problem_list import ProblemList
from tui.widgets.sheet_bar import SheetBar, Tab
from tui.widgets.sheet_pane import SheetPane

_SECONDS_BETWEEN_LOOKS = 5.0
_KEYS = {"ctrl+s": "save", "ctrl+g": "publish", "f9": "publish", "ctrl+r": "drop"}
_LEAST_NEEDED = ("command_palette", "template", "copy", "tidy", "fold", "drop", "log", "external")


class EditorScreen(EditVerbs):
    """Given the sheets of one thing, edit them; the one with the number `start` is shown first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s", "save", "Keep draft", id="editor.save", tooltip="Keep the text as a draft; nothing goes live"
        ),
        Binding(
            "ctrl+g,f9", "publish", "Publish", id="editor.publish", tooltip="Make it live; what would change is shown"
        ),
        Binding("f8,ctrl+n", "problem", "Problem", id="editor.problem", tooltip="To the next thing that is wrong"),
        Binding("f3", "step(1)", "Next", id="editor.next", tooltip="The next category"),
        Binding("f2", "step(-1)", "Before", id="editor.before", show=False, tooltip="The category before"),
        Binding("f4,e", "external", "$EDITOR", id="editor.external", tooltip="The text in your own editor, and back"),
        Binding("ctrl+l", "log", "Log", id="editor.log", tooltip="What was published of this, and the way back"),
        Binding("ctrl+r", "drop", "Drop", id="editor.drop", tooltip="Drop the draft, and go back to what is live"),
        Binding(
            "ctrl+f", "tidy", "Tidy", id="editor.tidy", tooltip="Write the text afresh: mended, indented, data alone"
        ),
        Binding(
            "ctrl+t", "fold", "Fold", id="editor.fold", tooltip="Hide what stands around the text, and show it again"
        ),
        Binding("f5", "copy", "Copy", id="editor.copy", tooltip="The whole text to the terminal's clipboard"),
        Binding("f6", "template", "Template", id="editor.template", tooltip="Copy a template for a language model"),
        Binding("f1", "app.help", "Help", id="editor.help", tooltip="What the keys of the screen do"),
        Binding("escape", "back", "Back", id="editor.back", tooltip="Back; text that is not saved is asked about"),
    ]
    AUTO_FOCUS = ""
    parts = (("In the text", JsonArea), ("In the list of problems", ProblemList), ("In the tabs", SheetBar))

    def __init__(self, surroundings: Surroundings, site: Site, sheets: Sequence[Sheet], start: int = 0) -> None:
        super().__init__(surroundings.core, surroundings.workshop, site)
        self.sheets = tuple(sheets)
        self._panes: dict[int, SheetPane] = {}
        self._current = start
        self._marks = Marks(frozenset(), frozenset())
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield SheetBar()
        yield Static("looking ...", id="sheet-head", markup=False)
        yield Container(id="sheet-panes")
        yield JobLine(self._workshop)
        yield FittingFooter(*_LEAST_NEEDED)

    async def on_mount(self) -> None:
        self.query_one(SheetBar).display = len(self.sheets) > 1
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self.look)
        await self._turn_to(self._current)
        self._look_at_marks()

    @property
    def pane(self) -> SheetPane | None:
        """The pane of the sheet that is shown; None before there is one."""
        return self._panes.get(self._current)

    @property
    def unsaved(self) -> list[str]:
        """What would be lost by leaving, in lines."""
        return lost_lines([pane.sheet.form.title for pane in self._panes.values() if pane.is_unsaved])

    def leave_unsaved(self, then: Callable[[], None]) -> None:
        """A person has agreed to lose it: it is offered to nobody. Go on with `then`, once it is forgotten."""
        forgetting = [pane.forgetting() for pane in self._panes.values() if pane.is_unsaved]

        def forget() -> None:
            for one in forgetting:
                one()

        def failed(error: GreenroomError) -> None:
            self.app.notify(plain_lines(error.message), severity="warning", markup=False)
            then()

        self._workshop.read(forget, lambda _: then(), failed)

    # Sheets

    async def _turn_to(self, number: int) -> None:
        self._current = number
        if number in self._panes:
            self._panes[number].look()
        else:
            pane = SheetPane(self._core, self._workshop, self._site, self.sheets[number])
            self._panes[number] = pane
            await self.query_one("#sheet-panes").mount(pane)
        for other, pane in self._panes.items():
            pane.display = other == number
        self._panes[number].area.focus()
        self._say()

    @on(SheetBar.Chosen)
    async def _chosen(self, event: SheetBar.Chosen) -> None:
        await self._turn_to(event.number)
        self.query_one(SheetBar).focus()

    async def action_step(self, by: int) -> None:
        await self._turn_to((self._current + by) % len(self.sheets))

    def look(self) -> None:
        """Read again how the sheet is that is shown, and which others have a draft."""
        if self.pane is not None and self.is_current:
            self.pane.look()
            self._look_at_marks()

    def _look_at_marks(self) -> None:
        look = partial(read_marks, self._core, self._site, self.sheets)
        self._workshop.read(
            look, self._show_marks, lambda _: None
        )  # the pane, which reads the same, says what is wrong

    def _show_marks(self, marks: Marks) -> None:
        self._marks = marks
        if self.is_running:
            self._say()

    @on(SheetPane.Changed)
    def _pane_changed(self) -> None:
        self._say()

    def _say(self) -> None:
        """Where the sheet stands; what the tabs have; which keys can be used."""
        pane = self.pane
        if pane is None or not self.is_running:
            return
        title = self.query_one("#title", Static)
        about = pane.view.about if pane.view is not None else pane.sheet.title
        title.update(f"Edit {printable(about)}, {printable(pane.sheet.form.title)}   {self._site.name}")
        self.query_one(SheetBar).show([self._tab(number) for number in range(len(self.sheets))], self._current)
        head = self.query_one("#sheet-head", Static)
        if pane.trouble or pane.view is None:
            head.update(plain_lines(pane.trouble) or "looking ...")
        else:
            where = state_line(
                pane.view,
                is_unsaved=pane.is_unsaved,
                has_problems=bool(pane.examined and pane.examined.problems),
                moved=pane.moved,
                read_only=self._core.read_only,
                now=self._core.clock(),
            )
            lines = [where, measure_line(pane.view, pane.examined, source_words(pane.view)), taken_line(pane.examined)]
            head.update(Text("\n").join(line for line in lines if line))
        self._offer()

    def _tab(self, number: int) -> Tab:
        sheet, pane = self.sheets[number], self._panes.get(number)
        if pane is not None and pane.view is not None:
            return Tab(sheet.form.title, pane.is_unsaved, pane.view.draft is not None)
        return Tab(sheet.form.title, sheet.subject in self._marks.unsaved, sheet.subject in self._marks.drafts)

    @on(SheetPane.Offered)
    def _offer_unsaved(self, event: SheetPane.Offered) -> None:
        pane, view = event.pane, event.pane.view
        if view is None or view.unsaved is None:
            return
        when, who = view.unsaved.at.astimezone(self._site.time_zone), printable(view.unsaved.by)
        lines = [
            f"{printable(pane.sheet.form.title)}: {plural(len(view.unsaved.text), 'character')} of {who},",
            f"typed until {when:%a %Y-%m-%d %H:%M} and not saved.",
            "The terminal went away, or it is being typed elsewhere now.",
            "",
            "Taken up it stands in the editor, and ctrl+z goes back.",
        ]
        self.app.clear_notifications()  # they would lie over the question
        question = AskScreen("There is text that was not saved", lines, no="Take it up", yes="Throw it away")
        self.app.push_screen(question, partial(self._answered, pane))

    def _answered(self, pane: SheetPane, is_unwanted: bool | None) -> None:  # noqa: FBT001 (an answer)
        if is_unwanted:
            pane.throw_away()
        else:
            pane.take_up()

    # Keys

    def objection(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        pane = self.pane
        if action not in _KEYS.values() or pane is None:
            return None
        if self._core.read_only:
            return READ_ONLY
        return "it is still being read" if pane.view is None else self._objection_to(action, pane, pane.view)

    def _objection_to(self, action: str, pane: SheetPane, view: SheetView) -> str | None:
        if action == "drop":
            return None if view.draft is not None else "there is no draft"
        if pane.is_examined and pane.examined is not None and pane.examined.problems:
            return "something is wrong in the text: f8 goes there"
        if action == "save":
            return None if pane.is_unsaved else "nothing is changed"
        return None if pane.is_unsaved or view.draft is not None else "nothing differs from what is live"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "step" and len(self.sheets) == 1:
            return False
        if not self.is_running or not self.is_mounted:
            return True
        return None if self.objection(action) else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        reason = self.objection(_KEYS.get(event.key, ""))
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    def _offer(self) -> None:
        offered = tuple(map(self.objection, _KEYS.values()))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def action_problem(self) -> None:
        if self.pane is not None and not self.pane.next_problem():
            self.notify("nothing is wrong", markup=False)

    def action_fold(self) -> None:
        self.toggle_class("-folded")

    def action_tidy(self) -> None:
        pane = self.pane
        meant = pane.examined.understood.meant if pane is not None and pane.is_examined and pane.examined else None
        if pane is None or meant is None:
            self.notify("the text is no JSON yet", severity="warning", markup=False)
        elif meant.is_envelope and meant.revision != pane.basis.revision:
            self.notify("the envelope says which state it was made from: keep it", severity="warning", markup=False)
        else:
            pane.area.put(write(meant.data))

    def action_copy(self) -> None:
        if self.pane is not None:
            self._to_clipboard(self.pane.text, "the text")

    def _to_clipboard(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"{what} was sent to the terminal's clipboard; not every terminal takes it", markup=False)

    def action_template(self) -> None:
        if self.pane is not None:
            call = partial(template_text, self._site, self.pane.sheet)
            self._workshop.read(call, self._template_made, lambda error: self._failed_at(error, "No template"))

    def _template_made(self, text: str | None) -> None:
        if text is None:
            self.notify("there are templates of a film's categories only", severity="warning", markup=False)
        else:
            self._to_clipboard(text, "the template")

    def _failed_at(self, error: GreenroomError, title: str) -> None:
        self.app.push_screen(error_screen(error, title))

    def action_log(self) -> None:
        if self.pane is not None:
            about = self.pane.view.about if self.pane.view is not None else self.pane.sheet.title
            screen = EditLogScreen(self._core, self._workshop, self._site, self.pane.sheet, about)
            self.app.push_screen(screen, partial(self._log_was_read, self.pane))

    def _log_was_read(self, pane: SheetPane, was_reverted: bool | None) -> None:  # noqa: FBT001 (an answer)
        if was_reverted:
            pane.look()

    def action_external(self) -> None:
        """Give the terminal to the editor; a program that fails leaves the text as it is."""
        pane = self.pane
        if pane is None or pane.view is None:
            return
        try:
            command = editor_command(os.environ)
            failed: GreenroomError | None = None
            with self.app.suspend():
                try:
                    text = edited(pane.text, command, f"{pane.sheet.form.name}.json")
                except GreenroomError as error:
                    failed = error  # raised here, it would leave the terminal suspended for good
            if failed is not None:
                raise failed
        except SuspendNotSupported:
            self.notify("this terminal cannot be given to another program", severity="warning", markup=False)
        except GreenroomError as error:
            self._failed_at(error, "The text is as it was")
        else:
            if text != pane.text:
                pane.area.put(text)
            pane.area.focus()

    def action_back(self) -> None:
        lost = self.unsaved
        if not lost:
            self.dismiss()
            return
        lines = ["Not saved yet:", *lost]
        question = AskScreen("Leave without saving?", lines, no="Stay", yes="Leave it unsaved")
        self.app.push_screen(question, self._leave)

    def _leave(self, answer: bool | None) -> None:  # noqa: FBT001 (an answer)
        if answer:
            self.leave_unsaved(self._close)

    def _close(self) -> None:
        self.dismiss()
