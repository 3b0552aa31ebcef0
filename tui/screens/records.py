"""The tables of a site and their rows, which are opened in the editor: for any site."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from core.config import Site
from core.errors import GreenroomError
from core.records import RecordForm, TableRow
from core.words import printable
from tui.format import plain_lines, shorten
from tui.record_calls import RowsView, RowsWish, read_form, read_rows, read_tables
from tui.screens.ask import error_screen
from tui.screens.main import AWAY, Surroundings
from tui.sheets import Sheet
from tui.widgets.find_bar import FindBar
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.job_line import JobLine
from tui.widgets.record_list import RecordList
from tui.widgets.title_line import TitleLine

_SECONDS_BETWEEN_LOOKS = 2.0
_LONGEST_WORDS = 24
_NEEDED_LEAST = ("command_palette", "back", "sites")


class RecordsScreen(Screen[None]):
    """Given a site, list its tables, and the rows of the one that is opened; `is_library` where it has films."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", id="records.edit", tooltip="Edit the row, with those that hang on it"),
        Binding(
            "slash", "search", "Find", id="records.search", key_display="/", tooltip="A table, or a row by its key"
        ),
        Binding("t", "films", "Films", id="records.films", tooltip="The films of the library"),
        Binding("escape", "back", "Back", id="records.back", tooltip="Out of the search, out of the table, or back"),
    ]
    AUTO_FOCUS = "#records"

    def __init__(self, surroundings: Surroundings, site: Site, *, is_library: bool = False) -> None:
        super().__init__()
        self._around = surroundings
        self._site = site
        self._is_library = is_library
        self._tables: list[TableRow] | None = None
        self._wish: RowsWish | None = None
        self._view: RowsView | None = None
        self._named = ""
        self._looking = False
        self._look_again = False
        self._is_away = False

    def compose(self) -> ComposeResult:
        yield TitleLine()
        with Vertical(id="library"):
            yield FindBar()
            yield RecordList("records", ())
        yield JobLine(self._around.workshop)
        yield FittingFooter(*_NEEDED_LEAST)

    def on_mount(self) -> None:
        self._list.head_of_tables()
        self._list.show_nothing("Looking ...")
        self.query_one(TitleLine).say_only(f"Tables of {self._site.name}   looking ...")
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_whether_it_is_back)
        self.look()

    def show_site(self, site: Site) -> None:
        """Another site may be a library."""
        library = import_module("tui.screens.library").LibraryScreen
        self.app.switch_screen(library(self._around, site))

    @property
    def _list(self) -> RecordList:
        return self.query_one(RecordList)

    # Search

    def action_search(self) -> None:
        self.query_one(FindBar).open()

    @on(FindBar.Asked)
    def _search(self, event: FindBar.Asked) -> None:
        self._find(event.words.strip())

    @on(FindBar.Left)
    def _into_list(self) -> None:
        self.set_focus(self._list)

    def _find(self, words: str) -> None:
        if self._wish is None:
            self._named = words
            self._show_tables()
        elif words != self._wish.search:
            self._ask(RowsWish(self._site, self._wish.table, words))

    def action_back(self) -> None:
        """Out of the search, then out of the table, then back to the backups."""
        bar = self.query_one(FindBar)
        if bar.is_open:
            bar.close()
            self._find("")
        elif self._wish is not None:
            table, self._wish, self._view = self._wish.table, None, None
            self._show_tables(table)
            self.look()
        else:
            self.dismiss()
        if self.is_current:
            self.set_focus(self._list)

    # Looking

    def look(self) -> None:
        """Read what is listed, in a thread; where that is being done, once more after it."""
        if self._looking:
            self._look_again = True
            return
        self._looking, self._look_again = True, False
        wish, workshop = self._wish, self._around.workshop
        if wish is None:
            read = partial(read_tables, self._around.core, self._site)
            workshop.read(read, self._show_found_tables, partial(self._cannot_look, wish))
        else:
            known = self._view if self._view is not None and self._view.wish == wish else None
            place = self._list.place if known is not None else 0
            workshop.read(partial(read_rows, wish, place, known), self._show_rows, partial(self._cannot_look, wish))

    def _look_whether_it_is_back(self) -> None:
        if self._is_away and not self._looking and self.is_current:
            self.look()

    def _ask(self, wish: RowsWish) -> None:
        self._wish = wish
        self._list.border_title = Text("Looking ...")
        self.look()

    def _ended(self, wish: RowsWish | None) -> bool:
        """Note that a look has ended; return whether it answers what is asked now."""
        self._looking = False
        if not self.is_running:
            return False
        if wish != self._wish:
            self.look()
            return False
        return True

    def _show_found_tables(self, tables: list[TableRow]) -> None:
        self._tables = tables
        if self._ended(None):
            self._is_away = False
            self._show_tables()

    def _show_tables(self, highlight: str | None = None) -> None:
        if self._tables is None:
            return
        words = self._named.lower()
        found = [table for table in self._tables if words in table.name.lower()]
        if self._list.border_title is None or highlight is not None or not self._list.total:
            self._list.head_of_tables()
        self._list.show_tables(found, "No table is called so: esc shows all" if self._tables else "There is no table.")
        shown = f"{len(found):,} of {len(self._tables):,}" if words else f"{len(found):,}"
        self._list.border_title = Text(f"Tables: {shown}")
        self.query_one(TitleLine).say(f"Tables of {self._site.name}", "Tables")
        self.refresh_bindings()

    def _show_rows(self, view: RowsView) -> None:
        if not self._ended(view.wish):
            return
        if self._view is None or self._view.wish != view.wish:
            self._list.head_of_rows(view.columns)
        self._is_away = False
        grown = self._view is None or view.total > self._view.total
        self._view = view
        self._list.show_rows(view, _nothing(view))
        self._list.border_title = Text(rows_title(view))
        self.query_one(TitleLine).say(f"Rows of {printable(view.wish.table)}", "Rows")
        self.refresh_bindings()
        if self._look_again or (self._list.needs_more and grown):
            self.look()

    def _cannot_look(self, wish: RowsWish | None, error: GreenroomError) -> None:
        """What was read before stays on the screen; the next look may find the database again."""
        if self._ended(wish):
            self._is_away = True
            self.query_one(TitleLine).say_only(plain_lines(f"CANNOT LOOK: {error.message}"))
            if not self._list.total:
                self._list.show_nothing(AWAY)

    def on_screen_resume(self) -> None:
        if self._tables is not None:
            self.look()

    @on(RecordList.Highlighted)
    def _highlighted(self) -> None:
        if self._view is not None and self._list.needs_more:
            self.look()
        self.refresh_bindings()

    # Into a table, and into a row

    def objection(self) -> str | None:
        """Return in words why nothing can be edited now, or None where the highlighted row can."""
        if self._list.current_key is None:
            return "nothing is highlighted"
        if self._wish is None:
            return "this is a table: enter lists its rows"
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "films":
            return self._is_library
        return None if action == "edit" and self.objection() else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        reason = self.objection() if event.key == "e" and not isinstance(self.focused, Input) else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    @on(RecordList.Opened)
    def _open(self) -> None:
        if self._wish is not None:
            self.action_edit()
            return
        table = next((one for one in self._tables or () if one.name == self._list.current_key), None)
        if table is None:
            return
        if not table.editable:
            self.notify(printable(f"{table.name}: {table.why_not}"), severity="warning", markup=False)
            return
        self._named = ""
        self.query_one(FindBar).close()
        self._ask(RowsWish(self._site, table.name))

    def action_edit(self) -> None:
        key = self._list.current_key
        if self._wish is not None and isinstance(key, str):
            table = self._wish.table
            self._around.workshop.read(partial(read_form, self._site, table), partial(self._edit, key), self._failed)

    def _edit(self, key: str, form: RecordForm) -> None:
        if self.is_current:
            editor = import_module("tui.screens.editor").EditorScreen  # it imports the highlighting
            self.app.push_screen(editor(self._around, self._site, [Sheet(form, key, form.title)]))

    def _failed(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    def action_films(self) -> None:
        self.show_site(self._site)


def rows_title(view: RowsView) -> str:
    """Return what the list shows: which rows of which table, and how many are known."""
    table = printable(shorten(view.wish.table, _LONGEST_WORDS))
    number = f"{view.total:,}" if view.is_whole else f"{max(0, view.total - 1):,} and more"
    words = printable(shorten(view.wish.search, _LONGEST_WORDS))
    return f"{table}: {number} match {words!r}" if words else f"{table}: {number}"


def _nothing(view: RowsView) -> str:
    if view.wish.search:
        return "No row matches; esc shows all" if view.is_whole else "None among the first two million rows matches"
    return "The table is empty."
