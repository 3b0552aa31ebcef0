"""One walk through the app in a real terminal: back up, restore, quit, undo."""

from __future__ import annotations

import os
import re
import select
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.documents import BIN, environment
from tests.support import database_state

_SECONDS = 60.0
_MOST_BYTES = 1 << 16


class Terminal:
    """A shell in a terminal of a tmux server that is nobody else's."""

    def __init__(self, folder: Path, name: str, size: tuple[int, int] = (120, 40)) -> None:
        self._name = name
        self._environment = environment(folder)
        self._tmux(
            *("-f", os.devnull, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1])),
            *("-c", str(folder), "exec sh"),
        )
        output = folder / "terminal.fifo"
        os.mkfifo(output, 0o600)
        self._output = os.open(output, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._tmux("pipe-pane", f"cat > '{output}'")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def run(self, command: str) -> None:
        self.type(command)
        self.press("Enter")

    def wait_for(self, *texts: str) -> str:
        """Return the screen once it shows all the texts."""
        return self._wait_until(lambda: self._tmux("capture-pane", "-p"), lambda screen: all(map(screen.count, texts)))

    def wait_for_focus(self, choice: str, *, gone: bool = False) -> None:
        """Return once that choice has the focus, or not any more: what is typed sooner goes to the one before."""
        focused = re.compile(rf"\x1b\[[\d;]*7m(?:\x1b\[[\d;]*m)* *\[ {choice} \]")
        self._wait_until(
            lambda: self._tmux("capture-pane", "-p", "-e"), lambda screen: bool(focused.search(screen)) != gone
        )

    def close(self) -> None:
        self._tmux("kill-server")
        os.close(self._output)

    def _wait_until(self, look: Callable[[], str], found: Callable[[str], bool]) -> str:
        """Look again whenever the terminal got output, until a deadline."""
        deadline = time.monotonic() + _SECONDS
        while not found(screen := look()):
            left = deadline - time.monotonic()
            assert left > 0, f"what was waited for did not appear:\n{screen}"
            if select.select([self._output], [], [], min(left, 1.0))[0]:
                os.read(self._output, _MOST_BYTES)
        return screen

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    subprocess.run(
        [str(BIN / "greenroom"), "demo", str(folder)],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=True,
    )
    return folder


@pytest.fixture
def terminal(site: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("the walk goes through tmux, which is not installed here")
    one = Terminal(site, f"greenroom-walk-{os.getpid()}")
    yield one
    one.close()


def _count(site: Path) -> int:
    with closing(sqlite3.connect(site / "app.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM watch_history").fetchone()[0])


def _forget_what_was_watched(site: Path) -> None:
    with closing(sqlite3.connect(site / "app.db")) as connection:
        connection.execute("DELETE FROM watch_history")
        connection.commit()


@pytest.mark.slow
def test_a_backup_a_restore_and_an_undo(site: Path, terminal: Terminal) -> None:
    watched = _count(site)
    assert watched

    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("movies", "NO GOOD BACKUP YET")
    terminal.press("n")
    terminal.wait_for("New backup of movies")
    terminal.type("from the walk")
    terminal.press("Enter")
    terminal.wait_for("is complete and verified")
    terminal.wait_for("from the walk", "completed", "last good backup")

    _forget_what_was_watched(site)
    terminal.press("r")
    screen = terminal.wait_for("Restore movies?", "app.db", "WHAT IS LOST", "Type the name of the site")
    assert re.search(rf"watch_history +0 +{watched} +\+{watched}\b", screen)
    terminal.wait_for_focus("Cancel")
    terminal.press("Tab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("movies")
    terminal.wait_for("Restore now: carried out at once.")
    for key, choice in (("Enter", "Cancel"), ("Tab", "Stage"), ("Tab", "Restore now")):
        terminal.press(key)
        terminal.wait_for_focus(choice)
    terminal.press("Enter")
    terminal.wait_for("NEW: movies is now as in", "greenroom undo movies")
    assert _count(site) == watched
    terminal.press("Escape")
    terminal.wait_for("safety", "from the walk")
    terminal.press("q")
    terminal.wait_for("left with 0")

    terminal.run("greenroom undo")
    terminal.wait_for("Type the name of the site to undo")
    terminal.run("movies")
    terminal.wait_for("movies is the NEW one: undo of")
    assert _count(site) == 0


@pytest.mark.slow
def test_enter_on_the_confirmation_changes_nothing(site: Path, terminal: Terminal) -> None:
    terminal.run('greenroom backup; greenroom; echo "left with $?"')
    terminal.wait_for("last good backup", "completed")
    before = database_state(site / "app.db")
    terminal.press("r")
    terminal.wait_for("Restore movies?", "WHAT IS LOST")
    terminal.wait_for_focus("Cancel")
    terminal.press("Enter")
    terminal.wait_for("last good backup", "New backup")
    terminal.press("q")
    terminal.wait_for("left with 0")
    assert database_state(site / "app.db") == before
    assert len(list((site / "backups" / "movies").glob("*.zip"))) == 1
