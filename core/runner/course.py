"""The course of one job: the backup, then what follows it, all told as events and alarms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from core.alarms import begin_run, end_run
from core.context import Context
from core.errors import GreenroomError
from core.events import Event, Tell
from core.runner.after import BY, figures, follow_up
from core.runner.jobs import Job
from core.runner.run import Ended, back_up_for


def run_course(context: Context, job: Job, tell: Tell) -> Ended:
    """Make the job's backup, clean up and drill after it; tell of each. Raise what nobody foresaw."""
    context = replace(context, actor=BY)
    ended = _back_up(context, job, tell)
    event = _event(job, ended)
    if event is not None:
        tell(event)
    if ended.how == "failed" or ended.backup is not None:
        end_run(context, job.order.site, "backup", ended.error, tell)
    if ended.backup is not None:
        follow_up(context, job, ended.backup, tell)
    trouble = figures(context) if ended.how != "busy" else None
    if trouble is not None:
        tell(trouble)
    return ended


def _back_up(context: Context, job: Job, tell: Tell) -> Ended:
    site = job.order.site
    try:
        return back_up_for(context, job.order, job.reporter(), partial(begin_run, context, site, tell))
    except BaseException as error:
        failure = error if isinstance(error, GreenroomError) else GreenroomError(f"{type(error).__name__}: {error}")
        end_run(context, site, "backup", failure, tell)
        raise


def _event(job: Job, ended: Ended) -> Event | None:
    site, instant = job.site, job.instant.isoformat()
    backup, error = ended.backup, ended.error
    if ended.how == "completed" and backup is not None:
        return Event(
            "info",
            "backup_completed",
            f"the backup {backup.name} is completed and verified",
            site,
            {"backup": backup.name, "scheduled_for": instant, "size_bytes": backup.file_size},
        )
    if ended.how == "settled" and backup is not None:
        words = f"the backup {backup.name} was made already, before this process began"
        return Event("info", "backup_found", words, site, {"backup": backup.name, "scheduled_for": instant})
    if ended.how == "failed" and error is not None:
        again = ended.retry_at.isoformat() if ended.retry_at else None
        fields = {"scheduled_for": instant, "hint": error.hint or None, "retry_at": again}
        return Event("error", "backup_failed", error.message, site, fields)
    if ended.how == "cancelled" and error is not None:
        words = "it will not be made" if job.order.skip else "it is made up after the next start"
        return Event("warning", "backup_cancelled", f"{error.message}; {words}", site, {"scheduled_for": instant})
    return None
