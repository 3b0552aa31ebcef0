"""The JSON shapes of schedules: settings and statistics with the camelCase names of the Backup System API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from core.catalog import BackupTotals, ScheduleRecord, ScheduleSettings
from core.reports import Report
from core.schedules.words import oddities

_STATE = ("last_run", "last_result", "last_error", "next_run", "last_drill")


def schedule_report(settings: ScheduleSettings, record: ScheduleRecord | None) -> Report:
    """Given settings, and the schedule that has them or None, return their JSON shape; what is not known is null."""
    shape = {_camel(name): value for name, value in dataclasses.asdict(settings).items()}
    shape |= {_camel(name): _plain(getattr(record.state, name) if record else None) for name in _STATE}
    shape["updatedBy"] = record.updated_by if record else None
    shape["updatedAt"] = _plain(record.updated_at) if record else None
    return shape


def statistics_report(totals: BackupTotals) -> Report:
    """Given a site's backups in numbers, return their JSON shape; sizes in bytes."""
    return {
        "totalBackups": totals.count,
        "totalSize": totals.total_bytes,
        "lastBackup": _plain(totals.last_at),
        "autoBackups": totals.scheduled,
        "manualBackups": totals.manual,
    }


def upcoming_report(settings: ScheduleSettings, instants: Iterable[datetime]) -> list[Report]:
    """Given instants of a schedule, return their JSON shapes, each with what is odd about it, or null."""
    return [{"at": instant.isoformat(), "oddity": oddities(settings, instant) or None} for instant in instants]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _plain(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value
