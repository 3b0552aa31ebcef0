"""Drills of sites on servers: a database beside the site's, tried and dropped, and the site as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from core.databases.connect import open_server
from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase
from tests.engines.test_restore_into import back_up
from tests.engines.test_restore_on_servers import SERVERS, state

_DATABASES = {
    "postgresql": "SELECT datname FROM pg_database ORDER BY 1",
    "mysql": "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def drill(house: House, backup: str, code: int = 0) -> dict[str, Any]:
    ran = house.greenroom("drill", backup, "--json")
    assert ran.code == code, ran.err
    (result,) = ran.json["results"]
    return dict(result)


def scratch_databases(url: str) -> list[str]:
    """The databases of the server that are of a drill of this one."""
    engine = "mysql" if url.startswith("mysql") else "postgresql"
    server = open_server(url)
    with server.connect() as connection:
        found = [str(name) for name in connection.execute(text(_DATABASES[engine])).scalars()]
    server.dispose()
    return [name for name in found if name.startswith(f"{make_url(url).database}_greenroom")]


def left_of(house: House) -> list[str]:
    return [path.name for path in house.root.rglob("*drill*") if path.name != "drill.lock"]


@pytest.mark.parametrize("engine", SERVERS)
@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_a_good_backup_passes(house: House, make_database: MakeDatabase, engine: str, kind: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url, kind)
    before = state(house, url)
    found = drill(house, backup)
    assert (found["error"], found["drill"]["status"], found["drill"]["notices"]) == (None, "passed", [])
    compared = found["drill"]["compared"]
    assert compared["place"] == ("an SQLite file" if kind == "portable" else "a database beside the site's")
    assert (compared["tables"], compared["records"], compared["files"]) == (3, 4, 2)
    assert (compared["foreign_keys"], compared["inserts"]) == (2, 1)
    assert found["backup"]["drill_status"] == "passed"
    assert state(house, url) == before
    assert scratch_databases(url) == []
    assert left_of(house) == []
