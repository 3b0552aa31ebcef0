"""Pin, delete, filter and order, by their keys."""

from __future__ import annotations

import pytest

from tests.support import Place
from tests.tui.driver import back_up, drive


@pytest.mark.keys("BackupsScreen", "p", "d")
async def test_p_pins_and_a_pinned_backup_is_not_deleted(place: Place) -> None:
    backup = back_up(place)
    async with drive(place) as driver:
        assert "pinned: nothing deletes it" in await driver.press("p")
        await driver.press("d")
        assert driver.screen == "BackupsScreen"
        assert "p unpins it" in driver.notices()
        await driver.press("p")
        await driver.press("d")
        assert driver.focused == "no"
        assert "LOST for good" in driver.text()
        await driver.press("enter")
        assert place.context.catalog.get(backup.id) is not None
        await driver.press("d")
        await driver.press("tab", "enter")
        assert place.context.catalog.get(backup.id) is None


@pytest.mark.keys("BackupsScreen", "slash", "escape", "o")
async def test_the_filter_says_what_it_hides_and_esc_shows_all(place: Place) -> None:
    back_up(place, "red")
    back_up(place, "blue")
    async with drive(place) as driver:
        await driver.press("slash")
        assert "1 of 2 match 'red'" in await driver.type("red")
        assert "None of 2 matches" in await driver.type("x")
        assert "Backups: 2, newest first" in await driver.press("escape")
        assert "oldest first" in await driver.press("o")
