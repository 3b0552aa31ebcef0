"""The Schedule screen: what it says of what stands in the form, and that nothing is saved before ctrl+s."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from core.catalog import FoundBackup, ScheduleRecord
from core.schedules.settings import default_settings, set_schedule
from tests.support import START, Place, open_place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive, focus
from tests.tui.ways import found, with_second_site

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _set(place: Place, **changes: object) -> ScheduleRecord:
    settings = replace(default_settings(place.site), enabled=True, **changes)  # type: ignore[arg-type]
    return set_schedule(place.context, place.site, settings)


def _scheduled(number: int) -> FoundBackup:
    """A good backup of so many days ago, as a rebuilt catalog has it."""
    when = START - timedelta(days=number)
    return replace(found(number), created_at=when, completed_at=when, verified_at=when, role="scheduled")


async def fill(driver: Driver, field: str, text: str) -> str:
    """Put a text into a field, in place of what stands there; the last letter is typed."""
    control = driver.app.screen.query_one(f"#{field}", Input)
    control.focus()
    control.value = text[:-1] or "1"
    return await driver.press("end", text[-1] if len(text) > 1 else "ctrl+u", *(text if len(text) == 1 else ""))


@SIZES
@pytest.mark.keys("ScheduleScreen", "ctrl+s")
@pytest.mark.keys("OneOf", "right", "left", "space")
async def test_nothing_is_saved_before_ctrl_s(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        screen = await driver.press("4")
        assert "none is set yet" in screen
        assert driver.focused == "enabled"
        screen = await driver.press("right")
        assert "< yes >" in screen
        assert "CHANGED, ctrl+s saves" in screen
        await driver.press("left")
        await driver.press("space", "tab", "right")
        assert "< weekly >" in driver.text()
        assert "Monday" in driver.text()
        assert place.context.catalog.schedule("app") is None
        await driver.press("ctrl+s")
        assert "the schedule of app is saved" in driver.notices()
        assert "CHANGED" not in await driver.settle()
    record = place.context.catalog.schedule("app")
    assert record is not None
    assert (record.settings.enabled, record.settings.frequency) == (True, "weekly")
    assert record.state.next_run is not None


@SIZES
async def test_what_is_wrong_stands_beside_the_field_and_is_not_saved(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        await driver.press("4")
        for field, typed, words in (
            ("time", "2", "not a time"),
            ("time_zone", "UT", "not a known time zone"),
            ("retention_days", "0", "out of range"),
            ("keep_daily", "", "write a whole number"),
            ("max_backups", "2", "keep_minimum"),
        ):
            control = driver.app.screen.query_one(f"#{field}", Input)
            before = control.value
            await fill(driver, field, typed)
            assert words in str(driver.app.screen.query_one(f"#beside-{field}").render())
            assert words.split(maxsplit=1)[0] in driver.text()
            assert "1 field WRONG" in driver.text()
            await driver.press("ctrl+s")
            assert "something is wrong in the form" in driver.notices()
            driver.app.clear_notifications()  # they would lie over the next field
            control.value = before
            assert "WRONG" not in await driver.settle()
    assert place.context.catalog.schedule("app") is None


@SIZES
async def test_the_next_runs_are_told_as_one_types_with_what_the_clocks_do(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:  # half an hour before the clocks go forward
        await driver.press("4")
        await fill(driver, "time_zone", "Europe/Berlin")
        screen = await fill(driver, "time", "02:30")
        assert "daily at 02:30 (Europe/Berlin)" in screen
        assert "Sun 2026-03-29 03:00 CEST" in screen
        assert "02:30 does not exist on that day" in screen
        assert "Mon 2026-03-30 02:30 CEST" in screen
        screen = await fill(driver, "time", "4")
        assert "not known: something is wrong" in screen


async def test_a_cron_expression_is_checked_and_one_that_never_comes_is_said(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("4", "tab", "left")  # before the first choice is the last one
        await driver.press("left", "left")
        assert "< weekly >" not in driver.text()
        while "< cron >" not in driver.text():
            await driver.press("right")
        assert "1 field WRONG" in driver.text()
        assert "*/15" in await fill(driver, "cron", "*/15 * * * *")
        assert "2026-03-29 00:45" in driver.text()


@SIZES
async def test_the_retention_is_shown_as_one_edits_it_with_a_reason_for_each(
    place: Place, size: tuple[int, int]
) -> None:
    for number in range(60):
        place.context.catalog.insert_found(_scheduled(number))
    async with drive(place, size) as driver:
        await driver.press("4")
        screen = await fill(driver, "retention_days", "10")
        assert "of 60 backups would go" in screen
        assert "G" in screen.split("week of")[1]
        screen = await fill(driver, "retention_days", "")
        assert "10 of 60 backups would go" in screen  # at most 50
        assert await driver.shows("newest completed")
        driver.app.screen.query_one("#keep_minimum").focus()
        await driver.press("tab")
        assert driver.focused == "keep-map"
        await driver.press("end")
        assert await driver.shows("GOES: more than 50")


@pytest.mark.parametrize(
    "key", [pytest.param("escape", marks=pytest.mark.keys("ScheduleScreen", "escape")), "1", "2", "3"]
)
async def test_leaving_with_changes_asks_and_stays_by_default(place: Place, key: str) -> None:
    async with drive(place) as driver:
        await driver.press("4", "right")
        await driver.press(key)
        assert driver.screen == "AskScreen"
        assert driver.focused == "no"
        assert "backs up by itself: no -> yes" in driver.text()
        await driver.press("enter")
        assert driver.screen == "ScheduleScreen"
        assert "< yes >" in driver.text()
        await driver.press(key, "tab", "enter")
        assert driver.screen != "ScheduleScreen"
    assert place.context.catalog.schedule("app") is None


async def test_without_changes_leaving_asks_nothing(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("4", "right", "left", "escape")
        assert driver.screen == "BackupsScreen"


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_with_changes_asks(place: Place, key: str) -> None:
    async with drive(place) as driver:
        await driver.press("4", "right", key)
        assert (driver.screen, driver.focused) == ("AskScreen", "no")
        await driver.press("escape")
        assert driver.app.is_running
        await driver.press(key, "tab", "enter")
        assert not driver.app.is_running
    assert driver.app.return_code == 0


async def test_another_site_with_changes_asks(place: Place) -> None:
    async with drive(with_second_site(place)) as driver:
        await driver.press("4", "right", "s", "down", "enter")
        assert driver.screen == "AskScreen"
        await driver.press("enter")
        assert driver.app.site.name == "app"
        await driver.press("s", "down", "enter", "tab", "enter")
        assert driver.app.site.name == "second"
        screen = driver.text()
        assert "Schedule of second" in screen
        assert "< no >" in screen


async def test_a_change_by_somebody_else_is_said_before_it_is_overwritten(place: Place) -> None:
    _set(place)
    async with drive(place) as driver:
        await driver.press("4")
        await fill(driver, "time", "05:00")
        ada = replace(place.context, actor="ada")
        set_schedule(ada, place.site, replace(default_settings(place.site), enabled=True, kind="portable"))
        driver.app.screen.look()  # type: ignore[attr-defined]
        assert "CHANGED MEANWHILE by ada" in await driver.settle()
        await driver.press("ctrl+s")
        screen = driver.text()
        assert "ada changed it" in screen
        assert "kind: portable -> snapshot" in screen
        assert driver.focused == "no"
        await driver.press("enter")
        assert place.context.catalog.schedule("app").settings.kind == "portable"  # type: ignore[union-attr]
        await driver.press("ctrl+s", "tab", "enter")
        assert "the schedule of app is saved" in driver.notices()
    settings = place.context.catalog.schedule("app").settings  # type: ignore[union-attr]
    assert (settings.kind, settings.time) == ("snapshot", "05:00")


async def test_a_change_by_somebody_else_is_shown_where_nothing_is_typed(place: Place) -> None:
    _set(place)
    async with drive(place) as driver:
        await driver.press("4")
        _set(place, time="07:45")
        driver.app.screen.look()  # type: ignore[attr-defined]
        assert "07:45" in await driver.settle()
        assert "CHANGED" not in driver.text()


@SIZES
async def test_read_only_shows_all_and_lets_nothing_be_edited(place: Place, size: tuple[int, int]) -> None:
    _set(place)
    async with drive(open_place(place.root, read_only=True), size) as driver:
        screen = await driver.press("4")
        assert "READ-ONLY: the schedule is shown and cannot be changed here" in screen
        assert "< yes >" in screen
        await driver.press("right")
        assert "greenroom is read-only" in driver.notices()
        assert "< yes >" in driver.text()
        await fill(driver, "time", "05:00")
        assert driver.app.screen.query_one("#time", Input).value == "02:00"
        assert "CHANGED" not in driver.text()
        driver.app.screen.query_one("#enabled").focus()
        await driver.press("ctrl+s", "p", "t")
        assert driver.screen == "ScheduleScreen"
    assert not place.context.catalog.backups("app")
    assert place.context.catalog.schedule("app").settings.time == "02:00"  # type: ignore[union-attr]


@SIZES
@pytest.mark.keys("OneOf", "up", "down")
@pytest.mark.keys("FieldInput", "up", "down")
async def test_up_and_down_go_from_field_to_field_and_no_further(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        await driver.press("4", "up")
        assert driver.focused == "enabled"
        await driver.press("down", "down")
        assert driver.focused == "time", "what daily runs do not need is left out"
        await driver.press("up")
        assert driver.focused == "frequency"
        await driver.press("down", *("down",) * 20)
        assert driver.focused == "keep_minimum"
        await driver.press("tab")
        assert driver.focused == "keep-map"


@SIZES
async def test_a_letter_in_a_field_for_a_number_is_a_key_as_the_foot_says(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        await driver.press("4")
        await focus(driver, "retention_days")
        field = driver.app.screen.query_one("#retention_days", Input)
        foot = driver.text().splitlines()[-1]
        assert "? Help" in foot
        assert "q Quit" in foot
        await driver.press("t", "z", "space", "minus")
        assert field.value == "30"
        assert "there is no backup yet" in driver.notices()
        await driver.press("p")
        assert driver.screen == "PruneScreen"
        await driver.press("escape", "question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "end", "4")
        assert field.value == "304"
        await driver.press("q")
        assert driver.screen == "AskScreen"
        assert "days of which all are kept: 30 -> 304" in driver.text()


async def test_help_tells_the_keys_of_all_parts(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("4")
        for name in ("enabled", "time"):
            await focus(driver, name)
            await driver.press("question_mark")
            told = " ".join(str(one.render()) for one in driver.app.screen.query("Static"))
            for words in ("The next choice", "The choice before", "The field below", "A week earlier", "tab"):
                assert words in told
            await driver.press("escape")


async def test_what_is_wrong_leaves_no_old_marks_in_the_calendar(place: Place) -> None:
    for number in range(60):
        place.context.catalog.insert_found(_scheduled(number))
    async with drive(place) as driver:
        await driver.press("4")
        screen = await fill(driver, "retention_days", "10")
        assert "G" in screen.split("week of")[1]
        screen = await fill(driver, "keep_daily", "")
        calendar = screen.split("week of")[1].split("kept  G GOES")[0]
        assert "not known: something is wrong" in calendar
        assert "G" not in calendar.replace("GOES", "")
        assert "would go," not in screen
        screen = await fill(driver, "keep_daily", "3")
        assert "would go," in screen


async def test_enter_in_a_field_goes_to_the_next_one(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("4")
        await focus(driver, "time")
        await driver.press("enter")
        assert driver.focused == "time_zone"
        assert driver.app.screen.query_one("#time", Input).value == "02:00"


@pytest.mark.keys("ScheduleScreen", "t", "p", "P")
async def test_prune_and_drill_from_here(place: Place) -> None:
    back_up(place)
    _set(place, retention_days=1)
    async with drive(place) as driver:
        await driver.press("4", "t")
        assert "can be restored" in driver.notices()
        for key in ("p", "P"):
            await driver.press(key)
            assert driver.screen == "PruneScreen"
            await driver.press("escape")
        await driver.press("right", "p")
        assert driver.screen == "ScheduleScreen"
        assert "prune goes by what is saved" in driver.notices()
