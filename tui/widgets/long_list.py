"""A long list of which only a page is held: drawn line by line, as if all of it were there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

_GAP = 2
_NEAR_THE_EDGE = 40
_LOADING = "..."
_REVERSE = Style(reverse=True)
_UNDERLINE = Style(bold=True, underline=True)
_BOLD = Style(bold=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. Where not all fit, those of the highest `rank` are left out; `least` is what one needs."""

    name: str
    rank: int
    right: bool = False
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: what is known of it by, and its cells."""

    key: Hashable
    cells: tuple[str, ...]


class LongList(ScrollView, can_focus=True):
    """Shows a page of lines as if all were there, one of them highlighted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="list.up", show=False, tooltip="The line above"),
        Binding("down,j", "move(1)", "Down", id="list.down", show=False, tooltip="The line below"),
        Binding("pageup", "turn(-1)", "Page up", id="list.pageup", show=False, tooltip="A screen of lines up"),
        Binding("pagedown", "turn(1)", "Page down", id="list.pagedown", show=False, tooltip="A screen of lines down"),
        Binding("home,ctrl+home", "first", "First", id="list.first", show=False, tooltip="The first line"),
        Binding("end,ctrl+end", "last", "Last", id="list.last", show=False, tooltip="The last line"),
    ]

    class Highlighted(Message):
        """Another line is highlighted, or other lines are needed."""

    class Opened(Message):
        """A person wants to go into what is highlighted."""

    class HeadClicked(Message):
        """A person clicked on the name of a column."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        super().__init__(id=name)
        self._columns = tuple(columns)
        self._lines: tuple[Line, ...] = ()
        self._offset = 0
        self._total = 0
        self._widths: dict[int, int] = {}
        self._place = 0
        self._nothing = ""

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show lines of other columns from now on; those that are shown are forgotten."""
        self._columns = tuple(columns)
        self.show_nothing("")

    @property
    def current_key(self) -> Hashable | None:
        """What the highlighted line is known by; None where there is none, or its page is still being read."""
        at = self._place - self._offset
        return self._lines[at].key if 0 <= at < len(self._lines) else None

    @property
    def place(self) -> int:
        """The place of the highlighted line among all, from 0."""
        return self._place

    @property
    def total(self) -> int:
        """How many lines there are in all."""
        return self._total

    @property
    def needs_more(self) -> bool:
        """Whether lines are near that are not on the page."""
        first = max(0, self._place - _NEAR_THE_EDGE)
        last = min(self._total - 1, self._place + _NEAR_THE_EDGE)
        return self._total > 0 and (first < self._offset or last >= self._offset + len(self._lines))

    def show_lines(
        self, lines: Sequence[Line], *, offset: int, total: int, nothing: str, highlight: Hashable | None = None
    ) -> bool:
        """Show a page, the lines from `offset` on of `total`; return whether `highlight` was there to be highlighted.

        What is highlighted stays so wherever it is now; where it is gone, its place does.
        """
        keys = [line.key for line in lines]
        keep = highlight if highlight in keys else self.current_key
        if keep is not None and keep in keys:
            self._place = offset + keys.index(keep)
        self._place = max(0, min(self._place, total - 1))
        self._lines, self._offset, self._total, self._nothing = tuple(lines), offset, total, nothing
        self._fit()
        self._follow()
        self.refresh()
        return highlight in keys

    def show_nothing(self, text: str) -> None:
        """Forget the lines and say why there are none."""
        self._lines, self._offset, self._total, self._place, self._nothing = (), 0, 0, 0, text
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
        self._go(self._total - 1)

    def action_open(self) -> None:
        if self.current_key is not None:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if 0 < offset.y <= self._total - self._top:
            self._go(self._top + offset.y - 1)
        column = self._column_at(offset.x) if offset.y == 0 else None
        if column is not None:
            self.post_message(self.HeadClicked(column.name))

    def _column_at(self, x: int) -> Column | None:
        for number, width in self._widths.items():
            if x < width:
                return self._columns[number] if x >= 0 else None
            x -= width + _GAP
        return None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What is scrolled by the wheel takes the highlight with it: keys never act on what cannot be seen."""
        super().watch_scroll_y(old_value, new_value)
        if self._total and self._visible:
            self._go(max(self._top, min(self._place, self._top + self._visible - 1)))

    def on_resize(self) -> None:
        self._fit()
        self._follow()

    def _go(self, place: int) -> None:
        wanted = max(0, min(place, self._total - 1))
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
        """How many lines can be seen below the names of the columns."""
        return max(0, self.scrollable_content_region.height - 1)

    def _follow(self) -> None:
        """Scroll as little as is needed to see the highlighted line."""
        if self._place < self._top:
            self.scroll_to(y=self._place, animate=False, force=True, immediate=True)
        elif self._visible and self._place >= self._top + self._visible:
            self.scroll_to(y=self._place - self._visible + 1, animate=False, force=True, immediate=True)

    # Drawing

    def _fit(self) -> None:
        width = self.scrollable_content_region.width
        self._widths = fit_columns(self._columns, [line.cells for line in self._lines], width)
        self.virtual_size = Size(width, self._total + 1)

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        if y == 0:
            head = tuple(column.name for column in self._columns)
            return self._strip(self._joined(head), width, base + _BOLD)
        if not self._total:
            return self._strip(self._nothing if y == 1 else "", width, base)
        place = self._top + y - 1
        if place >= self._total:
            return Strip.blank(width, base)
        at = place - self._offset
        line = self._joined(self._lines[at].cells) if 0 <= at < len(self._lines) else _LOADING
        if place == self._place:
            base += _REVERSE if self.has_focus else _UNDERLINE
        return self._strip(line, width, base)

    def _strip(self, line: str, width: int, style: Style) -> Strip:
        return Strip([Segment(set_cell_size(line, width), style)], width)

    def _joined(self, cells: tuple[str, ...]) -> str:
        return (" " * _GAP).join(
            _cell(cells[number], width, right=self._columns[number].right) for number, width in self._widths.items()
        )

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()


def fit_columns(columns: Sequence[Column], lines: Sequence[tuple[str, ...]], width: int) -> dict[int, int]:
    """Given the cells of lines, return the width of each column that fits, by its number, in the order of the list."""
    needs = [
        max(cell_len(cell) for cell in (column.name, *(line[number] for line in lines)))
        for number, column in enumerate(columns)
    ]
    fitting: dict[int, int] = {}
    left = width
    for number in sorted(range(len(columns)), key=lambda number: columns[number].rank):
        need = needs[number]
        least = min(need, columns[number].least or need)
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
