"""A terminal that goes away while work goes on, with and without a signal: nobody reads it for ever at full speed."""

from __future__ import annotations

import fcntl
import signal
from pathlib import Path

import pytest

from tests.e2e.documents import BIN
from tests.e2e.held import Held
from tests.terminals import Terminal, running

_CANCELLED = 130

LOGIN = [str(BIN / "greenroom")]
DEAF = ["sh", "-c", "trap '' HUP; exec greenroom"]


def _hang_up(terminal: Terminal) -> None:
    terminal.hang_up()


def _hang_up_while_stopped(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.hang_up()
    terminal.process.send_signal(signal.SIGCONT)


def _hang_up_and_go_on(terminal: Terminal) -> None:
    """The kernel sends SIGCONT after SIGHUP; a job control that comes late sends another one."""
    terminal.hang_up()
    terminal.process.send_signal(signal.SIGCONT)


WAYS = {"hang-up": _hang_up, "while stopped": _hang_up_while_stopped, "and SIGCONT": _hang_up_and_go_on}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", [LOGIN, DEAF], ids=["SIGHUP heard", "SIGHUP ignored"])
def test_work_that_ends_later_is_waited_for_in_silence(films: Path, held: Held, words: list[str], way: str) -> None:
    with running(words, films) as terminal:
        terminal.wait_for("Backups: 1", "Quit")
        terminal.press("n")
        terminal.wait_for("New backup of movies")
        held.hold()
        terminal.press("enter")
        held.wait_until_asked()
        WAYS[way](terminal)
        terminal.wait_until_at_rest()
        held.let_go()
        assert terminal.end() == _CANCELLED
    with (films / "state" / "sites" / "movies" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_an_app_that_hears_no_hang_up_ends_all_the_same(films: Path, way: str) -> None:
    with running(DEAF, films) as terminal:
        terminal.wait_for("Backups: 1", "Quit")
        WAYS[way](terminal)
        assert terminal.end() == _CANCELLED
