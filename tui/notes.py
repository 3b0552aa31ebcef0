"""What the app has said since it was started: the last notices and errors, each whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.message import Message

from core.reports import format_time

MOST_NOTES = 200


@dataclass(frozen=True)
class Note:
    """One notice, warning or error; `text` may have several lines."""

    number: int
    time: datetime
    kind: str
    text: str


class Notes:
    """The last notes, the newest first; the older ones are forgotten."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque(maxlen=MOST_NOTES)
        self._number = 0

    def add(self, time: datetime, kind: str, text: str) -> None:
        self._number += 1
        self._notes.appendleft(Note(self._number, time, kind, text))

    def newest_first(self) -> tuple[Note, ...]:
        return tuple(self._notes)


class Said(Message):
    """Posted by a screen that tells an error, so that it can be read again."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__()
        self.kind = kind
        self.text = text


def note_text(note: Note, zone: ZoneInfo) -> str:
    """Given a note, return it whole, with its time."""
    return f"{format_time(note.time, zone)}  {note.kind}\n{note.text}\n"


def notes_text(notes: Iterable[Note], zone: ZoneInfo) -> str:
    """Given notes, return them as the text of a file."""
    return "\n".join(note_text(note, zone) for note in notes)
