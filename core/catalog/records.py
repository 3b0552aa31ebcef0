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
INTO = "into"  # the type of a restore into a database that is no site: it changes none


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One backup as the catalog knows it, without its manifest.

    `error` says why a backup failed, or what the last verification of a completed one found.
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
    """One deletion of backups; `details` is the JSON list of their names."""

    site: str
    cleanup_date: datetime
    backups_deleted: int
    space_freed: int
    cleanup_reason: str
    performed_by: str
    details: str
    id: int | None = None
