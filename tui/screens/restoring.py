"""A restore at work, and how it came out: the site is old or new, and how to go back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.progress import Reporter
from core.words import printable
from tui.calls import Restored
from tui.format import plain_lines, progress_words
from tui.history_calls import take_back
from tui.notes import Said
from tui.screens.ask import error_screen
from tui.widgets.choice import Choice
from tui.widgets.outcome import RestoreTask, result_line, result_text
from tui.work import Job, Workshop

Verb = Callable[[Reporter], Restored]


class RestoringScreen(Screen[None]):
    """Starts the verb when it is mounted; where a person left before the end, it comes back with the result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]
    AUTO_FOCUS = "#back"

    def __init__(
        self,
        context: Context,
        workshop: Workshop,
        task: RestoreTask,
        verb: Verb,
        *,
        result: Restored | GreenroomError | None = None,
    ) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._work_item = task
        self._verb = verb
        self._job: Job | None = None
        self._result = result

    def compose(self) -> ComposeResult:
        yield Static(Text(printable(self._heading)), id="title", markup=False)
        with VerticalScroll(id="result"):
            yield Static(id="result-text", markup=False)
        with Horizontal(classes="choices", id="choices"):
            yield Choice("Back", "back")
            yield Choice("Take the staged restore back", "take-back")
        yield Footer()

    @property
    def _heading(self) -> str:
        task = self._work_item
        return f"{task.title[0].upper()}{task.title[1:]}, {'into ' * (task.into.name != task.of)}{task.into.name}"

    def on_mount(self) -> None:
        self.query_one("#take-back").display = False
        if self._result is not None:
            self._show_result()
            return
        self._workshop.changed.subscribe(self, lambda _: self._show_progress())
        self.set_interval(1.0, self._show_progress)
        came_out = partial(self._came_out, self.app)
        self._job = self._workshop.start(self._work_item.title, self._verb, came_out, came_out, summary=result_line)
        self._show_progress()

    # At work

    def _show_progress(self) -> None:
        job = self._job
        if job is None or self._result is not None:
            return
        lines = [f"{job.progress.phase}", progress_words(job.progress, job.seconds, bar_width=28), ""]
        if job.token.cancelled:
            lines.append("Cancelling: it stops in good order, unless the switch has begun; then it is finished.")
        elif self._work_item.kind == "stage":
            lines.append("The site is not changed by staging. x cancels.")
        elif self._work_item.fills:
            lines.append("No site is changed. x cancels, and the database is empty again.")
        else:
            lines.append("The site is changed only at the very end, in a moment. x cancels.")
        lines.append("esc goes back; the work goes on, and this comes back with the result.")
        self.query_one("#result-text", Static).update(Text(plain_lines("\n".join(lines))))

    def _came_out(self, app: App[object], result: Restored | GreenroomError) -> None:
        """Show the result here, or, where a person left, on a screen of its own."""
        if self in app.screen_stack:
            self._result = result
            self._show_result()
        else:
            app.push_screen(RestoringScreen(self._core, self._workshop, self._work_item, self._verb, result=result))

    # The end

    def _show_result(self) -> None:
        result = self._result
        if result is None:
            return
        text = result_text(result, self._work_item)
        self.query_one("#result-text", Static).update(text)
        pending = result.pending if isinstance(result, Restored) else None
        self.query_one("#take-back").display = pending is not None and not pending.changed_site
        self.query_one("#back").focus()
        self.post_message(Said("result", f"{self._heading}\n{text.plain}"))
        self.refresh_bindings()

    @on(Button.Pressed, "#take-back")
    def _take_back(self) -> None:
        site = self._work_item.into
        if self._workshop.job is None and isinstance(site, Site):
            verb = partial(take_back, self._core, site)
            self._workshop.start(f"taking back the restore of {site.name}", verb, self._taken_back, self._kept)

    def _taken_back(self, removed: str) -> None:
        self.app.notify(f"removed: {printable(removed)}; the site is as it was", markup=False)
        if self.is_current:
            self.dismiss()

    def _kept(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    @on(Button.Pressed, "#back")
    def action_leave(self) -> None:
        self.dismiss()
