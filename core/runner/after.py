"""What follows a completed backup: the clean-up that retention wants, and the drill where one is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.alarms import begin_run, end_run
from core.catalog import BackupRecord, DrillStatus
from core.context import Context
from core.drill.drill import drill_backup
from core.drill.outcome import DrillOutcome
from core.errors import BusyError, CancelledError, GreenroomError
from core.events import Event, Level, Tell
from core.figures import write_figures
from core.prune import Pruned, prune_site
from core.runner.complaints import error_event
from core.runner.jobs import Job
from core.scheduler import drill_due
from core.words import plural

BY = "schedule"
_LEVELS: Mapping[DrillStatus, Level] = {"passed": "info", "unable": "warning", "failed": "error"}


def follow_up(context: Context, job: Job, backup: BackupRecord, tell: Tell) -> None:
    """Clean up after a backup and drill it where one is due; of a job that is asked to stop nothing more begins.

    A site that somebody else works on is left alone: the next backup is followed by the same.
    """
    try:
        if not job.stopping:
            _clean_up(context, job, tell)
        if not job.stopping:
            _drill(context, job, backup, tell)
    except CancelledError as error:
        tell(Event("warning", f"{job.what}_cancelled", error.message, job.site))


def figures(context: Context) -> Event | None:
    """Write the figures, where the settings say whereto; return what is to be told where that failed."""
    try:
        write_figures(context)
    except (GreenroomError, OSError) as error:
        return error_event("figures_failed", error)
    return None


def _clean_up(context: Context, job: Job, tell: Tell) -> None:
    job.what = "prune"
    site = job.order.site
    error: GreenroomError | None = None
    begin_run(context, site, tell, "prune")
    try:
        tell(_pruned(job, prune_site(context, site, job.reporter(), by=BY)))
    except CancelledError:
        raise
    except BusyError as busy:
        tell(Event("warning", "prune_put_off", f"{busy.message}; the next backup is followed by a clean-up", job.site))
        return
    except GreenroomError as failure:
        error = failure
        tell(error_event("prune_failed", failure, job.site))
    end_run(context, site, "prune", error, tell)


def _pruned(job: Job, pruned: Pruned) -> Event:
    gone = len(pruned.removed)
    fields = {"removed": gone, "freed_bytes": pruned.freed_bytes}
    words = f"{plural(gone, 'backup')} removed" if gone else "nothing is to be removed"
    return Event("info", "prune_completed", words, job.site, fields)


def _drill(context: Context, job: Job, backup: BackupRecord, tell: Tell) -> None:
    job.what = "drill"
    site = job.order.site
    error: GreenroomError | None = None
    record = context.catalog.schedule(site.name)
    now = context.clock()
    if record is None or not drill_due(record.settings, record.state.last_drill, now):
        return
    before = record.state.last_drill
    _note_drill(context, job, now)  # first: a drill that kills the process is not repeated after each backup
    begin_run(context, site, tell, "drill")
    tell(Event("info", "drill_started", f"the drill of {backup.name} begins", job.site, {"backup": backup.name}))
    try:
        outcome = drill_backup(context, site, backup, job.reporter())
        tell(_drilled(job, outcome))
        error = outcome.error if outcome.status == "failed" else None
    except (BusyError, CancelledError) as stopped:
        _note_drill(context, job, before)
        if isinstance(stopped, CancelledError):
            raise
        tell(Event("warning", "drill_put_off", f"{stopped.message}; the next backup is drilled", job.site))
        return
    except GreenroomError as failure:
        error = failure
        tell(error_event("drill_failed", failure, job.site))
    end_run(context, site, "drill", error, tell)


def _note_drill(context: Context, job: Job, when: datetime | None) -> None:
    record = context.catalog.schedule(job.site)
    if record is not None:
        context.catalog.note_schedule(job.site, replace(record.state, last_drill=when))


def _drilled(job: Job, outcome: DrillOutcome) -> Event:
    level = _LEVELS[outcome.status]
    words = outcome.error.message if outcome.error is not None else f"the drill of {outcome.backup.name} passed"
    fields: dict[str, str | int | float] = {
        "backup": outcome.backup.name,
        "seconds": round(outcome.seconds, 3),
        "tables": outcome.compared.tables,
        "records": outcome.compared.records,
        "files": outcome.compared.files,
    }
    return Event(level, f"drill_{outcome.status}", words, job.site, fields)
