"""The course of one job: the backup, then the clean-up, all told as events and alarms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from core.alarms import begin_run, end_run
from core.context import Context
from core.events import Event, Tell
from core.runner.after import BY, clean_up, figures, foreseen
from core.runner.jobs import Job
from core.runner.run import Ended, back_up_for


def run_course(context: Context, job: Job, tell: Tell) -> Ended:
    """Make the job's backup, and clean up after it; tell of both. Raise what nobody foresaw."""
    context = replace(context, actor=BY)
    ended = _back_up(context, job, tell)
    event = _event(job, ended)
    if event is not None:
        tell(event)
    if ended.how == "failed" or ended.backup is not None:
        end_run(context, job.order.site, "backup", ended.error, tell)
    if ended.backup is not None:
        clean_up(context, job, tell)
    trouble = figures(context) if ended.how != "busy" else None
    if trouble is not None:
        tell(trouble)
    return ended


def _back_up(context: Context, job: Job, tell: Tell) -> Ended:
    site = job.order.site
    try:
        return back_up_for(context, job.order, job.reporter(), partial(_begin, context, job, tell))
    except BaseException as error:
        end_run(context, site, "backup", foreseen(error), tell)
        raise


def _begin(context: Context, job: Job, tell: Tell) -> None:
    instant = job.instant.isoformat()
    fields: dict[str, str | int | bool] = {"scheduled_for": instant, "attempt": job.attempt, "missed": job.missed}
    tell(Event("info", "backup_started", f"the backup for {instant} begins", job.site, fields))
    begin_run(context, job.order.site, tell)


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
