"""`greenroom --daemon` beside the app: the app shows what the daemon makes, and leaves the loop to it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.config import load_settings
from core.context import Context, open_context
from core.runner.turn import who_runs
from tests.e2e.documents import BIN, environment
from tests.e2e.tmux import SECONDS, Terminal


@contextmanager
def _daemon(films: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BIN / "greenroom", "--daemon"],
            cwd=films,
            env=environment(films),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


def _make_due(context: Context) -> None:
    """Let the schedule be as if nobody had run it for two days."""
    record = context.catalog.schedule("movies")
    assert record is not None
    past = record.state.settled_until - timedelta(days=2)
    context.catalog.note_schedule("movies", replace(record.state, settled_until=past))


@pytest.mark.slow
def test_the_app_yields_to_a_daemon_shows_its_backups_and_takes_over_when_it_ends(films: Path, tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("this goes through tmux, which is not installed here")
    context = open_context(load_settings(films / "greenroom.toml", environ={}))
    terminal = Terminal(films, f"greenroom-daemon-{os.getpid()}")
    log = tmp_path / "daemon.log"
    try:
        terminal.run('greenroom schedule set movies --enabled --quiet; greenroom; echo "left with $?"')
        terminal.wait_for("Backups: 1,", "run by this app while open")
        with _daemon(films, log) as daemon:
            terminal.wait_for(f"run by daemon process {daemon.pid}")
            _make_due(context)
            terminal.wait_for("Backups: 2,", "last good backup just now")
            newest = context.catalog.backups("movies")[0]
            assert newest.role == "scheduled"
            runner = who_runs(context)
            assert runner is not None
            assert (runner.kind, runner.pid) == ("daemon", daemon.pid)
            terminal.press("3")
            screen = terminal.wait_for("Messages (", f"process {daemon.pid}")
            assert "begins" not in screen
            assert re.search(rf"event=backup_completed.*{newest.name}|{newest.name}.*backup_completed", log.read_text())
            terminal.press("4")
            terminal.wait_for("Schedule of movies", f"run by daemon process {daemon.pid}", "< yes >")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(SECONDS) == 0
        terminal.wait_for("run by this app while open")
        terminal.press("q")
        terminal.wait_for("left with 0")
        assert who_runs(context) is None
        assert len(context.catalog.backups("movies")) == 2
    finally:
        terminal.close()
