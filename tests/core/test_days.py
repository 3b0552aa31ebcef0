"""Days begin when the site's people say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import day_bounds, week_days

BERLIN = ZoneInfo("Europe/Berlin")


def test_weeks_begin_on_a_monday_and_end_today() -> None:
    days = week_days(datetime(2026, 3, 25, 12, tzinfo=UTC), BERLIN, 2)
    assert (days[0], days[-1], len(days)) == (date(2026, 3, 16), date(2026, 3, 25), 10)


def test_today_is_the_zones() -> None:
    late = datetime(2026, 3, 25, 23, 30, tzinfo=UTC)
    assert week_days(late, BERLIN, 1)[-1] == date(2026, 3, 26)
    assert week_days(late, ZoneInfo("UTC"), 1)[-1] == date(2026, 3, 25)


def test_a_day_in_which_the_clocks_change_is_shorter_or_longer() -> None:
    for day, hours in ((date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        begin, end = day_bounds((day,), BERLIN)
        assert end - begin == timedelta(hours=hours)
