"""The disk of a server is full in the middle of a restore: nothing has changed, and with space it works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, administer, run_sql
from tests.engines.servers import MYSQL_NAME, POSTGRESQL_NAME
from tests.engines.test_restore_into import rows, site_keys, tables_of

_SMALL, _LARGE = "24m", "300m"
_ROWS = 6000
_NUMBERS = count()
_FILL = f"""
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {_ROWS})
    INSERT INTO films SELECT id, hex(randomblob(3000)) FROM n
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


@contextmanager
def _disk(folder: Path, like: Path) -> Iterator[Callable[[str], None]]:
    """Mount a small file system on a folder, for the same user as another one; give what changes its size."""
    owner = like.stat()
    options = f"size={_SMALL},uid={owner.st_uid},gid={owner.st_gid},mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    try:
        yield lambda size: _run("mount", "-o", f"remount,size={size}", folder)
    finally:
        _run("umount", "--lazy", folder)


def _run(*words: object) -> None:
    subprocess.run(list(map(str, words)), check=True, capture_output=True)


@contextmanager
def _postgresql(server: str) -> Iterator[tuple[str, Callable[[str], None]]]:
    """A database in a tablespace of its own."""
    if POSTGRESQL_NAME in os.environ:
        pytest.skip("the server's disk is not at hand")
    home = Path(server.partition("host=")[2])
    place = home / f"small{next(_NUMBERS)}"
    place.mkdir()
    with _disk(place, home / "data") as resize:
        data = place / "data"
        data.mkdir(mode=0o700)
        shutil.chown(data, (home / "data").stat().st_uid, (home / "data").stat().st_gid)
        administer(server, "postgresql", f"CREATE TABLESPACE small LOCATION '{data}'")
        administer(server, "postgresql", "CREATE DATABASE small TABLESPACE small")
        try:
            yield server.replace("DATABASE", "small"), resize
        finally:
            administer(server, "postgresql", "DROP DATABASE small")
            administer(server, "postgresql", "DROP TABLESPACE small")
    place.rmdir()


@contextmanager
def _mysql(server: str) -> Iterator[tuple[str, Callable[[str], None]]]:
    """A database whose folder is a disk of its own."""
    if MYSQL_NAME in os.environ:
        pytest.skip("the server's disk is not at hand")
    data = Path(str(make_url(server).query["unix_socket"])).parent / "data"
    administer(server, "mysql", "CREATE DATABASE small")
    with ExitStack() as stack:
        resize = stack.enter_context(_disk(data / "small", data))
        yield server.replace("DATABASE", "small"), resize
        for table in tables_of(server.replace("DATABASE", "small")):
            run_sql(server.replace("DATABASE", "small"), f"DROP TABLE {table}")
    administer(server, "mysql", "DROP DATABASE small")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_restore_that_fills_the_disk_of_the_server(
    house: House, make_database: MakeDatabase, server_of: Callable[[str], str], engine: str
) -> None:
    source = make_database("sqlite")
    run_sql(source, "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT)")
    run_sql(source, _FILL)
    house.add_site("app", **site_keys(source))
    house.done("init")
    house.done("backup", "app", "--kind", "portable")
    with {"postgresql": _postgresql, "mysql": _mysql}[engine](server_of(engine)) as (url, resize):
        run_sql(url, "CREATE TABLE films (id BIGINT PRIMARY KEY, title TEXT);\nINSERT INTO films VALUES (1, 'old')")
        house.set_site("app", **site_keys(url))
        ran = house.greenroom("restore", "latest", "--now", "--yes")
        assert ran.code == 1, ran.err
        assert "is exactly as it was before" in ran.err
        assert "full" in ran.err or "No space" in ran.err
        assert rows(url, "films") == [{"id": 1, "title": "old"}]
        resize(_LARGE)
        house.done("restore", "1", "--now", "--yes")
        assert len(rows(url, "films")) == _ROWS
