"""The daemon's log: a line an event, as key=value or as JSON, that no value from outside can forge."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Literal, TextIO

from core.events import Event

Form = Literal["text", "json"]
Value = str | int | float | bool | None

_ROOM = 1000
_PLAIN = re.compile(r"[A-Za-z0-9_./:+@,-]+")


class Log:
    """Writes events to a stream, from any thread. What cannot be written is counted, and said once it can be.

    A thread of its own writes: a reader that hangs keeps nobody waiting. There is room for so many lines meanwhile.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], datetime], form: Form) -> None:
        self._write = _writer(stream)
        self._clock = clock
        self._changed = threading.Condition()
        self._lines: deque[tuple[int, str]] = deque()  # each with how many were lost right before it
        self._lost = 0  # since the last that found room
        self._writing = self._closed = False
        self.form = form
        threading.Thread(target=self._write_all, name="greenroom-log", daemon=True).start()

    def __call__(self, event: Event) -> None:
        line = line_of(event, self._clock(), self.form)
        with self._changed:
            if len(self._lines) >= _ROOM:
                self._lost += 1
                return
            self._lines.append((self._lost, line))
            self._lost = 0
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait that long at most; return whether all that was said is written, or lost."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._lines or self._lost or self._writing), seconds)

    def close(self, seconds: float) -> None:
        """Wait that long at most for what is to be written, and write no more after that."""
        self.flush(seconds)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _write_all(self) -> None:
        lost = 0
        while (taken := self._take()) is not None:
            before, line = taken
            lost += before
            if lost and self._write(self._loss(lost)):
                lost = 0
            if line is not None and (lost or not self._write(line)):
                lost += 1

    def _take(self) -> tuple[int, str | None] | None:
        """Wait for a line, or for a number of lost ones that no line follows; return None at the end."""
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._lines or self._lost or self._closed)
            if self._closed:
                return None
            self._writing = True
            if self._lines:
                return self._lines.popleft()
            lost, self._lost = self._lost, 0
            return lost, None

    def _loss(self, lines: int) -> str:
        event = Event("warning", "log_lines_lost", "the log could not be written", None, {"lines": lines})
        return line_of(event, self._clock(), self.form)


def _writer(stream: TextIO) -> Callable[[str], bool]:
    """Return what writes a line, and says whether it could: a full disk, or nobody who reads, ends no daemon.

    To a file it goes past the buffer, whose lock a writer that hangs would hold, and Python wants it when it ends.
    """
    try:
        number = stream.fileno()
    except OSError:
        return partial(_write_to_stream, stream)
    return _Descriptor(number, stream.encoding)


def _write_to_stream(stream: TextIO, line: str) -> bool:
    try:
        stream.write(line + "\n")
        stream.flush()
    except (OSError, ValueError):
        return False
    return True


class _Descriptor:
    """Writes lines to an open file, by its number. A line of which only a part went out is ended before the next."""

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding
        self._torn = False

    def __call__(self, line: str) -> bool:
        rest = memoryview(f"{self._torn * chr(10)}{line}\n".encode(self._encoding, "backslashreplace"))
        try:
            while rest:
                rest = rest[os.write(self._number, rest) :]
                self._torn = bool(rest)
        except OSError:
            return False
        return True


def line_of(event: Event, now: datetime, form: Form) -> str:
    """Given an event, return its line: time, level, event, site, message, then its own fields."""
    head: dict[str, Value] = {
        "time": now.isoformat(timespec="milliseconds"),
        "level": event.level,
        "event": event.name,
        "site": event.site,
        "message": event.message,
    }
    fields: dict[str, Value] = {name if name not in head else f"{name}_": value for name, value in event.fields.items()}
    values = {name: value for name, value in {**head, **fields}.items() if value is not None}
    if form == "json":
        return json.dumps(values)
    return " ".join(f"{_key(name)}={_value(value)}" for name, value in values.items())


def _key(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """As JSON has strings, with whatever is not printable escaped: a line break, and what steers a terminal."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in quoted)
