"""The four tables of the catalog."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT

revision = "0001"
down_revision = None
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


def upgrade() -> None:
    _create_backups()
    _create_restore_log()
    _create_schedule()
    _create_cleanup_log()


def downgrade() -> None:
    op.drop_table("backup_cleanup_log")
    op.drop_table("backup_schedule")
    op.drop_table("system_restore_log")
    op.drop_table("system_backups")


def _create_backups() -> None:
    op.create_table(
        "system_backups",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("backup_name", sa.String(200), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("backup_type", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("backup_data", _TEXT),
        sa.Column("file_size", sa.BigInteger()),
        sa.Column("table_count", sa.BigInteger()),
        sa.Column("record_count", sa.BigInteger()),
        sa.Column("file_count", sa.BigInteger()),
        sa.Column("manifest_sha256", sa.String(64)),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("completed_at", _TIME),
        sa.Column("verified_at", _TIME),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("is_foreign", sa.Boolean(), nullable=False),
        sa.Column("error", _TEXT),
        sa.UniqueConstraint("site", "backup_name", name="uq_system_backups_site_name"),
        **_OPTIONS,
    )
    op.create_index("ix_system_backups_site_created", "system_backups", ["site", "created_at", "id"])
    op.create_index("ix_system_backups_created", "system_backups", ["created_at", "id"])


def _create_restore_log() -> None:
    op.create_table(
        "system_restore_log",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("restore_id", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column(
            "backup_id",
            _ID,
            sa.ForeignKey("system_backups.id", name="fk_system_restore_log_backup", ondelete="SET NULL"),
        ),
        sa.Column("backup_name", sa.String(255), nullable=False),
        sa.Column("restore_type", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tables_restored", sa.BigInteger(), nullable=False),
        sa.Column("records_restored", sa.BigInteger(), nullable=False),
        sa.Column("files_restored", sa.BigInteger(), nullable=False),
        sa.Column(
            "pre_restore_backup_id",
            _ID,
            sa.ForeignKey("system_backups.id", name="fk_system_restore_log_safety", ondelete="SET NULL"),
        ),
        sa.Column("safety_name", sa.String(200)),
        sa.Column("set_aside", _TEXT),
        sa.Column("restored_by", sa.String(255), nullable=False),
        sa.Column("restored_at", _TIME, nullable=False),
        sa.Column("restoration_results", _TEXT, nullable=False),
        sa.Column("error", _TEXT),
        sa.UniqueConstraint("restore_id", name="uq_system_restore_log_restore_id"),
        **_OPTIONS,
    )
    op.create_index("ix_system_restore_log_site", "system_restore_log", ["site", "id"])


def _create_schedule() -> None:
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


def _create_cleanup_log() -> None:
    op.create_table(
        "backup_cleanup_log",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("cleanup_date", _TIME, nullable=False),
        sa.Column("backups_deleted", sa.BigInteger(), nullable=False),
        sa.Column("space_freed", sa.BigInteger(), nullable=False),
        sa.Column("cleanup_reason", _TEXT, nullable=False),
        sa.Column("performed_by", sa.String(255), nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        **_OPTIONS,
    )
    op.create_index("ix_backup_cleanup_log_site", "backup_cleanup_log", ["site", "id"])
