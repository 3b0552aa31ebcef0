"""What the tests of the users' screen do to a library, and the ways that they go."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from core.databases.sessions import reading
from core.library.transfer import UserRow, find_user
from core.library.users import copies_folder, export_file, restore_file
from core.progress import Reporter
from tests.support import Place
from tests.tui.driver import Driver, focus

MIRA = "3b2f6f0e-5f0c-4d1e-9f57-0d5c0a1b7e21"


def mira(place: Place) -> UserRow:
    with reading(place.site.database_url()) as session:
        return find_user(session, MIRA)


def content(place: Place, name: str = "content.json") -> dict[str, Any]:
    """What an export of mira's library holds now."""
    path = place.root / name
    export_file(place.context, place.site, MIRA, path, Reporter(), overwrite=True)
    found: dict[str, Any] = json.loads(path.read_text())
    return {**found, "exported_at": None}


def write(place: Place, **changes: Any) -> Path:
    """A file of mira's library with some changes, in the folder that the app is started in."""
    path = place.root / "out" / "in.json"
    path.write_text(json.dumps({**content(place), **changes}))
    return path


def change(place: Place, *statements: str) -> None:
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for statement in statements:
            connection.execute(statement)


def restored(place: Place) -> None:
    """Something was restored of mira's."""
    path = write(place, rankings=[])
    restore_file(place.context, place.site, mira(place), path, Reporter())


def put_copy(place: Place, text: str, day: str = "2026-01-05") -> None:
    """Put a daily copy of mira's library where greenroom keeps them."""
    folder = copies_folder(place.context, place.site) / MIRA
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (folder / f"{day}.json").write_text(text)


async def pick(driver: Driver, path: Path) -> str:
    """Type the name of a file where one is asked for: it is in the folder that the app was started in."""
    await focus(driver, "path")
    await driver.press("ctrl+u")
    await driver.type(path.name)
    return await driver.press("enter")


async def type_name(driver: Driver, name: str = "mira") -> None:
    await focus(driver, "name")
    await driver.type(name)


async def to_mira(driver: Driver) -> str:
    """Open the screen, on the second of both users."""
    await driver.press("6")
    return await driver.press("down")
