"""Verdicts of the retention arranged by days and weeks, as a calendar shows them: pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from core.retention import Verdict

KEPT, GOES, SOME, NONE = "k", "G", "s", "."
DAYS_A_WEEK = 7


@dataclass(frozen=True)
class KeepDays:
    """Verdicts, the newest backup first, with the day of each as the zone has it, and the letter of each day.

    `weeks` are the Mondays from that of the newest backup back to that of the oldest.
    """

    verdicts: tuple[Verdict, ...]
    days: tuple[date, ...]
    letters: dict[date, str]
    weeks: tuple[date, ...]

    def week_of(self, place: int) -> int:
        """Given the place of a verdict, return the number of its week."""
        return (self.weeks[0] - _monday(self.days[place])).days // DAYS_A_WEEK

    def nearest(self, day: date) -> int:
        """Return the place of the first backup of that day, or of the nearest day before that has one, or the last."""
        return min(bisect_left(self.days, -day.toordinal(), key=lambda one: -one.toordinal()), len(self.days) - 1)

    def on_day(self, day: date) -> tuple[int, int]:
        """Return the places of the backups of a day, as the first and the one after the last."""
        return (
            bisect_left(self.days, -day.toordinal(), key=lambda one: -one.toordinal()),
            bisect_left(self.days, -day.toordinal() + 1, key=lambda one: -one.toordinal()),
        )


def arrange(verdicts: Sequence[Verdict], zone: ZoneInfo) -> KeepDays:
    """Given verdicts in any order, arrange them."""
    newest_first = tuple(sorted(verdicts, key=lambda one: (one.backup.created_at, one.backup.id), reverse=True))
    days = tuple(one.backup.created_at.astimezone(zone).date() for one in newest_first)
    letters: dict[date, str] = {}
    for day, verdict in zip(days, newest_first, strict=True):
        letter = KEPT if verdict.keep else GOES
        letters[day] = letter if letters.setdefault(day, letter) == letter else SOME
    weeks: list[date] = []
    if days:
        count = (_monday(days[0]) - _monday(days[-1])).days // DAYS_A_WEEK + 1
        weeks = [_monday(days[0]) - timedelta(weeks=number) for number in range(count)]
    return KeepDays(newest_first, days, letters, tuple(weeks))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
