"""Prove that a backup restores: into a scratch place, where it is counted and tried, and which is removed again.

The site is locked only while the archive is opened and while the result is noted, so no backup or restore waits for a
drill. An archive that is deleted meanwhile stays readable to the end, and then there is nothing to note it at.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from core.archive import Archive
from core.catalog import BackupRecord, DrillStatus
from core.config import Site
from core.context import Context
from core.databases.sqlite import ENGINE
from core.drill.course import Course
from core.drill.outcome import Compared, DrillOutcome
from core.drill.scratch import drill_lock, remove_left
from core.errors import BusyError, CancelledError, GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.recovery import tidy
from core.sidecars import change_state
from core.verify import open_backup, present_row

_PAGE = 50
_SECONDS_BETWEEN_TRIES = 0.5


@dataclass(frozen=True, slots=True)
class _Result:
    status: DrillStatus
    compared: Compared
    notices: tuple[str, ...]
    reason: str = ""


def newest_to_drill(context: Context, site: Site) -> BackupRecord | None:
    """Return the site's newest completed backup that a drill can try, a safety backup only where there is no other."""
    safety = None
    offset = 0
    while page := context.catalog.backups(site.name, limit=_PAGE, offset=offset):
        for backup in page:
            if backup.status != "completed" or not _has_a_place(context, backup):
                continue
            if backup.role != "safety":
                return backup
            safety = safety or backup
        offset += len(page)
    return safety


def _has_a_place(context: Context, backup: BackupRecord) -> bool:
    """Whether there can be a scratch place: not for records of a Django project, nor for a dump from elsewhere."""
    if backup.trusted:
        return True
    if backup.foreign or backup.kind == "portable":
        return backup.kind == "snapshot" or not backup.foreign
    manifest = json.loads(context.catalog.manifest(backup.id) or "{}")
    return bool(manifest.get("engine") == ENGINE)


def drill_backup(context: Context, site: Site, backup: BackupRecord, reporter: Reporter) -> DrillOutcome:
    """Restore a backup into a scratch place, compare and try it, remove all of that, and note how it ended.

    A bad backup is `failed`, a scratch place that lacks something `unable`; neither raises, see `DrillOutcome.error`.
    Raise BusyError where another drill of the site runs or the site is in use, UsageError where there is no archive,
    CancelledError also where the backup was deleted meanwhile: then nothing is noted.
    """
    context.require_writable("drill a backup")
    began = time.monotonic()
    with drill_lock(context, site):
        remove_left(context, site)
        with ExitStack() as opened:
            try:
                backup, archive = _open(context, site, backup, opened)
            except VerificationError as error:
                result = _Result("failed", Compared(), (), error.message)
            except (BusyError, CancelledError, UsageError):
                raise
            except GreenroomError as error:
                result = _Result("unable", Compared(), (), error.message)
            else:
                result = _run(Course(context, site, backup, archive, reporter))
        left = remove_left(context, site)
        result = replace(result, notices=(*result.notices, *(f"left for the next time: {what}" for what in left)))
        return _note(context, site, backup, result, began, reporter)


def _open(context: Context, site: Site, backup: BackupRecord, opened: ExitStack) -> tuple[BackupRecord, Archive]:
    """Open the archive with the site's lock held: no deletion is half done then, and none after it takes it away."""
    with context.lock(site, "drill"):
        tidy(context, site)
        backup = present_row(context, backup)
        return backup, opened.enter_context(open_backup(context, site, backup))


def _run(course: Course) -> _Result:
    try:
        course.run()
    except CancelledError:
        raise
    except VerificationError as error:
        return _Result("failed", course.compared, tuple(course.notices), error.message)
    except GreenroomError as error:
        return _Result("unable", course.compared, tuple(course.notices), error.message)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _Result("unable", course.compared, tuple(course.notices), f"{error.strerror or error}{where}")
    return _Result("passed", course.compared, tuple(course.notices))


def _note(
    context: Context, site: Site, backup: BackupRecord, result: _Result, began: float, reporter: Reporter
) -> DrillOutcome:
    """Store the result at the backup; a site in use is waited for, and may be for as long as a backup takes."""
    while True:
        try:
            with context.lock(site, "drill"):
                tidy(context, site)
                return _note_held(context, site, backup, result, time.monotonic() - began)
        except BusyError:
            reporter.phase("waiting for the site, to note the result", None, "steps")
            reporter.pause(_SECONDS_BETWEEN_TRIES)


def _note_held(context: Context, site: Site, backup: BackupRecord, result: _Result, seconds: float) -> DrillOutcome:
    present = context.catalog.get(backup.id)
    was_opened = result.compared.archive_bytes > 0
    if present is None or (was_opened and not context.store.has_archive(site.name, backup.name)):
        raise CancelledError(f"{backup.name} went away while it was drilled")
    now = context.clock()
    drilled_at = {"passed": now, "failed": None, "unable": present.drilled_at}[result.status]
    changes = {"drilled_at": drilled_at}
    is_damaged = result.status == "failed" and not was_opened  # as a verification would say
    if is_damaged:
        changes["verified_at"] = None
    elif result.status == "passed" and result.compared.hashed:
        changes["verified_at"] = now
    change_state(context, site, present, **changes)
    if is_damaged:
        context.catalog.set_verified(backup.id, None, error=result.reason)
    outcome = DrillOutcome(present, result.status, now, seconds, result.compared, result.reason, result.notices)
    return replace(outcome, backup=context.catalog.set_drilled(backup.id, drilled_at, result.status, outcome.stored()))
