"""What the loop does besides backups: the clean-up after each that retention wants, and the drills that are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.alarms import begin_run, end_run
from core.catalog import DrillStatus
from core.context import Context
from core.drill.drill import drill_backup, newest_to_drill
from core.drill.outcome import DrillOutcome
from core.errors import BusyError, CancelledError, GreenroomError
from core.events import Event, Level, Tell
from core.figures import write_figures
from core.prune import Pruned, prune_site
from core.runner.complaints import error_event
from core.runner.jobs import Job
from core.words import plural

BY = "schedule"
_LEVELS: Mapping[DrillStatus, Level] = {"passed": "info", "unable": "warning", "failed": "error"}


def clean_up(context: Context, job: Job, tell: Tell) -> None:
    """Clean up after a backup, unless its job is asked to stop.

    A site that somebody else works on is left alone: the next backup is followed by the same. Raise what nobody
    foresaw, once that is alarmed.
    """
    if job.stopping:
        return
    job.what = "prune"
    site = job.order.site
    begin_run(context, site, tell, "prune")
    error: GreenroomError | None = None
    try:
        tell(_pruned(job, prune_site(context, site, job.reporter(), by=BY)))
    except CancelledError as stopped:
        tell(Event("warning", "prune_cancelled", stopped.message, job.site))
        return
    except BusyError as busy:
        tell(Event("warning", "prune_put_off", f"{busy.message}; the next backup is followed by a clean-up", job.site))
        return
    except GreenroomError as failure:
        error = failure
        tell(error_event("prune_failed", failure, job.site))
    except BaseException as defect:
        end_run(context, site, "prune", foreseen(defect), tell)
        raise
    end_run(context, site, "prune", error, tell)


def drill_by_schedule(context: Context, job: Job, tell: Tell) -> bool:
    """Drill the newest backup of a site; return whether that came to an end: it was not put off, and there was one.

    Raise what nobody foresaw, once that is alarmed.
    """
    context = replace(context, actor=BY)
    site = job.order.site
    record, backup = context.catalog.schedule(site.name), newest_to_drill(context, site)
    if record is None or backup is None:
        return False
    context.catalog.note_drill(site.name, job.began)  # first: one that kills the process is not begun again at once
    begin_run(context, site, tell, "drill")
    tell(Event("info", "drill_started", f"the drill of {backup.name} begins", job.site, {"backup": backup.name}))
    error: GreenroomError | None = None
    try:
        outcome = drill_backup(context, site, backup, job.reporter())
        tell(_drilled(job, outcome))
        error = outcome.error if outcome.status == "failed" else None
    except (BusyError, CancelledError) as stopped:
        if not job.order.skip:
            context.catalog.note_drill(site.name, record.state.last_drill)
        tell(Event("warning", "drill_put_off", f"{stopped.message}; it is begun again later", job.site))
        return job.order.skip
    except GreenroomError as failure:
        error = failure
        tell(error_event("drill_failed", failure, job.site))
    except BaseException as defect:
        end_run(context, site, "drill", foreseen(defect), tell)
        raise
    end_run(context, site, "drill", error, tell)
    return True


def foreseen(defect: BaseException) -> GreenroomError:
    """Given whatever was raised, return it as an error that can be told."""
    return defect if isinstance(defect, GreenroomError) else GreenroomError(f"{type(defect).__name__}: {defect}")


def figures(context: Context) -> Event | None:
    """Write the figures, where the settings say whereto; return what is to be told where that failed."""
    try:
        write_figures(context)
    except (GreenroomError, OSError) as error:
        return error_event("figures_failed", error)
    return None


def _pruned(job: Job, pruned: Pruned) -> Event:
    gone = len(pruned.removed)
    fields = {"removed": gone, "freed_bytes": pruned.freed_bytes}
    words = f"{plural(gone, 'backup')} removed" if gone else "nothing is to be removed"
    return Event("info", "prune_completed", words, job.site, fields)


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
