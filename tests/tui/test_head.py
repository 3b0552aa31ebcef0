"""The head and the foot of the first screen: what is wrong is said first, and what is needed has room everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import Place, SteppingClock
from tests.tui.driver import NARROW, WIDE, back_up, drive
from tests.tui.ways import with_second_site

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _must_be_backed_up(place: Place, limit: timedelta) -> Place:
    site = replace(place.site, max_age=limit)
    settings = replace(place.context.settings, sites={"app": site})
    return replace(place, site=site, context=replace(place.context, settings=settings))


@SIZES
async def test_a_site_that_is_overdue_is_said_first(place: Place, size: tuple[int, int]) -> None:
    back_up(place)
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    clock.now += timedelta(days=4)
    async with drive(with_second_site(_must_be_backed_up(place, timedelta(hours=50))), size) as driver:
        lines = driver.text().splitlines()
        assert lines[1].strip().startswith("OVERDUE: no good backup for 4 days; 50 h are allowed")
        assert "last good backup 4 days ago" in lines[2]
        screen = await driver.press("s")
        assert "OVERDUE: 50 h are allowed" in screen
        assert "no good backup yet" in screen
        assert "in order" not in screen


async def test_one_that_has_no_backup_at_all_and_must_have_is_overdue_too(place: Place) -> None:
    async with drive(_must_be_backed_up(place, timedelta(hours=50))) as driver:
        assert "OVERDUE: there is no good backup at all; 50 h are allowed" in driver.text()
