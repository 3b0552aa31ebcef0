"""The loop of the schedules, run by the app while it is open, unless a daemon does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual.app import App
from textual.message import Message

from core.context import Context
from core.events import Event
from core.progress import Progress
from core.words import printable
from tui.runner_words import format_instant

if TYPE_CHECKING:
    from core.runner.loop import Loop

_SECONDS_TO_END = 2.0
_ALARMS = "alarm"
_ALARMS_SHOWN = ("archive_shrunk", "blind")  # what no run's error and no head of a screen tells
_VERBS = {
    "backup": "scheduled backup",
    "prune": "clean-up",
    "drill": "scheduled drill",
    "copies": "copies of users' libraries",
}


class LoopTold(Message):
    """Posted from the threads of the loop."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


@dataclass(frozen=True)
class LoopJob:
    """What the loop has at work: what it is called, how far it is, and whether it is asked to stop."""

    title: str
    site: str
    progress: Progress
    stopping: bool


class AppLoop:
    """The loop of this app; one that is never started has nothing at work and is at its end."""

    def __init__(self, app: App[None], context: Context) -> None:
        self._app = app
        self._context = context
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin, unless greenroom is read-only: then the schedules are somebody else's to run."""
        if self._context.read_only:
            return
        make: type[Loop] = import_module("core.runner.loop").Loop  # late: the first screen comes before it
        self._loop = make(self._context, self._tell, "app")
        self._loop.start()

    @property
    def jobs(self) -> Sequence[LoopJob]:
        """What is at work now."""
        if self._loop is None:
            return ()
        return [
            LoopJob(f"{_VERBS[job.what]} of {job.site}", job.site, job.progress, job.token.cancelled)
            for job in self._loop.jobs
        ]

    @property
    def ended(self) -> bool:
        """Whether nothing of it is at work any more, and nothing will be."""
        return self._loop is None or self._loop.wait(0)

    def cancel(self) -> None:
        """Stop what is at work, for good: it is not made up."""
        for job in self.jobs:
            if self._loop is not None:
                self._loop.skip(job.site)

    def stop(self) -> None:
        """Begin nothing more; what is at work is cancelled or comes to its end, as the configuration has it."""
        if self._loop is not None:
            self._loop.stop(self._context.settings.daemon.on_stop)
            if not self._loop.jobs:
                self._loop.wait(_SECONDS_TO_END)

    def wait(self) -> None:
        """Wait for the end of what was stopped."""
        if self._loop is not None:
            self._loop.wait()

    def leaving_lines(self) -> list[str]:
        """Say what quitting does to what is at work; nothing where nothing is."""
        lines = [f"{printable(job.title)} is at work." for job in self.jobs]
        if not lines:
            return []
        if self._context.settings.daemon.on_stop == "finish":
            return [*lines, "Quitting waits until it is done."]
        return [*lines, "Quitting cancels it, in good order; it is made up when the schedule runs again."]

    def _tell(self, event: Event) -> None:
        self._app.post_message(LoopTold(event))


def note_text(event: Event, zone: ZoneInfo) -> str:
    """Given what the loop told, return it for the messages, with the times that are told beside it in a zone."""
    hint, again = event.fields.get("hint"), event.fields.get("retry_at")
    told = f"{event.site}: {event.message}" if event.site else event.message
    if hint:
        told += f"\nWhat to do: {hint}"
    return (
        f"{told}\nTried again {format_instant(datetime.fromisoformat(again), zone)}" if isinstance(again, str) else told
    )


def interrupts(event: Event) -> bool:
    """Whether a person is shown at once what the loop told: what is wrong, and of a run that failed only its own error.

    The alarm of a run, and how alarms were delivered, are for the messages.
    """
    if event.name == "alarm":
        return event.fields.get("kind") in _ALARMS_SHOWN
    return event.level != "info" and not event.name.startswith(_ALARMS)
