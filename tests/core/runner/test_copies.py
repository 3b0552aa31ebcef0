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
from core.runner.copies_state import CopiesState, read_state, write_state
from core.runner.copying import copy_libraries
from core.runner.jobs import Job
from core.runner.loop import Loop
from core.runner.run import Order
from core.runner.steps import begun
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
        self.others: dict[str, Path] = {}
        self.users = dict(self.rows("SELECT username, id FROM users"))
        self.execute("UPDATE users SET backup_enabled = 1")

    def seen_once(self) -> tuple[Context, Site, CopiesState]:
        """Let a loop see the library for the first time; return what it notes of that, and where."""
        with self.loop():
            pass
        context = self.context()
        site = context.settings.sites["movies"]
        state = read_state(context, site)
        assert state is not None
        return context, site, state

    def rows(self, query: str) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return list(connection.execute(query))

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute(statement)

    def context(self, disk: Filesystem | None = None, daily: str = "03:00") -> Context:
        opened: Place = open_place(self.place.root, disk=disk, clock=self.clock)
        settings = opened.context.settings
        libraries = {
            name: Site(name=name, database=f"sqlite:///{database}", time_zone=BERLIN, folder=self.place.root)
            for name, database in {"movies": self.database, **self.others}.items()
        }
        sites = {**settings.sites, **libraries}
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

    def more(self, *names: str) -> None:
        """Let there be other libraries, with the same content."""
        for name in names:
            database = self.database.with_name(f"{name}.db")
            database.write_bytes(self.database.read_bytes())
            self.others[name] = database

    def noted(self, site: str = "movies") -> bool:
        return (self.place.root / "state" / "sites" / site / "copies.json").exists()

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

    def copies(self, user: str = "mira", site: str = "movies") -> list[str]:
        folder = self.place.root / "backups" / site / "users" / self.users[user]
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


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 22, 5, tzinfo=UTC), datetime(2026, 10, 24, 22, 5, tzinfo=UTC)])
def test_a_time_that_a_day_has_twice_or_not_at_all_makes_one_copy(copying: Copying, day: datetime) -> None:
    copying.clock.set(day)
    with copying.loop(daily="02:30") as loop:
        for _ in range(24):
            copying.clock.advance(minutes=30)
            copying.idle(loop)
    assert len(copying.events("copies_completed")) == 1
    assert copying.copies() == [f"{day + timedelta(days=1):%Y-%m-%d}.json"]


def test_a_clock_that_is_set_back_a_little_makes_no_second_copy(copying: Copying) -> None:
    with copying.loop() as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_completed")
        for hours in (-2, 1, 1, 1):
            copying.clock.advance(hours=hours)
            copying.idle(loop)
        assert len(copying.events("copies_completed")) == 1
        copying.clock.set(AT_THREE + timedelta(days=1))
        copying.wait(loop, "copies_completed", 2)
    assert copying.copies() == ["2026-05-05.json", "2026-05-06.json"]


def test_after_a_kill_in_the_middle_it_is_tried_again_and_what_was_left_goes(copying: Copying) -> None:
    context, site, state = copying.seen_once()
    write_state(context, site, begun(state.schedule, AT_THREE, AT_THREE, [5]))
    place = context.store.users_folder("movies") / copying.users["mira"]
    place.mkdir(parents=True)
    (place / "2026-05-05.json.partial").write_text('{"version": 2, "mov')
    copying.clock.set(AT_THREE + timedelta(minutes=1))
    with copying.loop() as loop:
        copying.idle(loop)
        assert copying.events("copies_started") == []
        copying.clock.advance(minutes=4)
        copying.wait(loop, "copies_completed")
    assert copying.copies() == ["2026-05-05.json"]
    assert copying.events("copies_started")[0].fields["attempt"] == 2


def test_the_app_and_the_daemon_make_one_copy(copying: Copying) -> None:
    told: list[Event] = []
    with copying.loop() as loop:
        other = Loop(copying.context(), told.append, "daemon")
        copying.clock.set(AT_THREE)
        other.look()
        assert not other.mine
        copying.wait(loop, "copies_completed")
        other.look()
        # One that found it due a moment before does not make it again.
        site = copying.context().settings.sites["movies"]
        copy_libraries(copying.context(), Job(Order(site, AT_THREE), AT_THREE, what="copies"), told.append)
        other.stop()
        other.close()
    assert {event.name for event in told} <= {"loop_elsewhere"}
    assert len(copying.events("copies_started")) == 1


def test_several_libraries_are_copied_one_after_the_other(copying: Copying) -> None:
    copying.more("series", "concerts")
    with copying.loop() as loop:
        until(lambda: all(map(copying.noted, ("series", "concerts"))), "the first looks", meanwhile=loop.look)
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_completed", 3)
        copying.idle(loop)
    assert sorted(str(event.site) for event in copying.events("copies_completed")) == ["concerts", "movies", "series"]
    assert [copying.copies(site=name) for name in ("series", "concerts")] == [["2026-05-05.json"]] * 2


def test_a_place_that_cannot_be_written_is_alarmed_and_another_site_goes_on(copying: Copying) -> None:
    copying.more("series")
    place = copying.place.root / "backups" / "movies"
    place.mkdir()
    (place / "users").write_text("no folder")
    with copying.loop() as loop:
        until(lambda: copying.noted("series"), "the first look", meanwhile=loop.look)
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_failed")
        copying.wait(loop, "copies_completed")
        (alarm,) = copying.events("alarm")
        assert (alarm.site, "not copied" in alarm.message) == ("movies", True)
        (place / "users").unlink()
        copying.clock.advance(minutes=5)
        copying.wait(loop, "copies_completed", 2)
    assert copying.copies() == ["2026-05-05.json"]


def test_a_user_whose_rows_make_no_sense_stops_no_other(copying: Copying) -> None:
    with closing(sqlite3.connect(copying.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE entries SET status = 'lost' WHERE user_id = ?", (copying.users["mira"],))
    with copying.loop() as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_failed")
    assert "'lost'" in copying.events("copy_failed")[0].message
    assert (copying.copies("mira"), copying.copies("jonas")) == ([], ["2026-05-05.json"])


def test_a_user_with_another_name_keeps_the_copies(copying: Copying) -> None:
    with copying.loop() as loop:
        copying.clock.set(AT_THREE)
        copying.wait(loop, "copies_completed")
        copying.execute("UPDATE users SET username = '../../müra', email = 'x' WHERE username = 'mira'")
        copying.clock.advance(days=1)
        copying.wait(loop, "copies_completed", 2)
    assert copying.copies() == ["2026-05-05.json", "2026-05-06.json"]


def test_more_failures_than_are_noted_one_by_one_are_all_tried_again(copying: Copying) -> None:
    context, site, state = copying.seen_once()
    write_state(context, site, state.schedule, [f"{number:036}" for number in range(150_000)])
    found = read_state(context, site)
    assert found is not None
    assert found.left == ()
