"""What is due, from the schedules as the catalog has them. Nothing here waits for the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.catalog import ScheduleRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.events import Event, Tell
from core.runner import steps
from core.runner.complaints import Complaints, error_event
from core.runner.jobs import in_a_thread
from core.runner.reading import ScheduleReader
from core.runner.run import Ended
from core.scheduler import Decision, decide, drill_due

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_HELD_BACK = timedelta(minutes=1)
_CATALOG = "the catalog"
_SECONDS_TO_ANOTHER_DRILL = 300.0


@dataclass(frozen=True, slots=True)
class Due:
    """A site whose backup for an instant is to begin, as attempt number `attempt`; `missed`: it is late."""

    site: Site
    instant: datetime
    attempt: int
    missed: bool


@dataclass(frozen=True, slots=True)
class _Decided:
    record: ScheduleRecord
    at: datetime
    decision: Decision

    def holds(self, record: ScheduleRecord, now: datetime) -> bool:
        """Whether nothing can have changed but the time, and that not yet to the next instant."""
        until = self.decision.next_instant
        return self.record is record and self.at <= now and (until is None or now < until)


class Agenda:
    """Reads the schedules when they changed, and decides what is due."""

    def __init__(self, tell: Tell, complaints: Complaints, monotonic: Callable[[], float]) -> None:
        self._tell = tell
        self._complaints = complaints
        self._monotonic = monotonic
        self._reader = ScheduleReader(monotonic)
        self._waiting: dict[str, _Decided] = {}
        self._held_back: dict[str, datetime] = {}
        self._seen_in_time: dict[str, datetime] = {}
        self._no_drill_before: dict[str, float] = {}
        self._notes: dict[str, Future[None]] = {}
        self._pause = 0.0
        self._paused_until = 0.0
        self._records: dict[str, ScheduleRecord] = {}
        self.next_runs: dict[str, datetime] = {}

    def due(self, context: Context, busy: Collection[str]) -> list[Due]:
        """Return what is to begin now, the longest due first; `busy` are the sites at work."""
        self._finish_notes(context)
        records = self._read(context)
        if records is None:
            self._records = {}
            return []
        now = context.clock()
        known = {record.site: record for record in records if self._is_known(context, record)}
        self._drop_others(known)
        self._records = known
        found = [
            due
            for name, record in known.items()
            if name not in busy and name not in self._notes and not self._is_held_back(name, now)
            for due in self._look_at(context, record, now)
        ]
        return sorted(found, key=lambda due: due.instant)

    def drills_due(self, context: Context, busy: Collection[str]) -> list[Site]:
        """Return the sites of which a drill is to begin, as far as the last look knows; `busy` are those at work."""
        now = context.clock()
        return [
            context.settings.sites[name]
            for name, record in self._records.items()
            if name not in busy
            and name in context.settings.sites
            and self._monotonic() >= self._no_drill_before.get(name, 0.0)
            and self._wants_drill(record, now)
        ]

    def drilled(self, site: str, *, done: bool) -> None:
        """Take note that a drill ended; one that was put off, or had nothing to restore, is tried again later."""
        self.forget()
        self._no_drill_before[site] = self._monotonic() + (0.0 if done else _SECONDS_TO_ANOTHER_DRILL)

    def ended(self, context: Context, site: str, ended: Ended) -> None:
        """Take note that a run ended: what was read before counts for nothing."""
        self.forget()
        if ended.backup is not None:
            self._no_drill_before.pop(site, None)
        subject = f"busy {site}"
        if ended.how == "busy" and ended.error is not None:
            self.hold_back(context, site)
            self._complaints.say(subject, Event("warning", "site_busy", f"{ended.error.message}; put off", site))
        else:
            self._complaints.over(subject)

    def hold_back(self, context: Context, site: str) -> None:
        """Leave a site alone for a minute."""
        self._held_back[site] = context.clock() + _HELD_BACK

    def forget(self) -> None:
        """Read and decide anew: what is known may be what somebody else has changed."""
        self._reader.forget()
        self._waiting.clear()
        self._records = {}

    def close(self) -> None:
        self._reader.close()

    def _read(self, context: Context) -> Sequence[ScheduleRecord] | None:
        if self._monotonic() < self._paused_until:
            return None
        try:
            records = self._reader.poll(context)
        except (GreenroomError, OSError) as error:
            self._pause = min(max(_FIRST_PAUSE, self._pause * 2), _LONGEST_PAUSE)
            self._paused_until = self._monotonic() + self._pause
            self._complaints.say(_CATALOG, error_event("catalog_unreachable", error))
            self.forget()
            return None
        if records is not None:
            self._pause = 0.0
            self._complaints.over(_CATALOG, Event("info", "catalog_back", "the catalog can be read again"))
        return records

    def _is_known(self, context: Context, record: ScheduleRecord) -> bool:
        if not record.settings.enabled:
            return False
        subject = f"unknown {record.site}"
        if record.site in context.settings.sites:
            self._complaints.over(subject)
            return True
        words = (
            f"there is a schedule for {record.site}, which {context.settings.source.name} does not name: it is not run"
        )
        self._complaints.say(subject, Event("warning", "unknown_site", words, record.site))
        return False

    def _drop_others(self, known: Collection[str]) -> None:
        kept: tuple[dict[str, Any], ...] = (self._waiting, self._held_back, self._seen_in_time, self.next_runs)
        for one in kept:
            for name in [name for name in one if name not in known]:
                del one[name]

    def _is_held_back(self, site: str, now: datetime) -> bool:
        until = self._held_back.get(site)
        if until is None:
            return False
        if now < until <= now + _HELD_BACK:  # further away than that it is only where the clock was put back
            return True
        del self._held_back[site]
        return False

    def _look_at(self, context: Context, record: ScheduleRecord, now: datetime) -> Iterator[Due]:
        known = self._waiting.get(record.site)
        if known is not None and known.holds(record, now):
            return
        subject = f"schedule of {record.site}"
        try:
            decision = decide(record, now)
        except GreenroomError as error:
            self._complaints.say(subject, error_event("schedule_unusable", error, record.site))
            return
        self._complaints.over(subject)
        if decision.next_instant is not None:
            self.next_runs[record.site] = decision.next_instant
        else:
            self.next_runs.pop(record.site, None)
        if decision.action == "wait":
            self._waiting[record.site] = _Decided(record, now, decision)
        elif decision.instant is not None and self._is_to_run(record.site, decision):
            missed = decision.missed and self._seen_in_time.get(record.site) != decision.instant
            yield Due(context.settings.sites[record.site], decision.instant, max(decision.attempt, 1), missed)
        else:
            self._notes[record.site] = in_a_thread("greenroom-note", partial(_note, context, record, decision))
            self._tell(_told(record, decision))

    def _is_to_run(self, site: str, decision: Decision) -> bool:
        """One that was seen in time is run however long it then waits for its turn, or for the site."""
        if decision.action == "run" and not decision.missed and decision.instant is not None:
            self._seen_in_time[site] = decision.instant
        return decision.action == "run" or (
            decision.action == "skip" and self._seen_in_time.get(site) == decision.instant
        )

    def _wants_drill(self, record: ScheduleRecord, now: datetime) -> bool:
        try:
            return drill_due(record.settings, record.state.last_drill, now)
        except GreenroomError:  # told by the look at when it runs
            return False

    def _finish_notes(self, context: Context) -> None:
        for site, note in list(self._notes.items()):
            if not note.done():
                continue
            del self._notes[site]
            self.forget()
            error = note.exception()
            if error is not None:
                self.hold_back(context, site)
                self._tell(error_event("note_failed", error, site))


def _note(context: Context, record: ScheduleRecord, decision: Decision) -> None:
    """Note what is skipped, or that a wrong clock's times are forgotten, unless a person changed it meanwhile."""
    present = context.catalog.schedule(record.site)
    if present is None or present.state != record.state:
        return
    now = context.clock()
    if decision.action == "reset":
        state = steps.reset(present.state, present.settings, now)
    elif decision.instant is not None:
        why = "missed, and the schedule skips what was missed"
        state = steps.skipped(present.state, present.settings, decision.instant, now, why)
    else:
        return
    context.catalog.note_schedule(record.site, state)


def _told(record: ScheduleRecord, decision: Decision) -> Event:
    if decision.action == "reset":
        words = "the clock was far ahead when the schedule was noted: it goes on from now"
        return Event("warning", "schedule_reset", words, record.site)
    instant = decision.instant.isoformat() if decision.instant else None
    words = f"the backup for {instant} was missed and is skipped, as the schedule says"
    return Event("warning", "backup_skipped", words, record.site, {"scheduled_for": instant})
