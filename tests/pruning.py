"""A place whose backups are of many ages, and its schedule: what tests of pruning start from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord, ScheduleSettings, ScheduleState
from core.progress import Reporter
from tests.support import Place, SteppingClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# What is older than ten days goes, all but one; no rule keeps it.
STRICT = ScheduleSettings(
    retention_days=10, keep_daily=0, keep_weekly=0, keep_monthly=0, keep_minimum=1, max_backups=50
)


def back_up(place: Place, age: timedelta, role: str = "scheduled") -> BackupRecord:
    """Make a backup at a time so long before NOW, and set the clock to NOW."""
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    clock.now = NOW - age
    request = BackupRequest(role="scheduled" if role == "scheduled" else "manual")
    record = create_backup(place.context, place.site, Reporter(), request).record
    clock.now = NOW
    return record


def back_up_each(place: Place, days: Iterable[float]) -> list[BackupRecord]:
    """Make a backup of each age in days, the oldest first; return them in that order."""
    return [back_up(place, timedelta(days=age)) for age in sorted(days, reverse=True)]


def set_schedule(place: Place, settings: ScheduleSettings = STRICT) -> None:
    place.context.catalog.save_schedule("app", settings, ScheduleState(settled_until=NOW), "somebody", NOW)


def names(place: Place) -> list[str]:
    """The backups that the catalog knows, the oldest first; the store must hold the same."""
    known = sorted(row.name for row in place.context.catalog.completed_backups("app"))
    assert known == sorted(place.context.store.archives("app"))
    assert known == sorted(place.context.store.states("app"))
    return known
