"""A restore that waits, was interrupted or failed is said first, and nothing happens to it by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from core.catalog import BackupRecord
from core.errors import GreenroomError
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.marker import Phase, failed_marker_path, marker_path, read_marker, write_marker
from core.restore.now import restore_now
from core.restore.stage import stage_restore
from tests.support import Place, change_place, open_place, run_until_killed
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _stage(place: Place) -> BackupRecord:
    backup = back_up(place, "good state")
    change_place(place)
    stage_restore(place.context, place.site, backup, Reporter())
    return backup


def _off(driver: Driver, name: str) -> bool:
    return driver.app.screen.query_one(f"#{name}", Button).disabled


async def _choose(driver: Driver, name: str) -> str:
    for _ in range(8):
        if driver.focused == name:
            return await driver.press("enter")
        await driver.press("tab")
    pytest.fail(f"no way to {name} by tab")


@SIZES
async def test_a_staged_restore_is_offered_first_and_later_has_the_focus(place: Place, size: tuple[int, int]) -> None:
    backup = _stage(place)
    before = place.state()
    async with drive(place, size) as driver:
        assert driver.screen == "PendingScreen"
        assert driver.focused == "later"
        screen = driver.text()
        for words in ("A RESTORE IS PENDING", backup.name, "good state", "staged and waiting", "asked"):
            assert words in screen
        compared = await _choose(driver, "more")
        for _ in range(40):
            compared += await driver.press("down")
        for words in ("WHAT IS LOST", "files/new.txt", "table films", "1 file LOST", "Targets", "Journal"):
            assert words in compared
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before
    assert read_marker(marker_path(place.context, place.site)) is not None


@SIZES
async def test_it_is_applied_once_the_name_was_typed(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    good = place.state()
    change_place(place)
    stage_restore(place.context, place.site, backup, Reporter())
    async with drive(place, size) as driver:
        screen = await _choose(driver, "apply")
        assert driver.screen == "ConsentScreen"
        assert "WHAT IS LOST" in screen
        assert driver.focused == "no"
        await driver.press("shift+tab")
        await driver.type("ap")
        assert _off(driver, "yes")
        await driver.type("p")
        await driver.press("enter", "tab")
        assert f"NEW: app is now as in {backup.name}" in await driver.press("enter")
        assert place.state() == good
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"


async def test_it_is_taken_back(place: Place) -> None:
    _stage(place)
    before = place.state()
    async with drive(place) as driver:
        await _choose(driver, "remove")
        assert driver.screen == "BackupsScreen"
        assert "nothing of the site was changed" in driver.notices()
    assert read_marker(marker_path(place.context, place.site)) is None
    assert place.state() == before


@SIZES
async def test_an_interrupted_restore_says_not_to_start_the_application_and_is_finished(
    tmp_path: Path, place: Place, size: tuple[int, int]
) -> None:
    backup = back_up(place)
    good = place.state()
    change_place(place)
    changed = place.state()
    for step in range(1, 200):
        if read_marker(marker_path(place.context, place.site)) is None:
            stage_restore(place.context, place.site, backup, Reporter())
        run_until_killed(
            lambda disk: apply_restore(
                *((other := open_place(place.root, disk=disk, clock=place.context.clock)).context, other.site),
                Reporter(),
            ),
            step * 8,
        )
        marker = read_marker(marker_path(place.context, place.site))
        if marker is not None and marker.changed_site:
            break
        assert marker is not None, "the apply came to its end without being killed in the middle"
    async with drive(place, size) as driver:
        assert driver.screen == "PendingScreen"
        screen = driver.text()
        assert "INTERRUPTED RESTORE" in screen
        assert "DO NOT START THE APPLICATION of app" in screen
        assert _off(driver, "remove")
        assert "it must be finished first" in screen
        assert driver.focused == "later"
        screen = await _choose(driver, "apply")
        assert driver.screen == "RestoringScreen"
        assert ("NEW: app" in screen) == (place.state() == good)
        assert place.state() in (good, changed)
    assert read_marker(marker_path(place.context, place.site)) is None


@SIZES
async def test_a_failed_restore_says_why_and_is_cleared(place: Place, size: tuple[int, int]) -> None:
    _stage(place)
    before = place.state()
    marker = read_marker(marker_path(place.context, place.site))
    assert marker is not None
    (marker.targets[0].staged).write_bytes(b"spoilt meanwhile")
    with pytest.raises(GreenroomError):
        apply_restore(place.context, place.site, Reporter())
    assert read_marker(failed_marker_path(place.context, place.site)) is not None
    async with drive(place, size) as driver:
        screen = driver.text()
        assert "A RESTORE FAILED" in screen
        assert "the site is exactly as it was before" in screen
        assert "is not what was staged any more" in " ".join(screen.split())
        await _choose(driver, "remove")
        assert driver.screen == "BackupsScreen"
    assert read_marker(failed_marker_path(place.context, place.site)) is None
    assert place.state() == before


async def test_a_staging_that_died_cannot_be_applied(place: Place) -> None:
    _stage(place)
    path = marker_path(place.context, place.site)
    marker = read_marker(path)
    assert marker is not None
    write_marker(place.context, path, marker.but(phase=Phase.STAGING))
    async with drive(place) as driver:
        assert "its staging was interrupted" in driver.text()
        assert _off(driver, "apply")
        await _choose(driver, "remove")
        assert driver.screen == "BackupsScreen"


async def test_read_only_looks_and_says_why_nothing_can_be_done(place: Place) -> None:
    _stage(place)
    async with drive(open_place(place.root, read_only=True)) as driver:
        assert driver.screen == "PendingScreen"
        assert "greenroom is read-only" in driver.text()
        assert _off(driver, "apply")
        assert _off(driver, "remove")


async def test_a_mark_that_cannot_be_read_is_said(place: Place) -> None:
    back_up(place)
    path = marker_path(place.context, place.site)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    async with drive(place) as driver:
        assert driver.screen == "PendingScreen"
        screen = " ".join(driver.text().split())
        assert "DO NOT START THE APPLICATION" in screen
        assert "is not a marker that greenroom wrote" in screen
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"


async def test_nothing_is_said_where_nothing_waits(place: Place) -> None:
    restore_now(place.context, place.site, back_up(place), Reporter())
    async with drive(place) as driver:
        assert driver.screen == "BackupsScreen"
