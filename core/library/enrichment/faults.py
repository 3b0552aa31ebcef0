"""What goes wrong when a service is asked; no message holds a key."""

from __future__ import annotations

from core.errors import GreenroomError


class FilmError(GreenroomError):
    """One film cannot be enriched, and others can."""


class ServiceError(GreenroomError):
    """A service did not answer as it should; the film goes on waiting."""

    def __init__(self, service: str, message: str, *, hint: str = "") -> None:
        super().__init__(f"{service} {message}", hint=hint)
        self.service = service


class StoppingError(GreenroomError):
    """A service answers nothing more for now: going on makes no sense."""

    def __init__(self, service: str, message: str, *, hint: str) -> None:
        super().__init__(f"{service} {message}", hint=hint)
        self.service = service


class LimitReachedError(StoppingError):
    """A service was asked as often as it allows."""


class KeyRefusedError(StoppingError):
    """A service does not take the key that the configuration gives."""
