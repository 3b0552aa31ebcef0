"""The keys of the forms: where tab leads, what enter does in a field, and what escape leaves as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from core.restore.marker import marker_path, read_marker
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.ways import drive_to, prepare

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


async def _round(driver: Driver, key: str, steps: int) -> list[str | None]:
    """What has the focus after each step."""
    order = []
    for _ in range(steps):
        await driver.hit(key)
        order.append(driver.focused)
    return order


@pytest.mark.keys("RestoreScreen", "tab", "shift+tab", "escape")
@pytest.mark.keys("Input", "enter", "tab", "ctrl+u", "backspace")
@SIZES
async def test_the_restore(place: Place, size: tuple[int, int]) -> None:
    before = place.state()
    async with drive_to(prepare(place, "RestoreScreen"), "RestoreScreen", size) as driver:
        assert driver.focused == "cancel"
        assert await _round(driver, "tab", 2) == ["name", "cancel"], "what is off is left out"
        await driver.press("tab", *"app")
        assert await _round(driver, "tab", 4) == ["cancel", "stage", "now", "name"]
        await driver.press("enter")
        assert driver.focused == "cancel"
        await driver.press("shift+tab", "backspace")
        assert "are off until app is typed" in driver.text()
        await driver.press("ctrl+u", "enter", "enter")
        assert driver.screen == "BackupsScreen"
        await driver.press("r", "tab", *"app", "escape")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before
    assert len(place.context.catalog.backups("app")) == 1


@pytest.mark.keys("RestoringScreen", "escape")
@pytest.mark.keys("Choice", "tab", "space")
async def test_the_result_of_a_staging(place: Place) -> None:
    async with drive_to(prepare(place, "RestoreScreen"), "RestoreScreen") as driver:
        await driver.press("tab", *"app", "tab", "tab", "space")
        assert driver.screen == "RestoringScreen"
        assert await _round(driver, "tab", 3) == ["take-back", "result", "back"]
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
        assert read_marker(marker_path(place.context, place.site)) is not None


@pytest.mark.keys("ConsentScreen", "shift+tab", "escape")
@pytest.mark.keys("PendingScreen", "tab", "enter", "escape")
async def test_what_waits_and_the_consent_to_it(place: Place) -> None:
    prepared = prepare(place, "ConsentScreen")
    before = place.state()
    async with drive_to(prepared, "ConsentScreen", NARROW) as driver:
        await driver.press("shift+tab", *"app")
        assert await _round(driver, "tab", 2) == ["no", "yes"]
        await driver.press("escape")
        assert (driver.screen, driver.focused) == ("PendingScreen", "apply")
        assert await _round(driver, "tab", 2) == ["remove", "later"]
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before
    assert read_marker(marker_path(place.context, place.site)) is not None


@pytest.mark.keys("PathInput", "tab", "enter")
@pytest.mark.keys("AdoptScreen", "escape")
async def test_the_path_of_an_adoption(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("usb one", "usb two"):
        (tmp_path / "media" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "media")
    async with drive(place) as driver:
        await driver.press("a")
        field = driver.app.screen.query_one("#path", Input)
        assert field.value == f"{tmp_path}/media/"
        await driver.press("tab")
        assert field.value == f"{tmp_path}/media/usb "
        await driver.press("t", "tab")
        assert field.value == f"{tmp_path}/media/usb two/"
        await driver.press("tab")
        assert driver.focused == "places"
        await driver.press("shift+tab", "x", "enter")
        assert "is not there" in driver.text()
        await driver.press("backspace", "enter")
        assert "no archive (*.zip, *.json) here" in driver.text()
        assert driver.focused == "places"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
    assert not place.context.catalog.backups("app")


@pytest.mark.keys("CopyScreen", "tab", "escape", "enter")
@pytest.mark.keys("PathInput", "tab", "enter")
async def test_the_path_of_a_copy(place: Place) -> None:
    async with drive_to(prepare(place, "CopyScreen"), "CopyScreen", NARROW) as driver:
        await driver.press("tab")
        assert driver.focused == "go"
        assert await _round(driver, "tab", 2) == ["cancel", "path"]
        driver.app.screen.query_one("#path", Input).value = ""
        assert "no path was given" in await driver.press("enter")
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


@pytest.mark.keys("AdoptPreviewScreen", "tab", "enter")
@pytest.mark.keys("AskScreen", "tab", "escape")
async def test_the_safe_button_has_the_focus(place: Place) -> None:
    async with drive_to(prepare(place, "AskScreen"), "AskScreen") as driver:
        assert driver.focused == "no"
        assert await _round(driver, "tab", 2) == ["yes", "no"]
        await driver.press("escape", "a", "shift+tab", "enter")
        assert (driver.screen, driver.focused) == ("AdoptPreviewScreen", "cancel")
        assert await _round(driver, "tab", 2) == ["go", "cancel"]
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"
    assert len(place.context.catalog.backups("app")) == 1


@pytest.mark.keys("SitesScreen", "escape")
@pytest.mark.keys("SiteList", "enter", "j", "k")
async def test_the_choice_of_a_site(place: Place) -> None:
    async with drive_to(prepare(place, "SitesScreen"), "SitesScreen", NARROW) as driver:
        await driver.press("j", "escape")
        assert driver.app.site.name == "app"
        await driver.press("s", "j", "enter")
        assert driver.text().startswith(" second ")
        await driver.press("s", "k", "enter")
        assert driver.text().startswith(" app ")
