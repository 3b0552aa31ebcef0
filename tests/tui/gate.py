"""A disk that waits, so that a test can look at work in the middle of it."""

from __future__ import annotations

import threading
from typing import IO

from core.filesystem import Filesystem


class Gate(Filesystem):
    """A disk on which, once the gate is shut, the first durable step waits until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()

    def shut(self) -> None:
        self._open.clear()
        self.reached.clear()

    def open(self) -> None:
        self._open.set()

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self.reached.set()
        self._open.wait()
        super().write(file, data)
