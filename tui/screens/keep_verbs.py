"""What is done to a site's backups as its schedule does it, but now: prune, and drill."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

from textual.screen import Screen

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.drill.drill import drill_backup
from core.drill.outcome import DrillOutcome
from core.errors import CancelledError, GreenroomError
from core.prune import Pruned, prune_site
from core.words import plural, printable
from tui.format import size
from tui.screens.ask import error_screen
from tui.screens.prune import PruneScreen
from tui.work import Workshop

LONG = 20


class KeepVerbs(Screen[None]):
    """A main screen of a site, on which a person can prune and drill."""

    def __init__(self, context: Context, workshop: Workshop, site: Site) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site

    @abstractmethod
    def look(self) -> None:
        """Read again how the site is."""

    def failed(self, error: GreenroomError) -> None:
        """Show why a verb did not work; that somebody cancelled it is no error."""
        if isinstance(error, CancelledError):
            self.notify(printable(error.message), markup=False)
        else:
            self.app.push_screen(error_screen(error))
        self.look()

    def at_work(self) -> str | None:
        """Say that something is at work: a job, or what the schedule does to the site; None where nothing is."""
        job = self._workshop.job
        titles = [job.title] if job is not None else []
        titles += [one.title for one in self._workshop.scheduled() if one.site == self._site.name]
        return f"{printable(titles[0])} is at work: wait until it is done, or x cancels it" if titles else None

    # Prune

    def action_prune(self) -> None:
        self.app.clear_notifications()  # they would lie over the question
        self.app.push_screen(PruneScreen(self._core, self._workshop, self._site), partial(self._prune, self._site))

    def _prune(self, site: Site, agreed: frozenset[str] | None) -> None:
        if agreed and self._workshop.job is None:
            context = self._core
            self._workshop.start(
                f"prune of {site.name}",
                lambda reporter: prune_site(context, site, reporter, agreed=agreed),
                self._pruned,
                self.failed,
            )

    def _pruned(self, pruned: Pruned) -> None:
        gone, site = len(pruned.removed), pruned.decided.site
        done = f"{plural(gone, 'backup')} removed, {size(pruned.freed_bytes)} freed"
        self.notify(f"prune of {site}: {done}, {len(pruned.decided.verdicts) - gone:,} kept", markup=False)
        self.look()

    # Drill

    def drill(self, backup: BackupRecord) -> None:
        """Restore a backup into a scratch place and look at it, as a job."""
        verb = partial(drill_backup, self._core, self._site, backup)
        self._workshop.start(f"drill of {backup.name}", verb, self._drilled, self.failed)

    def _drilled(self, outcome: DrillOutcome) -> None:
        error, name = outcome.error, printable(outcome.backup.name)
        if error is None:
            self.app.notify(f"{name} can be restored: {drill_words(outcome)}", markup=False, timeout=LONG)
        elif outcome.status == "failed":
            self.app.push_screen(error_screen(error, f"{name} does NOT restore"))
        else:
            self.app.push_screen(error_screen(error, "The drill could not be made"))
        self.look()


def drill_words(outcome: DrillOutcome) -> str:
    """Given a drill that passed, say what was restored and compared, and how long it took."""
    done = outcome.compared
    parts = (plural(done.records, "row"), plural(done.tables, "table"), plural(done.files, "file"))
    return f"{parts[0]} of {parts[1]} and {parts[2]} restored and compared in {outcome.seconds:.0f} s"
