"""The first screen: a site's backups, and what can be done with the highlighted one."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import DataTable, Footer

from core.backup import BackupOutcome, create_backup
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, GreenroomError, VerificationError
from core.progress import Reporter
from core.verify import verify_backup
from core.words import printable
from tui.calls import BackupDetails, SiteView, read_details, read_site
from tui.screens.ask import DescriptionScreen, error_screen
from tui.screens.restore import RestoreScreen
from tui.widgets.backup_table import BackupTable
from tui.widgets.details import Details
from tui.widgets.head import SiteHead
from tui.widgets.job_line import JobLine
from tui.work import Job, Workshop

PAGE = 500
_SECONDS_BETWEEN_LOOKS = 2.0
_VERBS = {"n": "new_backup", "v": "verify", "r": "restore"}


class BackupsScreen(Screen[None]):
    """Given the context and one or more sites, show the backups of one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_backup", "New backup", tooltip="Back the site up now"),
        Binding("v", "verify", "Verify", tooltip="Read the archive back and compare every hash"),
        Binding("r", "restore", "Restore", tooltip="Preview a restore; nothing is changed by looking"),
        Binding("c", "cancel_job", "Cancel work", tooltip="Stop what is at work, in good order"),
        Binding("s", "next_site", "Next site"),
        Binding("escape", "list", "Back to the list", show=False),
    ]
    AUTO_FOCUS = "#backups"

    def __init__(self, context: Context, workshop: Workshop, site: Site) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site
        self._rows = PAGE
        self._total = 0
        self._looking = False
        self._view: SiteView | None = None
        self._details: BackupRecord | None = None
        self._asking_details = False
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield SiteHead()
        with Container(id="body"):
            yield BackupTable()
            yield Details()
        yield JobLine(self._workshop)
        yield Footer()

    def on_mount(self) -> None:
        self._workshop.changed.subscribe(self, self._job_changed)
        self._name_site()
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self.look)
        self.look()

    # What can be done now, and why not

    def objection(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        backup = self.query_one(BackupTable).current
        job = self._workshop.job
        reason = None
        if self._core.read_only and action in ("new_backup", "restore"):
            reason = "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"
        elif job is not None:
            reason = f"{printable(job.title)} is at work: wait until it is done, or c cancels it"
        elif action != "new_backup" and backup is None:
            reason = "no backup is highlighted"
        elif action != "new_backup" and backup is not None and backup.status != "completed":
            reason = f"this backup is {backup.status}: there is no archive"
        return reason

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if not self.is_running:
            return True
        if action in _VERBS.values():
            return None if self.objection(action) else True
        if action == "cancel_job":
            return self._workshop.job is not None
        if action == "next_site":
            return len(self._core.settings.sites) > 1
        return True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        action = _VERBS.get(event.key)
        reason = self.objection(action) if action else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    # Verbs

    def action_new_backup(self) -> None:
        self.app.push_screen(DescriptionScreen(self._site.name), self._back_up)

    def _back_up(self, description: str | None) -> None:
        if description is None or self._workshop.job is not None:
            return
        context, site = self._core, self._site

        def verb(reporter: Reporter) -> BackupOutcome:
            return create_backup(context, site, reporter, description=description)

        self._workshop.start(f"backup of {site.name}", verb, self._backed_up, self.failed)

    def _backed_up(self, outcome: BackupOutcome) -> None:
        text = f"{outcome.record.name} is complete and verified"
        if outcome.writers_waited >= 1:
            text += f". The application could not write for {outcome.writers_waited:.0f} s: it is not in WAL mode"
        if outcome.skipped:
            text += f". Left out: {'; '.join(map(printable, outcome.skipped))}"
        self.notify(text, markup=False, timeout=30 if outcome.skipped else 5)
        self.query_one(BackupTable).highlight_when_shown(outcome.record.id)
        self.look()

    def action_verify(self) -> None:
        backup = self.query_one(BackupTable).current
        if backup is not None:
            verb = partial(verify_backup, self._core, self._site, backup)
            self._workshop.start(
                f"verification of {backup.name}", verb, self._verified, partial(self._not_verified, backup)
            )

    def _verified(self, backup: BackupRecord) -> None:
        if backup.foreign:
            text = "could be read whole. It is foreign and carries no hashes, so nothing proves what it holds"
        else:
            text = "is whole: every hash agrees"
        noted = "; not noted, greenroom is read-only" if self._core.read_only else ""
        self.notify(f"{printable(backup.name)} {text}{noted}", markup=False)
        self.look()

    def _not_verified(self, backup: BackupRecord, error: GreenroomError) -> None:
        if isinstance(error, VerificationError):
            hint = error.hint or "make a new backup (n), and look at the disk that the storage is on"
            title = f"{printable(backup.name)} is DAMAGED: do not rely on it"
            self.app.push_screen(error_screen(VerificationError(error.message, hint=hint), title))
            self.look()
        else:
            self.failed(error)

    def action_restore(self) -> None:
        backup = self.query_one(BackupTable).current
        if backup is not None:
            self.app.clear_notifications()  # they would lie over the question
            self.app.push_screen(RestoreScreen(self._core, self._workshop, self._site, backup))

    def action_cancel_job(self) -> None:
        if self._workshop.job is not None:
            self._workshop.job.token.cancel()
            self.query_one(JobLine).show()

    def failed(self, error: GreenroomError) -> None:
        """Show why a verb did not work; that somebody cancelled it is no error."""
        if isinstance(error, CancelledError):
            self.notify(printable(error.message), markup=False)
        else:
            self.app.push_screen(error_screen(error))
        self.look()

    # Moving about

    def action_details(self) -> None:
        self.query_one(Details).focus()

    def action_list(self) -> None:
        self.query_one(BackupTable).focus()

    def action_next_site(self) -> None:
        names = list(self._core.settings.sites)
        self._site = self._core.settings.sites[names[(names.index(self._site.name) + 1) % len(names)]]
        self._rows, self._view, self._details = PAGE, None, None
        self._name_site()
        self.query_one(BackupTable).show((), self._core.clock(), self._site.time_zone)
        self.look()

    def _name_site(self) -> None:
        names = list(self._core.settings.sites)
        self.query_one(SiteHead).show_site(self._site, names.index(self._site.name) + 1, len(names))

    def on_data_table_row_selected(self) -> None:
        self.action_details()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        del event  # it may be of a row that was replaced meanwhile
        table = self.query_one(BackupTable)
        if table.is_at_end and len(table.rows) < self._total and self._rows <= len(table.rows):
            self._rows += PAGE
            self.look()
        self._ask_details()
        self._offer()

    # Looking

    def look(self) -> None:
        """Read how the site is, in a thread, unless that is being done: what other processes did appears."""
        if not self._looking:
            self._looking = True
            self._workshop.read(
                partial(read_site, self._core, self._site, self._rows),
                partial(self._show, self._site, self._rows),
                self._cannot_look,
            )

    def _show(self, site: Site, rows: int, view: SiteView) -> None:
        self._looking = False
        if not self.is_running:
            return
        if (site, rows) != (self._site, self._rows):
            self.look()
            return
        self._view, self._total = view, view.total
        self.query_one(SiteHead).show_view(view, site, read_only=self._core.read_only)
        table = self.query_one(BackupTable)
        table.show(view.backups, view.now, site.time_zone)
        loaded = f"{len(view.backups):,} of " if len(view.backups) < view.total else ""
        table.border_title = f"Backups ({loaded}{view.total:,})"
        self._ask_details(again=True)
        self._offer()

    def _cannot_look(self, error: GreenroomError) -> None:
        self._looking = False
        if self.is_running:
            self.query_one(SiteHead).show_error(error)

    def _ask_details(self, *, again: bool = False) -> None:
        """Read the details of the highlighted backup, unless they are shown or others are being read."""
        backup = self.query_one(BackupTable).current
        if backup is None:
            self._details = None
            if self._view is not None:
                self.query_one(Details).show_nothing("No backup yet: n makes one.")
            return
        if self._asking_details or (backup == self._details and not again):
            return
        self._asking_details, self._details = True, backup
        self._workshop.read(partial(read_details, self._core, backup), self._show_details, self._no_details)

    def _show_details(self, details: BackupDetails) -> None:
        self._asking_details = False
        if not self.is_running or self._view is None:
            return
        current = self.query_one(BackupTable).current
        if current is not None and current.id == details.backup.id:
            self.query_one(Details).show_details(details, self._site, self._view.now)
        else:
            self._ask_details()

    def _no_details(self, error: GreenroomError) -> None:
        self._asking_details = False
        if self.is_running:
            self.query_one(Details).show_error(error)

    def _job_changed(self, job: Job) -> None:
        self._offer()
        if job.ended:
            self.look()

    def _offer(self) -> None:
        """Draw the footer again where other keys can be used than before."""
        offered = (*map(self.objection, _VERBS.values()), self._workshop.job is not None)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()
