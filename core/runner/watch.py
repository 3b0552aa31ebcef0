"""What is looked after once a minute, in a thread of its own: conditions of the sites, alarms that wait, figures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from core.alarms import watch
from core.context import Context
from core.events import Event, Tell
from core.runner.after import figures
from core.runner.complaints import Complaints, error_event
from core.runner.jobs import in_a_thread

_SECONDS_BETWEEN = 60.0


class Watch:
    """Starts the look where the last one has ended."""

    def __init__(self, tell: Tell, monotonic: Callable[[], float]) -> None:
        self._tell = tell
        self._complaints = Complaints(tell)
        self._monotonic = monotonic
        self._look: Future[None] | None = None
        self._due = 0.0

    def look(self, context: Context) -> None:
        """Begin a look where one is due; tell what went wrong in the one before."""
        if self._look is not None:
            if not self._look.done():
                return
            error = self._look.exception()
            self._look = None
            if error is not None:
                self._tell(error_event("watch_failed", error))
        if self._monotonic() >= self._due:
            self._due = self._monotonic() + _SECONDS_BETWEEN
            self._look = in_a_thread("greenroom-watch", partial(self._look_after, context))

    def _look_after(self, context: Context) -> None:
        """What goes wrong with the looking itself is told once while it lasts, not each minute."""
        failed: set[str] = set()

        def tell(event: Event) -> None:
            if event.name != "alarms_failed":
                self._tell(event)
                return
            subject = f"alarms of {event.site}"
            failed.add(subject)
            self._complaints.say(subject, event)

        watch(context, tell)
        trouble = figures(context)
        if trouble is not None:
            failed.add("figures")
            self._complaints.say("figures", trouble)
        self._complaints.over_but(failed)
