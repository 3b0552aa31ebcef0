"""The daemon's log: a line an event, whatever the event holds."""

from __future__ import annotations

import io
import json
import os
import re
import threading
from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.daemon_log import Log, line_of
from core.events import Event

_NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
_FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^" ]+)(?: |$)')


def _read(line: str) -> dict[str, str]:
    """Read a line of key=value as any reader of logfmt would; all of it must be fields."""
    found = {}
    while line:
        match = _FIELD.match(line)
        assert match, line
        assert match[1] not in found
        found[match[1]] = json.loads(match[2]) if match[2].startswith('"') else match[2]
        line = line[match.end() :]
    return found


def test_an_event_is_a_line_of_fields() -> None:
    event = Event("info", "backup_completed", "it is done", "app", {"size_bytes": 5, "hint": None, "late": False})
    assert line_of(event, _NOW, "text") == (
        "time=2026-03-29T00:30:00.000+00:00 level=info event=backup_completed site=app "
        'message="it is done" size_bytes=5 late=false'
    )
    assert json.loads(line_of(event, _NOW, "json"))["late"] is False


@settings(derandomize=True, max_examples=200)
@given(st.text(), st.text(), st.text(), st.sampled_from(["text", "json"]))
def test_no_value_forges_a_line_or_a_field(message: str, site: str, value: str, form: Literal["text", "json"]) -> None:
    event = Event("error", "failed", message, site, {"error": value, "message": value})
    line = line_of(event, _NOW, form)
    assert line.isprintable()
    read = json.loads(line) if form == "json" else _read(line)
    assert list(read) == ["time", "level", "event", "site", "message", "error", "message_"]
    assert (read["message"], read["site"], read["error"], read["message_"]) == (message, site, value, value)


@pytest.mark.parametrize(
    "value", ["a\nlevel=info", 'a" level="x', "a\\", "\x1b[2J", "\u2028x", "\u202egnp.exe", "\udc80"]
)
def test_what_steers_a_terminal_or_breaks_a_line_is_escaped(value: str) -> None:
    line = line_of(Event("error", "failed", value), _NOW, "text")
    assert line.isprintable()
    assert _read(line)["message"] == value


class _Full(io.StringIO):
    """A stream on a disk that is full for a while."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_lines_that_were_lost_are_counted_and_told() -> None:
    stream = _Full()
    log = Log(stream, lambda: _NOW, "text")
    for _ in range(3):
        log(Event("info", "lost", "not seen"))
    assert log.flush(30)
    stream.full = False
    log(Event("info", "seen", "seen"))
    log(Event("info", "seen", "seen"))
    assert log.flush(30)
    lines = [_read(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["log_lines_lost", "seen", "seen"]
    assert lines[0]["lines"] == "3"


def test_a_reader_that_hangs_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        log = Log(stream, lambda: _NOW, "text")

        def tell() -> None:
            for number in range(3000):
                log(Event("info", "told", "a line", None, {"number": number}))

        tellers = [threading.Thread(target=tell, daemon=True) for _ in range(2)]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(30)
        assert not any(teller.is_alive() for teller in tellers)
        assert not log.flush(0.0)
        lines: list[str] = []

        def read() -> None:
            with os.fdopen(reading) as pipe:
                lines.extend(pipe)

        reader = threading.Thread(target=read)
        reader.start()
        assert log.flush(30)
        log(Event("info", "last", "there is room again"))
        log.close(30)
    reader.join(30)
    read_lines = [_read(line[:-1]) for line in lines]
    lost = sum(int(line["lines"]) for line in read_lines if line["event"] == "log_lines_lost")
    assert lost > 0
    assert len([line for line in read_lines if line["event"] == "told"]) + lost == 6000
    assert read_lines[-1]["event"] == "last"


def test_a_line_of_which_a_part_went_out_is_ended_before_the_next() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "w") as stream:
        os.set_blocking(writing, False)
        log = Log(stream, lambda: _NOW, "text")
        log(Event("info", "long", "x" * 500_000))
        assert log.flush(30)
        os.read(reading, 1 << 20)
        log(Event("info", "next", "is whole"))
        log.close(30)
        assert [_read(line)["event"] for line in os.read(reading, 1 << 20).decode().splitlines() if line] == [
            "log_lines_lost",
            "next",
        ]
