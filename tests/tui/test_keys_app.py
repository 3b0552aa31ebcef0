"""The keys of the app itself, on each screen: where they work, and where they must leave a question alone."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input, Static

from tests.support import Place
from tests.tui.driver import NARROW, Driver
from tests.tui.gate import Gate
from tests.tui.ways import drive_to, prepare

_SECONDS = 30.0
BOXES = ("ConsentScreen", "DescriptionScreen", "CopyScreen")


def _said(driver: Driver) -> str:
    """What the screen on top says, without the ages and free space that go on changing beneath it."""
    if driver.screen == "BackupsScreen":
        return driver.listed()
    screen = driver.app.screen
    told = ".form-row Static" if driver.screen == "ScheduleScreen" else "Static"
    texts = [str(one.render()) for one in screen.query(told).results(Static)]
    return "\n".join([*texts, *(field.value for field in screen.query(Input))])


async def _look_and_come_back(driver: Driver, *ways: tuple[str, str]) -> None:
    """Each key opens the screen beside it, and escape shows again what was there, all of it."""
    before = (_said(driver), driver.screen, driver.focused)
    for key, above in ways:
        await driver.press(key)
        assert driver.screen == above
        await driver.press("escape")
        assert (_said(driver), driver.screen, driver.focused) == before


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("RestoringScreen", marks=pytest.mark.keys("RestoringScreen", "ctrl+q")),
        pytest.param("PendingScreen", marks=pytest.mark.keys("PendingScreen", "ctrl+q")),
    ],
)
async def test_ctrl_q_quits_without_an_answer(place: Place, name: str) -> None:
    async with drive_to(prepare(place, name), name, NARROW) as driver:
        await driver.press("ctrl+q")
        assert not driver.app.is_running
    assert driver.app.return_code == 0


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("BackupsScreen", marks=pytest.mark.keys("BackupsScreen", *"123456sxq", "question_mark")),
        pytest.param("HistoryScreen", marks=pytest.mark.keys("HistoryScreen", *"123456sxq", "question_mark")),
        pytest.param("MessagesScreen", marks=pytest.mark.keys("MessagesScreen", *"123456sxq", "question_mark")),
        pytest.param("ScheduleScreen", marks=pytest.mark.keys("ScheduleScreen", *"123456sxq", "question_mark")),
        pytest.param("RecordsScreen", marks=pytest.mark.keys("RecordsScreen", *"123456sxq", "question_mark")),
    ],
)
async def test_a_main_screen_leads_to_the_others_and_to_the_sites(place: Place, name: str) -> None:
    keys = {
        "BackupsScreen": "1",
        "HistoryScreen": "2",
        "MessagesScreen": "3",
        "ScheduleScreen": "4",
        "RecordsScreen": "5",
    }
    async with drive_to(prepare(place, name), name, NARROW) as driver:
        for screen, key in keys.items():
            await driver.press(key)
            assert driver.screen == screen
            await driver.press(keys[name])
            assert driver.screen == name
        before = _said(driver)
        await driver.press("x")
        assert _said(driver) == before
        assert not driver.notices()
        await _look_and_come_back(
            driver, ("s", "SitesScreen"), ("question_mark", "HelpScreen"), ("ctrl+p", "CommandPalette")
        )
        await driver.press("6")
        assert driver.screen == name
        assert "app is no movie library" in driver.notices()
        await driver.press("q")
        assert not driver.app.is_running
    assert driver.app.return_code == 0


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("RestoreScreen", marks=pytest.mark.keys("RestoreScreen", *"123456sxq", "question_mark")),
        pytest.param("RestoringScreen", marks=pytest.mark.keys("RestoringScreen", *"123456sxq", "question_mark")),
        pytest.param("PendingScreen", marks=pytest.mark.keys("PendingScreen", *"123456sxq", "question_mark")),
        pytest.param("AdoptScreen", marks=pytest.mark.keys("AdoptScreen", *"123456sxq", "question_mark")),
    ],
)
async def test_what_must_be_answered_first_stays_until_it_is(place: Place, name: str) -> None:
    async with drive_to(prepare(place, name), name, NARROW) as driver:
        before = _said(driver)
        await driver.press(*"123456sx")
        assert _said(driver) == before
        await _look_and_come_back(driver, ("question_mark", "HelpScreen"), ("ctrl+p", "CommandPalette"))
        await driver.press("q")
        assert not driver.app.is_running
    assert driver.app.return_code == 0


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("AdoptPreviewScreen", marks=pytest.mark.keys("AdoptPreviewScreen", "question_mark", "escape")),
        pytest.param("AskScreen", marks=pytest.mark.keys("AskScreen", "question_mark", "escape")),
        pytest.param("ConsentScreen", marks=pytest.mark.keys("ConsentScreen", "question_mark", "escape")),
        pytest.param("CopyScreen", marks=pytest.mark.keys("CopyScreen", "question_mark", "escape")),
        pytest.param("DescriptionScreen", marks=pytest.mark.keys("DescriptionScreen", "question_mark", "escape")),
        pytest.param("ErrorScreen", marks=pytest.mark.keys("ErrorScreen", "question_mark", "escape")),
        pytest.param("HelpScreen", marks=pytest.mark.keys("HelpScreen", "question_mark", "escape")),
        pytest.param("PruneScreen", marks=pytest.mark.keys("PruneScreen", "question_mark", "escape")),
        pytest.param("SitesScreen", marks=pytest.mark.keys("SitesScreen", "question_mark", "escape")),
    ],
)
async def test_a_box_keeps_the_keys_to_itself_and_escape_only_closes_it(place: Place, name: str) -> None:
    prepared = prepare(place, name)
    count, state = len(place.context.catalog.backups("app")), place.state()
    beneath = ["PendingScreen"] if name == "ConsentScreen" else []
    async with drive_to(prepared, name, NARROW) as driver:
        if isinstance(driver.app.focused, Input):
            await driver.press("shift+tab")
        before = _said(driver)
        await driver.press(*"123456sxqndu", "ctrl+q")
        assert (driver.screen, _said(driver)) == (name, before)
        if name == "HelpScreen":
            await driver.press("question_mark")
            assert (driver.screen, _said(driver)) == (name, before)
        else:
            await _look_and_come_back(driver, ("question_mark", "HelpScreen"))
        await _look_and_come_back(driver, ("ctrl+p", "CommandPalette"))
        await driver.press("escape")
        assert [type(one).__name__ for one in driver.app.screen_stack[1:]] == ["BackupsScreen", *beneath]
        assert driver.app.site.name == "app"
    assert len(place.context.catalog.backups("app")) == count
    assert place.state() == state


@pytest.mark.parametrize(
    ("name", "field"),
    [
        pytest.param("RestoreScreen", "name", marks=pytest.mark.keys("RestoreScreen", *"123456sxqn?", "ctrl+q")),
        pytest.param("ConsentScreen", "name", marks=pytest.mark.keys("Input", *"123456sxqn?")),
        pytest.param("DescriptionScreen", "description", marks=pytest.mark.keys("Input", *"123456sxqn?")),
        pytest.param("CopyScreen", "path", marks=pytest.mark.keys("PathInput", *"123456sxqn?")),
        pytest.param("AdoptScreen", "path", marks=pytest.mark.keys("AdoptScreen", *"123456sxqn?", "ctrl+q")),
        pytest.param("BackupsScreen", "filter-text", marks=pytest.mark.keys("BackupsScreen", *"123456sxqn?", "ctrl+q")),
    ],
)
async def test_in_a_field_every_letter_is_typed(place: Place, name: str, field: str) -> None:
    async with drive_to(prepare(place, name), name, NARROW) as driver:
        if name == "BackupsScreen":
            await driver.press("slash")
        while driver.focused != field:
            await driver.press("shift+tab")
        before = driver.app.screen.query_one(f"#{field}", Input).value
        await driver.press(*"123456sxqn?")
        assert driver.screen == name
        assert driver.app.screen.query_one(f"#{field}", Input).value == before + "123456sxqn?"
        await driver.press("ctrl+q")
        assert driver.app.is_running == (name in BOXES), "a box keeps this key too"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("HistoryScreen", marks=pytest.mark.keys("HistoryScreen", "x", "ctrl+q")),
        pytest.param("MessagesScreen", marks=pytest.mark.keys("MessagesScreen", "x", "ctrl+q")),
        pytest.param("ScheduleScreen", marks=pytest.mark.keys("ScheduleScreen", "x", "ctrl+q")),
        pytest.param("RecordsScreen", marks=pytest.mark.keys("RecordsScreen", "x", "ctrl+q")),
    ],
)
async def test_x_cancels_on_the_other_main_screens_too(gated: Place, gate: Gate, name: str) -> None:
    async with drive_to(prepare(gated, name), name) as driver:
        gate.shut()
        await driver.hit("1", "n", "enter")
        assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
        await driver.hit(
            {"HistoryScreen": "2", "MessagesScreen": "3", "ScheduleScreen": "4", "RecordsScreen": "5"}[name]
        )
        await driver.until(lambda: driver.screen == name)
        assert "x Cancel work" in driver.text()
        await driver.hit("x")
        assert "cancelling" in driver.text()
        gate.open()
        assert "cancelling" not in await driver.settle()
        await driver.press("ctrl+q")
        assert not driver.app.is_running
    assert gated.context.catalog.backups("app")[0].error == "cancelled"
