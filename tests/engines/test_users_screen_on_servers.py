"""The screen of the users on a library that a server holds: no file tells that it changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.config import Site
from core.databases.sessions import reading, writing
from core.library.transfer import find_user, set_backup
from core.library.users import copies_folder, export_file
from core.progress import Reporter
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import MIRA, add_user, take_in
from tests.engines.conftest import MakeDatabase
from tests.engines.libraries import made_tables
from tests.support import Place, SteppingClock, make_place
from tests.tui.driver import NARROW, choose, drive, focus


@pytest.fixture(params=["postgresql", "mysql"])
def library(request: pytest.FixtureRequest, make_database: MakeDatabase, tmp_path: Path) -> Place:
    address = make_database(request.param)
    place = make_place(tmp_path)
    site = Site(name="app", database=address, folder=tmp_path)
    with writing(made_tables(address)) as session:
        add_user(session, MIRA, "mira")
        take_in(session, tmp_path, FULL)
        session.commit()
    settings = replace(place.context.settings, sites={"app": site})
    return replace(place, site=site, context=replace(place.context, settings=settings))


async def test_a_library_on_a_server_is_switched_restored_and_brought_back(library: Place) -> None:
    url = library.site.database_url()
    place = copies_folder(library.context, library.site) / MIRA
    place.mkdir(parents=True, mode=0o700)
    export_file(library.context, library.site, MIRA, place / "2026-01-05.json", Reporter())
    with writing(url) as session:
        take_in(session, library.root, {"version": 2, "movies": [{"imdb_id": "tt7654321", "status": "watched"}]})
        session.commit()
    async with drive(library, NARROW) as driver:
        assert "mira" in await driver.press("6")
        await driver.press("b")
        await driver.until(lambda: "copied each day at" in driver.text())
        await driver.press("enter", "enter")
        assert await driver.shows("tt7654321")
        assert driver.focused == "no"
        await focus(driver, "name")
        await driver.type("mira")
        assert "Restore for mira done" in await choose(driver, "yes")
        await driver.press("escape", "u")
        await focus(driver, "name")
        await driver.type("mira")
        assert "Undo for mira done" in await choose(driver, "yes")
    with reading(url) as session:
        assert find_user(session, "mira").backup_enabled


async def test_what_others_change_is_seen_within_a_minute(library: Place) -> None:
    clock = library.context.clock
    assert isinstance(clock, SteppingClock)
    async with drive(library, NARROW) as driver:
        before = await driver.press("6")
        assert "not copied each day" in before
        with writing(library.site.database_url()) as session:
            set_backup(session, MIRA, enabled=True)
            session.commit()
        clock.now += timedelta(minutes=1)
        await driver.until(lambda: "not copied each day" not in driver.text())
