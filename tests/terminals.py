"""A real terminal to run a program in: its bytes as they come, the screen they draw, keys, and an end to it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import pyte
import pyte.screens

from tests.e2e.documents import BIN, environment

SECONDS = 30.0
_MOST_BYTES = 1 << 16
_LOOKS = 50
_BETWEEN_LOOKS = 0.01
KEYS = MappingProxyType({"enter": b"\r", "tab": b"\t", "escape": b"\x1b", "down": b"\x1b[B", "palette": b"\x10"})
# The program becomes the leader of the session of this terminal, as under a login.
_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
# Private sequences that are no part of a screen, and that the emulator would print in part.
_UNKNOWN = re.compile(rb"\x1b\[[<=>][\d;]*[a-zA-Z]|\x1b\[\?[\d;]*\$[a-zA-Z]")


class Terminal:
    """A program in a terminal of its own, 80 columns wide where nothing else is said."""

    def __init__(
        self, words: Sequence[str], folder: Path, settings: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self.drawn = bytearray()
        self._fed = 0
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._master, program_side = os.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.attributes_before = termios.tcgetattr(self._master)
        known = {name: value for name, value in environment(folder.parent).items() if name not in ("TERM", "COLORTERM")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, *words],
            cwd=folder,
            env={**known, "TERM": "xterm-256color", **settings},
            stdin=program_side,
            stdout=program_side,
            stderr=program_side,
            start_new_session=True,
        )
        os.close(program_side)

    @property
    def attributes(self) -> object:
        """How the terminal is set now: echo, lines, signals."""
        return termios.tcgetattr(self._master)

    def text(self) -> str:
        """Return what stands on the screen."""
        self._stream.feed(_UNKNOWN.sub(b"", bytes(self.drawn[self._fed :])))
        self._fed = len(self.drawn)
        return "\n".join(self._screen.display)

    def unreadable(self) -> str:
        """Return the letters of the screen that have the colour of what is behind them."""
        cells = (cell for row in self._cells() for cell in row)
        return "".join(cell.data for cell in cells if cell.data.strip() and cell.fg == cell.bg != "default")

    def reversed(self) -> list[str]:
        """Return what stands in reverse on each line of the screen, blanks too."""
        return ["".join(cell.data for cell in row if cell.reverse) for row in self._cells()]

    def press(self, *keys: str) -> None:
        """Press keys by their names, or by the letters that they type."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key.encode()))

    def wait_for(self, *texts: str) -> str:
        """Return the screen once it shows all the texts."""
        return self.wait_until(lambda screen: all(map(screen.count, texts)), f"{texts}")

    def wait_for_focus(self, choice: str, *, gone: bool = False) -> None:
        """Return once that choice has the focus, or not any more: what is typed sooner goes to the one before."""
        self.wait_until(lambda _: any(choice in line for line in self.reversed()) != gone, f"the focus: {choice}")

    def wait_until(self, found: Callable[[str], bool], what: str) -> str:
        """Return the screen once it is as wanted."""
        deadline = time.monotonic() + SECONDS
        while not found(screen := self.text()):
            left = deadline - time.monotonic()
            assert left > 0, f"waited for {what}:\n{screen}"
            assert self._read(left), f"the program ended before {what}:\n{screen}"
        return screen

    def hang_up(self) -> None:
        """Close the terminal, as a broken connection does; a second time does nothing."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def end(self, seconds: float = SECONDS) -> int:
        """Return the exit code of the program, which ends in so many seconds; what it draws is read meanwhile."""
        deadline = time.monotonic() + seconds
        while self._master >= 0 and self._read(deadline - time.monotonic()):
            assert time.monotonic() < deadline, f"the program did not end:\n{self.text()}"
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def wait_until_at_rest(self) -> None:
        """Return once the program, which goes on, was asleep at each of many looks in a row.

        However loaded the machine is, a thread that spins is never seen asleep: it runs, or it wants to.
        """
        deadline = time.monotonic() + SECONDS
        looks = 0
        while looks < _LOOKS:
            assert time.monotonic() < deadline, "the program never rests"
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_BETWEEN_LOOKS)
                raise AssertionError("the program ended")
            looks = looks + 1 if self._asleep() else 0

    def _asleep(self) -> bool:
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return not any(thread.read_text().rpartition(")")[2].split()[0] == "R" for thread in threads)

    def _cells(self) -> Iterator[list[pyte.screens.Char]]:
        for row in range(self._screen.lines):
            yield [self._screen.buffer[row][column] for column in range(self._screen.columns)]

    def _read(self, seconds: float) -> bool:
        """Take in what the program has drawn; return whether it may draw more."""
        if select.select([self._master], [], [], max(0.0, min(seconds, SECONDS)))[0]:
            try:
                self.drawn += os.read(self._master, _MOST_BYTES)
            except OSError:  # nobody has the other side open any more
                return False
        return True


@contextmanager
def running(words: Sequence[str], folder: Path, **settings: str) -> Iterator[Terminal]:
    """Run a program in a folder in a terminal; whatever happens it is gone afterwards."""
    terminal = Terminal(words, folder, settings)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait(SECONDS)
        terminal.hang_up()


def greenroom(folder: Path, *words: str, **settings: str) -> AbstractContextManager[Terminal]:
    """Run greenroom so."""
    return running([str(BIN / "greenroom"), *words], folder, **settings)
