"""The first screen: a site's backups, found, sorted and shown, and kept up to date with what other processes do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Static

from core.catalog import ORDERS, BackupRecord, Order, Page
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.words import printable
from tui.calls import PAGE, BackupDetails, SiteView, Wish, read_details, read_site
from tui.format import shorten
from tui.screens.backup_verbs import VERBS, BackupVerbs
from tui.widgets.backup_table import BackupTable
from tui.widgets.calendar import Calendar
from tui.widgets.details import Details
from tui.widgets.fitting_footer import FittingFooter
from tui.widgets.head import SiteHead
from tui.widgets.job_line import JobLine
from tui.work import Job, Workshop

_SECONDS_BETWEEN_LOOKS = 2.0
_SORTED_BY: dict[Order, str] = {
    "newest": "newest first (o)",
    "oldest": "oldest first (o)",
    "largest": "largest first (o)",
    "smallest": "smallest first (o)",
    "most rows": "most rows first (o)",
}
_NEEDED_LEAST = ("command_palette", "prune", "drill", "adopt", "copy", "pin", "filter", "delete")
_ORDERS_OF_COLUMN: dict[str, tuple[Order, ...]] = {
    "When": ("newest", "oldest"),
    "Age": ("newest", "oldest"),
    "Size": ("largest", "smallest"),
    "Rows": ("most rows",),
}


class BackupsScreen(BackupVerbs):
    """Given the context and a site, show the backups of the site."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash",
            "filter",
            "Find",
            id="list.filter",
            key_display="/",
            tooltip="By name, description, state, kind or role",
        ),
        Binding(
            "o",
            "sort",
            "Order",
            id="list.order",
            show=False,
            tooltip="Newest, oldest, largest, smallest, most rows first",
        ),
        Binding("escape", "back", "Back", id="list.back", show=False, tooltip="Back to the list, or out of the filter"),
    ]
    AUTO_FOCUS = "#backups"

    def __init__(self, context: Context, workshop: Workshop, site: Site) -> None:
        super().__init__(context, workshop, site)
        self._text = ""
        self._order: Order = ORDERS[0]
        self._looking = False
        self._look_again = False
        self._view: SiteView | None = None
        self._wanted: int | None = None
        self._details: BackupRecord | None = None
        self._asking_details = False
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield SiteHead()
        yield Calendar()
        with Container(id="body"):
            with Vertical(id="list"):
                with Horizontal(id="filter", classes="field"):
                    yield Static("Filter:", markup=False)
                    yield Input(id="filter-text", compact=True, select_on_focus=False, max_length=200)
                yield BackupTable()
            yield Details()
        yield JobLine(self._workshop)
        yield FittingFooter(*_NEEDED_LEAST)

    def on_mount(self) -> None:
        self._workshop.changed.subscribe(self, self._job_changed)
        self.query_one("#filter").display = False
        self._name_site()
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_whether_something_happened)
        self.look()

    @property
    def highlighted(self) -> BackupRecord | None:
        return self.query_one(BackupTable).current

    def highlight(self, backup_id: int) -> None:
        self._wanted = backup_id

    def show_site(self, site: Site) -> None:
        """Show another site's backups, from the newest on and unfiltered."""
        self._site, self._view, self._details, self._wanted = site, None, None, None
        self._order = ORDERS[0]
        self._name_site()
        self.query_one(BackupTable).show_nothing("Looking ...")
        self.query_one(Details).show_nothing("")
        self._end_filter()
        self.look()

    def _name_site(self) -> None:
        names = list(self._core.settings.sites)
        self.query_one(SiteHead).show_site(self._site, names.index(self._site.name) + 1, len(names))

    # Filter, order, focus

    def action_filter(self) -> None:
        self.query_one("#filter").display = True
        self.set_focus(self.query_one("#filter-text", Input))

    @on(Input.Changed, "#filter-text")
    def _filter_typed(self, event: Input.Changed) -> None:
        if event.value != self._text:
            self._text = event.value
            self.look()

    @on(Input.Submitted, "#filter-text")
    def _filter_done(self) -> None:
        if not self._text.strip():
            self._end_filter()
        self.set_focus(self.query_one(BackupTable))

    def _end_filter(self) -> None:
        self._text = ""
        self.query_one("#filter-text", Input).value = ""
        self.query_one("#filter").display = False

    def action_sort(self) -> None:
        self._order = _after(self._order, ORDERS)
        self.look()

    @on(BackupTable.HeadClicked)
    def _sort_by_column(self, event: BackupTable.HeadClicked) -> None:
        orders = _ORDERS_OF_COLUMN.get(event.column)
        if orders is not None:
            self._order = _after(self._order, orders)
            self.look()

    def action_back(self) -> None:
        """Out of the details into the list; in the list or its filter, out of the filter."""
        table = self.query_one(BackupTable)
        if self.query_one("#filter").display and not self.query_one(Details).has_focus:
            self._end_filter()
            self.look()
        self.set_focus(table)

    @on(BackupTable.Opened)
    def _open_details(self) -> None:
        self.set_focus(self.query_one(Details))

    @on(BackupTable.Highlighted)
    def _highlighted(self) -> None:
        if self.query_one(BackupTable).needs_more:
            self.look()
        self._ask_details()
        self._offer()

    # Looking

    def look(self) -> None:
        """Read how the site is, in a thread, and once more where that is being done already."""
        self._read(only_changes=False)

    def _look_whether_something_happened(self) -> None:
        """What other processes did appears; where they did nothing, next to nothing is done."""
        if not self._looking:
            self._read(only_changes=True)

    def _read(self, *, only_changes: bool) -> None:
        if self._looking:
            self._look_again = True
            return
        self._looking, self._look_again = True, False
        table, current = self.query_one(BackupTable), self.highlighted
        keep = self._wanted if self._wanted is not None else current.id if current is not None else None
        wish = Wish(self._site, self._text, self._order, max(0, table.place - PAGE // 2), keep)
        before = self._view.trace if only_changes and self._view is not None else None
        self._workshop.read(
            partial(read_site, self._core, wish, before), partial(self._show, wish), partial(self._cannot_look, wish)
        )

    def _show(self, wish: Wish, view: SiteView | None) -> None:
        self._looking = False
        if not self.is_running:
            return
        if view is not None and wish.site == self._site:
            self._show_view(wish, view)
        if self._look_again or (view is not None and self.query_one(BackupTable).needs_more):
            self._read(only_changes=False)

    def _show_view(self, wish: Wish, view: SiteView) -> None:
        self._view = view
        self.query_one(SiteHead).show_view(view, wish.site, read_only=self._core.read_only)
        self.query_one(Calendar).show_view(view)
        table = self.query_one(BackupTable)
        nothing = _nothing(view.page)
        if table.show(view.page, view.now, wish.site.time_zone, nothing=nothing, highlight=self._wanted):
            self._wanted = None
        table.border_title = _title(wish, view.page)
        self._ask_details(again=True)
        self._offer()

    def _cannot_look(self, wish: Wish, error: GreenroomError) -> None:
        """What was read before stays on the screen, and the next look shows everything anew."""
        self._looking, self._look_again = False, False
        if not self.is_running:
            return
        if wish.site != self._site:
            self.look()
            return
        self.query_one(SiteHead).show_error(error)
        if self._view is not None:
            self._view = replace(self._view, trace=None)

    # Details

    def _ask_details(self, *, again: bool = False) -> None:
        """Read the details of the highlighted backup, unless they are shown or others are being read."""
        backup = self.highlighted
        if backup is None:
            self._details = None
            if self._view is not None and not self._view.page.total:
                nothing = "Nothing matches." if self._text.strip() else "No backup yet: n makes one."
                self.query_one(Details).show_nothing(nothing)
            return
        if self._asking_details or (backup == self._details and not again):
            return
        self._asking_details, self._details = True, backup
        self._workshop.read(partial(read_details, self._core, backup), self._show_details, self._no_details)

    def _show_details(self, details: BackupDetails) -> None:
        self._asking_details = False
        if not self.is_running or self._view is None:
            return
        current = self.highlighted
        if current is not None and current.id == details.backup.id:
            self.query_one(Details).show_details(details, self._site, self._view.now)
        else:
            self._ask_details()

    def _no_details(self, error: GreenroomError) -> None:
        self._asking_details = False
        if self.is_running:
            self.query_one(Details).show_error(error)

    # Keys that can be used

    def _job_changed(self, job: Job) -> None:
        self._offer()
        if job.ended:
            self.look()

    def _offer(self) -> None:
        """Draw the footer again where other keys can be used than before."""
        offered = (*map(self.objection, VERBS.values()), self._workshop.job is not None)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()


def _after(order: Order, orders: Sequence[Order]) -> Order:
    """Return the order that follows among these, the first where it is none of them."""
    return orders[(orders.index(order) + 1) % len(orders)] if order in orders else orders[0]


def _title(wish: Wish, page: Page) -> Text:
    """What the list shows: how much of all, and in which order."""
    order = _SORTED_BY[wish.order]
    words = printable(shorten(wish.text.strip(), 20))
    shown = f"{page.total:,} of {page.of:,} match {words!r}" if words else f"{page.total:,}"
    return Text(f"Backups: {shown}, {order}")


def _nothing(page: Page) -> str:
    if page.total:
        return ""
    return f"None of {page.of:,} matches; esc shows all" if page.of else "No backup yet: n makes one."
