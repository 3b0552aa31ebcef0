"""Work that may never come to its end, done where it can be left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, TypeVar

T = TypeVar("T")

_LOOK: Final = 0.1


def unless_left(work: Callable[[], T], look: Callable[[], None]) -> T:
    """Return what `work` returns, or raise what it raises; do it in a thread that no process waits for at its end.

    `look` is called ten times a second. Where it raises, that is raised at once, and the work is left to itself.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)
            if not isinstance(error, Exception):
                raise

    threading.Thread(target=run, name="greenroom-question", daemon=True).start()
    while not wait([done], _LOOK).done:
        look()
    return done.result()
