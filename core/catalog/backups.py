"""The rows of backups: begun, completed or failed, found again, pinned, verified, deleted, listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.catalog.database import CatalogDatabase
from core.catalog.models import BackupCleanupLog, SystemBackup
from core.catalog.records import BackupRecord, CleanupRecord, DrillStatus, FoundBackup, Kind, Role, Scope
from core.catalog.text import is_storable, storable
from core.errors import GreenroomError

ACTOR_LENGTH = 255
MADE_ON_PURPOSE = ("manual", "scheduled")
_LARGEST_ID = (1 << 63) - 1
COLUMNS = (
    SystemBackup.id,
    SystemBackup.backup_name.label("name"),
    SystemBackup.site,
    SystemBackup.kind,
    SystemBackup.backup_type.label("scope"),
    SystemBackup.role,
    SystemBackup.status,
    SystemBackup.origin,
    SystemBackup.description,
    SystemBackup.created_by,
    SystemBackup.created_at,
    SystemBackup.completed_at,
    SystemBackup.verified_at,
    SystemBackup.pinned,
    SystemBackup.is_foreign.label("foreign"),
    SystemBackup.manifest_sha256,
    SystemBackup.file_size,
    SystemBackup.table_count,
    SystemBackup.record_count,
    SystemBackup.file_count,
    SystemBackup.error,
    SystemBackup.scheduled_for,
    SystemBackup.drilled_at,
    SystemBackup.drill_status,
    SystemBackup.drill_report,
)
_NEWEST_FIRST = (SystemBackup.created_at.desc(), SystemBackup.id.desc())
_SEARCHED = (
    SystemBackup.backup_name,
    SystemBackup.site,
    SystemBackup.description,
    SystemBackup.created_by,
    SystemBackup.kind,
    SystemBackup.role,
    SystemBackup.status,
)


class BackupRows(CatalogDatabase):
    """What the catalog knows of backups. Each method is one short transaction."""

    def begin_backup(
        self,
        *,
        name: str,
        site: str,
        kind: Kind,
        scope: Scope,
        role: Role,
        description: str,
        created_by: str,
        created_at: datetime,
        scheduled_for: datetime | None = None,
    ) -> BackupRecord:
        """Note a backup that starts now, as `running`; raise GreenroomError where the name is taken."""
        row = SystemBackup(
            backup_name=name,
            site=site,
            kind=kind,
            backup_type=scope,
            role=role,
            status="running",
            origin="made",
            description=storable(description),
            created_by=storable(created_by, ACTOR_LENGTH),
            created_at=created_at,
            pinned=False,
            is_foreign=False,
            scheduled_for=scheduled_for,
        )
        with self.writing() as session:
            return _insert(session, row)

    def complete_backup(
        self,
        backup_id: int,
        *,
        manifest_json: str,
        manifest_sha256: str,
        file_size: int,
        table_count: int,
        record_count: int,
        file_count: int,
        verified_at: datetime | None,
        completed_at: datetime,
    ) -> BackupRecord:
        """Note that a running backup is whole; raise GreenroomError where it is not running."""
        with self.writing() as session:
            row = _running(session, backup_id)
            row.status = "completed"
            row.backup_data = storable(manifest_json)
            row.manifest_sha256 = manifest_sha256
            row.file_size = file_size
            row.table_count = table_count
            row.record_count = record_count
            row.file_count = file_count
            row.verified_at = verified_at
            row.completed_at = completed_at
            return _flushed(session, row)

    def fail_backup(self, backup_id: int, error: str) -> BackupRecord:
        """Note why a running backup failed; raise GreenroomError where it is not running."""
        with self.writing() as session:
            row = _running(session, backup_id)
            row.status = "failed"
            row.error = storable(error)
            return _flushed(session, row)

    def withdraw_backup(self, backup_id: int) -> None:
        """Forget a running backup that was asked for in a way that makes no sense: nothing was attempted."""
        with self.writing() as session:
            session.delete(_running(session, backup_id))

    def insert_found(self, found: FoundBackup) -> BackupRecord:
        """Note a whole archive that was adopted or found; raise GreenroomError where the name is taken."""
        row = SystemBackup(
            backup_name=found.name,
            site=found.site,
            kind=found.kind,
            backup_type=found.scope,
            role=found.role,
            status="completed",
            origin=found.origin,
            description=storable(found.description),
            backup_data=None if found.manifest_json is None else storable(found.manifest_json),
            file_size=found.file_size,
            table_count=found.table_count,
            record_count=found.record_count,
            file_count=found.file_count,
            manifest_sha256=found.manifest_sha256,
            created_by=storable(found.created_by, ACTOR_LENGTH),
            created_at=found.created_at,
            completed_at=found.completed_at,
            verified_at=found.verified_at,
            drilled_at=found.drilled_at,
            drill_status="passed" if found.drilled_at else None,
            pinned=found.pinned,
            is_foreign=found.foreign,
        )
        with self.writing() as session:
            return _insert(session, row)

    def set_pinned(self, backup_id: int, *, pinned: bool) -> BackupRecord:
        """Note whether a backup is to be kept until a person says otherwise."""
        with self.writing() as session:
            row = _existing(session, backup_id)
            row.pinned = pinned
            return _flushed(session, row)

    def set_verified(self, backup_id: int, when: datetime | None, *, error: str | None = None) -> BackupRecord:
        """Note the last verification: `when` every hash agreed, or None and in `error` what was wrong."""
        with self.writing() as session:
            row = _existing(session, backup_id)
            row.verified_at = when
            row.error = None if error is None else storable(error)
            return _flushed(session, row)

    def set_drilled(
        self, backup_id: int, when: datetime | None, status: DrillStatus | None, report: str | None
    ) -> BackupRecord:
        """Note the last drill: `when` one passed last, how the last one ended, and (JSON) what was compared."""
        with self.writing() as session:
            row = _existing(session, backup_id)
            row.drilled_at = when
            row.drill_status = status
            row.drill_report = None if report is None else storable(report)
            return _flushed(session, row)

    def delete_backup(self, backup_id: int, cleanup: CleanupRecord) -> CleanupRecord:
        """Forget a backup and log its deletion, both or neither; return the clean-up with its id.

        A clean-up that has an id already is one that goes on: its row then says what `cleanup` says.
        """
        with self.writing() as session:
            session.delete(_existing(session, backup_id))
            row = BackupCleanupLog() if cleanup.id is None else session.get(BackupCleanupLog, cleanup.id)
            if row is None:
                raise GreenroomError(
                    f"clean-up {cleanup.id} is not in the catalog any more", hint="was the catalog exchanged meanwhile?"
                )
            row.site = cleanup.site
            row.cleanup_date = cleanup.cleanup_date
            row.backups_deleted = cleanup.backups_deleted
            row.space_freed = cleanup.space_freed
            row.cleanup_reason = storable(cleanup.cleanup_reason)
            row.performed_by = storable(cleanup.performed_by, ACTOR_LENGTH)
            row.details = storable(cleanup.details)
            session.add(row)
            session.flush()
            return replace(cleanup, id=row.id)

    def get(self, backup_id: int) -> BackupRecord | None:
        """Return the backup of that id, or None."""
        if not 0 < backup_id <= _LARGEST_ID:
            return None
        return self._first(SystemBackup.id == backup_id)

    def find(self, site: str, name: str) -> BackupRecord | None:
        """Return the site's backup of that exact name, or None."""
        if not is_storable(site) or not is_storable(name):
            return None
        return self._first(SystemBackup.site == site, SystemBackup.backup_name == name)

    def find_by_name(self, name: str) -> Sequence[BackupRecord]:
        """Return the backups of that exact name, at most one a site, in the order of the sites."""
        if not is_storable(name):
            return []
        return self._all(SystemBackup.backup_name == name, order=(SystemBackup.site.asc(),))

    def manifest(self, backup_id: int) -> str | None:
        """Return the manifest of a backup as JSON, or None where the catalog has none."""
        with self.reading() as session:
            return session.scalar(select(SystemBackup.backup_data).where(SystemBackup.id == backup_id))

    def names(self, site: str) -> frozenset[str]:
        """Return every name that the site's rows take, those of failed backups too."""
        with self.reading() as session:
            return frozenset(session.scalars(select(SystemBackup.backup_name).where(SystemBackup.site == site)))

    def sites(self) -> Sequence[str]:
        """Return the sites that have rows, in order."""
        with self.reading() as session:
            return session.scalars(select(SystemBackup.site).distinct().order_by(SystemBackup.site)).all()

    def running_backups(self, site: str) -> Sequence[BackupRecord]:
        """Return the site's rows that say `running`; with the site's lock held these are interrupted ones."""
        return self._all(SystemBackup.site == site, SystemBackup.status == "running")

    def completed_backups(self, site: str) -> Sequence[BackupRecord]:
        """Return all completed backups of the site, the newest first."""
        return self._all(SystemBackup.site == site, SystemBackup.status == "completed")

    def latest(self, site: str) -> BackupRecord | None:
        """Return what `latest` means: the site's newest completed backup that is not a safety backup."""
        return self._first(SystemBackup.site == site, SystemBackup.status == "completed", SystemBackup.role != "safety")

    def last_good(self, site: str) -> BackupRecord | None:
        """Return the newest backup that lets a person sleep: made here, whole, and nothing known against it.

        A backup counts when it is completed and full, its last verification agreed, and it was made of this site by
        hand or by schedule. A safety backup does not (it holds a state that somebody chose to leave), nor does one
        adopted from elsewhere.
        """
        return self._first(*good(site))

    def made_for(self, site: str, instant: datetime) -> BackupRecord | None:
        """Return the completed backup that was made for that instant of the site's schedule, or None."""
        return self._first(
            SystemBackup.site == site, SystemBackup.status == "completed", SystemBackup.scheduled_for == instant
        )

    def backups(
        self, site: str | None = None, *, text: str = "", limit: int = 500, offset: int = 0
    ) -> Sequence[BackupRecord]:
        """Return one page of backups, newest first: of one site or of all, holding `text` where it is given."""
        return self._all(*_wanted(site, text), limit=limit, offset=offset)

    def count_backups(self, site: str | None = None, *, text: str = "") -> int:
        """Return how many backups all the pages of `backups` hold together."""
        with self.reading() as session:
            counted = select(func.count()).select_from(SystemBackup).where(*_wanted(site, text))
            return session.scalars(counted).one()

    def _first(self, *conditions: ColumnElement[bool]) -> BackupRecord | None:
        found = self._all(*conditions, limit=1)
        return found[0] if found else None

    def _all(
        self,
        *conditions: ColumnElement[bool],
        order: tuple[ColumnElement[Any], ...] = _NEWEST_FIRST,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[BackupRecord]:
        query = select(*COLUMNS).where(*conditions).order_by(*order).limit(limit).offset(offset)
        with self.reading() as session:
            return [BackupRecord(**row) for row in session.execute(query).mappings()]


def good(site: str) -> tuple[ColumnElement[bool], ...]:
    """Given a site, return what makes a backup of it count for `last_good`."""
    return (
        SystemBackup.site == site,
        SystemBackup.status == "completed",
        SystemBackup.verified_at.is_not(None),
        SystemBackup.is_foreign.is_(False),
        SystemBackup.backup_type == "full",
        SystemBackup.role.in_(MADE_ON_PURPOSE),
    )


def _wanted(site: str | None, text: str) -> Iterator[ColumnElement[bool]]:
    """Given what a person looks for, yield the conditions; the text stands in any column that is shown."""
    if site is not None:
        yield SystemBackup.site == site
    if text:
        yield or_(*(column.icontains(storable(text), autoescape=True) for column in _SEARCHED))


def _insert(session: Session, row: SystemBackup) -> BackupRecord:
    taken = select(SystemBackup.id).where(SystemBackup.site == row.site, SystemBackup.backup_name == row.backup_name)
    if session.scalar(taken) is not None:
        raise GreenroomError(
            f"{row.site} already has a backup named {row.backup_name}", hint="`greenroom list` shows it"
        )
    session.add(row)
    return _flushed(session, row)


def _flushed(session: Session, row: SystemBackup) -> BackupRecord:
    session.flush()
    query = select(*COLUMNS).where(SystemBackup.id == row.id)
    return BackupRecord(**session.execute(query).mappings().one())


def _existing(session: Session, backup_id: int) -> SystemBackup:
    row = session.get(SystemBackup, backup_id, with_for_update=True)
    if row is None:
        raise GreenroomError(
            f"backup {backup_id} is not in the catalog any more", hint="`greenroom list` shows what is there"
        )
    return row


def _running(session: Session, backup_id: int) -> SystemBackup:
    row = _existing(session, backup_id)
    if row.status != "running":
        raise GreenroomError(
            f"backup {row.backup_name} is {row.status}, not running", hint="another process has finished it"
        )
    return row
