"""The daily copies of users' libraries, look by look: when they are made, made up, tried again, and who is alarmed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import pytest

from core.config import Site
from core.config.model import LibrarySettings
from core.context import Context
from core.events import Event
from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.progress import Reporter
from core.runner.loop import Loop
from tests.core.runner.sped import SharedClock
from tests.core.runner.waiting import until
from tests.support import Place, make_place, open_place

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 5, 4, 20, 0, tzinfo=UTC)
AT_THREE = datetime(2026, 5, 5, 1, 0, tzinfo=UTC)  # 03:00 in Berlin


class Copying:
    """The site `app` and the movie library `movies`, with a clock; each `loop` is a process anew."""

    def __init__(self, root: Path, demo: Path) -> None:
        self.place = make_place(root)
        self.clock = SharedClock(EVENING)
        self.told: list[Event] = []
        self.database = root / "movies.db"
        self.database.write_bytes((demo / "app.db").read_bytes())
        self.users = dict(self.rows("SELECT username, id FROM users"))
        self.execute("UPDATE users SET backup_enabled = 1")

    def rows(self, query: str) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return list(connection.execute(query))

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute(statement)

    def context(self, disk: Filesystem | None = None, daily: str = "03:00") -> Context:
        opened: Place = open_place(self.place.root, disk=disk, clock=self.clock)
        settings = opened.context.settings
        movies = Site(name="movies", database=f"sqlite:///{self.database}", time_zone=BERLIN, folder=self.place.root)
        sites = {**settings.sites, "movies": movies}
        return replace(opened.context, settings=replace(settings, sites=sites, library=LibrarySettings(daily)))

    @contextmanager
    def loop(self, disk: Filesystem | None = None, daily: str = "03:00") -> Iterator[Loop]:
        """A loop that has looked at all sites."""
        made = Loop(self.context(disk, daily), self.told.append, "app")
        try:
            until(self.noted, "the first look", meanwhile=made.look)
            yield made
        finally:
            made.stop()
            until(lambda: not made.jobs, "the end of what is at work", meanwhile=made.look)
            made.close()

    def noted(self) -> bool:
        return (self.place.root / "state" / "sites" / "movies" / "copies.json").exists()

    def wait(self, loop: Loop, event: str, times: int = 1) -> None:
        until(lambda: len(self.events(event)) >= times and not loop.jobs, event, meanwhile=loop.look)

    def idle(self, loop: Loop) -> None:
        """Look until there is nothing to do."""
        for _ in range(5):
            until(lambda: not loop.jobs, "the end", meanwhile=loop.look)
            until(lambda: not loop._copies_agenda._looks, "the looks", meanwhile=loop.look)
            loop.look()

    def events(self, name: str) -> list[Event]:
        return [event for event in self.told if event.name == name]

    def copies(self, user: str = "mira") -> list[str]:
        folder = self.place.root / "backups" / "movies" / "users" / self.users[user]
        return sorted(path.name for path in folder.glob("*"))


class FullFor(Filesystem):
    """Has no room for one user's copies, until it is mended."""

    def __init__(self, user: str) -> None:
        self.user: str | None = user

    def fsync(self, file: IO[bytes]) -> None:
        if self.user is not None and self.user in str(Path(f"/proc/self/fd/{file.fileno()}").readlink()):
            raise OSError(28, "No space left on device")
        super().fsync(file)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("copies") / "demo", disk=Filesystem(), reporter=Reporter()).folder


@pytest.fixture
def copying(tmp_path: Path, demo: Path) -> Copying:
    return Copying(tmp_path, demo)


def test_each_day_at_three_and_the_old_ones_go(copying: Copying) -> None:
    with copying.loop() as loop:
        copying.clock.set(AT_THREE - timedelta(seconds=1))
        copying.idle(loop)
        assert copying.copies() == []
        for day in range(16):
            copying.clock.set(AT_THREE + timedelta(days=day))
            copying.wait(loop, "copies_completed", day + 1)
    found = copying.copies()
    assert (found[0], found[-1], len(found)) == ("2026-05-06.json", "2026-05-20.json", 15)
    assert copying.copies("jonas") == found
    assert not (copying.place.root / "state" / "sites" / "app" / "copies.json").exists(), "app is no library"
    assert {event.site for event in copying.told if event.name.startswith("copies")} == {"movies"}
    assert not copying.events("alarm")


def test_a_missed_day_is_made_up_once_after_a_restart(copying: Copying) -> None:
    with copying.loop():
        pass
    copying.clock.set(AT_THREE + timedelta(days=3, hours=5))
    for _ in range(2):
        with copying.loop() as loop:
            copying.wait(loop, "copies_completed")
            copying.idle(loop)
    assert copying.copies() == ["2026-05-08.json"]
    assert len(copying.events("copies_completed")) == 1


def test_one_users_failure_stops_no_other_is_alarmed_and_tried_again(copying: Copying) -> None:
    disk = FullFor(copying.users["mira"])
    with copying.loop(disk) as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_failed")
        assert (copying.copies("mira"), copying.copies("jonas")) == ([], ["2026-05-05.json"])
        assert "mira" in copying.events("copy_failed")[0].message
        (alarm,) = copying.events("alarm")
        assert (alarm.fields["kind"], "No space left" in alarm.message) == ("copies_failed", True)
        copying.idle(loop)
        assert len(copying.events("copies_started")) == 1, "not before its pause"
    before = copying.place.root / "backups" / "movies" / "users" / copying.users["jonas"] / "2026-05-05.json"
    written = before.stat().st_mtime_ns
    copying.clock.advance(minutes=5)
    with copying.loop() as loop:
        copying.wait(loop, "copies_completed")
        until(lambda: copying.events("alarm_over"), "the end of the alarm", meanwhile=loop.look)
    assert copying.copies("mira") == ["2026-05-05.json"]
    assert before.stat().st_mtime_ns == written, "only who failed is tried again"


@pytest.mark.parametrize(
    "change", ["UPDATE users SET backup_enabled = 0 WHERE id = '{}'", "DELETE FROM users WHERE id = '{}'"]
)
def test_who_wants_no_copy_any_more_gets_none_when_it_is_tried_again(copying: Copying, change: str) -> None:
    with copying.loop(FullFor(copying.users["mira"])) as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_failed")
    copying.execute(change.format(copying.users["mira"]))
    copying.clock.advance(minutes=5)
    with copying.loop() as loop:
        copying.wait(loop, "copies_completed")
        until(lambda: copying.events("alarm_over"), "the end of the alarm", meanwhile=loop.look)
    assert copying.copies("mira") == []
    assert copying.copies("jonas") == ["2026-05-05.json"]


def test_a_database_that_cannot_be_read_is_alarmed_and_the_next_day_comes(copying: Copying) -> None:
    with copying.loop() as loop:
        away = copying.database.with_name("away.db")
        copying.database.rename(away)
        copying.clock.set(AT_THREE)
        for attempt, minutes in enumerate((0, 5, 15, 60), 1):
            copying.clock.advance(minutes=minutes)
            copying.wait(loop, "copies_failed", attempt)
        copying.clock.advance(hours=5)
        copying.idle(loop)
        assert len(copying.events("copies_failed")) == 4
        away.rename(copying.database)
        copying.clock.advance(days=1)
        copying.wait(loop, "copies_completed")
    assert [event.fields["kind"] for event in copying.events("alarm_over")] == ["copies_failed"]


def test_a_site_at_work_is_waited_for(copying: Copying) -> None:
    other = copying.context()
    with copying.loop() as loop:
        with other.lock(other.settings.sites["movies"], "restore"):
            copying.clock.set(AT_THREE)
            copying.wait(loop, "copies_put_off")
            copying.clock.advance(seconds=61)
            copying.idle(loop)
        assert len(copying.events("copies_put_off")) == 1, "told once"
        copying.clock.advance(seconds=61)
        copying.wait(loop, "copies_completed")
    assert copying.copies() == ["2026-05-05.json"]


def test_the_time_is_that_of_the_configuration_and_the_clock_may_jump(copying: Copying) -> None:
    with copying.loop(daily="22:30") as loop:
        copying.clock.set(datetime(2026, 5, 4, 20, 30, tzinfo=UTC))
        copying.wait(loop, "copies_completed")
        copying.clock.set(EVENING - timedelta(days=40))  # a clock that was far ahead, set right
        copying.idle(loop)
        copying.clock.advance(days=1)
        copying.wait(loop, "copies_completed", 2)
    assert copying.copies() == ["2026-03-26.json", "2026-05-04.json"]


def test_a_site_that_is_no_library_any_more_is_forgotten_and_its_alarm_ends(copying: Copying) -> None:
    with copying.loop(FullFor(copying.users["mira"])) as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_failed")
        copying.execute("DROP TABLE entries")
        copying.clock.advance(minutes=5)
        until(lambda: not copying.noted() and copying.events("alarm_over"), "its end", meanwhile=loop.look)


def test_a_damaged_state_is_told_once(copying: Copying) -> None:
    with copying.loop() as loop:
        state = copying.place.root / "state" / "sites" / "movies" / "copies.json"
        state.write_text(json.dumps({"schedule": "yesterday"}))
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_unknown")
        copying.clock.advance(minutes=6)
        copying.idle(loop)
        assert len(copying.events("copies_unknown")) == 1
        state.unlink()
        copying.clock.advance(minutes=6)
        until(copying.noted, "a state anew", meanwhile=loop.look)
