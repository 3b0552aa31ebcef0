"""A daemon in a child process, whose clock the parent sets."""

from __future__ import annotations

import os
import signal
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path

from cli.daemon import Daemon
from core.config import load_settings
from core.context import Context, open_context
from tests.core.runner.waiting import until

PACE = 0.02


class SharedClock:
    """A clock that stands still until it is set, here and in the children that were forked from here."""

    def __init__(self, start: datetime) -> None:
        self._memory = mmap(-1, 8)
        self.set(start)

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(struct.unpack("d", self._memory[:])[0], UTC)

    def set(self, now: datetime) -> None:
        self._memory[:] = struct.pack("d", now.timestamp())

    def advance(self, **by: float) -> None:
        self.set(self() + timedelta(**by))


@dataclass
class Child:
    """A daemon at work; `log` is what it has written so far."""

    pid: int
    log: str = ""
    code: int | None = None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.code is None:
            self.signal(signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code, or minus the signal that ended it."""
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def until_told(self, event: str) -> None:
        until(lambda: f"event={event}" in self.log, f"{event} in:\n{self.log}")


@contextmanager
def daemon(config: Path, clock: Callable[[], datetime], until_told: str = "loop_taken") -> Iterator[Child]:
    """Run a daemon for the block; it is killed at its end unless it has ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(reading)
            code = _run(config, clock, writing)
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
            raise
        finally:
            os._exit(code)
    os.close(writing)
    child = Child(pid)
    reader = threading.Thread(target=_read, args=(reading, child))
    reader.start()
    try:
        child.until_told(until_told)
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        reader.join()


def _run(config: Path, clock: Callable[[], datetime], writing: int) -> int:
    def opening() -> Context:
        return open_context(load_settings(config, environ={}), clock=clock)

    with os.fdopen(writing, "w") as stream:
        return Daemon(opening, stream, pace=PACE).run()


def _read(reading: int, child: Child) -> None:
    with os.fdopen(reading) as stream:
        for line in stream:
            child.log += line
