"""One run of the daily copies: the libraries of a site's users, each once for a day however often it is killed.

The attempt is noted before it begins, with the site's lock held. Users whose copy failed are noted, and an attempt that
follows tries only them, as far as they still want a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from core.alarms import begin_run, end_run
from core.catalog import ScheduleState
from core.context import Context
from core.databases.sessions import reading
from core.errors import CancelledError, GreenroomError, PartlyDoneError
from core.events import Event, Tell
from core.recovery import refuse_half_restored
from core.runner import steps
from core.runner.after import BY, foreseen
from core.runner.complaints import error_event
from core.runner.copies_state import CopiesState, daily_settings, read_state, record_of, write_state
from core.runner.jobs import Job
from core.scheduler import decide
from core.words import plural, printable

if TYPE_CHECKING:
    from core.library.transfer import DailyReport, Failed

_MOST_NAMED = 5


def copy_libraries(context: Context, job: Job, tell: Tell) -> None:
    """Copy the libraries of a site's users who want it, unless that was done meanwhile.

    Tell of each failure, alarm it, and note when it is tried again. Raise BusyError where somebody else has the site,
    and what nobody foresaw, once that is alarmed.
    """
    context = replace(context, actor=BY)
    site = job.order.site
    with context.lock(site, "copies"):
        state = read_state(context, site)
        if state is None or not _is_due(context, job, state):
            return
        again = state.schedule.running_for == job.instant
        left = state.left if again else ()
        begun = steps.begun(state.schedule, job.instant, job.began, context.settings.daemon.retry_minutes)
        write_state(context, site, begun, left)
        begin_run(context, site, tell, "copies")
        fields: dict[str, str | int | bool] = {"scheduled_for": job.instant.isoformat(), "attempt": job.attempt}
        tell(Event("info", "copies_started", "the copies of users' libraries begin", job.site, fields))
        error = _noted(context, job, begun, left, tell)
    if not isinstance(error, CancelledError):
        end_run(context, site, "copies", error, tell)


def _is_due(context: Context, job: Job, state: CopiesState) -> bool:
    """Whether what was found due is so still: another process may have made it, or tried it a moment ago."""
    decision = decide(record_of(context, job.order.site, state), context.clock())
    return decision.action == "run" and decision.instant == job.instant


def _noted(context: Context, job: Job, begun: ScheduleState, left: Sequence[str], tell: Tell) -> GreenroomError | None:
    """Make the copies, and note and tell how that ended; return why it did not go well."""
    site = job.order.site
    settings = daily_settings(context, site)
    try:
        report = _copied(context, job, left)
    except CancelledError as stopped:
        now = context.clock()
        if job.order.skip:
            write_state(context, site, steps.skipped(begun, settings, job.instant, now, stopped.message))
        else:
            write_state(context, site, steps.taken_back(begun, job.instant, now), left)
        tell(Event("warning", "copies_cancelled", stopped.message, job.site))
        return stopped
    except (GreenroomError, OSError) as failure:
        error = failure if isinstance(failure, GreenroomError) else GreenroomError(f"the copies failed: {failure}")
        _note_failed(context, job, begun, left, error, tell)
        return error
    except BaseException as defect:  # it is noted like any failure, and told by whoever waits for the run
        _note_failed(context, job, begun, left, foreseen(defect), tell)
        end_run(context, site, "copies", foreseen(defect), tell)
        raise
    if report.failed:
        for failed in report.failed:
            tell(_failed_event(job, failed))
        error = _together(report.failed, len(report.made))
        _note_failed(context, job, begun, [failed.user.id for failed in report.failed], error, tell)
        return error
    write_state(context, site, steps.completed(begun, settings, job.instant, context.clock()))
    tell(_completed(job, report))
    return None


def _copied(context: Context, job: Job, left: Sequence[str]) -> DailyReport:
    site = job.order.site
    refuse_half_restored(context, site)
    context.store.prepare(site.name)
    transfer = import_module("core.library.transfer")
    report: DailyReport = transfer.back_up_users(
        partial(reading, site.database_url()),
        context.store.users_folder(site.name),
        day=context.clock().astimezone(site.time_zone).date(),
        now=context.clock().timestamp(),
        disk=context.disk,
        reporter=job.reporter(),
        only=left or None,
    )
    return report


def _note_failed(
    context: Context, job: Job, begun: ScheduleState, left: Sequence[str], error: GreenroomError, tell: Tell
) -> None:
    site, pauses = job.order.site, context.settings.daemon.retry_minutes
    state = steps.failed(begun, daily_settings(context, site), job.instant, context.clock(), error.message, pauses)
    write_state(context, site, state, left if state.running_for is not None else ())
    event = error_event("copies_failed", error, job.site)
    again = _moment(state.retry_at if state.running_for is not None else None)
    tell(replace(event, fields={**event.fields, "retry_at": again}))


def _together(failed: Sequence[Failed], made: int) -> GreenroomError:
    named = "; ".join(f"{printable(one.user.username)}: {one.error.message}" for one in failed[:_MOST_NAMED])
    more = f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    words = f"{len(failed)} of {plural(len(failed) + made, 'library')} not copied: {named}{more}"
    return PartlyDoneError(words, hint=failed[0].error.hint)


def _failed_event(job: Job, failed: Failed) -> Event:
    words = f"the library of {printable(failed.user.username)} was not copied: {failed.error.message}"
    return Event("error", "copy_failed", words, job.site, {"user": failed.user.id, "hint": failed.error.hint or None})


def _completed(job: Job, report: DailyReport) -> Event:
    words = f"{plural(len(report.made), 'library')} of users copied"
    fields: dict[str, str | int] = {
        "scheduled_for": job.instant.isoformat(),
        "made": len(report.made),
        "removed": len(report.removed),
        "left_out": sum(made.left_out for made in report.made),
    }
    return Event("info", "copies_completed", words, job.site, fields)


def _moment(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None
