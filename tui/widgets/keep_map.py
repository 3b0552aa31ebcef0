"""The backups in the storage as a calendar, a line a week, a letter a day: what is kept and what would go."""

from __future__ import annotations

from datetime import timedelta
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.retention import Verdict
from tui.keep_days import DAYS_A_WEEK, GOES, KEPT, NONE, SOME, KeepDays

_LOOKING = "looking ..."
_LABEL = 12
_CELL = 2
_HEAD = "week of     M T W T F S S"
_BOLD = Style(bold=True)
_REVERSE = Style(reverse=True)
_UNDERLINE = Style(bold=True, underline=True)
_STYLES = {
    KEPT: Style(color="green"),
    GOES: Style(color="red", bold=True),
    SOME: Style(color="yellow"),
}
LEGEND = f"{KEPT} kept  {GOES} GOES  {SOME} some go  {NONE} none"


class KeepMap(ScrollView, can_focus=True):
    """Shows days arranged; the cursor is on one backup."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(1)", "Before", show=False, tooltip="The backup before"),
        Binding("right", "step(-1)", "After", show=False, tooltip="The backup after"),
        Binding("up,k", "week(1)", "Up", show=False, tooltip="A week later"),
        Binding("down,j", "week(-1)", "Down", show=False, tooltip="A week earlier"),
        Binding("pageup", "turn(1)", "Page up", show=False, tooltip="Many weeks later"),
        Binding("pagedown", "turn(-1)", "Page down", show=False, tooltip="Many weeks earlier"),
        Binding("home,ctrl+home", "first", "Newest", show=False, tooltip="The newest backup"),
        Binding("end,ctrl+end", "last", "Oldest", show=False, tooltip="The oldest backup"),
    ]

    class Highlighted(Message):
        """Another backup is under the cursor."""

    def __init__(self) -> None:
        super().__init__(id="keep-map")
        self._days: KeepDays | None = None
        self._place = 0
        self._before: int | None = None
        self._said = _LOOKING

    @property
    def current(self) -> Verdict | None:
        """What is said of the backup under the cursor, or None where there is none."""
        days = self._days
        return days.verdicts[self._place] if days is not None and days.verdicts else None

    @property
    def place_in_day(self) -> tuple[int, int]:
        """Which of the backups of its day the one under the cursor is, from 1, and how many there are."""
        if self._days is None or not self._days.verdicts:
            return 0, 0
        first, end = self._days.on_day(self._days.days[self._place])
        return end - self._place, end - first

    def show(self, days: KeepDays) -> None:
        """Show these; the cursor stays on its backup, or as near to it as there is one."""
        self._remember()
        self._days = days
        ids = [one.backup.id for one in days.verdicts]
        self._place = ids.index(self._before) if self._before in ids else 0
        self.virtual_size = Size(_LABEL + _CELL * DAYS_A_WEEK, len(days.weeks) + 1)
        self._follow()
        self.refresh()

    def forget(self) -> None:
        """Show nothing: another site's are being read."""
        self.hide(_LOOKING)
        self._before = None

    def hide(self, said: str) -> None:
        """Show words in place of what is not known now; the cursor comes back to its backup."""
        self._remember()
        self._days, self._place, self._said = None, 0, said
        self.virtual_size = Size(0, 0)
        self.refresh()

    def _remember(self) -> None:
        current = self.current
        if current is not None:
            self._before = current.backup.id

    # Moving about

    def action_step(self, places: int) -> None:
        self._go(self._place + places)

    def action_week(self, weeks: int) -> None:
        """To the same day of another week, or the backup next to it in that direction."""
        days = self._days
        if days is None or not days.verdicts:
            return
        day = days.days[self._place]
        wanted = days.nearest(day + timedelta(weeks=weeks))
        if weeks > 0 and days.days[wanted] == day:  # none between: the next one, though it is farther
            wanted = days.on_day(day)[0] - 1
        self._go(wanted)

    def action_turn(self, direction: int) -> None:
        self.action_week(direction * max(1, self._visible - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._days.verdicts) - 1 if self._days is not None else 0)

    def on_click(self, event: events.Click) -> None:
        offset, days = event.get_content_offset(self), self._days
        if offset is None or days is None or not 0 < offset.y <= len(days.weeks) - self.scroll_offset.y:
            return
        number = (offset.x - _LABEL) // _CELL
        day = days.weeks[self.scroll_offset.y + offset.y - 1] + timedelta(days=number)
        if 0 <= number < DAYS_A_WEEK and day in days.letters:
            self._go(days.nearest(day))

    def _go(self, place: int) -> None:
        if self._days is None:
            return
        wanted = max(0, min(place, len(self._days.verdicts) - 1))
        if wanted != self._place:
            self._place = wanted
            self._follow()
            self.refresh()
            self.post_message(self.Highlighted())

    @property
    def _visible(self) -> int:
        return max(0, self.scrollable_content_region.height - 1)

    def _follow(self) -> None:
        """Scroll as little as is needed to see the week of the cursor."""
        days = self._days
        if days is None or not days.verdicts:
            return
        week, top = days.week_of(self._place), self.scroll_offset.y
        if week < top:
            self.scroll_to(y=week, animate=False, force=True, immediate=True)
        elif self._visible and week >= top + self._visible:
            self.scroll_to(y=week - self._visible + 1, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        self._follow()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width, base, days = self.scrollable_content_region.width, self.rich_style, self._days
        if y == 0:
            return Strip([Segment(_HEAD, base + _BOLD)]).adjust_cell_length(width, base)
        if days is None or not days.verdicts:
            said = self._said if days is None else "No backup is in the storage."
            lines = ["", *wrap(said, max(1, width))]
            return Strip([Segment(lines[y] if y < len(lines) else "", base)]).adjust_cell_length(width, base)
        week = self.scroll_offset.y + y - 1
        if week >= len(days.weeks):
            return Strip.blank(width, base)
        monday, under = days.weeks[week], days.days[self._place]
        parts = [Segment(f"{monday}".ljust(_LABEL), base)]
        for number in range(DAYS_A_WEEK):
            day = monday + timedelta(days=number)
            letter = days.letters.get(day, NONE)
            style = base + _STYLES.get(letter, Style())
            if day == under:
                style += _REVERSE if self.has_focus else _UNDERLINE
            parts += [Segment(letter, style), Segment(" ", base)]
        return Strip(parts).adjust_cell_length(width, base)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
