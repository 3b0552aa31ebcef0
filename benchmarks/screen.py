"""The app in a terminal: how long until it stands there, and until a key shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.listing import BACKUPS, add_backups, site_with_many_backups
from benchmarks.process import GREENROOM
from benchmarks.site import Site
from benchmarks.table import Row

_ROWS, _COLUMNS = 40, 120
_DOWN, _UP = b"\x1b[B", b"\x1b[A"
_KEYS = 100
_MOST_SECONDS = 60.0
_SETTLED_SECONDS = 0.5


class Terminal:
    """A terminal with greenroom in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def press(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def wait_for(self, words: bytes) -> float:
        """Read until `words` were drawn; return after how many seconds."""
        started, seen = time.perf_counter(), b""
        while words not in seen:
            seen = seen[-len(words) :] + self._read(_MOST_SECONDS)
        return time.perf_counter() - started

    def seconds_to_paint(self, key: bytes) -> float:
        """Press a key and return after how many seconds the first answer to it was drawn."""
        while self._is_readable(0.03):
            self._read(0)
        started = time.perf_counter()
        self.press(key)
        self._read(_MOST_SECONDS)
        return time.perf_counter() - started

    def settle(self) -> None:
        """Read until nothing has been drawn for a while."""
        while self._is_readable(_SETTLED_SECONDS):
            self._read(0)

    def _is_readable(self, seconds: float) -> bool:
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _read(self, seconds: float) -> bytes:
        if not self._is_readable(seconds):
            raise RuntimeError("the app draws nothing")
        return os.read(self._descriptor, 1 << 16)


def measure(folder: Path, large: Site, rounds: int) -> list[Row]:
    """Return rows for the first paint, and for keys while nothing and while a backup is at work."""
    many = site_with_many_backups(folder)
    paints = []
    for _ in range(rounds):
        with terminal(many) as app:
            paints.append(app.wait_for(b"number 0"))
    with terminal(many) as app:
        app.wait_for(b"number 0")
        app.settle()
        idle = key_times(app)
    add_backups(large, _ROWS)
    with terminal(large) as app:
        app.wait_for(b"backup_")
        app.settle()
        app.press(b"n")
        app.settle()
        app.press(b"\r")
        busy = key_times(app)
    return [
        Row(f"first paint, {BACKUPS:,} backups", f"{statistics.median(paints):.2f} s", aim="below 1 s"),
        Row("a key to its paint, idle", quantiles(idle)),
        Row("a key to its paint, during a backup", quantiles(busy)),
    ]


@contextmanager
def terminal(site: Site) -> Iterator[Terminal]:
    """Open the app on a site, and end it."""
    child, descriptor = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(GREENROOM, [str(GREENROOM), "--config", str(site.config)])
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    app = Terminal(descriptor)
    try:
        yield app
    finally:
        os.kill(child, signal.SIGHUP)
        _drain(descriptor)
        os.waitpid(child, 0)
        os.close(descriptor)


def _drain(descriptor: int) -> None:
    """Read what a terminal would, until its other end is closed."""
    try:
        while os.read(descriptor, 1 << 16):
            pass
    except OSError:  # how Linux tells that the other end is closed
        return


def key_times(app: Terminal) -> list[float]:
    """Return after how many seconds each of many keys was drawn, which go down and up a list."""
    return [app.seconds_to_paint(_DOWN if number // 10 % 2 == 0 else _UP) for number in range(_KEYS)]


def quantiles(times: list[float]) -> str:
    """Return the middle and the slow end of times in words."""
    ordered = sorted(times)
    return f"p50 {ordered[len(ordered) // 2] * 1e3:.0f} ms, p95 {ordered[len(ordered) * 95 // 100] * 1e3:.0f} ms"
