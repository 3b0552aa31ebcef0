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
from textual.widgets import Input, Static

from core.config import Site
from core.errors import GreenroomError
from core.library.transfer import UserRow
from core.words import plural, printable
from tui.format import plain_lines, shorten
from tui.screens.main import Surroundings
from tui.screens.user_verbs import UserVerbs
from tui.user_calls import UsersView, found_users, name_of, read_users
from tui.widgets.find_bar import FindBar
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.job_line import JobLine
from tui.widgets.title_line import TitleLine
from tui.widgets.user_table import UserTable
from tui.work import Job

_SECONDS_BETWEEN_LOOKS = 2.0
_LONGEST_WORDS = 24
_NEEDED_LEAST = ("command_palette", "back", "sites", "metadata", "backup", "undo")
_REASONS = {"a": "export", "i": "import", "b": "backup", "u": "undo", "m": "metadata"}  # keys that may be greyed


class UsersScreen(UserVerbs):
    """Given a site that is a movie library, list its users."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Find", id="users.search", key_display="/", tooltip="By name, email or id"),
        Binding("escape", "back", "Back", id="users.back", tooltip="Out of the search, or back"),
    ]
    AUTO_FOCUS = "#users"

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site
        self._view: UsersView | None = None
        self._sought = ""
        self._looking = False
        self._look_again_after = False

    def compose(self) -> ComposeResult:
        yield TitleLine()
        with Vertical(id="library"):
            yield FindBar()
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
        self.query_one(FindBar).close()
        self._sought = ""
        self.look()

    # Search

    def action_search(self) -> None:
        self.query_one(FindBar).open()

    @on(FindBar.Asked)
    def _search(self, event: FindBar.Asked) -> None:
        self._find(event.words)

    @on(FindBar.Left)
    def _into_list(self) -> None:
        self.set_focus(self.query_one(UserTable))

    def _find(self, words: str) -> None:
        self._sought = words
        if self._view is not None:
            self._list(self._view)

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
        self._list(view)
        self.query_one(TitleLine).say(f"Users of {site.name}", "Users")

    def _list(self, view: UsersView) -> None:
        """List those who are sought."""
        found, table = found_users(view.users, self._sought), self.query_one(UserTable)
        none = f"{printable(self._site.name)} has no users with libraries of their own. 1 goes to the backups."
        table.show(view, found, f"None of {plural(len(view.users), 'user')}: esc shows all" if view.users else none)
        table.border_title = Text(list_title(view, len(found), self._sought))
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
        if view is not None:
            self.query_one("#user", Static).update(self._about(view, user) if user is not None else "")
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
        action = _REASONS.get(event.key) if not isinstance(self.focused, Input) else None
        reason = self.why_not(action) if action is not None else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    @on(UserTable.Opened)
    def _open(self) -> None:
        self.open_copies()

    def action_back(self) -> None:
        """Out of the search, then back to the backups."""
        bar = self.query_one(FindBar)
        if bar.is_open:
            bar.close()
            self._into_list()
            self._find("")
        else:
            self.dismiss()


def list_title(view: UsersView, found: int, sought: str) -> str:
    """Return what the list shows: how many of all, what was asked for, and how many films wait for metadata."""
    words = printable(shorten(sought.strip(), _LONGEST_WORDS))
    shown = f"{found:,} of {len(view.users):,}: match {words!r}" if words else f"{found:,}"
    films = f"; {plural(view.waiting, 'film')} of the library without metadata" if view.waiting else ""
    return f"Users: {shown}{films}"
