"""The keys of the first screen that the other tests of it leave out: order, filter, details, and forms over it."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.support import Place
from tests.tui.driver import NARROW, Driver, back_up, drive
from tui.widgets.backup_table import BackupTable


def _shown(driver: Driver) -> list[str]:
    """The descriptions in the order of the list."""
    return [backup.description for backup in driver.app.screen.query_one(BackupTable).page.rows]


@pytest.mark.keys("BackupsScreen", "o")
async def test_o_goes_through_every_order_and_keeps_the_highlighted_backup(place: Place) -> None:
    back_up(place, "small and old")
    (place.uploads / "large.bin").write_bytes(bytes(range(256)) * 4000)
    back_up(place, "large")
    (place.uploads / "large.bin").unlink()
    place.execute("INSERT INTO films (title) VALUES ('one more')")
    back_up(place, "most rows")
    async with drive(place) as driver:
        await driver.press("end")
        for title, first in (
            ("oldest", "small and old"),
            ("largest", "large"),
            ("smallest", None),
            ("most rows", "most rows"),
            ("newest", "most rows"),
        ):
            assert f"{title} first (o)" in await driver.press("o")
            assert first is None or _shown(driver)[0] == first
            assert title != "smallest" or _shown(driver)[-1] == "large"
            current = driver.app.screen.query_one(BackupTable).current
            assert current is not None
            assert current.description == "small and old"


@pytest.mark.keys("BackupsScreen", "slash", "escape")
@pytest.mark.keys("BackupTable", "enter")
@pytest.mark.keys("Input", "enter", "escape", "backspace", "left", "right", "home", "end", "delete")
async def test_the_filter_is_left_by_enter_and_ended_by_escape(place: Place) -> None:
    back_up(place, "red")
    back_up(place, "blue")
    async with drive(place, NARROW) as driver:
        await driver.press("slash", *"red", "enter")
        assert driver.focused == "backups"
        assert _shown(driver) == ["red"]
        await driver.press("enter")
        assert driver.focused == "details"
        await driver.press("escape")
        assert (driver.focused, _shown(driver)) == ("backups", ["red"])
        await driver.press("escape")
        assert _shown(driver) == ["blue", "red"]
        await driver.press("slash", *"blux", "backspace", "left", "home", "delete", "b", "end", "right", "e")
        assert driver.app.screen.query_one("#filter-text", Input).value == "blue"
        assert _shown(driver) == ["blue"]
        await driver.press("escape")
        assert (driver.focused, _shown(driver)) == ("backups", ["blue", "red"])
        await driver.press("slash", "enter")
        assert not driver.app.screen.query_one("#filter").display


@pytest.mark.keys("Details", "down", "up", "pagedown", "pageup", "end", "home", "tab", "v", "n")
async def test_the_details_are_scrolled_and_the_verbs_work_from_there(place: Place) -> None:
    backup = back_up(place)
    place.context.catalog.set_verified(backup.id, None)
    async with drive(place, NARROW) as driver:
        await driver.press("enter", "down")
        assert driver.top("#details") == 1
        await driver.press("up")
        assert driver.top("#details") == 0
        await driver.press("pagedown")
        page = driver.top("#details")
        assert page > 1
        await driver.press("end")
        assert driver.top("#details") > page
        assert "manifest" in driver.text()
        await driver.press("pageup")
        assert driver.top("#details") > 0
        await driver.press("home")
        assert driver.top("#details") == 0
        await driver.press("v")
        assert "every hash agrees" in driver.notices()
        await driver.press("tab")
        assert driver.focused == "backups"
        await driver.press("shift+tab", "n")
        assert driver.screen == "DescriptionScreen"


@pytest.mark.keys("BackupsScreen", "n", "d")
@pytest.mark.keys("Choice", "space", "enter", "tab")
async def test_tab_goes_round_a_form_and_space_presses_what_enter_presses(place: Place) -> None:
    backup = back_up(place)
    async with drive(place, NARROW) as driver:
        await driver.press("n")
        order = []
        for key in ("tab", "tab", "tab", "tab", "shift+tab"):
            await driver.press(key)
            order.append(driver.focused)
        assert order == ["go", "portable", "cancel", "description", "cancel"]
        await driver.press("space")
        assert driver.screen == "BackupsScreen"
        await driver.press("n", "tab", "space")
        assert len(place.context.catalog.backups("app")) == 2
        await driver.press("d", "space")
        assert len(place.context.catalog.backups("app")) == 2
        await driver.press("end", "d")
        assert backup.name in driver.text()
        await driver.press("tab", "space")
        assert place.context.catalog.get(backup.id) is None
        await driver.press("c", "shift+tab", "enter")
        assert driver.screen == "BackupsScreen"
        await driver.press("r", "space")
        assert driver.screen == "BackupsScreen"
        assert "pinned" in await driver.press("p")


async def test_without_a_backup_no_key_does_harm(place: Place) -> None:
    async with drive(place) as driver:
        for key in "vrpcd":
            await driver.press(key)
            assert driver.screen == "BackupsScreen"
            assert "no backup is highlighted" in driver.notices()
        await driver.press("o")
        await driver.press("slash", *"red")
        assert driver.screen == "BackupsScreen"
        for key, above in (("a", "AdoptScreen"), ("n", "DescriptionScreen")):
            await driver.press("escape", key)
            assert driver.screen == above
            await driver.press("escape")
    assert not place.context.catalog.backups("app")
