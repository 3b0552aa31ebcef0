"""What is kept and what goes: the calendar with its cursor, and prune."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import BackupRecord
from core.retention import Verdict
from core.schedules.settings import default_settings, set_schedule
from tests.support import START, Place, SteppingClock
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive
from tests.tui.ways import found
from tui.keep_days import arrange
from tui.widgets.keep_map import KeepMap

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])
ROWS = 400
ZONE = ZoneInfo("Europe/Berlin")


def _backup(number: int, when: datetime) -> BackupRecord:
    return BackupRecord(
        id=number, name=f"b{number}", site="app", kind="snapshot", scope="full", role="scheduled", status="completed",
        origin="made", description="", created_by="x", created_at=when, completed_at=when, verified_at=when,
        pinned=False, foreign=False, manifest_sha256=None, file_size=1, table_count=1, record_count=1, file_count=1,
        error=None, scheduled_for=None, drilled_at=None, drill_status=None, drill_report=None,
    )  # fmt: skip


@settings(derandomize=True, max_examples=100)
@given(hours=st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=60))
def test_every_backup_stands_on_its_day(hours: list[tuple[int, bool]]) -> None:
    verdicts = [
        Verdict(_backup(number, START + timedelta(hours=hour)), keep, ("x",))
        for number, (hour, keep) in enumerate(hours)
    ]
    days = arrange(verdicts, ZONE)
    assert sorted(one.backup.id for one in days.verdicts) == list(range(len(hours)))
    assert list(days.days) == sorted(days.days, reverse=True)
    for place, day in enumerate(days.days):
        assert days.weeks[days.week_of(place)] <= day < days.weeks[days.week_of(place)] + timedelta(days=7)
        first, end = days.on_day(day)
        assert first <= place < end
        assert {one == day for one in days.days[first:end]} == {True}
        kept = {verdict.keep for verdict in days.verdicts[first:end]}
        assert days.letters[day] == ("s" if len(kept) == 2 else "k" if True in kept else "G")
        assert days.days[days.nearest(day)] == day


async def _to_the_map(driver: Driver) -> KeepMap:
    await driver.press("4", "shift+tab")
    assert driver.focused in ("keep-map", "keep_minimum")
    if driver.focused != "keep-map":
        await driver.press("tab")
    found_map = driver.app.focused
    assert isinstance(found_map, KeepMap)
    return found_map


def _under(one: KeepMap) -> str:
    assert one.current is not None
    return one.current.backup.name


@pytest.mark.keys("KeepMap", "left", "right", "up", "down", "j", "k", "pageup", "pagedown", "home", "end")
@pytest.mark.keys("KeepMap", "ctrl+home", "ctrl+end")
@SIZES
async def test_the_calendar_is_gone_through(place: Place, size: tuple[int, int]) -> None:
    for number in range(ROWS):
        when = START - timedelta(days=number)
        one = replace(found(number % 1000), name=f"n{number}", created_at=when, completed_at=when, verified_at=when)
        place.context.catalog.insert_found(replace(one, role="scheduled"))
    async with drive(place, size) as driver:
        one = await _to_the_map(driver)

        async def lead(name: str, *keys: str) -> None:
            await driver.hit(*keys)
            assert _under(one) == name, f"after {keys}"

        await lead("n0", "up")
        await lead("n0", "right")
        await lead("n1", "left")
        await lead("n0", "right")
        await lead("n7", "down")
        await lead("n14", "j")
        await lead("n7", "k")
        await lead("n0", "up")
        await lead(f"n{ROWS - 1}", "end")
        await lead(f"n{ROWS - 1}", "left")
        await lead("n0", "home")
        await lead(f"n{ROWS - 1}", "ctrl+end")
        await lead("n0", "ctrl+home")
        await driver.hit("pagedown")
        assert _under(one) not in ("n0", "n7")
        await lead("n0", "pageup")
        await driver.press("end")
        assert "week of" in driver.text()
        assert f"{START - timedelta(days=ROWS - 1):%Y-%m-%d}" in driver.text()


async def test_a_gap_of_months_is_no_wall(place: Place) -> None:
    for number, days in enumerate((0, 1, 200, 201)):
        when = START - timedelta(days=days)
        place.context.catalog.insert_found(replace(found(number), created_at=when, completed_at=when))
    async with drive(place) as driver:
        one = await _to_the_map(driver)
        names = [_under(one)]
        for key in ("left", "down", "up", "down", "end", "up", "home"):
            await driver.hit(key)
            names.append(_under(one)[-1])
        assert names == ["backup_0000", "1", "2", "1", "2", "3", "2", "0"]


async def test_a_day_is_clicked(place: Place) -> None:
    for number in range(3):
        when = START - timedelta(days=number)
        place.context.catalog.insert_found(replace(found(number), created_at=when, completed_at=when))
    async with drive(place) as driver:
        one = await _to_the_map(driver)
        await driver.click("#keep-map", at=(13 + 2 * 4, 1))
        assert _under(one) == "backup_0002"
        await driver.click("#keep-map", at=(13, 1))
        assert _under(one) == "backup_0002"


# Prune


def _old(place: Place, count: int) -> list[BackupRecord]:
    """Backups of days long ago, and a schedule that keeps three."""
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    made = []
    for _ in range(count):
        made.append(back_up(place))
        clock.now += timedelta(days=1)
    policy = {"retention_days": 2, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0}
    set_schedule(place.context, place.site, replace(default_settings(place.site), **policy))  # type: ignore[arg-type]
    return made


@pytest.mark.keys("BackupsScreen", "P")
@pytest.mark.keys("PruneScreen", "tab", "enter", "escape")
@SIZES
async def test_prune_names_what_goes_and_does_it_only_after_a_yes(place: Place, size: tuple[int, int]) -> None:
    made = _old(place, 6)
    async with drive(place, size) as driver:
        screen = await driver.press("P")
        assert driver.focused == "cancel"
        assert "LOST for good: 3 backups" in screen
        assert "3 stay" in screen
        assert screen.count("older than 2 days") == 3
        assert f"{made[0].created_at:%Y-%m-%d %H:%M}" in screen
        await driver.press("enter")
        assert len(place.context.catalog.backups("app")) == 6
        await driver.press("P", "escape")
        assert len(place.context.catalog.backups("app")) == 6
        await driver.press("P", "tab", "enter")
        assert "3 backups removed" in driver.notices()
        assert "Backups: 3, newest first" in driver.text()
    assert [one.id for one in place.context.catalog.backups("app")] == [one.id for one in made[:2:-1]]
    assert [one.backups_deleted for one in place.context.catalog.cleanups("app")] == [3]


@pytest.mark.keys("PruneScreen", "up", "down", "pageup", "pagedown")
async def test_a_long_list_is_scrolled(place: Place) -> None:
    _old(place, 20)
    async with drive(place, NARROW) as driver:
        await driver.press("P")
        await driver.press("down", "down", "up")
        assert driver.top("#prune-list") == 1
        await driver.press("pagedown")
        assert driver.top("#prune-list") > 1
        await driver.press("pageup", "pageup")
        assert driver.top("#prune-list") == 0


async def test_without_a_schedule_prune_says_why_it_removes_nothing(place: Place) -> None:
    back_up(place)
    async with drive(place) as driver:
        assert "NOTHING IS REMOVED" in await driver.press("P")
        assert await driver.shows("nobody has said how much is to be kept")
        assert driver.app.screen.query_one("#go").disabled


async def test_where_all_has_a_reason_there_is_nothing_to_agree_to(place: Place) -> None:
    back_up(place)
    set_schedule(place.context, place.site, default_settings(place.site))
    async with drive(place) as driver:
        assert "Nothing to remove" in await driver.press("P")
        assert driver.app.screen.query_one("#go").disabled


# Drill


@pytest.mark.keys("BackupsScreen", "t")
async def test_t_drills_the_highlighted_backup(place: Place) -> None:
    first = back_up(place)
    back_up(place)
    async with drive(place) as driver:
        await driver.press("down", "t")
        assert "can be restored" in driver.notices()
        assert "drilled" in driver.listed()
    drilled = place.context.catalog.get(first.id)
    assert drilled is not None
    assert drilled.drill_status == "passed"


async def test_a_drill_that_fails_is_said_loudly(place: Place) -> None:
    backup = back_up(place)
    archive = place.context.store.archive_path("app", backup.name)
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 0xFF
    archive.write_bytes(bytes(data))
    async with drive(place) as driver:
        screen = await driver.press("t")
        assert driver.screen == "ErrorScreen"
        assert "does NOT restore" in screen
        await driver.press("enter")
        assert "DAMAGED" in driver.listed()
    drilled = place.context.catalog.get(backup.id)
    assert drilled is not None
    assert drilled.drill_status == "failed"
