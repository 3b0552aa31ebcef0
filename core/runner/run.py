"""One run: a site backed up for an instant of its schedule, exactly once however often the process is killed.

All of the state is noted with the site's lock held. The attempt is noted before it begins; a backup is found again by
the instant it was made for, so a kill between the backup and the note of it makes no second one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.backup import BackupRequest, back_up_held
from core.catalog import BackupRecord, ScheduleRecord
from core.config import Site
from core.context import Context
from core.errors import BusyError, CancelledError, GreenroomError
from core.progress import Reporter
from core.recovery import refuse_half_restored, tidy
from core.runner import steps

How = Literal["completed", "failed", "cancelled", "busy", "settled"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `settled`: there was nothing left to do. `busy`: somebody else has the site, nothing was tried.

    `backup` is the one that was completed; `retry_at` the time of the next attempt after a failed one, None where that
    was the last.
    """

    how: How
    backup: BackupRecord | None = None
    error: GreenroomError | None = None
    retry_at: datetime | None = None


class Order:
    """What is to be made: a backup of a site for an instant; `skip` tells that a person stopped it for good."""

    def __init__(self, site: Site, instant: datetime) -> None:
        self.site = site
        self.instant = instant
        self.skip = False


def back_up_for(context: Context, order: Order, reporter: Reporter, begins: Callable[[], object] = bool) -> Ended:
    """Make the backup, unless there is one already, and note how it ended; `begins` is called right before it.

    Raise GreenroomError where the catalog cannot be reached: then nothing is lost either, and it is due again.
    """
    site = order.site
    with ExitStack() as held:
        try:
            held.enter_context(context.lock(site, "backup"))
        except BusyError as error:
            return Ended("busy", error=error)
        record = context.catalog.schedule(site.name)
        if record is None or not record.settings.enabled or record.state.settled_until >= order.instant:
            return Ended("settled")
        pauses = context.settings.daemon.retry_minutes
        context.catalog.note_schedule(site.name, steps.begun(record.state, order.instant, context.clock(), pauses))
        try:
            return _make(context, order, record, reporter, begins)
        except CancelledError as error:
            return _cancelled(context, order, error)
        except GreenroomError as error:
            return _failed(context, order, error)
        except OSError as error:
            return _failed(context, order, GreenroomError(f"the backup of {site.name} failed: {error}"))
        except BaseException as error:  # a defect; it is noted like any failure, and told by whoever waits for the run
            _failed(context, order, GreenroomError(f"{type(error).__name__}: {error}"))
            raise


def _make(
    context: Context, order: Order, record: ScheduleRecord, reporter: Reporter, begins: Callable[[], object]
) -> Ended:
    site = order.site
    tidy(context, site)  # completes the row of a backup that was published just before a kill
    made = context.catalog.made_for(site.name, order.instant)
    if made is not None:
        _note_completed(context, order)
        return Ended("settled", made)
    refuse_half_restored(context, site)
    request = BackupRequest(kind=record.settings.kind, role="scheduled", scheduled_for=order.instant)
    begins()
    backup = back_up_held(context, site, reporter, request).record
    with suppress(GreenroomError):  # it carries its instant: the next look finds it, and notes it then
        _note_completed(context, order)
    return Ended("completed", backup)


def _note_completed(context: Context, order: Order) -> None:
    record = context.catalog.schedule(order.site.name)
    if record is not None:
        state = steps.completed(record.state, record.settings, order.instant, context.clock())
        context.catalog.note_schedule(order.site.name, state)


def _failed(context: Context, order: Order, error: GreenroomError) -> Ended:
    record = context.catalog.schedule(order.site.name)
    if record is None:
        return Ended("failed", error=error)
    pauses = context.settings.daemon.retry_minutes
    state = steps.failed(record.state, record.settings, order.instant, context.clock(), error.message, pauses)
    context.catalog.note_schedule(order.site.name, state)
    return Ended("failed", error=error, retry_at=state.retry_at)


def _cancelled(context: Context, order: Order, error: CancelledError) -> Ended:
    record = context.catalog.schedule(order.site.name)
    if record is not None:
        now = context.clock()
        if order.skip:
            state = steps.skipped(record.state, record.settings, order.instant, now, error.message)
        else:
            state = steps.taken_back(record.state, order.instant, now)
        context.catalog.note_schedule(order.site.name, state)
    return Ended("cancelled", error=error)
