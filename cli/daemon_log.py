"""The daemon's log: a line an event, as key=value or as JSON, that no value from outside can forge."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Literal, TextIO

from core.events import Event

Form = Literal["text", "json"]
Value = str | int | float | bool | None

_PLAIN = re.compile(r"[A-Za-z0-9_./:+@,-]+")


class Log:
    """Writes events to a stream, from any thread. What cannot be written is counted, and said once it can be."""

    def __init__(self, stream: TextIO, clock: Callable[[], datetime], form: Form) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()
        self._lost = 0
        self.form = form

    def __call__(self, event: Event) -> None:
        with self._lock:
            if self._lost:
                lost = Event("warning", "log_lines_lost", "the log could not be written", None, {"lines": self._lost})
                if not self._write(lost):
                    self._lost += 1
                    return
                self._lost = 0
            if not self._write(event):
                self._lost += 1

    def _write(self, event: Event) -> bool:
        try:
            self._stream.write(line_of(event, self._clock(), self.form) + "\n")
            self._stream.flush()
        except OSError:  # a full disk, or nobody who reads: no reason to make no backups
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
