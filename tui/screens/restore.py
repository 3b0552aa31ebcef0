"""Restore confirmation: what a restore would do, and the consent to it, typed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Footer, Input, Static

from core.catalog import BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, GreenroomError
from core.restore.inspect import Preview, inspect_restore
from core.words import printable
from tui.calls import restore, stage
from tui.history_calls import undo
from tui.screens.ask import error_screen
from tui.screens.restoring import RestoringScreen
from tui.widgets.choice import Choice
from tui.widgets.job_line import JobLine
from tui.widgets.outcome import Kind, RestoreTask
from tui.widgets.preview import preview_text, short_holder
from tui.work import Job, Workshop

_FIELD = "_" * 24


class RestoreScreen(Screen[None]):
    """Given a backup of a site, preview its restore; start it once the site's name was typed.

    Given the restore that it `undoes`, the backup is the safety backup of that, and there is no staging.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back, change nothing"),
        Binding("tab", "app.focus_next", "Next field", key_display="tab"),
        Binding("up", "scroll_up", "Scroll", key_display="up/down"),
        Binding("down", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        context: Context,
        workshop: Workshop,
        site: Site,
        backup: BackupRecord,
        *,
        undoes: RestoreRecord | None = None,
    ) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site
        self._backup = backup
        self._undoes = undoes
        self._preview: Preview | None = None
        self._job: Job | None = None

    def compose(self) -> ComposeResult:
        name = self._site.name
        yield Static(Text(f"{self._question()}   Nothing is changed yet."), id="title", markup=False)
        with VerticalScroll(id="preview", can_focus=False):
            yield Static(Text("Reading the backup and comparing it with the site ..."), id="preview-text", markup=False)
        yield JobLine(self._workshop)
        with Vertical(id="consent"):
            with Horizontal(id="type-name", classes="field"):
                yield Static(Text(f"Type the name of the site, {name}:"), markup=False)
                yield Input(id="name", placeholder=_FIELD, compact=True, select_on_focus=False)
            with Horizontal(id="type-version", classes="field"):
                yield Static(id="version-label", markup=False)
                yield Input(id="version", placeholder=_FIELD, compact=True, select_on_focus=False)
            yield Static(id="objection", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "cancel")
                yield Choice("Look again", "look")
                yield Choice("Stage", "stage", disabled=True)
                yield Choice(self._now_label, "now", disabled=True)
        yield Footer()

    def _question(self) -> str:
        last = self._undoes
        if last is None:
            return f"Restore {self._site.name}?"
        return printable(f"Undo the {last.action} of {last.backup_name} in {self._site.name}?")

    @property
    def _now_label(self) -> str:
        return "Restore now" if self._undoes is None else "Undo now"

    def on_mount(self) -> None:
        self.query_one("#type-version").display = False
        self.query_one("#stage").display = self._undoes is None
        self._look()

    def on_unmount(self) -> None:
        """Nobody waits for a preview any more."""
        if self._job is not None:
            self._job.token.cancel()

    # The preview

    @on(Button.Pressed, "#look")
    def _look(self) -> None:
        if self._workshop.job is not None:
            return
        self._preview = None
        verb = partial(inspect_restore, self._core, self._site, self._backup)
        self._job = self._workshop.start(f"preview of {self._backup.name}", verb, self._show, self._failed)
        self._offer()

    def _show(self, preview: Preview) -> None:
        self._job = None
        if not self.is_running:
            return
        self._preview = preview
        self.query_one("#preview-text", Static).update(preview_text(preview, self._site, self._core.clock()))
        self.query_one("#type-version").display = preview.version_differs
        self.query_one("#version-label", Static).update(
            Text(f"Type the version of the backup, {printable(preview.version_backup or '')}:")
        )
        self._offer()

    def _failed(self, error: GreenroomError) -> None:
        self._job = None
        if isinstance(error, CancelledError):
            return
        self.app.push_screen(error_screen(error, "This backup cannot be restored"), self._leave_after)

    def _leave_after(self, _: None) -> None:
        if self.is_current:
            self.dismiss()

    # The consent

    @on(Input.Changed)
    def _offer(self) -> None:
        """Enable what may be done now, and say what is missing for the rest."""
        preview = self._preview
        stage, now = self._stage_objection(), self._now_objection()
        self.query_one("#stage", Button).disabled = stage is not None
        self.query_one("#now", Button).disabled = now is not None
        again = preview is not None and bool(preview.blockers or preview.holders)
        self.query_one("#look", Button).display = again
        impossible = self._core.read_only or (preview is not None and bool(preview.blockers))
        self.query_one("#type-name").display = not impossible
        if impossible:
            self.query_one("#type-version").display = False
        self.query_one("#objection", Static).update(Text(self._words(stage, now)))

    @property
    def _buttons(self) -> str:
        return f"{self._now_label} is" if self._undoes is not None else f"Stage and {self._now_label} are"

    def _stage_objection(self) -> str | None:
        """Return why the restore cannot be staged now, or None where it can."""
        preview = self._preview
        reason = None
        if self._core.read_only:
            reason = f"{self._buttons} off: greenroom is read-only. Looking is allowed."
        elif preview is None:
            reason = "The preview is not there yet."
        elif preview.blockers:
            reason = f"Not possible: {printable(preview.blockers[0])}"
        elif self.query_one("#name", Input).value.strip() != self._site.name:
            reason = f"{self._buttons} off until {self._site.name} is typed."
        elif preview.version_differs and self.query_one("#version", Input).value.strip() != preview.version_backup:
            reason = f"{self._buttons} off until {printable(preview.version_backup or '')} is typed."
        return reason

    def _now_objection(self) -> str | None:
        """As `_stage_objection`, for a restore now: nobody else may have the database open."""
        preview = self._preview
        if preview is not None and not preview.blockers and not self._core.read_only:
            if preview.holders:
                names = ", ".join(map(short_holder, preview.holders))
                return f"{self._now_label} is off: the database is open in {names}. Stop it, then Look again."
            if preview.present == "in use":
                return f"{self._now_label} is off: somebody has locked the database. Stop it, then Look again."
        return self._stage_objection()

    def _words(self, stage: str | None, now: str | None) -> str:
        if self._undoes is not None:
            return now or "Undo now: carried out at once. The application must be stopped."
        if stage is not None:
            return stage if now is None or now == stage else f"{stage}\n{now}"
        prepared = f"Stage: prepared now, carried out by the next `greenroom apply {self._site.name}`."
        return f"{prepared}\n{now or 'Restore now: carried out at once.'}"

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#stage")
    def _stage(self) -> None:
        self._restore(now=False)

    @on(Button.Pressed, "#now")
    def _now(self) -> None:
        self._restore(now=True)

    def _restore(self, *, now: bool) -> None:
        preview, context, site, backup = self._preview, self._core, self._site, self._backup
        if preview is None or (self._now_objection() if now else self._stage_objection()) is not None:
            return
        if self._workshop.job is not None:
            self.notify("other work has begun meanwhile: wait until it is done", severity="warning", markup=False)
            return
        consent = preview.version_backup if preview.version_differs else None
        kind: Kind = "undo" if self._undoes is not None else "restore" if now else "stage"
        if self._undoes is not None:
            verb = partial(undo, context, site, agreed=self._undoes.restore_id, accept_version=consent)
        else:
            verb = partial(restore if now else stage, context, site, backup, accept_version=consent)
        task = RestoreTask(kind, site, backup.name)
        self.app.switch_screen(RestoringScreen(context, self._workshop, task, verb))

    # Moving about

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll_up(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_up(animate=False)

    def action_scroll_down(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_down(animate=False)

    def action_page_up(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_page_down(animate=False)
