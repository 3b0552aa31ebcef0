"""What the list and the details say of a backup's last drill."""

from __future__ import annotations

import re

import pytest

from core.drill.drill import drill_backup
from core.progress import Reporter
from tests.support import Place
from tests.tui.driver import back_up, drive


async def test_a_drill_that_passed(place: Place) -> None:
    backup = back_up(place)
    async with drive(place) as driver:
        assert re.search(r"drill +never", driver.text())
    drill_backup(place.context, place.site, backup, Reporter())
    async with drive(place) as driver:
        screen = driver.text()
        assert re.search(r"00:3\d +(now|\d+ min) +drilled ", screen)  # each look at the clock is a second later
        assert "21 rows, 2 files" in screen


@pytest.mark.parametrize(("status", "words"), [("failed", "DRILL FAILED"), ("unable", "drill not possible")])
async def test_a_drill_that_did_not_pass(place: Place, status: str, words: str) -> None:
    backup = back_up(place)
    report = '{"reason": "the reason"}'
    place.context.catalog.set_drilled(backup.id, None, status, report)  # type: ignore[arg-type]
    async with drive(place) as driver:
        screen = driver.text()
        assert f"{words}: the reason" in screen
        assert screen.count("DRILL FAILED") == (2 if status == "failed" else 0)
