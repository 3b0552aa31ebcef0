"""A real daemon that copies users' libraries, killed while it does: no day is lost, no copy is a part of one."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.progress import Reporter
from tests.cli.conftest import House
from tests.core.runner.sped import SharedClock, daemon
from tests.core.runner.waiting import until

_EVENING = datetime(2026, 5, 4, 20, 0, tzinfo=UTC)
_AT_THREE = datetime(2026, 5, 5, 1, 0, tzinfo=UTC)  # 03:00 in Berlin, where the demo is


@pytest.mark.slow
def test_a_daemon_killed_while_it_copies_goes_on_after_its_pause(tmp_path: Path) -> None:
    root = write_demo(tmp_path / "demo", disk=Filesystem(), reporter=Reporter()).folder
    house = House(root)
    house.done("init")
    with closing(sqlite3.connect(root / "app.db", isolation_level=None)) as connection:
        connection.execute("UPDATE users SET backup_enabled = 1")
    clock = SharedClock(_EVENING)
    state = root / "state" / "sites" / "movies" / "copies.json"
    with daemon(house.config, clock) as child:
        until(state.exists, "the first look")
        child.signal(signal.SIGTERM)
        assert child.wait() == 0
    for day in range(3):
        clock.set(_AT_THREE + timedelta(days=day))
        with daemon(house.config, clock) as child:
            child.until_told("copies_started")
            child.kill()
        clock.advance(minutes=6)
        with daemon(house.config, clock) as child:
            instant = (_AT_THREE + timedelta(days=day)).isoformat()
            until(lambda instant=instant: _settled(state) == instant, f"the copies of {instant} in {child.log}")
            child.signal(signal.SIGTERM)
            assert child.wait() == 0
        copies = sorted((root / "backups" / "movies" / "users").glob("*/*"))
        assert [path.name for path in copies].count(f"2026-05-0{5 + day}.json") == 2
        assert len(copies) == 2 * (day + 1)
        assert all(len(json.loads(path.read_bytes())["movies"]) > 20 for path in copies)


def _settled(state: Path) -> str:
    told = json.loads(state.read_bytes())["schedule"]["settled_until"]
    return datetime.fromisoformat(told).isoformat()
