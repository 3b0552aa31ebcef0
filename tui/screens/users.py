"""The users of a movie library: what they have, and how old the last copy of it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from core.config import Site
from core.errors import GreenroomError
from core.library.transfer import UserRow
from core.words import plural, printable
from tui.format import plain_lines
from tui.screens.main import Surroundings
from tui.screens.user_verbs import UserVerbs
from tui.user_calls import UsersView, name_of, read_users
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.job_line import JobLine
from tui.widgets.title_line import TitleLine
from tui.widgets.user_table import UserTable
from tui.work import Job

_SECONDS_BETWEEN_LOOKS = 2.0
_NEEDED_LEAST = ("command_palette", "back", "sites", "metadata", "backup", "undo")
_REASONS = {"a": "export", "i": "import", "b": "backup", "u": "undo", "m": "metadata"}  # keys that may be greyed


class UsersScreen(UserVerbs):
    """Given a site that is a movie library, list its users."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="users.back"),
    ]
    AUTO_FOCUS = "#users"

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site
        self._view: UsersView | None = None
        self._looking = False
        self._look_again_after = False

    def compose(self) -> ComposeResult:
        yield TitleLine()
        with Vertical(id="library"):
            yield UserTable()
            yield Static(id="user", markup=False)
        yield JobLine(self._around.workshop)
        yield FittingFooter(*_NEEDED_LEAST)

    def on_mount(self) -> None:
        self._around.workshop.changed.subscribe(self, self._job_changed)
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_whether_something_happened)
        self.show_site(self._site)

    def show_site(self, site: Site) -> None:
        """Show the users of this site."""
        self._site, self._view = site, None
        self.query_one(TitleLine).say_only(f"Users of {site.name}   looking ...")
        self.query_one(UserTable).show_nothing("Looking ...")
        self.query_one("#user", Static).update("")
        self.look()

    # Looking

    def look(self) -> None:
        """Read the users, in a thread; where that is being done, once more after it."""
        self._read(only_changes=False)

    def _look_whether_something_happened(self) -> None:
        if not self._looking and self.is_current:
            self._read(only_changes=True)

    def _read(self, *, only_changes: bool) -> None:
        if self._looking:
            self._look_again_after = True
            return
        self._looking, self._look_again_after = True, False
        look = partial(read_users, self._around.core, self._site, self._view, only_changes=only_changes)
        site = self._site
        self._around.workshop.read(look, partial(self._show, site), partial(self._cannot_look, site))

    def _ended(self, site: Site) -> bool:
        """Whether what was read is still wanted; where it is not, or not only that, read again."""
        self._looking = False
        if self.is_running and (self._look_again_after or site != self._site):
            self.look()
        return self.is_running and site == self._site

    def _show(self, site: Site, view: UsersView | None) -> None:
        if not self._ended(site) or view is None:
            return
        self._view = view
        table = self.query_one(UserTable)
        table.show(view, f"{printable(site.name)} has no users with libraries of their own. 1 goes to the backups.")
        films = f"; {plural(view.waiting, 'film')} of the library without metadata" if view.waiting else ""
        table.border_title = Text(f"Users: {len(view.users):,}{films}")
        self.query_one(TitleLine).say(f"Users of {site.name}", "Users")
        self._say_user()

    def _cannot_look(self, site: Site, error: GreenroomError) -> None:
        """What was read before stays on the screen; the next look may find the database again."""
        if not self._ended(site):
            return
        self.query_one(TitleLine).say_only(plain_lines(f"CANNOT LOOK: {error.message}"))
        self.query_one("#user", Static).update(Text(plain_lines(f"CANNOT LOOK: {error.message}\n{error.hint}")))
        if self._view is None:
            self.query_one(UserTable).show_nothing(printable(f"Cannot look: {error.message}"))
        else:
            self._view = replace(self._view, trace=(0, ()))

    def on_screen_resume(self) -> None:
        if self._view is not None:
            self.look()

    def _job_changed(self, job: Job) -> None:
        if job.ended or not job.progress.done:
            self.refresh_bindings()

    # The highlighted user

    @property
    def user(self) -> UserRow | None:
        return self.query_one(UserTable).current

    @property
    def undoable(self) -> str | None:
        user = self.user
        return self._view.undoable.get(user.id) if self._view is not None and user is not None else None

    @property
    def waiting(self) -> int:
        return self._view.waiting if self._view is not None else 0

    @on(UserTable.Highlighted)
    def _say_user(self) -> None:
        view, user = self._view, self.user
        if view is not None and user is not None:
            self.query_one("#user", Static).update(self._about(view, user))
        self.refresh_bindings()

    def _about(self, view: UsersView, user: UserRow) -> Text:
        at = f"at {self._around.core.settings.library.daily} {self._site.time_zone.key}"
        copy = view.copies.get(user.id)
        last = f", the last of {copy.day}" if copy is not None else ", none yet"
        daily = f"copied each day {at}{last}" if user.backup_enabled else f"not copied each day{last}"
        done = view.undoable.get(user.id)
        back = f"u goes back to before {done}" if done is not None else ""
        return Text.assemble(
            (name_of(user), "bold"),
            printable(f"  {user.email}  {user.id}"),
            f"\n{daily}\n{back}",
        )

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return None if action in _REASONS.values() and self.why_not(action) else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        action = _REASONS.get(event.key)
        reason = self.why_not(action) if action is not None else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    @on(UserTable.Opened)
    def _open(self) -> None:
        self.open_copies()

    def action_back(self) -> None:
        self.dismiss()
