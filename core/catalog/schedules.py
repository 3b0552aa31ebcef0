"""The rows of schedules: what a person set, and how far the runner is. Neither writes over the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.backups import ACTOR_LENGTH
from core.catalog.database import CatalogDatabase
from core.catalog.models import BackupSchedule
from core.catalog.records import ScheduleRecord, ScheduleSettings, ScheduleState
from core.catalog.text import storable
from core.errors import GreenroomError

_COLUMN_OF = {"time": "scheduled_time"}
_SETTINGS = {field.name: _COLUMN_OF.get(field.name, field.name) for field in dataclasses.fields(ScheduleSettings)}
_STATE = {field.name: field.name for field in dataclasses.fields(ScheduleState)}
# A drill and a backup of a site may be at work at the same time, and neither writes over what the other has noted.
_RUNS = {name: column for name, column in _STATE.items() if name != "last_drill"}


class ScheduleRows(CatalogDatabase):
    """What the catalog knows of schedules. Each method is one short transaction."""

    def schedule(self, site: str) -> ScheduleRecord | None:
        """Return the schedule of a site, or None where none was ever set."""
        with self.reading() as session:
            row = _row(session, site)
            return None if row is None else _record(row)

    def schedules(self) -> Sequence[ScheduleRecord]:
        """Return all schedules, in the order of the sites."""
        with self.reading() as session:
            return [_record(row) for row in session.scalars(select(BackupSchedule).order_by(BackupSchedule.site))]

    def save_schedule(
        self, site: str, settings: ScheduleSettings, state: ScheduleState | None, by: str, when: datetime
    ) -> ScheduleRecord:
        """Note what a person set, and the state that follows from it; None leaves that to the runner.

        Raise GreenroomError where the state is left and the site has no schedule.
        """
        with self.writing() as session:
            row = _row(session, site)
            if row is None:
                if state is None:
                    raise _no_schedule(site)
                row = BackupSchedule(site=site)
                session.add(row)
            _fill(row, settings, _SETTINGS)
            if state is not None:
                _fill(row, state, _RUNS)
            row.updated_by = storable(by, ACTOR_LENGTH)
            row.updated_at = when
            session.flush()
            return _record(row)

    def note_schedule(self, site: str, state: ScheduleState) -> ScheduleRecord:
        """Note how far the runner is with the runs; raise GreenroomError where the site has no schedule."""
        with self.writing() as session:
            row = _existing(session, site)
            _fill(row, state, _RUNS)
            session.flush()
            return _record(row)

    def note_drill(self, site: str, when: datetime | None) -> None:
        """Note when the last drill by schedule began; raise GreenroomError where the site has no schedule."""
        with self.writing() as session:
            _existing(session, site).last_drill = when


def _row(session: Session, site: str) -> BackupSchedule | None:
    return session.scalar(select(BackupSchedule).where(BackupSchedule.site == storable(site)))


def _no_schedule(site: str) -> GreenroomError:
    return GreenroomError(f"{site} has no schedule", hint="`greenroom schedule set` makes one")


def _existing(session: Session, site: str) -> BackupSchedule:
    row = _row(session, site)
    if row is None:
        raise _no_schedule(site)
    return row


def _fill(row: BackupSchedule, values: ScheduleSettings | ScheduleState, columns: dict[str, str]) -> None:
    for name, column in columns.items():
        value = getattr(values, name)
        setattr(row, column, storable(value) if isinstance(value, str) else value)


def _record(row: BackupSchedule) -> ScheduleRecord:
    return ScheduleRecord(
        site=row.site,
        settings=ScheduleSettings(**{name: getattr(row, column) for name, column in _SETTINGS.items()}),
        state=ScheduleState(**{name: getattr(row, column) for name, column in _STATE.items()}),
        updated_by=row.updated_by,
        updated_at=row.updated_at,
    )
