"""What is done with users from their screen: export, import, restore and the way back, and metadata fetched."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from core.config import Site
from core.errors import CancelledError, GreenroomError
from core.library.transfer import Copy, UserRow, export_name
from core.library.users import Done, Exported
from core.progress import Reporter
from core.sizes import format_size
from core.words import plural, printable
from tui.screens.adopt import AdoptScreen
from tui.screens.ask import AskScreen, error_screen
from tui.screens.main import Surroundings
from tui.screens.user_boxes import CopyWay, UserCopiesScreen, UserExportScreen, UserReportScreen
from tui.user_calls import (
    Preview,
    Way,
    Wish,
    export,
    fetch,
    has_key,
    name_of,
    perform,
    preview,
    preview_undo,
    read_copies,
    switch,
)
from tui.user_words import (
    DOING,
    done_text,
    done_title,
    enriched_text,
    is_exact,
    objection,
    preview_text,
    question,
    yes_label,
)

if TYPE_CHECKING:
    from core.library.enrichment import EnrichmentReport

Result = TypeVar("Result")

_LONG = 20
_METADATA = "metadata fetch"  # what is done of it stays when it is cancelled
_NO_KEY = (
    "there is no key of TMDB in greenroom.toml: name tmdb_key or tmdb_key_file under [enrichment], and start again"
)
_READ_ONLY = "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"


class UserVerbs(Screen[None]):
    """A list of users on which a person works; each verb asks first and tells afterwards."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "export", "Export", id="users.export", tooltip="The user's library to a file"),
        Binding("i", "import", "Import", id="users.import", tooltip="A file into the user's library, after a dry run"),
        Binding("b", "backup", "Backup on/off", id="users.backup", tooltip="Whether the library is copied each day"),
        Binding("u", "undo", "Undo", id="users.undo", tooltip="Back to before the user's last restore, after a look"),
        Binding("m", "metadata", "Metadata", id="users.metadata", tooltip="Fetch what is missing of films"),
    ]
    _around: Surroundings
    _site: Site

    @property
    @abstractmethod
    def user(self) -> UserRow | None:
        """The highlighted user."""

    @property
    @abstractmethod
    def undoable(self) -> str | None:
        """What of the highlighted user's can be taken back, in words; None where that is nothing."""

    @property
    @abstractmethod
    def waiting(self) -> int:
        """How many films wait for metadata."""

    @abstractmethod
    def look(self) -> None:
        """Read again what is listed."""

    # What may be done

    def why_not(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        user = self.user
        if action == "metadata":
            return self._busy() or self._no_metadata()
        if user is None:
            return "no user is highlighted"
        nothing = f"there is nothing to undo in the library of {name_of(user)}"
        return self._busy() or (nothing if action == "undo" and self.undoable is None else None)

    def _busy(self) -> str | None:
        job = self._around.workshop.job
        if self._around.core.read_only:
            return _READ_ONLY
        if job is not None:
            return f"{printable(job.title)} is at work: wait until it is done, or x cancels it"
        return None

    def _no_metadata(self) -> str | None:
        if not self.waiting:
            return "no film of the library waits for metadata"
        if not has_key(self._around.core.settings):
            return _NO_KEY
        return None

    def _may_start(self) -> bool:
        """Whether a job may begin now: another may have begun while a question was open."""
        reason = self._busy()
        if reason is not None:
            self.notify(reason, severity="warning", markup=False)
        return reason is None

    def _begin(
        self,
        title: str,
        verb: Callable[[Reporter], Result],
        done: Callable[[Result], None],
        summary: Callable[[Result], str],
    ) -> None:
        """Start a job that none of the others holds up."""
        self._around.workshop.start(title, verb, done, self._failed_at(title), summary)

    def _failed_at(self, title: str) -> Callable[[GreenroomError], None]:
        return partial(self._failed, printable(title))

    def _failed(self, title: str, error: GreenroomError) -> None:
        """Say what did not work: the person may be on another screen by now."""
        self._look_again()
        if isinstance(error, CancelledError):
            kept = "" if title.startswith(_METADATA) else "; nothing was changed"
            self.app.notify(f"{title}: {printable(error.message)}{kept}", markup=False, timeout=_LONG)
        else:
            self.app.push_screen(error_screen(error, f"The {title} did not work"))

    def _look_again(self) -> None:
        if self.is_running:
            self.look()

    # Export

    def action_export(self) -> None:
        user = self.user
        if user is not None:
            day = self._around.core.clock().astimezone(self._site.time_zone).date()
            box = UserExportScreen(self._around.workshop, name_of(user), export_name(day))
            self.app.push_screen(box, partial(self._export, self._site, user))

    def _export(self, site: Site, user: UserRow, place: Path | None) -> None:
        if place is not None and self._may_start():
            verb = partial(export, self._around.core, site, user, place)
            self._begin(f"export of {name_of(user)}", verb, self._exported, _exported_words)

    def _exported(self, done: Exported) -> None:
        self.app.notify(_exported_words(done), markup=False, timeout=_LONG)

    # Import, restore, undo: first a look at what it would do

    def action_import(self) -> None:
        user, site = self.user, self._site
        if user is not None:
            title = f"Import into the library of {name_of(user)} at"
            self._pick(title, partial(self._look_at, site, user, "import"))

    def _pick(self, title: str, then: partial[None]) -> None:
        picker = AdoptScreen(self._around.workshop, self._site, title=title, sort="file")
        self.app.push_screen(picker, lambda path: then(path) if path is not None else None)

    def open_copies(self) -> None:
        """Show the copies of the highlighted user."""
        user, site = self.user, self._site
        if user is not None:
            look = partial(read_copies, self._around.core, site, user)
            failed = self._failed_at(f"look at the copies of {name_of(user)}")
            self._around.workshop.read(look, partial(self._show_copies, site, user), failed)

    def _show_copies(self, site: Site, user: UserRow, copies: list[Copy]) -> None:
        if not self.is_current:
            return
        core = self._around.core
        at = f"{core.settings.library.daily} {site.time_zone.key}"
        box = UserCopiesScreen(
            self._around.workshop,
            name_of(user),
            copies,
            core.clock(),
            at=at if user.backup_enabled else None,
            why_not=self._busy,
        )
        self.app.push_screen(box, partial(self._use_copy, site, user))

    def _use_copy(self, site: Site, user: UserRow, chosen: tuple[CopyWay, Path | None] | None) -> None:
        if chosen is None:
            return
        way, path = chosen
        if path is not None:
            self._look_at(site, user, way, path)
        else:
            title = f"Restore the library of {name_of(user)} at"
            self._pick(title, partial(self._look_at, site, user, way))

    def _look_at(self, site: Site, user: UserRow, way: Way, path: Path) -> None:
        if self._may_start():
            wish = Wish(site, user, way, path)
            verb = partial(preview, self._around.core, wish)
            self._begin(f"preview of {DOING[way].lower()} for {wish.name}", verb, self._ask, _nothing_changed)

    def action_undo(self) -> None:
        user = self.user
        if user is not None and self._may_start():
            verb = partial(preview_undo, self._around.core, self._site, user)
            self._begin(f"preview of undo for {name_of(user)}", verb, self._ask, _nothing_changed)

    def _ask(self, found: Preview) -> None:
        self.app.clear_notifications()  # they would lie over the question
        box = UserReportScreen(
            question(found),
            preview_text(found),
            no="Cancel",
            yes=yes_label(found),
            typed=found.wish.name if is_exact(found.wish.way) else None,
            objection=objection(found),
        )
        self.app.push_screen(box, partial(self._agreed, found))

    def _agreed(self, found: Preview, answer: object) -> None:
        if answer and self._may_start():
            wish = found.wish
            verb = partial(perform, self._around.core, found)

            def said(done: Done) -> str:
                return done_title(wish.way, wish.name, done)

            self._begin(f"{DOING[wish.way].lower()} for {wish.name}", verb, partial(self._done, wish), said)

    def _done(self, wish: Wish, done: Done) -> None:
        self._look_again()
        ids = done.report.imdb_ids_needing_enrichment if done.report.written else ()
        can_fetch = ids and has_key(self._around.core.settings)
        yes = f"Fetch metadata of {plural(len(ids), 'film')}" if can_fetch else None
        box = UserReportScreen(done_title(wish.way, wish.name, done), done_text(done), yes=yes)
        self.app.push_screen(box, lambda answer: self._fetch(wish.site, ids) if answer else None)

    # The daily copies, on or off

    def action_backup(self) -> None:
        user = self.user
        if user is not None and self._may_start():
            verb = partial(switch, self._around.core, self._site, user)
            self._begin(f"backup of {name_of(user)}", verb, self._switched, _switched_words)

    def _switched(self, user: UserRow) -> None:
        self._look_again()
        self.app.notify(_switched_words(user), markup=False)

    # Metadata

    def action_metadata(self) -> None:
        lines = [
            f"{plural(self.waiting, 'film')} without metadata. TMDB is asked, and OMDb where there is a key of it.",
            "No value of a person's is replaced, and no user's library is touched.",
            "x cancels; what is done until then is kept, and the next time goes on from there.",
        ]
        box = AskScreen("Fetch metadata?", lines, no="Cancel", yes="Fetch now")
        site = self._site
        self.app.push_screen(box, lambda answer: self._fetch(site, None) if answer else None)

    def _fetch(self, site: Site, ids: tuple[str, ...] | None) -> None:
        if self._may_start():
            verb = partial(fetch, self._around.core, site, ids)
            self._begin(f"{_METADATA} for {site.name}", verb, self._fetched, _fetched_words)

    def _fetched(self, report: EnrichmentReport) -> None:
        self._look_again()
        title = "Metadata fetched" if report.success else "Metadata fetched in part"
        title = title if report.written else "No metadata was fetched"
        self.app.push_screen(UserReportScreen(title, enriched_text(report)))


def _exported_words(done: Exported) -> str:
    counted = ", ".join(f"{number:,} {kind}" for kind, number in done.counts.items())
    left = f"; {plural(done.left_out.total, 'thing')} left out that no file can name" if done.left_out.total else ""
    return printable(f"{done.file}: {counted}, {format_size(done.size_bytes)}{left}")


def _fetched_words(report: EnrichmentReport) -> str:
    return report.summary()


def _switched_words(user: UserRow) -> str:
    on = "on: a copy each day, while the app or the daemon runs"
    state = on if user.backup_enabled else "off: no more daily copies, those that are there stay"
    return f"backup of {name_of(user)} is {state}"


def _nothing_changed(_: Preview) -> str:
    return "nothing was changed"
