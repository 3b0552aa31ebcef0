"""The mouse: what a click and the wheel do, and that nothing needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive
from tests.tui.ways import drive_to, found, logged, prepare
from tui.widgets.backup_table import BackupTable

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _table(driver: Driver) -> BackupTable:
    return driver.app.screen.query_one(BackupTable)


async def _click_footer(driver: Driver, key: str) -> str:
    return await driver.click(next(one for one in driver.app.screen.query(FooterKey) if one.key == key))


async def _click_words(driver: Driver, words: str) -> str:
    """Click where these words stand on the screen, whatever widget that is."""
    lines = driver.text().splitlines()
    y = next(number for number, line in enumerate(lines) if words in line)
    await driver.pilot.click(offset=(lines[y].index(words), y))
    return await driver.settle()


@SIZES
async def test_a_click_on_a_row_highlights_it(place: Place, size: tuple[int, int]) -> None:
    backups = [back_up(place, description) for description in ("first", "second", "third")]
    async with drive(place, size) as driver:
        await driver.press("enter")
        screen = await driver.click("#backups", (5, 4))
        assert _table(driver).current == backups[0]
        assert backups[0].name in screen
        assert driver.focused == "backups"
        await driver.click("#backups", (5, 3))
        assert _table(driver).current == backups[1]
        await driver.click("#backups", (5, 5))
        assert _table(driver).current == backups[1], "there is no row below the last one"
        assert "pinned" in await driver.press("p")
        assert place.context.catalog.get(backups[1].id).pinned


@SIZES
async def test_a_click_on_the_name_of_a_column_orders_by_it(place: Place, size: tuple[int, int]) -> None:
    back_up(place, "old")
    (place.uploads / "large.bin").write_bytes(bytes(range(256)) * 4000)
    back_up(place, "large")
    (place.uploads / "large.bin").unlink()
    back_up(place, "new")
    columns = [("When", "oldest"), ("When", "newest"), ("Size", "largest"), ("Size", "smallest"), ("When", "newest")]
    if size == WIDE:
        columns += [("Rows", "most rows"), ("Age", "newest"), ("Age", "oldest")]
    first = {"oldest": "old", "newest": "new", "largest": "large"}
    async with drive(place, size) as driver:
        for column, order in columns:
            assert f"{order} first (o)" in await _click_words(driver, column)
            assert _table(driver).page.rows[0].description == first.get(order, _table(driver).page.rows[0].description)
        before = _table(driver).page.rows
        await _click_words(driver, "State")
        assert _table(driver).page.rows == before


@SIZES
async def test_a_click_on_a_key_of_the_footer_acts(place: Place, size: tuple[int, int]) -> None:
    back_up(place)
    async with drive(place, size) as driver:
        await _click_footer(driver, "v")
        assert "every hash agrees" in driver.notices()
        await _click_footer(driver, "n")
        assert driver.screen == "DescriptionScreen"
        await _click_words(driver, "[ Back up ]")
        assert len(place.context.catalog.backups("app")) == 2
        await _click_footer(driver, "question_mark")
        assert driver.screen == "HelpScreen"
        await _click_words(driver, "[ Close ]")
        await _click_footer(driver, "q")
        assert not driver.app.is_running


async def test_what_is_off_is_not_done_by_a_click(place: Place) -> None:
    back_up(place)
    before = place.state()
    async with drive(place) as driver:
        await _click_footer(driver, "r")
        assert driver.screen == "RestoreScreen"
        for label in ("[ Stage ]", "[ Restore now ]"):
            await _click_words(driver, label)
            assert driver.screen == "RestoreScreen"
        await driver.click("#name")
        await driver.type("app")
        await _click_words(driver, "[ Cancel ]")
        assert driver.screen == "BackupsScreen"
    assert place.state() == before


@SIZES
async def test_the_wheel_scrolls_the_list_and_takes_the_highlight_with_it(place: Place, size: tuple[int, int]) -> None:
    back_up(place)
    for number in range(60):
        place.context.catalog.insert_found(found(number))
    async with drive(place, size) as driver:
        await driver.wheel("#details-text", lines=2)
        assert size == WIDE or driver.top("#details") > 0
        assert _table(driver).place == 0
        screen = await driver.wheel("#backups", lines=3)
        top = driver.top("#backups")
        assert top > 0
        assert _table(driver).place == top
        current = _table(driver).current
        assert current is not None
        assert current.name in screen
        await driver.click("#backups", (5, 3))
        assert _table(driver).place == top + 1
        await driver.wheel("#backups", lines=-3)
        assert driver.top("#backups") == 0


@SIZES
async def test_a_click_chooses_in_the_other_lists(place: Place, size: tuple[int, int]) -> None:
    for number in range(3):
        place.context.catalog.record_restore(logged(number))
    async with drive_to(prepare(place, "HistoryScreen"), "HistoryScreen", size) as driver:
        assert "restore of b0" in await driver.click("#log-list", (5, 4))
        assert driver.focused == "log-list"
        await driver.click("#log-list", (5, 4))
        assert driver.focused == "log-whole"
        await driver.press("s")
        await driver.click("#sites", (2, 2))
        assert driver.screen == "SitesScreen"
        await driver.click("#sites", (2, 2))
        assert driver.app.site.name == "second"


_WITHOUT_MOUSE = """
import os, pty, sys
binary, config, draws = sys.argv[1], sys.argv[2], b""
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execv(binary, [binary, "--config", config, "--no-mouse"])

def until(words):
    global draws
    while words not in draws:
        draws += os.read(terminal, 65536)

until(b"NO GOOD BACKUP YET")
os.write(terminal, b"\\x1b[<0;5;5M\\x1b[<0;5;5m")
os.write(terminal, b"n")
until(b"Description, to know it again")
os.write(terminal, b"by keys\\r")
until(b" is complete")
os.write(terminal, b"q")
print(any(code in draws for code in (b"?1000h", b"?1003h", b"?1006h")))
try:
    while os.read(terminal, 65536):
        pass
except OSError:
    pass
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_without_the_mouse_everything_is_done_by_keys(place: Place) -> None:
    config = place.root / "greenroom.toml"
    config.write_text(
        'state = "state"\nstorage = "backups"\n\n'
        '[sites.app]\ndatabase = "sqlite:///srv/app.db"\nfiles = ["srv/uploads"]\n'
    )
    config.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_MOUSE, str(Path(sys.executable).with_name("greenroom")), str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "False\n0\n", done.stderr
    (backup,) = place.context.catalog.backups("app")
    assert (backup.status, backup.description) == ("completed", "by keys")
