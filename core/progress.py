"""What long work reports while it runs, and how it is asked to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.errors import CancelledError

Unit = Literal["bytes", "rows", "files", "steps"]

_SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is: `done` of `total` units; `total` is None where it cannot be known."""

    phase: str
    done: int
    total: int | None
    unit: Unit


class CancelToken:
    """A request to stop that any thread or signal handler may make, and that the work looks at."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    def cancel(self, reason: str = "cancelled") -> None:
        self._reason = self._reason or reason
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Return, or raise CancelledError once somebody asked to stop."""
        if self._event.is_set():
            raise CancelledError(f"{self._reason}: stopped in good order")

    def pause(self, seconds: float) -> None:
        """Wait, unless somebody asks to stop: then raise CancelledError at once."""
        self._event.wait(seconds)
        self.check()


class Reporter:
    """Hands progress to one listener, at most ten times a second, and notices cancellation."""

    def __init__(
        self,
        listener: Callable[[Progress], None] | None = None,
        token: CancelToken | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._token = token or CancelToken()
        self._monotonic = monotonic
        self._now = Progress("", 0, None, "steps")
        self._last_report = 0.0

    def phase(self, name: str, total: int | None = None, unit: Unit = "bytes") -> None:
        """Begin a phase; it is always reported."""
        self.check()
        self._now = Progress(name, 0, total, unit)
        self._tell()

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more units as done; raise CancelledError if asked to stop."""
        self.check()
        self._now = Progress(self._now.phase, self._now.done + amount, self._now.total, self._now.unit)
        if self._monotonic() - self._last_report >= _SECONDS_BETWEEN_REPORTS:
            self._tell()

    def uncancellable(self) -> Reporter:
        """Return a reporter to the same listener, for work that must come to its end."""
        return Reporter(self._listener, monotonic=self._monotonic)

    def check(self) -> None:
        self._token.check()

    def pause(self, seconds: float) -> None:
        self._token.pause(seconds)

    def _tell(self) -> None:
        self._last_report = self._monotonic()
        if self._listener is not None:
            self._listener(self._now)
