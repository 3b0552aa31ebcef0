"""What counts as wrong: pure functions from what is known of a site to a finding, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from pydantic import AwareDatetime

from core.alarms.alarm import AlarmKind, SiteName, Words
from core.catalog import BackupRecord
from core.overdue import Overdue, overdue_words
from core.restore.marker import Marker
from core.sizes import format_size

What = Literal["backup", "drill", "apply", "prune", "copies"]
COMPARED = 5
_FEWEST = 3
_A_TENTH = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong now, in words, and what to do about it."""

    kind: AlarmKind
    site: str | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended badly, as the runner told it: there may be no row that says so."""

    what: What
    site: SiteName
    message: Words
    advice: Words
    when: AwareDatetime


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What is known of a site.

    `attempt` is its newest backup that ended by itself, `good` its newest good ones of one kind, newest first,
    `missing` why the archive of the first of these is not there, `drilled` its newest one with a verdict. `reports` are
    the runs that ended badly, and of each `what` the last one. `schedule_lost` after a rebuild that nobody confirmed.
    """

    site: str
    attempt: BackupRecord | None = None
    good: Sequence[BackupRecord] = ()
    missing: str | None = None
    drilled: BackupRecord | None = None
    overdue: Overdue | None = None
    scheduled: bool = False
    schedule_lost: bool = False
    pending: bool = False
    interrupted: bool = False
    failed_restore: Marker | None = None
    damaged_marker: str | None = None
    reports: Sequence[Report] = field(default=())

    def report(self, what: What) -> Report | None:
        return next((one for one in self.reports if one.what == what), None)


def backup_failed(facts: SiteFacts) -> Finding | None:
    """The newest attempt failed, or the runner told of one that got no row, and none was completed since."""
    newest, report = facts.attempt, facts.report("backup")
    ended = newest.completed_at or newest.created_at if newest is not None and newest.status == "completed" else None
    if report is not None and (ended is None or ended <= report.when):
        return Finding(
            "backup_failed", facts.site, f"the backup of {facts.site} failed: {report.message}", report.advice
        )
    if newest is None or newest.status != "failed":
        return None
    return Finding(
        "backup_failed",
        facts.site,
        f"the backup {newest.name} of {facts.site} failed: {newest.error or 'nobody knows why'}",
        "clear the cause, then make a backup; `greenroom status` shows the last good one",
    )


def drill_failed(facts: SiteFacts) -> Finding | None:
    """The newest drill says that its backup does not restore, or there was an error, and none passed since."""
    drilled, report = facts.drilled, facts.report("drill")
    passed = drilled.drilled_at if drilled is not None and drilled.drill_status == "passed" else None
    if report is not None and (passed is None or passed <= report.when):
        return Finding("drill_failed", facts.site, f"the drill of {facts.site} failed: {report.message}", report.advice)
    if drilled is None or drilled.drill_status != "failed":
        return None
    return Finding(
        "drill_failed",
        facts.site,
        f"the drill of {drilled.name} of {facts.site} failed: this backup does not restore",
        f"`greenroom drill {facts.site}` says why; make a new backup, and drill that",
    )


def apply_failed(facts: SiteFacts) -> Finding | None:
    """A restore failed and was put aside, was interrupted, or waits still after an apply that failed."""
    report = facts.report("apply")
    if facts.damaged_marker is not None:
        return Finding(
            "apply_failed", facts.site, facts.damaged_marker, "do not start the application; see docs/operations.md"
        )
    if facts.interrupted:
        return Finding(
            "apply_failed",
            facts.site,
            f"a restore of {facts.site} was interrupted in the middle",
            f"do not start the application; `greenroom apply {facts.site}` finishes it",
        )
    if facts.failed_restore is not None:
        failed = facts.failed_restore
        return Finding(
            "apply_failed",
            facts.site,
            f"the {failed.action} of {failed.backup_filename} failed, {facts.site} is as it was: {failed.error}",
            f"clear the cause; `greenroom restore-cancel {facts.site}` removes what it left",
        )
    if report is not None and facts.pending:
        return Finding(
            "apply_failed", facts.site, f"the restore of {facts.site} was not applied: {report.message}", report.advice
        )
    return None


def prune_failed(facts: SiteFacts) -> Finding | None:
    """The last clean-up of the schedule ended with an error, and there will be a next one."""
    report = facts.report("prune")
    if report is None or not facts.scheduled:
        return None
    return Finding("prune_failed", facts.site, f"the clean-up of {facts.site} failed: {report.message}", report.advice)


def copies_failed(facts: SiteFacts) -> Finding | None:
    """The last daily copies of users' libraries were not all made, and none went well since."""
    report = facts.report("copies")
    if report is None:
        return None
    words = f"users' libraries of {facts.site} were not all copied: {report.message}"
    return Finding("copies_failed", facts.site, words, report.advice)


def backup_overdue(facts: SiteFacts) -> Finding | None:
    """There was no good backup for longer than there may be none."""
    if facts.overdue is None:
        return None
    return Finding(
        "backup_overdue",
        facts.site,
        f"{facts.site}: {overdue_words(facts.overdue)}",
        "look whether the daemon runs, and why backups fail: `greenroom status`",
    )


def schedule_lost(facts: SiteFacts) -> Finding | None:
    """A rebuilt catalog knows no schedules: nothing may be backed up any more, and nothing else would say so."""
    if not facts.schedule_lost:
        return None
    return Finding(
        "schedule_lost",
        facts.site,
        f"the catalog was rebuilt and {facts.site} has no schedule",
        f"set it again: `greenroom schedule set {facts.site} --enabled ...`, "
        f"or confirm the rebuild with `greenroom prune {facts.site} --confirm-rebuild`",
    )


def archive_missing(facts: SiteFacts) -> Finding | None:
    """The archive of the last good backup is gone, or is not as long as it was."""
    if facts.missing is None or not facts.good:
        return None
    name = facts.good[0].name
    return Finding(
        "archive_missing",
        facts.site,
        f"the archive of {name}, the last good backup of {facts.site}, is gone: {facts.missing}",
        f"is the storage mounted? If it is lost for good, make a backup, then `greenroom delete {facts.site}/{name}`",
    )


def archive_shrunk(facts: SiteFacts, percent: int) -> Finding | None:
    """The newest good archive is smaller than `percent` of the median of those of its kind before it; 0: never.

    Partial backups are not compared: each may hold other tables.
    """
    if not facts.good:
        return None
    newest, *before = facts.good
    sizes = [one.file_size for one in before[:COMPARED] if one.file_size is not None]
    if newest.file_size is None or len(sizes) < _FEWEST:
        return None
    usual = int(median(sizes))
    if newest.file_size * 100 >= usual * percent:
        return None
    return Finding(
        "archive_shrunk",
        facts.site,
        f"the archive of {newest.name} of {facts.site} has {format_size(newest.file_size)}, "
        f"those before it have {format_size(usual)}",
        f"look what is missing: `greenroom show {facts.site}/{newest.name}`",
    )


def low_space(free: int, limit: int, *, told: bool) -> Finding | None:
    """Less is free in the storage than `limit`; once `told`, it is over only when there is a tenth more than that."""
    enough = limit + limit // _A_TENTH if told else limit
    if free >= enough:
        return None
    return Finding(
        "low_space",
        None,
        f"only {format_size(free)} are free in the storage, less than {format_size(enough)}",
        "make room: `greenroom prune SITE` shows what may go, `greenroom delete B` removes a backup",
    )
