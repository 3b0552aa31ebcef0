"""The first screen: each key, what is shown, and that it follows what other processes do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from core.keep import delete_backup, pin_backup
from tests.support import START, Place, open_place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive
from tui.screens.backups import BackupsScreen
from tui.widgets.backup_table import BackupTable

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


_AT_WORK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.locks import hold_lock
path = Path(sys.argv[1])
path.parent.mkdir(parents=True, exist_ok=True)
with hold_lock(path, actor="cron", verb="backup", now=datetime.now(UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _at_work_elsewhere(place: Place) -> Iterator[None]:
    """Another process holds the site for the block."""
    command = [sys.executable, "-c", _AT_WORK, str(place.context.lock_path(place.site))]
    folder = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


def _table(driver: Driver) -> BackupTable:
    return driver.app.screen_stack[1].query_one(BackupTable)


def _screen(driver: Driver) -> BackupsScreen:
    screen = driver.app.screen_stack[1]
    assert isinstance(screen, BackupsScreen)
    return screen


@SIZES
async def test_without_a_backup_it_says_so_and_greys_what_cannot_be_done(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        screen = driver.text()
        assert "NO GOOD BACKUP YET" in screen
        assert "app" in screen.splitlines()[0]
        assert "No backup yet: n makes one." in screen
        for key in "vr":
            assert "no backup is highlighted" in await driver.press(key)
            assert driver.screen == "BackupsScreen"


@pytest.mark.keys("BackupsScreen", "n")
@SIZES
async def test_n_makes_a_backup_and_it_appears(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        assert "Description" in await driver.press("n")
        await driver.type("before")
        screen = await driver.press("enter")
        (backup,) = place.context.catalog.backups("app")
        assert (backup.status, backup.description) == ("completed", "before")
        assert place.context.store.archive_path("app", backup.name).is_file()
        assert "last good backup" in screen
        assert "completed" in screen
        assert "verified" in screen
        assert backup.name in screen
        assert "before" in screen


async def test_esc_in_the_question_makes_no_backup(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("n")
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"
        assert not place.context.catalog.backups("app")


async def test_text_of_users_is_shown_as_it_is(place: Place) -> None:
    place.execute('CREATE TABLE "[/red]" (x)', 'CREATE TABLE "[bold" (x)')
    async with drive(place) as driver:
        await driver.press("n")
        driver.app.screen.query_one(Input).value = "[/red] [bold"
        screen = await driver.press("enter")
        assert "[/red] [bold" in screen
        assert "\n".join(screen.splitlines()).count("[/red]") >= 2
        place.execute('INSERT INTO "[/red]" VALUES (1)')
        (place.uploads / "[").mkdir()
        (place.uploads / "[" / "red] \x1b[31m.txt").write_text("lost")
        screen = await driver.press("r")
        assert "table [/red]: 1 row" in screen
        assert "files/[/red] ?[31m.txt" in screen
        assert "\x1b" not in screen


@pytest.mark.keys("BackupsScreen", "v")
async def test_v_verifies_and_notes_it(place: Place) -> None:
    backup = back_up(place)
    place.context.catalog.set_verified(backup.id, None)
    async with drive(place) as driver:
        assert "not verified" in driver.text()
        await driver.press("v")
        assert "every hash agrees" in driver.notices()
        found = place.context.catalog.get(backup.id)
        assert found is not None
        assert found.verified_at is not None


@SIZES
async def test_a_damaged_archive_is_said_whole_and_stays_marked(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    archive = place.context.store.archive_path("app", backup.name)
    damaged = bytearray(archive.read_bytes())
    damaged[200] ^= 0xFF
    archive.write_bytes(damaged)
    async with drive(place, size) as driver:
        screen = await driver.press("v")
        assert driver.screen == "ErrorScreen"
        assert f"{backup.name} is DAMAGED" in screen
        assert "'database.db' holds more" in screen
        assert "What to do: make a new backup" in screen
        assert "DAMAGED" in await driver.press("enter")
        assert "NO GOOD BACKUP YET" in driver.text()


async def test_the_details_follow_the_highlighted_row(place: Place) -> None:
    older, newer = back_up(place, "older"), back_up(place, "newer")
    async with drive(place) as driver:
        assert newer.name in driver.text()
        screen = await driver.press("down")
        assert older.name in screen
        assert newer.name not in screen
        assert "films" in screen
        await driver.press("enter")
        assert driver.focused == "details"
        await driver.press("escape")
        assert driver.focused == "backups"
        assert newer.name in await driver.press("up")


async def test_the_work_of_others_appears_and_the_highlighted_row_stays(place: Place) -> None:
    first, second = back_up(place, "first"), back_up(place, "second")
    async with drive(place) as driver:
        await driver.press("down")
        other = open_place(place.root, clock=place.context.clock)
        third = back_up(other, "third")
        screen = await driver.look()
        assert "third" in screen
        assert _table(driver).current == first
        pin_backup(other.context, other.site, first, pinned=True)
        assert "pinned" in await driver.look()
        delete_backup(other.context, other.site, second)
        delete_backup(other.context, other.site, third)
        screen = await driver.look()
        assert "third" not in screen
        current = _table(driver).current
        assert current is not None
        assert current.id == first.id


async def test_a_failed_backup_has_neither_archive_nor_restore(place: Place) -> None:
    catalog = place.context.catalog
    begun = catalog.begin_backup(
        name="backup_x",
        site="app",
        kind="snapshot",
        scope="full",
        role="manual",
        description="",
        created_by="cron",
        created_at=START,
    )
    catalog.fail_backup(begun.id, "no space left")
    async with drive(place) as driver:
        assert "LAST BACKUP FAILED" in driver.text()
        assert "no space left" in driver.text()
        for key in "vr":
            assert "this backup is failed" in await driver.press(key)
            assert driver.screen == "BackupsScreen"


@SIZES
async def test_the_highlighted_backup_stands_out(place: Place, size: tuple[int, int]) -> None:
    for description in ("first", "second"):
        back_up(place, description)
    async with drive(place, size) as driver:
        assert _reversed_lines(driver) == ["second"]
        await driver.press("down")
        assert _reversed_lines(driver) == ["first"]


def _reversed_lines(driver: Driver) -> list[str]:
    """The descriptions in the lines of the list that are drawn in reverse."""
    table = driver.app.screen.query_one(BackupTable)
    lines = [table.render_line(y) for y in range(1, table.page.total + 1)]
    marked = [line.text for line in lines if all(part.style and part.style.reverse for part in line)]
    return [word for line in marked for word in ("first", "second") if word in line]


async def test_another_site_is_shown(place: Place) -> None:
    backup = back_up(place)
    second = replace(place.site, name="second")
    settings = replace(place.context.settings, sites={"app": place.site, "second": second})
    several = replace(place, context=replace(place.context, settings=settings))
    async with drive(several) as driver:
        assert "app  (1 of 2)" in driver.text()
        _screen(driver).show_site(second)
        screen = await driver.settle()
        assert "second  (2 of 2)" in screen
        assert "NO GOOD BACKUP YET" in screen
        assert backup.name not in screen
        _screen(driver).show_site(place.site)
        assert backup.name in await driver.settle()


@SIZES
async def test_help_lists_the_keys(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        screen = await driver.press("question_mark")
        for words in ("Back up", "Verify", "Restore"):
            assert words in screen
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


async def test_read_only_looks_and_changes_nothing(place: Place) -> None:
    backup = back_up(place)
    place.context.catalog.set_verified(backup.id, None)
    async with drive(open_place(place.root, read_only=True)) as driver:
        assert "READ-ONLY" in driver.text()
        assert "greenroom is read-only" in await driver.press("n")
        assert driver.screen == "BackupsScreen"
        await driver.press("v")
        assert "every hash agrees; not noted" in driver.notices()
        found = place.context.catalog.get(backup.id)
        assert found is not None
        assert found.verified_at is None


async def test_who_else_works_on_the_site_is_named(place: Place) -> None:
    async with drive(place) as driver:
        with _at_work_elsewhere(place):
            screen = await driver.look()
            assert "at work: cron, backup, process" in screen
            await driver.press("n")
            assert "the site is in use by cron" in await driver.press("enter")
            await driver.press("enter")
        assert "at work" not in await driver.look()


async def test_a_catalog_that_cannot_be_read_is_said_until_it_can(place: Place) -> None:
    back_up(place, "kept")
    catalog = place.root / "state" / "catalog.db"
    away = catalog.with_name("away.db")
    async with drive(place) as driver:
        catalog.rename(away)
        screen = await driver.look()
        assert "CANNOT LOOK" in screen
        assert "Looking again" in screen
        away.rename(catalog)
        screen = await driver.look()
        assert "CANNOT LOOK" not in screen
        assert "kept" in screen


async def test_a_storage_that_is_away_is_said_until_it_is_back(place: Place) -> None:
    backup = back_up(place)
    storage = place.root / "backups"
    away = place.root / "away"
    async with drive(place) as driver:
        storage.rename(away)
        screen = await driver.look()
        assert "storage: ERROR" in screen
        assert "is the disk mounted?" in screen
        assert "IS GONE" in screen
        assert "cannot be used" in await driver.press("v")
        await driver.press("enter")
        away.rename(storage)
        screen = await driver.look()
        assert "GiB free" in screen or "MiB free" in screen
        assert "IS GONE" not in screen
        assert backup.name in screen
