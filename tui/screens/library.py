"""The films of a movie library: found, filtered, sorted, and opened in the editor."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Input

from core.config import Site
from core.errors import GreenroomError
from core.library.categories import CATEGORIES
from core.library.films import SORTS, FilmRow, Sort
from core.words import printable
from tui.format import plain_lines, shorten
from tui.library_calls import FilmDetails, FilmsView, FilmWish, NoLibrary, read_film, read_films
from tui.screens.exchange import ExchangeVerbs
from tui.screens.film_filter import FilmFilter, FilmFilterScreen
from tui.screens.main import AWAY, Surroundings
from tui.sheets import Sheet
from tui.widgets.film_panel import FilmPanel
from tui.widgets.film_table import FilmTable
from tui.widgets.find_bar import FindBar
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.job_line import JobLine
from tui.widgets.title_line import TitleLine

_SECONDS_BETWEEN_LOOKS = 2.0
_REST = 0.15  # seconds on a film before it is read whole: whoever goes down the list waits for none
_LONGEST_WORDS = 24
_NEEDED_LEAST = ("command_palette", "tables", "sort", "back", "sites", "export", "import")
_REASONS = {"e": "edit", "a": "export", "i": "import"}  # the keys that may be greyed
_SORT_OF_COLUMN: dict[str, tuple[Sort, ...]] = {
    "Title": ("title",),
    "Year": ("newest year", "oldest year"),
    "Id": ("last added",),
}
_SORTED_BY: dict[Sort, str] = {
    "title": "by title (o)",
    "newest year": "newest year first (o)",
    "oldest year": "oldest year first (o)",
    "last added": "last added first (o)",
}


class LibraryScreen(ExchangeVerbs):
    """Given a site, list its films; where it is no movie library, its tables take this screen's place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", id="films.edit", show=False, tooltip="Edit the film's categories"),
        Binding(
            "slash", "search", "Find", id="films.search", key_display="/", tooltip="By title, person, year, or any id"
        ),
        Binding("f", "filter", "Filter", id="films.filter", tooltip="By filled or empty categories, drafts, status"),
        Binding("o", "sort", "Order", id="films.order", tooltip="By title, newest or oldest year, last added first"),
        Binding("t", "tables", "Tables", id="films.tables", tooltip="All tables of the site, row by row"),
        Binding("escape", "back", "Back", id="films.back", tooltip="Out of the search, out of the filter, or back"),
    ]
    AUTO_FOCUS = "#films"

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site
        self._wish = FilmWish(site)
        self._view: FilmsView | None = None
        self._viewed: FilmWish | None = None
        self._looking = False
        self._look_again = False
        self._film: FilmRow | None = None
        self._resting: Timer | None = None
        self._asking_film = False
        self._is_no_library = False
        self._is_away = False

    def compose(self) -> ComposeResult:
        yield TitleLine()
        with Vertical(id="library"):
            yield FindBar()
            yield FilmTable()
            yield FilmPanel()
        yield JobLine(self._around.workshop)
        yield FittingFooter(*_NEEDED_LEAST)

    def on_mount(self) -> None:
        self._around.workshop.changed.subscribe(self, lambda _: self.refresh_bindings())
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_whether_something_happened)
        self.show_site(self._site)

    def show_site(self, site: Site) -> None:
        """Show another site's films, all of them."""
        self._site, self._wish, self._view, self._viewed, self._film = site, FilmWish(site), None, None, None
        self._is_no_library = self._is_away = False
        self.query_one(TitleLine).say_only(f"Films of {site.name}   looking ...")
        self.query_one(FilmTable).show_nothing("Looking ...")
        self.query_one(FilmPanel).show_nothing()
        self.query_one(FindBar).close()
        self.look()

    # Search, filter, order

    def action_search(self) -> None:
        self.query_one(FindBar).open()

    @on(FindBar.Asked)
    def _search(self, event: FindBar.Asked) -> None:
        self._ask(replace(self._wish, query=replace(self._wish.query, search=event.words), place=0))

    @on(FindBar.Left)
    def _into_list(self) -> None:
        self.set_focus(self.query_one(FilmTable))

    def action_filter(self) -> None:
        self.app.push_screen(FilmFilterScreen(self._filter), self._filtered)

    @property
    def _filter(self) -> FilmFilter:
        return FilmFilter(self._wish.query, drafted=self._wish.drafted)

    def _filtered(self, wanted: FilmFilter | None) -> None:
        if wanted is not None and wanted != self._filter:
            self._ask(replace(self._wish, query=wanted.query, drafted=wanted.drafted, place=0))

    def action_sort(self) -> None:
        self._sort(SORTS)

    @on(FilmTable.HeadClicked)
    def _sort_by_column(self, event: FilmTable.HeadClicked) -> None:
        if event.column in _SORT_OF_COLUMN:
            self._sort(_SORT_OF_COLUMN[event.column])

    def _sort(self, sorts: tuple[Sort, ...]) -> None:
        present = self._wish.query.sort
        sort = sorts[(sorts.index(present) + 1) % len(sorts)] if present in sorts else sorts[0]
        self._ask(replace(self._wish, query=replace(self._wish.query, sort=sort), place=0))

    def action_back(self) -> None:
        """Out of the search, then out of the filter, then back to the backups."""
        query, bar = self._wish.query, self.query_one(FindBar)
        if query.search or bar.is_open:
            bar.close()
            self._into_list()
            self._ask(replace(self._wish, query=replace(query, search=""), place=0))
        elif self._filter.words():
            self._filtered(FilmFilter(type(query)(sort=query.sort)))
        else:
            self.dismiss()

    def _ask(self, wish: FilmWish) -> None:
        """Ask for other films, from the first on."""
        if wish.asks != self._wish.asks:
            self._wish = wish
            self.query_one(FilmTable).border_title = Text("Looking ...")
            self.look()

    # Looking

    def look(self) -> None:
        """Read the films, in a thread; where that is being done, once more after it: the newest question counts."""
        self._read(only_changes=False)

    def _look_whether_something_happened(self) -> None:
        if not self._looking and not self._is_no_library and self.is_current:
            self._read(only_changes=True)

    def _read(self, *, only_changes: bool) -> None:
        if self._looking:
            self._look_again = True
            return
        self._looking, self._look_again = True, False
        table = self.query_one(FilmTable)
        same = self._viewed is not None and self._viewed.asks == self._wish.asks
        wish = replace(self._wish, place=table.place) if same else self._wish
        read = partial(read_films, self._around.core, wish, self._view if same else None, only_changes=only_changes)
        self._around.workshop.read(read, partial(self._show, wish), partial(self._cannot_look, wish))

    def _show(self, wish: FilmWish, found: FilmsView | NoLibrary | None) -> None:
        self._looking = False
        if not self.is_running:
            return
        if wish.asks != self._wish.asks:
            self.look()
            return
        if isinstance(found, NoLibrary):
            self._is_no_library = True
            self._make_way()
        elif found is not None:
            self._show_view(wish, found)
        if self._look_again or (found is not None and self.query_one(FilmTable).needs_more):
            self._read(only_changes=False)

    def _show_view(self, wish: FilmWish, view: FilmsView) -> None:
        is_new = self._viewed is None or self._viewed.asks != wish.asks
        self._view, self._viewed, self._is_away = view, wish, False
        table = self.query_one(FilmTable)
        if is_new:
            table.show_nothing("")
        asked = self._filter.words()
        table.show(view, _nothing(view, is_asked=bool(asked or wish.query.search.strip())))
        table.border_title = Text(list_title(wish, view))
        self.query_one(TitleLine).say(f"Films of {self._site.name}", "Films")
        self._ask_film(again=True)
        self.refresh_bindings()

    def _cannot_look(self, wish: FilmWish, error: GreenroomError) -> None:
        """What was read before stays on the screen; the next look may find the database again."""
        self._looking = self._look_again = False
        if not self.is_running:
            return
        if wish.asks != self._wish.asks:
            self.look()
            return
        self.query_one(TitleLine).say_only(plain_lines(f"CANNOT LOOK: {error.message}"))
        self._is_away = True
        if self._view is None:
            self.query_one(FilmTable).show_away(AWAY)
            self.refresh_bindings()
        else:
            self._view = replace(self._view, trace=())
        self.query_one(FilmPanel).show_error(error)

    def on_screen_resume(self) -> None:
        if self._is_no_library:
            self._make_way()
        elif self._view is not None:
            self.look()

    def _make_way(self) -> None:
        """Show the tables instead, once nothing lies over this screen."""
        if self.is_current:
            self._switch_to_records(is_library=False)

    def action_tables(self) -> None:
        self._switch_to_records(is_library=True)

    def _switch_to_records(self, *, is_library: bool) -> None:
        records = import_module("tui.screens.records").RecordsScreen
        self.app.switch_screen(records(self._around, self._site, is_library=is_library))

    # The highlighted film

    @on(FilmTable.Highlighted)
    def _highlighted(self) -> None:
        table = self.query_one(FilmTable)
        if table.needs_more:
            self.look()
        if table.current is not None and table.current != self._film:
            self.query_one(FilmPanel).show_row(table.current)
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST, self._ask_film)

    def _ask_film(self, *, again: bool = False) -> None:
        """Read the highlighted film whole, unless it is shown or another is being read."""
        row = self.query_one(FilmTable).current
        if row is None:
            self._film = None
            if self._view is not None and not self._view.survey.total:
                self.query_one(FilmPanel).show_nothing()
            return
        if self._asking_film or (row == self._film and not again):
            return
        if row != self._film:
            self.query_one(FilmPanel).show_row(row)
        self._asking_film, self._film = True, row
        look = partial(read_film, self._around.core, self._site, row)
        self._around.workshop.read(look, partial(self._show_film, row), self._no_film)

    def _show_film(self, row: FilmRow, details: FilmDetails | None) -> None:
        self._asking_film = False
        if not self.is_running:
            return
        if self.query_one(FilmTable).current != row:
            self._ask_film()
        elif details is not None:
            self.query_one(FilmPanel).show_film(details, self._around.core.clock())

    def _no_film(self, error: GreenroomError) -> None:
        self._asking_film = False
        if self.is_running:
            self.query_one(FilmPanel).show_error(error)

    # What can be done with it

    def objection(self) -> str | None:
        """Return in words why no film can be opened now, or None where one can."""
        if self.query_one(FilmTable).current is None:
            return self._not_read() or "no film is highlighted"
        return None

    def _not_read(self) -> str | None:
        """Return in words why nothing is listed yet, or None where something was read."""
        if self._view is not None:
            return None
        return "the database cannot be reached" if self._is_away else "the films are still being read"

    @property
    def film(self) -> FilmRow | None:
        return self.query_one(FilmTable).current

    @property
    def listed(self) -> tuple[FilmWish, int]:
        return self._wish, self._view.survey.total if self._view is not None else 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return None if action in _REASONS.values() and self._why_not(action) else True

    def _why_not(self, action: str) -> str | None:
        return self.objection() if action == "edit" else self._not_read() or self.exchange_objection()

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        action = _REASONS.get(event.key) if not isinstance(self.focused, Input) else None
        reason = self._why_not(action) if action is not None else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    @on(FilmTable.Opened)
    def action_edit(self) -> None:
        row = self.query_one(FilmTable).current
        if row is None:
            return
        sheets = [Sheet(category, row.external_id, category.title) for category in CATEGORIES]
        editor = import_module("tui.screens.editor").EditorScreen  # it imports the highlighting
        self.app.push_screen(editor(self._around, self._site, sheets, self._first_sheet()))

    def _first_sheet(self) -> int:
        """The category that was asked for is the one that a person wants to edit."""
        asked = self._wish.query.empty | self._wish.query.filled
        return next((number for number, category in enumerate(CATEGORIES) if category.name in asked), 0)


def list_title(wish: FilmWish, view: FilmsView) -> str:
    """Return what the list shows: how many of all, what was asked for, and in which order."""
    words = printable(shorten(wish.query.search.strip(), _LONGEST_WORDS))
    asked = [f"match {words!r}"] if words else []
    asked += FilmFilter(wish.query, drafted=wish.drafted).words()
    number = f"{view.survey.total:,} of {view.of:,}: {', '.join(asked)}" if asked else f"{view.survey.total:,}"
    return f"Films: {number}, {_SORTED_BY[wish.query.sort]}"


def _nothing(view: FilmsView, *, is_asked: bool) -> str:
    if view.survey.total:
        return ""
    return f"None of {view.of:,} films: esc shows all" if is_asked and view.of else "There is no film in this library."
