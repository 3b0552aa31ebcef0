"""What the catalog hands out: plain frozen values that any thread may keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["snapshot", "portable"]
Scope = Literal["full", "partial"]
Role = Literal["manual", "scheduled", "safety", "adopted"]
Status = Literal["running", "completed", "failed"]
Origin = Literal["made", "adopted", "found"]
Action = Literal["restore", "undo"]
RestoreStatus = Literal["completed", "failed", "cancelled"]
Frequency = Literal["hourly", "daily", "weekly", "monthly", "cron"]
Missed = Literal["once", "skip"]
DrillPlan = Literal["off", "weekly", "monthly"]
RunResult = Literal["completed", "failed", "skipped", "cancelled"]
DrillStatus = Literal["passed", "failed", "unable"]  # unable: the scratch place lacks something; the backup may be good
CANCELLED = "cancelled"  # the error of a backup that somebody stopped: it did not fail
INTO = "into"  # the type of a restore into a database that is no site: it changes none


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One backup as the catalog knows it, without its manifest.

    `error` says why a backup failed, or what the last verification of a completed one found. `scheduled_for` is the
    instant of the schedule that it was made for; `drilled_at` the time of the last drill that passed, `drill_status`
    how the last one ended, `drill_report` (JSON) what was compared in it.
    """

    id: int
    name: str
    site: str
    kind: Kind
    scope: Scope
    role: Role
    status: Status
    origin: Origin
    description: str
    created_by: str
    created_at: datetime
    completed_at: datetime | None
    verified_at: datetime | None
    pinned: bool
    foreign: bool
    manifest_sha256: str | None
    file_size: int | None
    table_count: int | None
    record_count: int | None
    file_count: int | None
    error: str | None
    scheduled_for: datetime | None
    drilled_at: datetime | None
    drill_status: DrillStatus | None
    drill_report: str | None

    @property
    def cancelled(self) -> bool:
        """Whether somebody stopped it: it was neither completed nor did it fail by itself."""
        return self.status == "failed" and self.error == CANCELLED

    @property
    def status_word(self) -> str:
        """The status as a person is told it: what somebody stopped did not fail."""
        return CANCELLED if self.cancelled else self.status

    @property
    def trusted(self) -> bool:
        """Whether greenroom made it here: what came from elsewhere, or was only found, may be hostile."""
        return self.origin == "made" and not self.foreign

    @property
    def links_may_leave(self) -> bool:
        """Whether its links may lead out of its folders, as a site's may: a native archive that was not adopted."""
        return self.origin != "adopted" and not self.foreign


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBackup:
    """A whole archive that the catalog does not know yet: adopted by a person, or found in the store."""

    name: str
    site: str
    kind: Kind
    created_at: datetime
    created_by: str
    completed_at: datetime
    scope: Scope = "full"
    role: Role = "adopted"
    origin: Origin = "adopted"
    description: str = ""
    verified_at: datetime | None = None
    drilled_at: datetime | None = None
    pinned: bool = False
    foreign: bool = False
    manifest_json: str | None = None
    manifest_sha256: str | None = None
    file_size: int | None = None
    table_count: int | None = None
    record_count: int | None = None
    file_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRecord:
    """One restore or undo that came to its end; `id` is None until the catalog has given it one.

    `set_aside` and `restoration_results` are JSON. The ids of backups are None once these are deleted; their
    names stay.
    """

    restore_id: str
    site: str
    action: Action
    backup_id: int | None
    backup_name: str
    restore_type: str
    status: RestoreStatus
    tables_restored: int
    records_restored: int
    files_restored: int
    pre_restore_backup_id: int | None
    safety_name: str | None
    set_aside: str | None
    restored_by: str
    restored_at: datetime
    restoration_results: str
    error: str | None
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRecord:
    """One clean-up: backups deleted together; `details` is the JSON list of their names."""

    site: str
    cleanup_date: datetime
    backups_deleted: int
    space_freed: int
    cleanup_reason: str
    performed_by: str
    details: str
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """When a site is backed up by itself, and how much of it is kept: what a person sets.

    `time` is HH:MM in the zone; of `hourly` only its minute counts, `cron` has its own. `weekday` is 0 for Monday,
    `month_day` 31 the last day of a shorter month. Without `retention_days` or `max_backups` that limit is none.
    """

    enabled: bool = False
    frequency: Frequency = "daily"
    time: str = "02:00"
    weekday: int = 0
    month_day: int = 1
    cron: str = ""
    time_zone: str = "UTC"
    kind: Kind = "snapshot"
    missed: Missed = "once"
    drill: DrillPlan = "off"
    retention_days: int | None = 30
    max_backups: int | None = 50
    keep_hourly: int = 0
    keep_daily: int = 7
    keep_weekly: int = 4
    keep_monthly: int = 12
    keep_yearly: int = 0
    keep_minimum: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """How far the runner is with a schedule.

    Every instant up to `settled_until` is done or was skipped. `running_for` is the instant being attempted; it, the
    number of `attempts` and `retry_at` are noted before an attempt begins, so that a kill loses no run. `since` is when
    it was enabled, or its times were changed; `last_result` is None while a run is at work, and after a kill.
    """

    settled_until: datetime
    since: datetime | None = None
    running_for: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    last_run: datetime | None = None
    last_result: RunResult | None = None
    last_error: str | None = None
    next_run: datetime | None = None
    last_drill: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """The schedule of a site: what was set, by whom, and how far it is."""

    site: str
    settings: ScheduleSettings
    state: ScheduleState
    updated_by: str
    updated_at: datetime
