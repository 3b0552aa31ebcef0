"""The last weeks, a letter a day, and below it how large the archives are: plain letters that every terminal has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rich.text import Text
from textual.widgets import Static

from core.catalog import SpanCount
from tui.calls import SiteView
from tui.format import size

GOOD, MIXED, FAILED, MISSED, NONE = "B", "b", "F", "M", "."
_LEVELS = "_.:-=+*#"
_DAYS_A_WEEK = 7
_WEEKS_WHEN_NARROW = 4
_LABEL = 9
_STYLES = {GOOD: "green", MIXED: "yellow", FAILED: "bold red", MISSED: "bold red"}


class Calendar(Static):
    """Given what was read of a site, show its last ten weeks; on a small terminal the last four, on one line."""

    def __init__(self) -> None:
        super().__init__(id="calendar", markup=False)
        self._view: SiteView | None = None

    def show_view(self, view: SiteView) -> None:
        """Show these weeks."""
        self._view = view
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._view is not None:
            narrow = self.app.size.width < _LABEL + 100 or self.app.size.height < 30
            draw = one_line if narrow else whole
            self.update(draw(self._view.days, self._view.counts, self._view.missed))


def one_line(days: Sequence[date], counts: Sequence[SpanCount], missed: Sequence[bool]) -> Text:
    """Given days from a Monday to today, their counts, and on which a scheduled run was missed, return four weeks."""
    skipped = max(0, _weeks(days) - _WEEKS_WHEN_NARROW) * _DAYS_A_WEEK
    text = Text("4 weeks  ", no_wrap=True, overflow="crop")
    text.append_text(_letters(_day_letters(counts, missed)[skipped:]))
    text.append("  B backup F failed b both M missed", "dim")
    return text


def whole(days: Sequence[date], counts: Sequence[SpanCount], missed: Sequence[bool]) -> Text:
    """As `one_line`, but all weeks, each under its date, and the sizes below."""
    mondays = [f"{day:%m-%d}".ljust(_DAYS_A_WEEK) for day in days[::_DAYS_A_WEEK]]
    text = Text(no_wrap=True, overflow="crop")
    text.append("week of  " + " ".join(mondays) + "  B backup  F failed  M missed\n", "dim")
    text.append("backups  ")
    text.append_text(_letters(_day_letters(counts, missed)))
    text.append("  b both    . none\n", "dim")
    text.append("sizes    ")
    text.append_text(_letters(list(levels([one.largest_bytes for one in counts])), styles={}))
    known = [one.largest_bytes for one in counts if one.largest_bytes is not None]
    if known:
        text.append(f"  {_LEVELS[-1]} {size(max(known))}", "dim")
    return text


def levels(amounts: Sequence[int | None]) -> Iterator[str]:
    """Given amounts, yield a letter each, the heavier the more, measured by the largest; a blank for None."""
    most = max((amount for amount in amounts if amount is not None), default=0)
    for amount in amounts:
        if amount is None:
            yield " "
        else:
            yield _LEVELS[min(len(_LEVELS) - 1, amount * len(_LEVELS) // most)] if most else _LEVELS[0]


def _day_letters(counts: Sequence[SpanCount], missed: Sequence[bool]) -> list[str]:
    return [_letter(one, is_missed=is_missed) for one, is_missed in zip(counts, missed, strict=True)]


def _letter(counted: SpanCount, *, is_missed: bool) -> str:
    if counted.good:
        return MIXED if counted.bad else GOOD
    if counted.bad:
        return FAILED
    return MISSED if is_missed else NONE


def _letters(letters: Sequence[str], styles: dict[str, str] = _STYLES) -> Text:
    text = Text()
    for number, letter in enumerate(letters):
        if number and number % _DAYS_A_WEEK == 0:
            text.append(" ")
        text.append(letter, styles.get(letter, ""))
    missing = -len(letters) % _DAYS_A_WEEK
    return text.append(" " * missing)


def _weeks(days: Sequence[date]) -> int:
    return -(-len(days) // _DAYS_A_WEEK)
