"""The four tables of the catalog. The migrations build the same; a test compares them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from core.catalog.records import (
    Action,
    DrillPlan,
    DrillStatus,
    Frequency,
    Kind,
    Missed,
    Origin,
    RestoreStatus,
    Role,
    RunResult,
    Scope,
    Status,
)
from core.catalog.types import LongText, RowId, UtcDateTime

# Names are compared byte by byte, and an id is never given twice: a log may still speak of the deleted one.
TABLE_OPTIONS: dict[str, str | bool] = {
    "sqlite_autoincrement": True,
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}


class Base(DeclarativeBase):
    """The catalog's tables."""

    type_annotation_map: ClassVar[dict[type, type[TypeEngine[datetime]]]] = {datetime: UtcDateTime}


class SystemBackup(Base):
    """A backup: made, running, failed, adopted or found. `backup_data` is its manifest."""

    __tablename__ = "system_backups"
    __table_args__ = (
        UniqueConstraint("site", "backup_name", name="uq_system_backups_site_name"),
        Index("ix_system_backups_site_created", "site", "created_at", "id"),
        Index("ix_system_backups_created", "created_at", "id"),
        Index("ix_system_backups_scheduled", "site", "scheduled_for"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    backup_name: Mapped[str] = mapped_column(String(200))
    site: Mapped[str] = mapped_column(String(64))
    backup_type: Mapped[Scope] = mapped_column(String(16))
    kind: Mapped[Kind] = mapped_column(String(16))
    role: Mapped[Role] = mapped_column(String(16))
    status: Mapped[Status] = mapped_column(String(16))
    origin: Mapped[Origin] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(LongText)
    backup_data: Mapped[str | None] = mapped_column(LongText, deferred=True)
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    table_count: Mapped[int | None] = mapped_column(BigInteger)
    record_count: Mapped[int | None] = mapped_column(BigInteger)
    file_count: Mapped[int | None] = mapped_column(BigInteger)
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    pinned: Mapped[bool]
    is_foreign: Mapped[bool]
    error: Mapped[str | None] = mapped_column(LongText)
    scheduled_for: Mapped[datetime | None]
    drilled_at: Mapped[datetime | None]
    drill_status: Mapped[DrillStatus | None] = mapped_column(String(16))
    drill_report: Mapped[str | None] = mapped_column(LongText)


class SystemRestoreLog(Base):
    """A restore or undo that came to its end. It outlives the backups that it names."""

    __tablename__ = "system_restore_log"
    __table_args__ = (
        UniqueConstraint("restore_id", name="uq_system_restore_log_restore_id"),
        Index("ix_system_restore_log_site", "site", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    restore_id: Mapped[str] = mapped_column(String(64))
    site: Mapped[str] = mapped_column(String(64))
    action: Mapped[Action] = mapped_column(String(16))
    backup_id: Mapped[int | None] = mapped_column(
        RowId, ForeignKey("system_backups.id", name="fk_system_restore_log_backup", ondelete="SET NULL")
    )
    backup_name: Mapped[str] = mapped_column(String(255))
    restore_type: Mapped[str] = mapped_column(String(16))
    status: Mapped[RestoreStatus] = mapped_column(String(16))
    tables_restored: Mapped[int] = mapped_column(BigInteger)
    records_restored: Mapped[int] = mapped_column(BigInteger)
    files_restored: Mapped[int] = mapped_column(BigInteger)
    pre_restore_backup_id: Mapped[int | None] = mapped_column(
        RowId, ForeignKey("system_backups.id", name="fk_system_restore_log_safety", ondelete="SET NULL")
    )
    safety_name: Mapped[str | None] = mapped_column(String(200))
    set_aside: Mapped[str | None] = mapped_column(LongText)
    restored_by: Mapped[str] = mapped_column(String(255))
    restored_at: Mapped[datetime]
    restoration_results: Mapped[str] = mapped_column(LongText)
    error: Mapped[str | None] = mapped_column(LongText)


class BackupSchedule(Base):
    """When a site is backed up by itself, and how much of it is kept."""

    __tablename__ = "backup_schedule"
    __table_args__ = (UniqueConstraint("site", name="uq_backup_schedule_site"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool]
    frequency: Mapped[Frequency] = mapped_column(String(16))
    scheduled_time: Mapped[str] = mapped_column(String(16))
    weekday: Mapped[int]
    month_day: Mapped[int]
    cron: Mapped[str] = mapped_column(String(255))
    time_zone: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind] = mapped_column(String(16))
    missed: Mapped[Missed] = mapped_column(String(16))
    drill: Mapped[DrillPlan] = mapped_column(String(16))
    retention_days: Mapped[int | None]
    max_backups: Mapped[int | None]
    keep_hourly: Mapped[int]
    keep_daily: Mapped[int]
    keep_weekly: Mapped[int]
    keep_monthly: Mapped[int]
    keep_yearly: Mapped[int]
    keep_minimum: Mapped[int]
    settled_until: Mapped[datetime]
    since: Mapped[datetime | None]
    running_for: Mapped[datetime | None]
    attempts: Mapped[int]
    retry_at: Mapped[datetime | None]
    last_run: Mapped[datetime | None]
    last_result: Mapped[RunResult | None] = mapped_column(String(16))
    last_error: Mapped[str | None] = mapped_column(LongText)
    next_run: Mapped[datetime | None]
    last_drill: Mapped[datetime | None]
    updated_by: Mapped[str] = mapped_column(String(255))
    updated_at: Mapped[datetime]


class BackupCleanupLog(Base):
    """A deletion of backups: by whom, why, and how much space it gave back."""

    __tablename__ = "backup_cleanup_log"
    __table_args__ = (Index("ix_backup_cleanup_log_site", "site", "id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site: Mapped[str] = mapped_column(String(64))
    cleanup_date: Mapped[datetime]
    backups_deleted: Mapped[int] = mapped_column(BigInteger)
    space_freed: Mapped[int] = mapped_column(BigInteger)
    cleanup_reason: Mapped[str] = mapped_column(LongText)
    performed_by: Mapped[str] = mapped_column(String(255))
    details: Mapped[str] = mapped_column(LongText)
