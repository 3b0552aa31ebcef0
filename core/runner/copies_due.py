"""Of which sites users' libraries are to be copied now. A site that is no movie library costs a look a day."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module

from sqlalchemy import inspect

from core.alarms import end_run
from core.catalog import ScheduleSettings, ScheduleState
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.errors import BusyError, GreenroomError
from core.events import Event, Tell
from core.runner import steps
from core.runner.complaints import Complaints, error_event
from core.runner.copies_state import daily_settings, forget_state, read_state, record_of, write_state
from core.runner.jobs import in_a_thread
from core.scheduler import decide, next_after

_AGAIN = timedelta(minutes=5)
_HELD_BACK = timedelta(minutes=1)
_TABLES = ("movies", "users", "entries")


@dataclass(frozen=True, slots=True)
class CopiesDue:
    """A site whose users' libraries are to be copied, for which instant, as attempt number `attempt`."""

    site: Site
    instant: datetime
    attempt: int
    missed: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a site found: what is due, or until when nothing is."""

    at: datetime
    settings: ScheduleSettings
    due: CopiesDue | None = None
    until: datetime | None = None
    trouble: GreenroomError | None = None

    def holds(self, settings: ScheduleSettings, now: datetime) -> bool:
        return self.settings == settings and self.at <= now and (self.until is None or now < self.until)


class CopiesAgenda:
    """Looks at each site in a thread when there may be something to do; what was found holds until then."""

    def __init__(self, tell: Tell, complaints: Complaints) -> None:
        self._tell = tell
        self._complaints = complaints
        self._looks: dict[str, Future[_Look]] = {}
        self._found: dict[str, _Look] = {}

    def due(self, context: Context, busy: Collection[str]) -> list[CopiesDue]:
        """Return what is to begin now, the longest due first; `busy` are the sites at work."""
        now = context.clock()
        self._collect(context, now)
        found: list[CopiesDue] = []
        for name, site in context.settings.sites.items():
            if name in self._looks:
                continue
            known = self._found.get(name)
            if known is None or not known.holds(daily_settings(context, site), now):
                look = partial(_look, context, site, self._tell)
                self._looks[name] = in_a_thread("greenroom-copies-look", look)
            elif known.due is not None and name not in busy:
                found.append(known.due)
        return sorted(found, key=lambda due: due.instant)

    def ended(self, context: Context, site: str, error: BaseException | None) -> None:
        """Take note that a run ended, and tell what it raised; then the site is left alone for a minute."""
        self._found.pop(site, None)
        subject = f"busy copies {site}"
        if isinstance(error, BusyError):
            self._complaints.say(subject, Event("warning", "copies_put_off", f"{error.message}; put off", site))
        else:
            self._complaints.over(subject)
        if error is not None and not isinstance(error, BusyError):
            self._tell(error_event("run_failed", error, site))
        its_site = context.settings.sites.get(site)
        if error is not None and its_site is not None:
            now = context.clock()
            self._found[site] = _Look(now, daily_settings(context, its_site), until=now + _HELD_BACK)

    def forget(self) -> None:
        """Look anew: what is known may be what somebody else has changed."""
        self._found.clear()
        self._looks.clear()

    def _collect(self, context: Context, now: datetime) -> None:
        for name, future in list(self._looks.items()):
            if not future.done():
                continue
            del self._looks[name]
            site = context.settings.sites.get(name)
            if site is None:
                continue
            error = future.exception()
            look = future.result() if error is None else None
            trouble = error if look is None else look.trouble
            subject = f"copies of {name}"
            if trouble is None:
                self._complaints.over(subject)
            else:
                self._complaints.say(subject, _unknown(trouble, name))
            self._found[name] = look or _Look(now, daily_settings(context, site), until=now + _AGAIN)


def is_users_library(site: Site) -> bool:
    """Return whether a site is a movie library with users; raise GreenroomError where it cannot be looked at.

    What tells a library for sure takes a while to import, so a site that has not even its tables costs none of it.
    """
    url = site.database_url()
    with reading(url) as session:
        present = inspect(session.connection())
        if not all(present.has_table(table) for table in _TABLES):
            return False
    library = import_module("core.library.library")
    return bool(library.is_library(url) and library.keeps_users(url))


def _look(context: Context, site: Site, tell: Tell) -> _Look:
    now, settings = context.clock(), daily_settings(context, site)
    try:
        return _judged(context, site, settings, now, tell)
    except GreenroomError as error:
        return _Look(now, settings, until=now + _AGAIN, trouble=error)


def _judged(context: Context, site: Site, settings: ScheduleSettings, now: datetime, tell: Tell) -> _Look:
    state = read_state(context, site)
    coming = next_after(settings, now)
    if state is None:
        if is_users_library(site):
            write_state(context, site, ScheduleState(settled_until=now))
        return _Look(now, settings, until=coming)
    decision = decide(record_of(context, site, state), now)
    if decision.action == "reset":
        write_state(context, site, steps.reset(state.schedule, settings, now))
    if decision.action != "run" or decision.instant is None:
        return _Look(now, settings, until=coming if decision.action == "reset" else decision.next_instant)
    if _is_none_any_more(site):
        forget_state(context, site)
        end_run(context, site, "copies", None, tell)
        return _Look(now, settings, until=coming)
    return _Look(now, settings, CopiesDue(site, decision.instant, max(decision.attempt, 1), decision.missed))


def _is_none_any_more(site: Site) -> bool:
    try:
        return not is_users_library(site)
    except GreenroomError:  # the copies fail for the same reason, and say so
        return False


def _unknown(trouble: BaseException, site: str) -> Event:
    words = trouble.message if isinstance(trouble, GreenroomError) else f"{type(trouble).__name__}: {trouble}"
    message = f"nobody can tell whether users' libraries are to be copied: {words}"
    hint = trouble.hint if isinstance(trouble, GreenroomError) else ""
    return Event("warning", "copies_unknown", message, site, {"hint": hint or None})
