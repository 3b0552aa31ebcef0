"""A site with a schedule, and a clock that stands still until it is set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.catalog import BackupRecord, ScheduleSettings, ScheduleState
from core.context import Context
from core.events import Event
from tests.core.runner.sped import SharedClock
from tests.support import Place, make_place, open_place

ENABLED = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
DAILY = ScheduleSettings(enabled=True, frequency="daily", time="02:00", time_zone="Europe/Berlin")
INSTANT = datetime(2026, 5, 5, 0, 0, tzinfo=UTC)


@dataclass
class Scheduled:
    """The site `app` with a daily schedule, and what was told."""

    place: Place
    clock: SharedClock
    told: list[Event] = field(default_factory=list)

    @property
    def context(self) -> Context:
        return self.place.context

    @property
    def state(self) -> ScheduleState:
        record = self.context.catalog.schedule("app")
        assert record is not None
        return record.state

    def set(self, site: str = "app", settled_until: datetime = ENABLED, **changes: object) -> None:
        """Set the schedule of a site, as another process would."""
        settings = replace(DAILY, **changes)  # type: ignore[arg-type]
        other = open_place(self.place.root, clock=self.clock).context.catalog
        other.save_schedule(site, settings, ScheduleState(settled_until=settled_until), "test", self.clock())

    def completed(self, site: str = "app") -> list[BackupRecord]:
        return [backup for backup in self.context.catalog.backups(site) if backup.status == "completed"]

    def names_told(self, site: str | None = None) -> list[str]:
        return [event.name for event in self.told if site is None or event.site == site]

    def tell(self, event: Event) -> None:
        self.told.append(event)


@pytest.fixture
def scheduled(tmp_path: Path) -> Scheduled:
    clock = SharedClock(ENABLED)
    found = Scheduled(make_place(tmp_path, clock=clock), clock)
    found.set()
    clock.set(INSTANT + timedelta(minutes=1))
    return found
