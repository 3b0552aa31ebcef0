"""The loop, driven look by look: whose turn it is, what it starts, and what never stops it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.drill.drill import drill_backup
from core.drill.outcome import DrillOutcome
from core.errors import UsageError
from core.events import Event
from core.progress import Reporter
from core.runner import after
from core.runner.loop import Loop
from core.runner.turn import hold_daemon, who_runs
from core.runner.watch import Watch
from tests.core.runner.conftest import INSTANT, Scheduled
from tests.core.runner.waiting import until
from tests.support import make_place, open_place

_ROOT = Path(__file__).parents[3]


class Looking:
    """A loop without a thread of its own: called with a condition it looks until that holds, and then once more."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop

    def __call__(self, condition: Callable[[Loop], object], what: str) -> None:
        until(lambda: condition(self.loop), what, meanwhile=self.loop.look)
        self.loop.look()

    def end(self) -> None:
        self.loop.stop()
        until(lambda: not self.loop.jobs, "the end of what is at work", meanwhile=self.loop.look)
        self.loop.close()


@contextmanager
def _looking(
    scheduled: Scheduled, context: Context | None = None, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Looking]:
    looking = Looking(Loop(context or scheduled.context, scheduled.tell, "app", monotonic=monotonic))
    try:
        yield looking
    finally:
        looking.end()


def _add_site(scheduled: Scheduled, name: str, database: Path | None = None) -> Context:
    """Return a context that knows one more site."""
    file = database or scheduled.place.database.with_name(f"{name}.db")
    if database is None:
        shutil.copy(scheduled.place.database, file)
    site = Site(name=name, database=f"sqlite:///{file}", folder=scheduled.place.root)
    settings = scheduled.context.settings
    return replace(scheduled.context, settings=replace(settings, sites={**settings.sites, name: site}))


def _told(scheduled: Scheduled, name: str, site: str | None = None) -> list[Event]:
    return [event for event in scheduled.told if event.name == name and site in (None, event.site)]


def test_what_is_due_is_made_and_followed_by_a_clean_up(scheduled: Scheduled) -> None:
    with _looking(scheduled) as look:
        look(lambda loop: scheduled.completed() and not loop.jobs, "the backup")
        look(lambda loop: loop.next_runs == {"app": INSTANT + timedelta(days=1)}, "the next run")
    assert scheduled.names_told()[:3] == ["loop_taken", "backup_started", "backup_completed"]
    assert "prune_completed" in scheduled.names_told("app")
    (backup,) = scheduled.completed()
    assert (backup.created_by, backup.scheduled_for) == ("schedule", INSTANT)


def test_a_drill_is_made_where_it_is_due_and_not_after_the_next_backup(scheduled: Scheduled) -> None:
    scheduled.set(drill="weekly")
    with _looking(scheduled) as look:
        look(lambda loop: _told(scheduled, "drill_passed") and not loop.jobs, "the drill")
        assert scheduled.state.last_drill == scheduled.clock()
        assert scheduled.completed()[0].drill_status == "passed"
        scheduled.clock.advance(days=1)
        look(lambda loop: len(_told(scheduled, "prune_completed")) == 2 and not loop.jobs, "the next day's")
    assert len(_told(scheduled, "drill_started")) == 1


def test_a_drill_that_hangs_holds_up_no_backup(scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(context: Context, site: Site, backup: BackupRecord, reporter: Reporter) -> DrillOutcome:
        begun.set()
        go_on.wait(60)
        return drill_backup(context, site, backup, reporter)

    monkeypatch.setattr(after, "drill_backup", hang)
    scheduled.set(drill="weekly")
    try:
        with _looking(scheduled) as look:
            look(lambda loop: begun.is_set(), "the drill")
            for days in (2, 3):
                scheduled.clock.advance(days=1)
                look(lambda loop, days=days: len(scheduled.completed()) == days, "the backups beside it")
            go_on.set()
            look(lambda loop: _told(scheduled, "drill_passed"), "its end")
    finally:
        go_on.set()
    assert scheduled.state.last_result == "completed"
    assert scheduled.state.last_drill is not None


@pytest.mark.parametrize("broken", ["drill_backup", "prune_site"])
def test_what_nobody_foresaw_is_alarmed(scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(after, broken, fail)
    scheduled.set(drill="weekly")
    with _looking(scheduled) as look:
        look(lambda loop: _told(scheduled, "alarm", "app"), "an alarm")
        look(lambda loop: _told(scheduled, "run_failed", "app"), "the log")
    assert "ZeroDivisionError: a defect" in _told(scheduled, "alarm", "app")[0].message
    assert scheduled.completed()


def test_what_waits_for_its_turn_is_not_skipped_as_missed(scheduled: Scheduled) -> None:
    context = _add_site(scheduled, "shop")
    one = replace(context.settings, daemon=replace(context.settings.daemon, parallel_runs=1))
    for site in ("app", "shop"):
        scheduled.set(site, missed="skip")
    with _looking(scheduled, replace(context, settings=one)) as look:
        look(lambda loop: len(loop.jobs) == 1 or scheduled.completed() or scheduled.completed("shop"), "the first")
        scheduled.clock.advance(minutes=6)  # the other has been waiting for so long
        look(lambda loop: scheduled.completed() and scheduled.completed("shop"), "both backups")
    assert _told(scheduled, "backup_skipped") == []


def test_no_more_runs_at_once_than_the_settings_say(scheduled: Scheduled) -> None:
    context = _add_site(scheduled, "shop")
    one = replace(context.settings, daemon=replace(context.settings.daemon, parallel_runs=1))
    scheduled.set("shop", settled_until=INSTANT - timedelta(hours=30))  # due for longer, so it comes first
    seen: set[int] = set()
    with _looking(scheduled, replace(context, settings=one)) as look:
        look(
            lambda loop: (seen.add(len(loop.jobs)), scheduled.completed() and scheduled.completed("shop"))[1],
            "both backups",
        )
    assert max(seen) == 1


def test_what_fails_at_one_site_stops_no_other(scheduled: Scheduled, tmp_path: Path) -> None:
    context = _add_site(scheduled, "bad", tmp_path / "nothing.db")
    scheduled.set("bad")
    with _looking(scheduled, context) as look:
        look(lambda loop: scheduled.completed() and _told(scheduled, "backup_failed", "bad"), "one of each")
    (failed,) = _told(scheduled, "backup_failed")
    assert failed.fields["retry_at"] == (scheduled.clock() + timedelta(minutes=5)).isoformat()
    assert _told(scheduled, "alarm", "bad")


def test_a_defect_is_told_and_stops_neither_the_loop_nor_others(scheduled: Scheduled) -> None:
    class Broken(Site):
        @property
        def sqlite_path(self) -> Path | None:  # type: ignore[override]
            raise ZeroDivisionError("a defect")

    settings = scheduled.context.settings
    broken = Broken(name="broken", database="sqlite:////nothing", folder=scheduled.place.root)
    context = replace(scheduled.context, settings=replace(settings, sites={"broken": broken, **settings.sites}))
    scheduled.set("broken")
    with _looking(scheduled, context) as look:
        look(lambda loop: scheduled.completed() and _told(scheduled, "run_failed", "broken"), "both")
        assert look.loop.failure is None
    (told,) = _told(scheduled, "run_failed")
    assert "ZeroDivisionError" in told.message
    record = scheduled.context.catalog.schedule("broken")
    assert record is not None
    assert record.state.last_result == "failed"


def test_a_site_that_is_not_configured_is_told_once_and_not_run(scheduled: Scheduled) -> None:
    scheduled.set("gone")
    with _looking(scheduled) as look:
        look(lambda loop: scheduled.completed() and not loop.jobs, "the backup of the other")
        for _ in range(5):
            look(lambda loop: loop.next_runs, "another look")
    assert len(_told(scheduled, "unknown_site", "gone")) == 1
    assert scheduled.completed("gone") == []


def test_a_change_by_another_process_takes_effect(scheduled: Scheduled) -> None:
    scheduled.set(enabled=False)
    with _looking(scheduled) as look:
        look(lambda loop: loop.mine and loop._agenda._reader._known, "the first reading")
        assert scheduled.completed() == []
        scheduled.set(enabled=True)
        look(lambda loop: scheduled.completed(), "the backup")


def test_a_site_at_work_is_put_off_and_told_once(scheduled: Scheduled) -> None:
    elsewhere = open_place(scheduled.place.root, clock=scheduled.clock)
    with _looking(scheduled) as look:
        with elsewhere.context.lock(elsewhere.site, "restore"):
            look(lambda loop: _told(scheduled, "site_busy"), "busy")
            scheduled.clock.advance(minutes=2)
            look(lambda loop: loop.jobs, "another attempt")
            look(lambda loop: not loop.jobs, "its end")
        scheduled.clock.advance(minutes=2)
        look(lambda loop: scheduled.completed(), "the backup")
    assert [len(_told(scheduled, name)) for name in ("site_busy", "backup_started")] == [1, 1]
    assert _told(scheduled, "backup_failed") == []


def test_an_app_gives_the_loop_to_a_daemon_and_takes_it_again(scheduled: Scheduled) -> None:
    scheduled.clock.set(INSTANT - timedelta(hours=1))
    daemon = open_place(scheduled.place.root, clock=scheduled.clock).context
    heard: list[Event] = []
    theirs = Loop(daemon, heard.append, "daemon")
    with _looking(scheduled) as look:
        look(lambda loop: loop.mine, "the turn")
        runner = who_runs(daemon)
        assert runner is not None
        assert (runner.kind, runner.pid) == ("app", os.getpid())
        with hold_daemon(daemon):
            theirs.look()
            assert not theirs.mine
            look(lambda loop: not loop.mine, "giving up")
            until(lambda: theirs.mine, "the daemon's turn", meanwhile=theirs.look)
            look(lambda loop: loop.blocked_by is not None, "who it is")
            told = look.loop.blocked_by
            assert told.kind == "daemon"
            assert look.loop.next_runs == {}
            theirs.close()
        look(lambda loop: loop.mine, "the turn again")
    assert [event.name for event in heard][:1] == ["loop_elsewhere"]


def test_a_catalog_that_is_away_is_told_once_and_waited_for(scheduled: Scheduled, tmp_path: Path) -> None:
    scheduled.clock.set(INSTANT - timedelta(hours=1))
    catalog, away = tmp_path / "state" / "catalog.db", tmp_path / "away.db"
    now = [0.0]

    def tick() -> None:
        now[0] += 10
        look.loop.look()

    with _looking(scheduled, monotonic=lambda: now[0]) as look:
        look(lambda loop: loop.next_runs, "the first reading")
        catalog.rename(away)
        until(
            lambda: len(_told(scheduled, "catalog_unreachable")) == 1 and now[0] > 300,
            "five minutes of it",
            meanwhile=tick,
        )
        away.rename(catalog)
        scheduled.clock.set(INSTANT + timedelta(minutes=1))
        until(
            scheduled.completed,
            "the backup",
            meanwhile=tick,
        )
    assert len(_told(scheduled, "catalog_unreachable")) == 1
    assert len(_told(scheduled, "catalog_back")) == 1


def test_what_was_missed_is_skipped_where_the_schedule_says_so(scheduled: Scheduled) -> None:
    scheduled.set(missed="skip")
    scheduled.clock.set(INSTANT + timedelta(hours=2))
    with _looking(scheduled) as look:
        look(lambda loop: _told(scheduled, "backup_skipped") and loop.next_runs, "the skip")
        until(lambda: scheduled.state.settled_until == INSTANT, "its note")
    assert scheduled.state.last_result == "skipped"
    assert scheduled.completed() == []


def test_a_schedule_noted_by_a_clock_far_ahead_goes_on(scheduled: Scheduled) -> None:
    scheduled.set(settled_until=INSTANT + timedelta(days=3000))
    with _looking(scheduled) as look:
        look(lambda loop: _told(scheduled, "schedule_reset"), "the reset")
        until(lambda: scheduled.state.settled_until == scheduled.clock(), "its note")
        scheduled.clock.advance(days=1)
        look(lambda loop: scheduled.completed(), "the next backup")


def test_a_person_stops_what_is_at_work_for_good(scheduled: Scheduled) -> None:
    with _looking(scheduled) as look:
        look(lambda loop: loop.jobs, "the run")
        if look.loop.skip("app"):
            look(lambda loop: not loop.jobs, "its end")
        assert not look.loop.skip("app")
    until(lambda: scheduled.state.settled_until == INSTANT, "settled one way or the other")


def test_a_loop_in_its_thread_ends_when_it_is_stopped(scheduled: Scheduled) -> None:
    loop = Loop(scheduled.context, scheduled.tell, "app", pace=0.01)
    loop.start()
    until(scheduled.completed, "the backup")
    assert loop.alive(within=30)
    loop.stop("finish")
    assert loop.wait(30)
    assert (loop.failure, loop.jobs, who_runs(scheduled.context)) == (None, (), None)


def test_other_settings_take_effect(scheduled: Scheduled) -> None:
    scheduled.set("shop")
    with _looking(scheduled) as look:
        look(lambda loop: scheduled.completed() and not loop.jobs, "the backup")
        assert _told(scheduled, "unknown_site", "shop")
        look.loop.use(_add_site(scheduled, "shop"))
        look(lambda loop: scheduled.completed("shop"), "the other's")


def test_a_loop_that_hangs_does_not_count_as_alive(scheduled: Scheduled) -> None:
    hanging = threading.Event()
    loop = Loop(scheduled.context, lambda _: hanging.wait(60), "app", pace=0.01)
    loop.start()
    until(lambda: not loop.alive(within=0.1), "no look any more")
    hanging.set()
    until(lambda: loop.alive(within=0.1), "looks again")
    loop.stop()
    assert loop.wait(30)


def test_figures_that_cannot_be_written_are_told_once_a_cause(scheduled: Scheduled, tmp_path: Path) -> None:
    settings = scheduled.context.settings
    into_nothing = replace(settings.alarms, textfile=tmp_path / "nothing" / "greenroom.prom")
    now = [0.0]
    watch = Watch(scheduled.tell, lambda: now[0])
    context = replace(scheduled.context, settings=replace(settings, alarms=into_nothing))
    for minute in range(3):
        now[0] = minute * 61.0
        watch.look(context)
        until(lambda: watch._look is not None and watch._look.done(), "the end of the look")
    assert len(_told(scheduled, "figures_failed")) == 1


def test_a_read_only_context_runs_no_loop(scheduled: Scheduled) -> None:
    with pytest.raises(UsageError, match="read-only"):
        Loop(replace(scheduled.context, read_only=True), scheduled.tell, "app")


_CLOCKS_GO_BACK = """
import os, sys, time, threading
from pathlib import Path
os.environ["TZ"] = "XXX-2"
time.tzset()
from core.runner.loop import Loop
from tests.support import open_place
loop = Loop(open_place(Path(sys.argv[1])).context, print, "app", pace=0.05)
looked = []
look = loop.look
loop.look = lambda: (looked.append(time.monotonic()), look())
loop.start()
def wait_for(count):
    deadline = time.monotonic() + 30
    while len(looked) < count and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return len(looked) >= count
assert wait_for(3)
os.environ["TZ"] = "XXX-1"
time.tzset()
print("goes on" if wait_for(len(looked) + 5) else "stands still")
loop.stop()
loop.wait()
"""


def test_the_ticks_go_on_when_local_time_goes_back_an_hour(tmp_path: Path) -> None:
    make_place(tmp_path)
    command = [sys.executable, "-c", _CLOCKS_GO_BACK, str(tmp_path)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "goes on" in done.stdout
