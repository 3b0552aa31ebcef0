"""The rows that say what happened: restores, undos and deletions. None is ever removed.

A row of restores is never changed; one of a clean-up grows until that ends.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.backups import ACTOR_LENGTH
from core.catalog.database import CatalogDatabase
from core.catalog.models import BackupCleanupLog, SystemBackup, SystemRestoreLog
from core.catalog.records import INTO, CleanupRecord, RestoreRecord
from core.catalog.text import storable

_NAME_LENGTH = 255


class LogRows(CatalogDatabase):
    """What the catalog knows of restores and deletions. Each method is one short transaction."""

    def record_restore(self, restore: RestoreRecord) -> bool:
        """Log a restore that ended; return False where its `restore_id` is logged already.

        A backup that is no longer there under the name that was restored is logged by its name alone.
        """
        with self.writing() as session:
            known = select(SystemRestoreLog.id).where(SystemRestoreLog.restore_id == restore.restore_id)
            if session.scalar(known) is not None:
                return False
            session.add(
                SystemRestoreLog(
                    restore_id=restore.restore_id,
                    site=restore.site,
                    action=restore.action,
                    backup_id=_id_of(session, restore.site, restore.backup_name),
                    backup_name=storable(restore.backup_name, _NAME_LENGTH),
                    restore_type=restore.restore_type,
                    status=restore.status,
                    tables_restored=restore.tables_restored,
                    records_restored=restore.records_restored,
                    files_restored=restore.files_restored,
                    pre_restore_backup_id=_id_of(session, restore.site, restore.safety_name),
                    safety_name=restore.safety_name,
                    set_aside=None if restore.set_aside is None else storable(restore.set_aside),
                    restored_by=storable(restore.restored_by, ACTOR_LENGTH),
                    restored_at=restore.restored_at,
                    restoration_results=storable(restore.restoration_results),
                    error=None if restore.error is None else storable(restore.error),
                )
            )
        return True

    def restores(self, site: str | None = None, *, limit: int = 100) -> Sequence[RestoreRecord]:
        """Return the restores and undos of one site or of all, the last one first."""
        query = select(SystemRestoreLog).order_by(SystemRestoreLog.id.desc()).limit(limit)
        if site is not None:
            query = query.where(SystemRestoreLog.site == site)
        with self.reading() as session:
            return [_restore(row) for row in session.scalars(query)]

    def last_restore(self, site: str) -> RestoreRecord | None:
        """Return the last restore or undo that changed the site, or None."""
        query = (
            select(SystemRestoreLog)
            .where(
                SystemRestoreLog.site == site,
                SystemRestoreLog.status == "completed",
                SystemRestoreLog.restore_type != INTO,
            )
            .order_by(SystemRestoreLog.id.desc())
            .limit(1)
        )
        with self.reading() as session:
            row = session.scalar(query)
            return None if row is None else _restore(row)

    def was_deleted(self, site: str, name: str) -> bool:
        """Return whether the log says that the site's backup of that name was deleted."""
        query = select(BackupCleanupLog.details).where(
            BackupCleanupLog.site == site, BackupCleanupLog.details.contains(json.dumps(name), autoescape=True)
        )
        with self.reading() as session:
            return any(name in json.loads(details) for details in session.scalars(query))

    def cleanups(self, site: str | None = None, *, limit: int = 100) -> Sequence[CleanupRecord]:
        """Return the deletions of one site or of all, the last one first."""
        query = select(BackupCleanupLog).order_by(BackupCleanupLog.id.desc()).limit(limit)
        if site is not None:
            query = query.where(BackupCleanupLog.site == site)
        with self.reading() as session:
            return [_cleanup(row) for row in session.scalars(query)]


def _id_of(session: Session, site: str, name: str | None) -> int | None:
    """The name decides: an id may come from a catalog that was lost and built again with other numbers."""
    if name is None:
        return None
    wanted = select(SystemBackup.id).where(SystemBackup.site == site, SystemBackup.backup_name == storable(name))
    return session.scalar(wanted)


def _restore(row: SystemRestoreLog) -> RestoreRecord:
    return RestoreRecord(**{field.name: getattr(row, field.name) for field in dataclasses.fields(RestoreRecord)})


def _cleanup(row: BackupCleanupLog) -> CleanupRecord:
    return CleanupRecord(**{field.name: getattr(row, field.name) for field in dataclasses.fields(CleanupRecord)})
