"""The head and the foot of the first screen: what is wrong is said first, and what is needed has room everywhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.backup import create_backup
from core.errors import CancelledError
from core.progress import CancelToken, Reporter
from core.rebuild_note import note_rebuild
from tests.support import Place, SteppingClock
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive
from tests.tui.gate import Gate
from tests.tui.ways import with_second_site
from tui.widgets.fitting_footer import actions_left_out
from tui.widgets.title_line import title_text

_SECONDS = 30.0
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


_NAMES = "1 Backups  4 Schedule"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (62, f"greenroom  shop  (1 of 2)   {_NAMES}   9 GiB free"),
        (61, f"greenroom  shop  (1 of 2)   {_NAMES}  9 GiB free"),
        (60, f"shop  (1 of 2)   {_NAMES}            9 GiB free"),
        (50, f"shop  (1 of 2)   {_NAMES}  9 GiB free"),
        (49, f"shop   {_NAMES}           9 GiB free"),
        (39, f"shop  (1 of 2)   {_NAMES}"),
        (27, f"...   {_NAMES}"),
    ],
)
def test_a_narrow_title_leaves_out_what_is_needed_least(width: int, line: str) -> None:
    about = ("greenroom  shop  (1 of 2)", "shop  (1 of 2)", "shop")
    assert title_text(about, _NAMES, "9 GiB free", width) == line


def test_only_what_has_no_room_is_left_out() -> None:
    widths = {"new": 10, "adopt": 8, "copy": 7, "quit": 7}
    assert actions_left_out(widths, ("copy", "prune", "adopt"), 32) == set()
    assert actions_left_out(widths, ("copy", "prune", "adopt"), 31) == {"copy"}
    assert actions_left_out(widths, ("copy", "prune", "adopt"), 9) == {"copy", "adopt"}


def _title_and_foot(driver: Driver) -> tuple[str, str]:
    lines = driver.text().splitlines()
    return lines[0], lines[-1]


@SIZES
async def test_all_screens_and_the_way_out_are_named_whatever_goes_on(
    gated: Place, gate: Gate, size: tuple[int, int]
) -> None:
    back_up(gated)
    async with drive(with_second_site(gated), size) as driver:
        title, foot = _title_and_foot(driver)
        assert "4 Schedule  " in title
        assert title.rstrip().endswith(" free")
        assert "? Help" in foot
        assert "q Quit" in foot
        assert ("t Drill" in foot, "P Prune" in foot) == (size == WIDE, size == WIDE)
        gate.shut()
        await driver.hit("n", "enter")
        assert await asyncio.to_thread(gate.reached.wait, _SECONDS)
        await driver.until(lambda: "x Cancel work" in _title_and_foot(driver)[1])
        assert "q Quit" in _title_and_foot(driver)[1]
        assert "? Help" in _title_and_foot(driver)[1]
        gate.open()


async def test_the_foot_follows_the_size(place: Place) -> None:
    async with drive(place, NARROW) as driver:
        assert "t Drill" not in driver.text()
        await driver.pilot.resize_terminal(110, 30)
        await driver.until(lambda: "t Drill" in _title_and_foot(driver)[1])
        assert "P Prune" in driver.text()
        assert "greenroom  app" in driver.text()


async def test_an_archive_that_is_gone_and_a_lost_schedule_are_said(place: Place) -> None:
    backup = back_up(place)
    (place.root / "backups" / "app" / f"{backup.name}.zip").unlink()
    note_rebuild(place.context, place.site)
    async with drive(with_second_site(place)) as driver:
        assert "ARCHIVE GONE: " in driver.text()
        assert "SCHEDULE LOST: the catalog was rebuilt, and knows no schedule: 4 sets it again" in driver.text()
        screen = await driver.press("s")
        assert "ARCHIVE GONE, SCHEDULE LOST" in screen


async def test_a_backup_that_was_stopped_is_called_so(place: Place) -> None:
    token = CancelToken()
    with pytest.raises(CancelledError):
        create_backup(place.context, place.site, Reporter(lambda _: token.cancel(), token))
    async with drive(place) as driver:
        assert "cancelled" in driver.text()
        assert "FAILED" not in driver.text()
