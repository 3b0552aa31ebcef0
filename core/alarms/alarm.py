"""An alarm: what is wrong, of which site, and what to do about it; or that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, StringConstraints

from core.words import printable

AlarmKind = Literal[
    "backup_failed",
    "drill_failed",
    "apply_failed",
    "prune_failed",
    "copies_failed",
    "backup_overdue",
    "schedule_lost",
    "archive_missing",
    "archive_shrunk",
    "low_space",
    "blind",
    "apprise_missing",
    "test",
]
Signal = Literal["start", "success", "fail", "log"]
LONGEST_MESSAGE = 1000
_LONGEST_TITLE = 120
_NAMES: dict[AlarmKind, str] = {
    "backup_failed": "backup failed",
    "drill_failed": "drill failed",
    "apply_failed": "restore failed",
    "prune_failed": "clean-up failed",
    "copies_failed": "copies of users' libraries failed",
    "backup_overdue": "no good backup for too long",
    "schedule_lost": "schedule lost",
    "archive_missing": "the last good archive is gone",
    "archive_shrunk": "archive much smaller than before",
    "low_space": "little space left",
    "blind": "cannot look after the backups",
    "apprise_missing": "Apprise is not installed",
    "test": "test alarm",
}

Words = Annotated[str, StringConstraints(max_length=LONGEST_MESSAGE)]
SiteName = Annotated[str, StringConstraints(max_length=63)]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong and since it was noticed, or, `recovered`, that it is over; `site` is None for all of them."""

    kind: AlarmKind
    site: SiteName | None
    message: Words
    advice: Words
    when: AwareDatetime
    recovered: bool = False

    @property
    def title(self) -> str:
        """One line for the head of a message."""
        about = f"{self.site}: " if self.site else ""
        over = "over: " if self.recovered else ""
        return f"greenroom: {about}{over}{name_of(self.kind)}"[:_LONGEST_TITLE]

    @property
    def body(self) -> str:
        """All of it, a line each: what, what to do, when."""
        lines = [self.message, self.advice, f"{self.when:%Y-%m-%d %H:%M:%S} UTC"]
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Ping:
    """What the address of a site is told of a run: how it stands, with a few words."""

    signal: Signal
    words: Words
    when: AwareDatetime


def name_of(kind: AlarmKind) -> str:
    """Return what an alarm is about, in words."""
    return _NAMES[kind]


def shortened(text: str) -> str:
    """Return text from outside as an alarm may hold it: on one line, printable, not too long."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 3]}..."
