"""SIGTERM, and a terminal that goes away, on every screen: the app ends, and leaves the terminal and the site right."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.config import load_settings
from core.context import open_context
from tests.e2e.documents import BIN, environment
from tests.e2e.held import Held
from tests.support import database_state
from tests.terminals import SECONDS, Terminal, greenroom

CANCELLED = 130
# Well under the time after which a hung-up app goes whatever it waits for.


@dataclass(frozen=True)
class Stop:
    """A screen: keys, and what stands there after each; a button stands for its focus."""

    name: str
    steps: tuple[tuple[str, str], ...] = ()
    first: str = "Backups: 1"
    before: tuple[str, ...] = ()

    def open(self, terminal: Terminal) -> None:
        terminal.wait_for(self.first)
        for key, shown in self.steps:
            terminal.press(key)
            if shown.endswith(" ]"):
                choice = shown.removeprefix("not ")
                terminal.wait_for_focus(choice, gone=choice != shown)
            else:
                terminal.wait_for(shown)


CONSENT = (("r", "[ Cancel ]"), ("tab", "not [ Cancel ]"), ("movies", "carried out at once"))
_STAGE = ("restore", "latest", "--stage", "--yes", "--quiet")
STOPS = (
    Stop("backups"),
    Stop("filter", (("/", "Filter:"),)),
    Stop("history", (("2", "Nothing was restored or deleted yet"),)),
    Stop("messages", (("3", "Messages ("),)),
    Stop("help", (("?", "[ Close ]"),)),
    Stop("help over history", (("2", "History (0)"), ("?", "[ Close ]"))),
    Stop("palette", (("palette", "Search"),)),
    Stop("sites", (("s", "shop"),)),
    Stop("new", (("n", "New backup of movies"),)),
    Stop("copy", (("c", "Copy backup_"),)),
    Stop("adopt", (("a", "Adopt an archive for movies"),)),
    Stop("delete", (("d", "Delete this backup of movies?"),)),
    Stop("notice", (("2", "Nothing was restored or deleted yet"), ("u", "movies was never restored"))),
    Stop("restore", CONSENT),
    Stop("pending", first="A RESTORE IS PENDING", before=_STAGE),
)


def _command(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "greenroom", *words],
        cwd=site,
        env=environment(site.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _assert_free(site: Path) -> None:
    """Nobody holds the lock of the site."""
    with (site / "state" / "sites" / "movies" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _assert_legal(site: Path) -> list[dict[str, Any]]:
    """Nobody holds the site, another process can look at it, and nothing is said to run; return its backups."""
    _assert_free(site)
    done = _command(site, "list", "movies", "--json")
    assert done.returncode == 0, done.stderr
    backups: list[dict[str, Any]] = json.loads(done.stdout)["backups"]
    assert "running" not in {one["status"] for one in backups}
    return backups


def _assert_set_right(terminal: Terminal) -> None:
    """The prompt comes on the first screen, with its cursor, and what is typed is seen."""
    drawn = terminal.drawn
    assert drawn.rindex(b"\x1b[?1049l") > drawn.rindex(b"\x1b[?1049h")
    assert drawn.rindex(b"\x1b[?25h") > drawn.rindex(b"\x1b[?25l")
    assert drawn.rindex(b"\x1b[?1000l") > drawn.rindex(b"\x1b[?1000h")
    assert drawn.rindex(b"\x1b[?2004l") > drawn.rindex(b"\x1b[?2004h")
    assert terminal.attributes == terminal.attributes_before


def _terminate(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)


def _hang_up(terminal: Terminal) -> None:
    terminal.hang_up()


ENDS = {"SIGTERM": _terminate, "hang-up": _hang_up}


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_every_screen_can_be_ended(films: Path, stop: Stop, end: str) -> None:
    with (films / "greenroom.toml").open("a") as config:
        config.write('\n[sites.shop]\ndatabase = "sqlite:///shop.db"\nfiles = []\n')
    if stop.before:
        assert _command(films, *stop.before, "--site", "movies").returncode == 0
    before = database_state(films / "app.db")
    with greenroom(films) as terminal:
        stop.open(terminal)
        ENDS[end](terminal)
        assert terminal.end() == CANCELLED
        if end == "SIGTERM":
            _assert_set_right(terminal)
    _assert_free(films)
    context = open_context(load_settings(films / "greenroom.toml"))
    page = context.catalog.page("movies")
    assert [one.status for one in page.rows] == ["completed"]
    assert context.holder(context.settings.site("movies")) is None
    assert database_state(films / "app.db") == before


def _back_up(terminal: Terminal, held: Held) -> None:
    Stop("", (("n", "New backup of movies"),)).open(terminal)
    held.hold()
    terminal.press("enter")


def _back_up_and_ask(terminal: Terminal, held: Held) -> None:
    _back_up(terminal, held)
    held.wait_until_asked()
    terminal.press("q")
    terminal.wait_for("Quit?", "in good order")


def _restore(terminal: Terminal, held: Held) -> None:
    Stop("", (*CONSENT, ("enter", "[ Cancel ]"), ("tab", "[ Stage ]"), ("tab", "[ Restore now ]"))).open(terminal)
    held.hold()
    terminal.press("enter")
    held.wait_until_asked()
    terminal.wait_for("Restore of backup_", "Cancel work")


WORK = {"backup": _back_up, "quit asked": _back_up_and_ask, "restore": _restore}


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("work", WORK)
def test_work_is_cancelled_in_good_order(films: Path, held: Held, work: str, end: str) -> None:
    before = database_state(films / "app.db")
    with greenroom(films) as terminal:
        WORK[work](terminal, held)
        held.wait_until_asked()
        ENDS[end](terminal)
        if end == "SIGTERM":
            terminal.wait_for("ancelling", "in good order")
        held.let_go()
        assert terminal.end() == CANCELLED
        if end == "SIGTERM":
            _assert_set_right(terminal)
            assert b"cancelled by SIGTERM" in b" ".join(terminal.drawn.split())
    completed = [one["status"] for one in _assert_legal(films)].count("completed")
    # No screen tells that a hang-up was noticed: what was let go of may have been quicker.
    assert completed == 1 or (completed == 2 and end == "hang-up" and work != "restore")
    assert not list((films / "backups" / "movies").glob("*.partial*"))
    assert database_state(films / "app.db") == before
    assert _command(films, "apply").returncode == 0
    assert database_state(films / "app.db") == before


@pytest.mark.slow
def test_a_hang_up_by_signal_alone_sets_the_terminal_right(films: Path) -> None:
    with greenroom(films) as terminal:
        terminal.wait_for("Backups: 1", "Quit")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.end() == CANCELLED
        _assert_set_right(terminal)
    _assert_legal(films)
