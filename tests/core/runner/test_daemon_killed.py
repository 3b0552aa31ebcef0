"""A real daemon with real backups, killed at random moments and started again: no run is lost, none is doubled."""

from __future__ import annotations

import json
import random
import signal
import threading
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from core.catalog import ScheduleSettings, ScheduleState
from core.config import load_settings
from core.context import Context, open_context
from core.locks import lock_holder
from core.progress import Reporter
from core.scheduler import upcoming
from core.verify import verify_backup
from tests.cli.conftest import House
from tests.core.runner.sped import Child, SharedClock, daemon
from tests.core.runner.waiting import until

_START = datetime(2026, 3, 28, 20, 10, tzinfo=UTC)  # the night in which the clocks of Europe go forward
_HOURLY = ScheduleSettings(
    enabled=True,
    frequency="hourly",
    time="00:30",
    time_zone="Europe/Berlin",
    drill="weekly",
    retention_days=None,
    max_backups=3,
    keep_daily=0,
    keep_weekly=0,
    keep_monthly=0,
    keep_minimum=1,
)


class Killed:
    """A house with an hourly schedule, its clock, and what was made."""

    def __init__(self, root: Path) -> None:
        self.house = House(root)
        self.house.add_site("app")
        self.house.config.write_text(self.house.config.read_text() + "\n[daemon]\nretry_minutes = [5, 5, 5, 5]\n")
        self.house.done("init")
        self.clock = SharedClock(_START)
        self.context: Context = open_context(load_settings(self.house.config, environ={}), clock=self.clock)
        self.context.catalog.save_schedule("app", _HOURLY, ScheduleState(settled_until=_START), "test", _START)
        self.made: list[datetime] = []

    def daemon(self) -> AbstractContextManager[Child]:
        return daemon(self.house.config, self.clock)

    def is_made(self, instant: datetime) -> bool:
        state = self.context.catalog.schedule("app")
        assert state is not None
        return self.context.catalog.made_for("app", instant) is not None and state.state.settled_until == instant

    def check(self) -> None:
        """The catalog, the storage and the schedule say the same, and nobody holds a lock."""
        backups = self.context.catalog.backups("app")
        completed = [backup for backup in backups if backup.status == "completed"]
        kept = sorted(backup.scheduled_for for backup in completed if backup.scheduled_for)
        logs = self.context.catalog.cleanups("app", limit=1000)
        removed = [name for log in logs for name in json.loads(log.details)]
        assert len(kept) + len(removed) == len(self.made)
        assert set(kept) <= set(self.made)
        assert kept[-1] == self.made[-1]
        assert not {backup.name for backup in completed} & set(removed)
        assert {backup.status for backup in backups} <= {"completed", "failed"}
        assert {backup.error for backup in backups} <= {None, "interrupted"}
        assert sorted(self.context.store.archives("app")) == sorted(backup.name for backup in completed)
        assert list(self.context.store.partials("app")) == []
        for backup in completed:
            verify_backup(self.context, self.context.settings.site("app"), backup, Reporter())
        state = self.house.root / "state"
        assert [name for name in ("runner.lock", "daemon.lock", "sites/app/lock") if lock_holder(state / name)] == []


def _kill_again_and_again(root: Path, rounds: int, seed: int) -> None:
    """Each round an instant comes, or three at once, whose last one alone is made up; the daemon is killed over it."""
    dice = random.Random(seed)
    place = Killed(root)
    for number in range(rounds):
        instants = upcoming(_HOURLY, place.clock())
        last = [next(instants) for _ in range(dice.choice([1, 1, 3]))][-1]
        kills = dice.choice([0, 1, 1, 2])
        comes_before = dice.random() < 0.5
        for kill in range(kills):
            if kill == 0 and comes_before:
                place.clock.set(last + timedelta(minutes=1))
            with place.daemon():
                if kill == 0:
                    place.clock.set(last + timedelta(minutes=1))
                threading.Event().wait(dice.uniform(0, 0.2))
            place.clock.advance(minutes=6)  # the pause after an attempt that came to no end
        with place.daemon() as child:
            place.clock.set(max(place.clock(), last + timedelta(minutes=1)))
            until(partial(place.is_made, last), f"round {number}: the backup for {last} in:\n{child.log}")
        place.made.append(last)
    with place.daemon() as child:
        child.signal(signal.SIGTERM)
        assert child.wait() == 0
    place.check()


@pytest.mark.slow
def test_no_run_is_lost_or_doubled(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path, rounds=6, seed=1)


def test_a_start_brings_catalog_and_storage_into_agreement(tmp_path: Path) -> None:
    place = Killed(tmp_path)
    name = place.house.back_up()
    place.context.store.set_aside("app", name)  # a deletion that was killed before its commit
    place.context.catalog.begin_backup(
        name="backup_20260101_000000",
        site="app",
        kind="snapshot",
        scope="full",
        role="scheduled",
        description="",
        created_by="test",
        created_at=_START,
    )
    with place.daemon() as child:
        child.signal(signal.SIGTERM)
        assert child.wait() == 0
    assert list(place.context.store.archives("app")) == [name]
    assert {backup.name: backup.error for backup in place.context.catalog.backups("app")} == {
        name: None,
        "backup_20260101_000000": "interrupted",
    }


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_no_run_is_lost_or_doubled_in_many_rounds(tmp_path: Path, seed: int) -> None:
    _kill_again_and_again(tmp_path, rounds=40, seed=seed)
