"""`greenroom --daemon` as a process: signals, the service manager, reloads, a second one, and how it starts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.catalog import ScheduleSettings, ScheduleState
from core.errors import ExitCode
from core.events import Event
from core.runner.loop import Loop
from core.runner.turn import who_runs
from tests.cli.conftest import House, opened_elsewhere
from tests.cli.daemons import daemon, manager
from tests.core.runner.waiting import until

pytestmark = pytest.mark.slow


def _make_due(house: House, site: str = "app", **changes: object) -> None:
    """Set a schedule, as another process would, whose last instant has come and is not settled."""
    now = datetime.now(UTC)
    settings = ScheduleSettings(enabled=True, frequency="hourly", **changes)  # type: ignore[arg-type]
    state = ScheduleState(settled_until=now - timedelta(hours=2))
    house.context().catalog.save_schedule(site, settings, state, "test", now)


def _completed(house: House, site: str = "app") -> list[str]:
    return [one.name for one in house.context().catalog.backups(site) if one.status == "completed"]


def _configure(house: House, lines: str) -> None:
    house.config.write_text(f"{house.config.read_text()}\n{lines}\n")


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told_how_it_stands(house: House, tmp_path: Path, *, abstract: bool) -> None:
    with (
        manager(tmp_path, abstract=abstract) as systemd,
        daemon(house, NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="500000") as started,
    ):
        systemd.until_told("READY=1")
        systemd.until_told("STATUS=no schedule is enabled")
        systemd.until_told("WATCHDOG=1", times=2)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        started.send(signal.SIGHUP)
        systemd.until_told("READY=1", times=2)
        (reloading,) = [message for message in systemd.messages if "RELOADING=1" in message]
        assert int(reloading[1].removeprefix("MONOTONIC_USEC=")) >= before
        assert started.end() == 0
        systemd.until_told("STOPPING=1")


def test_a_signal_ends_it_well_and_leaves_no_lock(house: House) -> None:
    with daemon(house) as started:
        started.until_told("loop_taken")
        runner = who_runs(house.context())
        assert runner is not None
        assert (runner.kind, runner.pid) == ("daemon", started.process.pid)
        assert started.end(signal.SIGINT) == 0
        assert started.errors == []
    assert started.told("daemon_ended")
    assert who_runs(house.context()) is None


def test_a_second_daemon_names_the_first(house: House) -> None:
    with daemon(house) as first:
        first.until_told("loop_taken")
        second = house.greenroom("--daemon")
        assert second.code == ExitCode.BUSY
        assert f"process {first.process.pid}" in second.err


def test_what_keeps_it_from_its_start(bare_house: House) -> None:
    assert bare_house.greenroom("--daemon").code == ExitCode.NOT_INITIALISED
    bare_house.done("init")
    assert bare_house.greenroom("--read-only", "--daemon").code == ExitCode.USAGE
    assert bare_house.greenroom("--daemon", "status").code == ExitCode.USAGE
    assert bare_house.greenroom("--daemon", "--json").code == ExitCode.USAGE
    bare_house.config.write_text("nonsense")
    assert bare_house.greenroom("--daemon").code == ExitCode.USAGE


def test_no_part_of_the_screen_is_imported(house: House) -> None:
    _make_due(house)
    with daemon(house, python=("-X", "importtime")) as started:
        started.until_told("prune_completed")
        assert started.end() == 0
    imported = "".join(started.errors)
    assert "sqlalchemy" in imported
    assert "textual" not in imported
    assert "| tui" not in imported


def test_a_schedule_set_by_another_process_takes_effect(house: House) -> None:
    with daemon(house) as started:
        started.until_told("loop_taken")
        _make_due(house)
        told = started.until_told("backup_completed")
        (name,) = _completed(house)
        assert f"backup={name}" in told.split()
        assert "site=app" in told.split()
        assert started.end() == 0


def test_the_configuration_is_read_anew_and_a_broken_one_is_not_used(house: House) -> None:
    with daemon(house) as started:
        started.until_told("loop_taken")
        right = house.config.read_text()
        house.config.write_text("[sites.app]\ndatabase = 5\n")
        started.send(signal.SIGHUP)
        started.until_told("reload_failed")
        house.config.write_text(right)
        _make_due(house)
        started.until_told("backup_completed")
        house.add_site("shop")
        _configure(house, '[daemon]\nlog = "json"')
        started.send(signal.SIGHUP)
        reloaded = json.loads(started.until_told("reloaded"))
        assert (reloaded["level"], reloaded["sites"]) == ("info", "app,shop")
        _make_due(house, "shop")
        completed = json.loads(started.until_told("backup_completed", times=2))
        assert (completed["site"], completed["backup"]) == ("shop", _completed(house, "shop")[0])
        assert started.end() == 0


def test_the_state_folder_cannot_move_under_it(house: House) -> None:
    with daemon(house) as started:
        started.until_told("loop_taken")
        house.config.write_text(house.config.read_text().replace('state = "state"', 'state = "elsewhere"'))
        started.send(signal.SIGHUP)
        assert "restart" in started.until_told("reload_failed")
        assert started.end() == 0


class _Gate:
    """A site whose version is told only when the test says it: until then its backup is on its way."""

    def __init__(self, house: House, on_stop: str) -> None:
        self._pipe = house.root / "version"
        os.mkfifo(self._pipe)
        self._end = os.open(self._pipe, os.O_RDWR)  # which waits for nobody at the other end
        house.set_site("app", version_command=json.dumps(f"head -n 1 {self._pipe}"))
        _configure(house, f'[daemon]\non_stop = "{on_stop}"')

    def open(self) -> None:
        os.write(self._end, b"1.0\n" * 2)

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def gate(house: House) -> Iterator[Callable[[str], _Gate]]:
    made: list[_Gate] = []

    def make(on_stop: str) -> _Gate:
        made.append(_Gate(house, on_stop))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_work_is_finished_where_the_settings_say_so(house: House, tmp_path: Path, gate: Callable[[str], _Gate]) -> None:
    version = gate("finish")
    _make_due(house)
    with manager(tmp_path) as systemd, daemon(house, NOTIFY_SOCKET=systemd.address) as started:
        started.until_told("backup_started")
        started.send(signal.SIGTERM)
        started.until_told("daemon_stopping")
        systemd.until_told("EXTEND_TIMEOUT_USEC=")
        version.open()
        assert started.ended() == 0
    assert len(_completed(house)) == 1
    assert started.told("prune_completed") == []  # nothing more is begun


@pytest.mark.parametrize(("on_stop", "signals"), [("cancel", 1), ("finish", 2)])
def test_work_that_is_cancelled_is_made_up_after_the_next_start(
    house: House, gate: Callable[[str], _Gate], on_stop: str, signals: int
) -> None:
    version = gate(on_stop)
    _make_due(house, missed="skip", time=f"00:{datetime.now(UTC):%M}")
    with daemon(house) as started:
        started.until_told("backup_started")
        started.send(signal.SIGTERM)
        started.until_told("daemon_stopping")
        if signals == 2:
            started.send(signal.SIGTERM)
            started.until_told("daemon_hurried")
        version.open()
        assert started.ended() == 0
        started.until_told("backup_cancelled")
    assert _completed(house) == []
    with daemon(house) as started:
        started.until_told("backup_started")
        version.open()
        started.until_told("backup_completed")
        assert started.end() == 0
    record = house.context().catalog.schedule("app")
    assert record is not None
    assert (record.state.last_result, record.state.last_error) == ("completed", None)


def test_a_staged_restore_is_applied_at_the_start_only_where_the_settings_say_so(house: House) -> None:
    saved = house.state()
    house.back_up()
    house.change()
    house.done("restore", "latest", "--stage", "--yes")
    with daemon(house) as started:
        started.until_told("loop_taken")
        assert started.end() == 0
    assert house.state() != saved
    _configure(house, "[daemon]\napply_at_start = true")
    with opened_elsewhere(house.database()), daemon(house) as started:
        assert "stays pending" in started.until_told("apply_busy")
        started.until_told("loop_taken")
        assert started.end() == 0
    with daemon(house) as started:
        started.until_told("restore_applied")
        started.until_told("loop_taken")
        assert started.end() == 0
    assert house.state() == saved


def test_an_apply_that_fails_is_told_and_the_daemon_goes_on(house: House) -> None:
    house.back_up()
    house.change()
    house.done("restore", "latest", "--stage", "--yes")
    before = house.state()
    _configure(house, "[daemon]\napply_at_start = true")
    for staged in house.root.glob("srv/app/.greenroom-*/new/app.db"):
        staged.write_bytes(b"damaged")
    with daemon(house) as started:
        started.until_told("apply_failed")
        assert "kind=apply_failed" in started.until_told("alarm").split()
        _make_due(house)
        started.until_told("backup_completed")
        assert started.end() == 0
    assert house.state() == before
    assert house.done("status", "--json").json["sites"][0]["failed_restore"] is not None


def test_an_app_in_another_process_yields_and_takes_the_loop_again(house: House) -> None:
    told: list[Event] = []
    app = Loop(house.context(), told.append, "app", pace=0.05)
    app.start()
    until(lambda: app.mine, "the app's turn")
    with daemon(house) as started:
        started.until_told("loop_taken")
        assert not app.mine
        until(lambda: app.blocked_by is not None, "the app sees who runs it")
        assert app.blocked_by is not None
        assert app.blocked_by.pid == started.process.pid
        _make_due(house)
        started.until_told("backup_completed")
        started.process.kill()
        until(lambda: app.mine, "the app's turn after the daemon was killed")
    app.stop()
    assert app.wait(30)
    assert [event.name for event in told] == ["loop_taken", "loop_elsewhere", "loop_taken"]


def test_backups_go_on_where_nobody_reads_the_log(house: House) -> None:
    _make_due(house)
    with house.start("--daemon") as unread:
        assert unread.stdout is not None
        unread.stdout.close()
        until(lambda: _completed(house), "the backup")
        assert unread.poll() is None
        unread.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_reader_of_the_log_that_hangs_keeps_no_backup_and_no_end_waiting(
    house: House, number: signal.Signals
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    _make_due(house)
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as full, house.start("--daemon", stdout=full) as started:
        until(lambda: _completed(house), "the backup")
        assert started.poll() is None
        started.send_signal(number)
        assert started.wait(30) == ExitCode.DONE
        assert started.stderr is not None
        assert started.stderr.read() == ""


def test_the_status_says_who_runs_the_schedules_and_when_the_next_backup_is(house: House) -> None:
    nobody = house.done("status", "--json").json
    assert (nobody["runner"], nobody["sites"][0]["next_run"]) == (None, None)
    assert "run by nobody now" in house.done("status").out
    with daemon(house) as started:
        _make_due(house)
        started.until_told("prune_completed")
        told = house.done("status", "--json").json
        assert (told["runner"]["kind"], told["runner"]["pid"]) == ("daemon", started.process.pid)
        assert datetime.fromisoformat(told["sites"][0]["next_run"]) > datetime.now(UTC)
        words = house.done("status").out
        assert f"the daemon of {told['runner']['actor']} (process {started.process.pid}" in words
        assert "next backup" in words
        assert started.end() == 0
