"""Signals that interrupt every system call they meet: each verb does what it does in peace."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Place, change_place, make_place, open_place
from tests.verbs import Verb, apply, back_up, delete, pin, stage, undo

_SECONDS_BETWEEN = 0.0005
_FEWEST = 20


def _in_a_storm(work: Callable[[], object]) -> None:
    """Run `work` in a process of its own, under signals whose handler makes system calls fail with EINTR."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            met = 0

            def count(*_: object) -> None:
                nonlocal met
                met += 1

            signal.signal(signal.SIGALRM, count)
            signal.siginterrupt(signal.SIGALRM, True)
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_BETWEEN, _SECONDS_BETWEEN)
            work()
            signal.setitimer(signal.ITIMER_REAL, 0)
            code = 0 if met >= _FEWEST else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_signals_at_every_verb(tmp_path: Path, journal_mode: str) -> None:
    place = make_place(tmp_path, journal_mode=journal_mode)
    (place.uploads / "large").write_bytes(os.urandom(1 << 22))
    good = place.state()

    def run(*verbs: Verb) -> Place:
        for verb in verbs:
            _in_a_storm(lambda verb=verb: verb(open_place(tmp_path)))  # type: ignore[misc]
        return open_place(tmp_path)

    run(back_up, pin)
    change_place(place)
    changed = place.state()
    assert run(stage, apply).state() == good
    assert run(undo).state() == changed
    rows = run(back_up, delete).context.catalog.backups("app")
    assert {row.status for row in rows} == {"completed"}
    assert [row.pinned for row in rows].count(True) == 1
