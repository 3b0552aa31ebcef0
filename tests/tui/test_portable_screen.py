"""A portable backup from the screen: its tables with their rows, some of them or all."""

from __future__ import annotations

import json
import zipfile

import pytest

from core.backup import BackupRequest, create_backup
from core.progress import Reporter
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, agree, choose, drive

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _tables(place: Place) -> list[str]:
    (backup,) = place.context.catalog.backups("app")
    with zipfile.ZipFile(place.context.store.archive_path("app", backup.name)) as archive:
        manifest = json.loads(archive.read("metadata.json"))
    assert (backup.kind, backup.description) == ("portable", "to move")
    return [table["name"] for table in manifest["tables"]]


@SIZES
async def test_all_tables(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        await driver.press("n")
        await driver.type("to move")
        screen = await driver.press("tab", "tab", "enter")
        assert driver.screen == "PortableScreen"
        assert "in   films  20 rows" in screen
        assert "in   notes  1 row" in screen
        assert driver.focused == "tables"
        await driver.press("tab", "enter")
    assert _tables(place) == ["films", "notes"]


@pytest.mark.keys("PortableScreen", "question_mark", "escape")
async def test_some_tables_and_none(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("n")
        await driver.type("to move")
        await driver.press("tab", "tab", "enter")
        await driver.press("question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape")
        await driver.press("space", "down", "space")
        assert "out  films" in driver.text()
        await driver.press("tab")
        assert driver.focused == "cancel", "nothing is chosen, so nothing can be backed up"
        await driver.press("escape")
        assert place.context.catalog.backups("app") == []
        await driver.press("n")
        await driver.type("to move")
        await driver.press("tab", "tab", "enter", "space", "tab", "enter")
    assert _tables(place) == ["notes"]


async def test_a_database_that_is_away_is_told(place: Place) -> None:
    place.database.rename(place.database.with_name("away"))
    async with drive(place) as driver:
        await driver.press("n", "tab", "tab", "enter")
        assert "The tables cannot be listed: there is no database" in " ".join(driver.text().split())
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


async def test_it_is_restored_with_a_preview_of_its_own(place: Place) -> None:
    create_backup(place.context, place.site, Reporter(), BackupRequest(kind="portable"))
    before = place.state()
    place.execute("DELETE FROM notes", "UPDATE films SET title = 'changed'")
    async with drive(place, WIDE) as driver:
        screen = await driver.press("r")
        assert "full portable" in screen
        assert "2 tables go before" in screen + await driver.press("pagedown")
        await agree(driver, "app")
        assert "NEW: app is now as in" in await choose(driver, "now")
    assert place.state() == before
