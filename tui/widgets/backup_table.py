"""The list of backups: a window on what the catalog pages, of which only a page is ever held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.catalog import CANCELLED, BackupRecord, Page
from core.words import printable
from tui.format import count, short_age, size

_GAP = 2
_NEAR_THE_EDGE = 40
_LOADING = "..."
_REVERSE = Style(reverse=True)
_UNDERLINE = Style(bold=True, underline=True)
_BOLD = Style(bold=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list. Where not all fit, those of the highest `rank` are left out; `least` is what one needs."""

    name: str
    rank: int
    right: bool = False
    least: int | None = None


_COLUMNS = (
    Column("When", 0),
    Column("Age", 3, right=True),
    Column("State", 1, least=14),
    Column("Size", 2, right=True),
    Column("Rows", 5, right=True),
    Column("Description", 4, least=12),
    Column("Kind", 6),
)


class BackupTable(ScrollView, can_focus=True):
    """Shows a page of backups, a line each, as if all were there; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "Details", id="list.open", show=False, key_display="enter", tooltip="Scroll the details"
        ),
        Binding("up,k", "move(-1)", "Up", id="list.up", show=False, tooltip="The backup above"),
        Binding("down,j", "move(1)", "Down", id="list.down", show=False, tooltip="The backup below"),
        Binding("pageup", "turn(-1)", "Page up", id="list.pageup", show=False, tooltip="A screen of backups up"),
        Binding("pagedown", "turn(1)", "Page down", id="list.pagedown", show=False, tooltip="A screen of backups down"),
        Binding("home,ctrl+home", "first", "First", id="list.first", show=False, tooltip="The first backup"),
        Binding("end,ctrl+end", "last", "Last", id="list.last", show=False, tooltip="The last backup"),
    ]

    class Highlighted(Message):
        """Another backup is highlighted, or other rows are needed."""

    class Opened(Message):
        """A person wants to go into the details."""

    class HeadClicked(Message):
        """A person clicked on the name of a column."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        super().__init__(id="backups")
        self._page = Page((), 0, 0, 0)
        self._lines: list[tuple[str, ...]] = []
        self._widths: dict[int, int] = {}
        self._place = 0
        self._nothing = ""

    @property
    def current(self) -> BackupRecord | None:
        """The highlighted backup, or None where there is none, or its page is still being read."""
        return self._row(self._place)

    @property
    def page(self) -> Page:
        return self._page

    @property
    def place(self) -> int:
        """The place of the highlighted backup among all, from 0."""
        return self._place

    @property
    def needs_more(self) -> bool:
        """Whether rows are near that are not on the page."""
        page = self._page
        first = max(0, self._place - _NEAR_THE_EDGE)
        last = min(page.total - 1, self._place + _NEAR_THE_EDGE)
        return page.total > 0 and (first < page.offset or last >= page.offset + len(page.rows))

    def show(self, page: Page, now: datetime, zone: ZoneInfo, *, nothing: str, highlight: int | None = None) -> bool:
        """Show a page and return whether the backup of the id `highlight` was there to be highlighted.

        What is highlighted stays so wherever it is now; where it is gone, its place does.
        """
        ids = [backup.id for backup in page.rows]
        before = self.current
        keep = highlight if highlight in ids else before.id if before is not None else None
        if keep in ids:
            self._place = page.offset + ids.index(keep)
        self._place = max(0, min(self._place, page.total - 1))
        self._page, self._nothing = page, nothing
        self._lines = [_cells(backup, now, zone) for backup in page.rows]
        self._fit()
        self._follow()
        self.refresh()
        return highlight in ids

    def show_nothing(self, text: str) -> None:
        """Forget the rows, those of another site, and say why there are none."""
        self._page, self._lines, self._place, self._nothing = Page((), 0, 0, 0), [], 0, text
        self._fit()
        self.refresh()

    # Moving about

    def action_move(self, lines: int) -> None:
        self._go(self._place + lines)

    def action_turn(self, screens: int) -> None:
        self._go(self._place + screens * max(1, self._visible - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(self._page.total - 1)

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if 0 < offset.y <= self._page.total - self._top:
            self._go(self._top + offset.y - 1)
        column = self._column_at(offset.x) if offset.y == 0 else None
        if column is not None:
            self.post_message(self.HeadClicked(column.name))

    def _column_at(self, x: int) -> Column | None:
        for number, width in self._widths.items():
            if x < width:
                return _COLUMNS[number] if x >= 0 else None
            x -= width + _GAP
        return None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What is scrolled by the wheel takes the highlight with it: keys never act on what cannot be seen."""
        super().watch_scroll_y(old_value, new_value)
        if self._page.total and self._visible:
            self._go(max(self._top, min(self._place, self._top + self._visible - 1)))

    def on_resize(self) -> None:
        self._fit()
        self._follow()

    def _go(self, place: int) -> None:
        wanted = max(0, min(place, self._page.total - 1))
        if wanted != self._place:
            self._place = wanted
            self._follow()
            self.refresh()
            self.post_message(self.Highlighted())

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _visible(self) -> int:
        """How many rows can be seen below the names of the columns."""
        return max(0, self.scrollable_content_region.height - 1)

    def _follow(self) -> None:
        """Scroll as little as is needed to see the highlighted row."""
        if self._place < self._top:
            self.scroll_to(y=self._place, animate=False, force=True, immediate=True)
        elif self._visible and self._place >= self._top + self._visible:
            self.scroll_to(y=self._place - self._visible + 1, animate=False, force=True, immediate=True)

    # Drawing

    def _row(self, place: int) -> BackupRecord | None:
        at = place - self._page.offset
        return self._page.rows[at] if 0 <= at < len(self._page.rows) else None

    def _fit(self) -> None:
        width = self.scrollable_content_region.width
        self._widths = fit_columns(self._lines, width)
        self.virtual_size = Size(width, self._page.total + 1)

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        if y == 0:
            head = tuple(column.name for column in _COLUMNS)
            return self._strip(self._joined(head), width, base + _BOLD)
        if not self._page.total:
            return self._strip(self._nothing if y == 1 else "", width, base)
        place = self._top + y - 1
        if place >= self._page.total:
            return Strip.blank(width, base)
        at = place - self._page.offset
        line = self._joined(self._lines[at]) if 0 <= at < len(self._lines) else _LOADING
        if place == self._place:
            base += _REVERSE if self.has_focus else _UNDERLINE
        return self._strip(line, width, base)

    def _strip(self, line: str, width: int, style: Style) -> Strip:
        return Strip([Segment(set_cell_size(line, width), style)], width)

    def _joined(self, cells: tuple[str, ...]) -> str:
        return (" " * _GAP).join(
            _cell(cells[number], width, right=_COLUMNS[number].right) for number, width in self._widths.items()
        )

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()


def fit_columns(lines: Sequence[tuple[str, ...]], width: int) -> dict[int, int]:
    """Given the cells of lines, return the width of each column that fits, by its number, in the order of the list."""
    needs = [
        max(cell_len(cell) for cell in (column.name, *(line[number] for line in lines)))
        for number, column in enumerate(_COLUMNS)
    ]
    fitting: dict[int, int] = {}
    left = width
    for number in sorted(range(len(_COLUMNS)), key=lambda number: _COLUMNS[number].rank):
        need = needs[number]
        least = min(need, _COLUMNS[number].least or need)
        gap = _GAP if fitting else 0
        if least + gap > left:
            break
        fitting[number] = least
        left -= least + gap
    for number, least in fitting.items():
        grown = min(needs[number] - least, left)
        left -= grown
        fitting[number] = least + grown
    return dict(sorted(fitting.items()))


def _cell(cell: str, width: int, *, right: bool) -> str:
    short = cell if cell_len(cell) <= width else set_cell_size(cell, max(0, width - 3)) + "..."
    space = " " * max(0, width - cell_len(short))
    return space + short if right else short + space


def state(backup: BackupRecord) -> str:
    """Given a backup, return its state in words: what is proven of it, where it comes from, whether it is kept."""
    return ", ".join(_state(backup))


def _state(backup: BackupRecord) -> Iterator[str]:
    if backup.status == "failed":
        yield CANCELLED if backup.cancelled else "FAILED"
    elif backup.status == "running":
        yield "running"
    else:
        yield from _proof(backup)
    if backup.foreign:
        yield "foreign"
    if backup.pinned:
        yield "pinned"
    if backup.role in ("safety", "adopted") and not backup.foreign:
        yield backup.role


def _proof(backup: BackupRecord) -> Iterator[str]:
    """The strongest that is known: that it restores, that its hashes agree, or that it does not."""
    if backup.error:
        yield "DAMAGED"
    elif backup.drill_status == "failed":
        yield "DRILL FAILED"
    elif backup.drilled_at is not None:
        yield "drilled"
    elif backup.verified_at is not None:
        yield "verified"
    elif not backup.foreign:
        yield "not verified"


def _cells(backup: BackupRecord, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        f"{backup.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        short_age(now - backup.created_at),
        state(backup),
        size(backup.file_size),
        count(backup.record_count),
        printable(backup.description),
        backup.kind,
    )
