"""Schedules that run: their settings and their state; of a backup what it was made for, and its last drill."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MYSQL = ("mysql", "mariadb")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(LONGTEXT(), *_MYSQL)
_TIME = sa.DateTime(timezone=True).with_variant(DATETIME(fsp=6), *_MYSQL)
_OPTIONS: dict[str, Any] = {
    "sqlite_autoincrement": True,
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_KEEP = ("keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly", "keep_minimum")


def upgrade() -> None:
    op.add_column("system_backups", sa.Column("scheduled_for", _TIME))
    op.add_column("system_backups", sa.Column("drilled_at", _TIME))
    op.add_column("system_backups", sa.Column("drill_status", sa.String(16)))
    op.add_column("system_backups", sa.Column("drill_report", _TEXT))
    op.create_index("ix_system_backups_scheduled", "system_backups", ["site", "scheduled_for"])
    # Nothing ever wrote into the old one.
    op.drop_table("backup_schedule")
    op.create_table(
        "backup_schedule",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("frequency", sa.String(16), nullable=False),
        sa.Column("scheduled_time", sa.String(16), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("month_day", sa.Integer(), nullable=False),
        sa.Column("cron", sa.String(255), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("missed", sa.String(16), nullable=False),
        sa.Column("drill", sa.String(16), nullable=False),
        sa.Column("retention_days", sa.Integer()),
        sa.Column("max_backups", sa.Integer()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _KEEP),
        sa.Column("settled_until", _TIME, nullable=False),
        sa.Column("since", _TIME),
        sa.Column("running_for", _TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", _TIME),
        sa.Column("last_run", _TIME),
        sa.Column("last_result", sa.String(16)),
        sa.Column("last_error", _TEXT),
        sa.Column("next_run", _TIME),
        sa.Column("last_drill", _TIME),
        sa.Column("updated_by", sa.String(255), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint("site", name="uq_backup_schedule_site"),
        **_OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("backup_schedule")
    op.create_table(
        "backup_schedule",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("frequency", sa.String(32), nullable=False),
        sa.Column("scheduled_time", sa.String(32), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("retention_days", sa.Integer()),
        sa.Column("max_backups", sa.Integer()),
        sa.Column("last_run", _TIME),
        sa.Column("next_run", _TIME),
        sa.Column("updated_by", sa.String(255), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint("site", name="uq_backup_schedule_site"),
        **_OPTIONS,
    )
    op.drop_index("ix_system_backups_scheduled", "system_backups")
    for name in ("drill_report", "drill_status", "drilled_at", "scheduled_for"):
        op.drop_column("system_backups", name)
