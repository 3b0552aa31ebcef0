"""What is wrong, said once while it lasts, and when it is over."""

from __future__ import annotations

import traceback
from collections.abc import Collection

from core.errors import GreenroomError
from core.events import Event, Tell


class Complaints:
    """Tells an event about a subject unless it was the last one told about it. Holds one message a subject."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._said: dict[str, str] = {}

    def say(self, subject: str, event: Event) -> None:
        if self._said.get(subject) != event.message:
            self._said[subject] = event.message
            self._tell(event)

    def over(self, subject: str, event: Event | None = None) -> None:
        """What was said about the subject holds no more; tell `event` where something was said."""
        if self._said.pop(subject, None) is not None and event is not None:
            self._tell(event)

    def over_but(self, subjects: Collection[str]) -> None:
        """What was said about all other subjects holds no more."""
        for subject in [one for one in self._said if one not in subjects]:
            del self._said[subject]


def error_event(name: str, error: BaseException, site: str | None = None) -> Event:
    """Given what something failed with, return the event that tells it; where nobody foresaw it, with its place."""
    if isinstance(error, GreenroomError):
        return Event("error", name, error.message, site, {"hint": error.hint or None})
    if isinstance(error, OSError):
        return Event("error", name, str(error), site)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f"{last[0].filename}:{last[0].lineno}" if last else None
    message = f"this should not have happened: {type(error).__name__}: {error}"
    return Event("error", name, message, site, {"defect": True, "place": place})
