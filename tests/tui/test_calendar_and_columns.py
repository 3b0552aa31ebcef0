"""Weeks as letters, sizes as levels, and the columns that fit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import FoundBackup, SpanCount
from tests.support import Place
from tests.tui.driver import drive
from tui.widgets.backup_table import COLUMNS
from tui.widgets.calendar import levels, one_line, whole
from tui.widgets.long_list import fit_columns

_MONDAY = date(2026, 4, 6)


def _days(count: int) -> list[date]:
    return [_MONDAY + timedelta(days=number) for number in range(count)]


def test_each_day_has_its_letter() -> None:
    counts = [SpanCount(good=1), SpanCount(bad=1), SpanCount(good=1, bad=2), SpanCount(), SpanCount()]
    missed = [False, True, True, True, False]  # a backup or a failure says more than that a run was due
    assert "BFbM." in one_line(_days(5), counts, missed).plain
    assert "BFbM." in whole(_days(5), counts, missed).plain


def test_only_the_last_four_weeks_stand_on_one_line() -> None:
    days = _days(70)
    counts = [SpanCount(good=1) if number == 0 else SpanCount() for number in range(70)]
    missed = [False] * 70
    assert "B" not in one_line(days, counts, missed).plain.split("  ")[1]
    assert whole(days, counts, missed).plain.splitlines()[1].split()[1].startswith("B")


@settings(derandomize=True, max_examples=100)
@given(amounts=st.lists(st.none() | st.integers(0, 10**15), max_size=80))
def test_a_larger_size_never_looks_smaller(amounts: list[int | None]) -> None:
    shown = list(levels(amounts))
    assert len(shown) == len(amounts)
    known = sorted((amount, " _.:-=+*#".index(letter)) for amount, letter in zip(amounts, shown, strict=True) if amount)
    assert [level for _, level in known] == sorted(level for _, level in known)


@settings(derandomize=True, max_examples=100)
@given(width=st.integers(0, 200), text=st.text(max_size=60))
def test_columns_never_need_more_room_than_there_is(width: int, text: str) -> None:
    line = ("2026-01-01 00:00", "5 h", "verified", "1 KiB", "12", text, "snapshot")
    widths = fit_columns(COLUMNS, [line], width)
    assert sum(widths.values()) + 2 * max(0, len(widths) - 1) <= width
    if width >= 40:
        assert {0, 2} <= set(widths)


async def test_thousands_of_backups_are_paged_through(place: Place) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1000):
        made = start + timedelta(minutes=number)
        place.context.catalog.insert_found(
            FoundBackup(
                name=f"backup_{number:04}",
                site="app",
                kind="snapshot",
                created_at=made,
                created_by="test",
                completed_at=made,
                origin="found",
                role="manual",
                description=f"number {number:04}",
            )
        )
    async with drive(place) as driver:
        assert "1,000" in driver.text()
        assert "number 0999" in driver.text()
        assert "number 0000" in await driver.press("end")
        assert "number 0999" in await driver.press("home")
        seen = set()
        for _ in range(12):
            seen |= {word for word in driver.text().split() if word.isdigit() and len(word) == 4}
            await driver.press("pagedown")
        assert len(seen) > 200
