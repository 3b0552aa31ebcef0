"""A row that is longer than a packet of the server: it goes in whole, or nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.test_restore_into import site_keys, tables_of
from tests.engines.test_target import fetch

pytestmark = pytest.mark.slow
_PACKET = 1 << 20


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


@contextmanager
def _global(url: str, name: str, value: int) -> Iterator[None]:
    ((before,),) = fetch(url, f"SELECT @@GLOBAL.{name}")
    run_sql(url, f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        run_sql(url, f"SET GLOBAL {name} = {before}")


@pytest.mark.parametrize(
    ("kind", "local_infile", "words"),
    [("portable", 1, ""), ("portable", 0, "row 1: takes 3,145,"), ("snapshot", 1, "gone away")],
)
def test_more_than_a_packet(
    house: House, make_database: MakeDatabase, kind: str, local_infile: int, words: str
) -> None:
    url, into = make_database("mysql"), make_database("mysql")
    run_sql(url, f"CREATE TABLE t (id INT PRIMARY KEY, a LONGTEXT);\nINSERT INTO t VALUES (1, '{'x' * 3 * _PACKET}')")
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup", "app", "--kind", kind)
    run_sql(url, "UPDATE t SET a = 'now'")
    with _global(url, "max_allowed_packet", _PACKET), _global(url, "local_infile", local_infile):
        ran = house.greenroom("restore", "latest", "--now", "--yes")
        assert ran.code == (1 if words else 0)
        assert words in ran.err
        assert "Traceback" not in ran.err
        assert fetch(url, "SELECT id, LENGTH(a) FROM t") == [(1, 3 if words else 3 * _PACKET)]
        if kind == "portable":
            elsewhere = house.greenroom("restore", "latest", "--into", into, "--now", "--yes")
            assert elsewhere.code == (1 if words else 0)
            assert tables_of(into) == ([] if words else ["t"])
    if words and kind == "portable":
        house.done("restore-cancel", "app")
    house.done("restore", "latest", "--now", "--yes")
    assert fetch(url, "SELECT id, LENGTH(a) FROM t") == [(1, 3 * _PACKET)]
