"""The course of one job: the backup, then what follows it, all told as events."""

from __future__ import annotations

from core.context import Context
from core.events import Event, Tell
from core.runner.jobs import Job
from core.runner.run import Ended, back_up_for


def run_course(context: Context, job: Job, tell: Tell) -> Ended:
    """Make the job's backup, clean up and drill after it; tell of each. Raise what nobody foresaw."""
    ended = back_up_for(context, job.order, job.reporter())
    event = _event(job, ended)
    if event is not None:
        tell(event)
    return ended


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
