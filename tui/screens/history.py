"""History: the restores, undos and deletions of a site, and the way back from the last restore."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from core.catalog import RestoreRecord
from core.config import Site
from core.errors import GreenroomError
from core.history import History, read_history
from core.reports import format_time
from core.restore.undo import UndoPlan, plan_undo
from core.words import printable
from tui.format import aligned, plain_lines
from tui.history_calls import undo
from tui.screens.ask import ConsentScreen, error_screen
from tui.screens.main import Surroundings
from tui.screens.restore import RestoreScreen
from tui.screens.restoring import RestoringScreen
from tui.widgets.history_entry import history_row
from tui.widgets.job_line import JobLine
from tui.widgets.log_view import LogView
from tui.widgets.outcome import RestoreTask
from tui.widgets.steady_footer import SteadyFooter
from tui.widgets.title_line import TitleLine
from tui.work import Job

PAGE = 500
_SECONDS_BETWEEN_LOOKS = 2.0


class HistoryScreen(Screen[None]):
    """Given a site, show what happened to it, the last first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "Undo last restore", tooltip="What would be lost is said first"),
        Binding("escape", "back", "Back"),
    ]
    AUTO_FOCUS = "#log-list"

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site
        self._rows = PAGE
        self._looking = False
        self._history: History | None = None

    def compose(self) -> ComposeResult:
        yield TitleLine()
        yield LogView(
            "When", "What", "Result", "Of", empty="Nothing was restored or deleted yet.\n\n1 goes to the backups."
        )
        yield JobLine(self._around.workshop)
        yield SteadyFooter()

    def on_mount(self) -> None:
        self._around.workshop.changed.subscribe(self, self._job_changed)
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self.look)
        self.show_site(self._site)

    def show_site(self, site: Site) -> None:
        """Show the history of this site."""
        self._site, self._rows, self._history = site, PAGE, None
        self.query_one(TitleLine).say_only(f"History of {site.name}   looking ...")
        self.query_one(LogView).show((), "History")
        self.look()

    # Looking

    def look(self) -> None:
        """Read the history, in a thread, unless that is being done."""
        if not self._looking:
            self._looking = True
            look = partial(read_history, self._around.core.catalog, self._site.name, self._rows)
            asked = (self._site, self._rows)
            self._around.workshop.read(look, partial(self._show, asked), self._cannot_look)

    def _show(self, asked: tuple[Site, int], history: History) -> None:
        self._looking = False
        if not self.is_running:
            return
        if asked != (self._site, self._rows):
            self.look()
            return
        self._history = history
        now = self._around.core.clock()
        rows = [history_row(entry, self._site, now, history.undoable) for entry in history.entries]
        more = ", older ones below" if history.more else ""
        self.query_one(LogView).show(rows, f"History ({len(rows):,}{more})")
        self.query_one(TitleLine).say(f"History of {self._site.name}", "History")
        self.refresh_bindings()

    def _cannot_look(self, error: GreenroomError) -> None:
        self._looking = False
        if self.is_running:
            self.query_one(TitleLine).say_only(plain_lines(f"CANNOT LOOK: {error.message}"))

    def on_log_view_highlighted(self) -> None:
        if self._history is not None and self._history.more and self.query_one(LogView).is_at_end:
            self._rows += PAGE
            self.look()

    def _job_changed(self, job: Job) -> None:
        self.refresh_bindings()
        if job.ended:
            self.look()

    # Undo

    def objection(self) -> str | None:
        """Return in words why the last restore cannot be undone now, or None where it can."""
        job = self._around.workshop.job
        if self._around.core.read_only:
            return "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"
        if job is not None:
            return f"{printable(job.title)} is at work: wait until it is done, or x cancels it"
        if self._history is None or self._history.undoable is None:
            return f"{self._site.name} was never restored: nothing to undo"
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return None if action == "undo" and self.objection() else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        reason = self.objection() if event.key == "u" else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    def action_undo(self) -> None:
        site = self._site
        look = partial(plan_undo, self._around.core, site)
        self._around.workshop.read(look, partial(self._offer_undo, site), self._failed)

    def _offer_undo(self, site: Site, plan: UndoPlan) -> None:
        if not self.is_current or site != self._site:
            return
        core, workshop = self._around.core, self._around.workshop
        self.app.clear_notifications()  # they would lie over the question
        if plan.safety is not None:
            self.app.push_screen(RestoreScreen(core, workshop, site, plan.safety, undoes=plan.last))
            return
        last = plan.last
        made = format_time(last.restored_at, site.time_zone)
        back = aligned([(name, printable(str(path))) for name, path in plan.set_aside.items()])
        text = Text.assemble(
            f"Made {made}, by {printable(last.restored_by)}.\n\n",
            ("WHAT IS LOST", "bold"),
            f"\nevery change since {made}. It is kept first, and can be brought back.\n\n",
            ("What comes back as it was set aside, damaged where it was damaged", "bold"),
            "\n" + "\n".join(back),
        )
        title = printable(f"Undo the {last.action} of {last.backup_name}?")
        self.app.push_screen(
            ConsentScreen(title, text, site=site.name, yes="Undo now"), partial(self._undo, site, last)
        )

    def _undo(self, site: Site, last: RestoreRecord, answer: object) -> None:
        if answer and self._around.workshop.job is None:
            verb = partial(undo, self._around.core, site, agreed=last.restore_id)
            task = RestoreTask("undo", site, last.backup_name, of=site.name)
            self.app.push_screen(RestoringScreen(self._around.core, self._around.workshop, task, verb))

    def _failed(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    def action_back(self) -> None:
        view = self.query_one(LogView)
        if view.is_reading():
            view.leave_text()
        else:
            self.dismiss()
