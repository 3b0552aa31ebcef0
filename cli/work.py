"""A verb at work: its progress on stderr, and the signals that ask it to stop."""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from cli.options import Options
from core.progress import Progress, Reporter
from core.progress_words import percent, progress_figures

_SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def working(options: Options) -> Iterator[Reporter]:
    """Return a reporter for the verb of the block; a signal cancels it in good order, and progress is shown."""
    with options.interrupts.deferred() as token:
        if options.quiet:
            yield Reporter(token=token)
            return
        shown = OneLine(sys.stderr) if sys.stderr.isatty() else SparseLines(sys.stderr)
        try:
            yield Reporter(shown, token)
        finally:
            shown.close()


class _Shown(ABC):
    """Progress on a stream."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._phase = ""
        self._began = 0.0

    def __call__(self, progress: Progress) -> None:
        is_new = progress.phase != self._phase or progress.done == 0
        if is_new:
            self._phase, self._began = progress.phase, self._monotonic()
        self._show(progress, self._monotonic() - self._began, is_new=is_new)

    @abstractmethod
    def _show(self, progress: Progress, seconds: float, *, is_new: bool) -> None: ...

    def close(self) -> None:
        """Leave the stream ready for other text."""
        self._stream.flush()


class OneLine(_Shown):
    """On a terminal one line, written again and again, and wiped at the end."""

    _written = 0

    def _show(self, progress: Progress, seconds: float, *, is_new: bool) -> None:
        del is_new
        self._write(describe(progress, seconds)[: _columns(self._stream) - 1])

    def close(self) -> None:
        if self._written:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(f"\r{line:<{self._written}}")
        self._stream.flush()
        self._written = len(line)


class SparseLines(_Shown):
    """In a log a line for each phase, and one every half minute of a long one."""

    _last = 0.0

    def _show(self, progress: Progress, seconds: float, *, is_new: bool) -> None:
        if is_new or seconds - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = 0.0 if is_new else seconds
            self._stream.write(f"{describe(progress, seconds)}\n")
            self._stream.flush()


def describe(progress: Progress, seconds: float) -> str:
    """Given progress and how long its phase has run, return phase, part done, rate and time left, as far as known."""
    part_done = [percent(progress)] if progress.total and progress.done else []
    return "  ".join([progress.phase, *part_done, *progress_figures(progress, seconds)])


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80  # some terminals do not know
    except OSError:
        return 80
