"""A restore at work, and how it came out: the site is old or new, and how to go back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, GreenroomError
from core.progress import Reporter
from core.restore.finish import Outcome
from core.restore.stage import cancel_restore
from core.words import plural, printable
from tui.calls import Restored
from tui.format import plain_lines, progress_words
from tui.screens.ask import error_screen
from tui.widgets.choice import Choice
from tui.work import Job, Workshop

Verb = Callable[[Reporter], Restored]


class RestoringScreen(Screen[None]):
    """Starts the restore when it is mounted; where a person left before the end, it comes back with the result."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("c", "cancel_job", "Cancel the restore", tooltip="Stops in good order where that is possible still"),
    ]
    AUTO_FOCUS = "#back"

    def __init__(
        self,
        context: Context,
        workshop: Workshop,
        site: Site,
        backup: BackupRecord,
        verb: Verb,
        *,
        now: bool,
        result: Restored | GreenroomError | None = None,
    ) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site
        self._backup = backup
        self._verb = verb
        self._now = now
        self._job: Job | None = None
        self._result = result

    def compose(self) -> ComposeResult:
        what = f"{'Restore' if self._now else 'Staging'} of {self._backup.name} to {self._site.name}"
        yield Static(Text(printable(what)), id="title", markup=False)
        with VerticalScroll(id="result"):
            yield Static(id="result-text", markup=False)
        with Horizontal(classes="choices", id="choices"):
            yield Choice("Back", "back")
            yield Choice("Take the staged restore back", "take-back")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#take-back").display = False
        if self._result is not None:
            self._show_result()
            return
        self._workshop.changed.subscribe(self, lambda _: self._show_progress())
        self.set_interval(1.0, self._show_progress)
        name = f"{'restore' if self._now else 'staging'} of {self._backup.name}"
        came_out = partial(self._came_out, self.app)
        self._job = self._workshop.start(name, self._verb, came_out, came_out, summary=_in_a_line)
        self._show_progress()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return action != "cancel_job" or self._result is None

    # At work

    def _show_progress(self) -> None:
        job = self._job
        if job is None or self._result is not None:
            return
        lines = [f"{job.progress.phase}", progress_words(job.progress, job.seconds, bar_width=40), ""]
        if job.token.cancelled:
            lines.append("Cancelling: it stops in good order, unless the switch has begun; then it is finished.")
        elif self._now:
            lines.append("The site is changed only at the very end, in a moment. c cancels.")
        else:
            lines.append("The site is not changed by staging. c cancels.")
        lines.append("esc goes back to the backups; the work goes on, and this comes back with the result.")
        self.query_one("#result-text", Static).update(Text(plain_lines("\n".join(lines))))

    def action_cancel_job(self) -> None:
        if self._job is not None and not self._job.ended:
            self._job.token.cancel()
            self._show_progress()

    def _came_out(self, app: App[object], result: Restored | GreenroomError) -> None:
        """Show the result here, or, where a person left, on a screen of its own."""
        if self in app.screen_stack:
            self._result = result
            self._show_result()
        else:
            app.push_screen(
                RestoringScreen(
                    self._core,
                    self._workshop,
                    self._site,
                    self._backup,
                    self._verb,
                    now=self._now,
                    result=result,
                )
            )

    # The end

    def _show_result(self) -> None:
        result = self._result
        if result is None:
            return
        restored = result if isinstance(result, Restored) else Restored(error=result)
        self.query_one("#result-text", Static).update(result_text(restored, self._site, self._backup))
        pending = restored.pending
        self.query_one("#take-back").display = pending is not None and not pending.changed_site
        self.query_one("#back").focus()
        self.refresh_bindings()

    @on(Button.Pressed, "#take-back")
    def _take_back(self) -> None:
        if self._workshop.job is None:
            verb = partial(_cancel, self._core, self._site)
            self._workshop.start(f"taking back the restore of {self._site.name}", verb, self._taken_back, self._kept)

    def _taken_back(self, removed: str) -> None:
        self.app.notify(f"removed: {printable(removed)}; the site is as it was", markup=False)
        if self.is_current:
            self.dismiss()

    def _kept(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    @on(Button.Pressed, "#back")
    def action_leave(self) -> None:
        self.dismiss()


def result_text(restored: Restored, site: Site, backup: BackupRecord) -> Text:
    """Given how a restore came out, return it as text: what the site is now, why, and what can be done."""
    text = Text()
    head, lines = _words(restored, site, backup)
    text.append(head, "bold")
    for line in lines:
        text.append(f"\n{line}")
    return text


def _words(restored: Restored, site: Site, backup: BackupRecord) -> tuple[str, list[str]]:
    error, pending, outcome = restored.error, restored.pending, restored.outcome
    if outcome is not None:
        return _outcome_words(outcome, site, backup)
    if pending is not None and pending.changed_site:
        head = f"INTERRUPTED. Do not start the application of {site.name}."
        finish = f"`greenroom apply {site.name}` finishes it, and says whether the site is the old or the new one."
        return head, [*_error_lines(error), "", finish]
    if pending is not None:
        return "STAGED. The site is not changed yet.", [
            "",
            f"The restore of {printable(pending.backup_filename)} is staged, and waits:",
            f"  `greenroom apply {site.name}` carries it out, as the application's unit does before it starts;",
            f"  `greenroom restore-cancel {site.name}` takes it back, as the button below does.",
        ]
    if isinstance(error, CancelledError):
        return "CANCELLED. The site was not changed.", ["", "Nothing is staged."]
    return "NOT RESTORED. The site is as it was before.", list(_error_lines(error))


def _outcome_words(outcome: Outcome, site: Site, backup: BackupRecord) -> tuple[str, list[str]]:
    if outcome.state != "new":
        head = f"OLD: {site.name} is exactly as it was before."
        return head, ["", plain_lines(f"Why: {outcome.error}"), *_found(outcome)]
    counts = ((outcome.tables, "table"), (outcome.records, "row"), (outcome.files, "file"))
    counted = ", ".join(plural(number, word) for number, word in counts)
    lines = [
        "",
        f"Restored:  {counted}. They were counted and agree with the backup.",
        "",
    ]
    if outcome.safety_name is not None:
        lines.append(f"What was there before is kept in the safety backup {printable(outcome.safety_name)}.")
    if outcome.set_aside:
        lines.append("What was there before could not be backed up and was set aside as it was:")
        lines += [f"  {printable(str(path))}" for path in outcome.set_aside]
    lines += [f"To undo:  `greenroom undo {site.name}`", "", "The application can be started again.", *_found(outcome)]
    return f"NEW: {site.name} is now as in {printable(backup.name)}.", lines


def _found(outcome: Outcome) -> Iterator[str]:
    if outcome.unexpected:
        yield "Found where nothing should have been, and kept:"
        yield from (f"  {printable(str(path))}" for path in outcome.unexpected)


def _error_lines(error: GreenroomError | None) -> Iterator[str]:
    if error is not None:
        yield ""
        yield plain_lines(error.message)
        if error.hint:
            yield ""
            yield f"What to do: {plain_lines(error.hint)}"


def _in_a_line(restored: Restored) -> str:
    if restored.outcome is not None:
        return f"the site is {restored.outcome.state}"
    pending = restored.pending
    if pending is not None and pending.changed_site:
        return f"INTERRUPTED: do not start the application, `greenroom apply {pending.site}` finishes it"
    if pending is not None:
        return f"the site was not changed, the restore is staged and pending: `greenroom apply {pending.site}`"
    return f"the site is as it was before: {restored.error.message if restored.error else ''}"


def _cancel(context: Context, site: Site, _: Reporter) -> str:
    return cancel_restore(context, site)
