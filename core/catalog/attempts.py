"""How the attempts of a site went: the newest one, the good ones, the drills, and how many of each there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from core.catalog.backups import MADE_ON_PURPOSE, BackupRows, good
from core.catalog.models import SystemBackup
from core.catalog.records import CANCELLED, BackupRecord, Kind


@dataclass(frozen=True, slots=True)
class SiteTotals:
    """All that the catalog has of a site: how many backups of each status, and the bytes of their archives."""

    count: Mapping[str, int] = field(default_factory=dict)
    size_bytes: int = 0


class AttemptRows(BackupRows):
    """What alarms and figures are made from. Each method is one short transaction."""

    def last_attempt(self, site: str) -> BackupRecord | None:
        """Return the newest backup, made by hand or by schedule, that ended by itself, well or not: none cancelled."""
        return self._first(
            SystemBackup.site == site,
            SystemBackup.role.in_(MADE_ON_PURPOSE),
            SystemBackup.status != "running",
            or_(SystemBackup.status == "completed", SystemBackup.error.is_(None), SystemBackup.error != CANCELLED),
        )

    def good_backups(self, site: str, kind: Kind, limit: int) -> Sequence[BackupRecord]:
        """Return the newest backups of one kind that each would do as `last_good`, newest first."""
        return self._all(*good(site), SystemBackup.kind == kind, limit=limit)

    def last_drilled(self, site: str) -> BackupRecord | None:
        """Return the newest backup of which a drill said that it restores, or that it does not."""
        return self._first(SystemBackup.site == site, SystemBackup.drill_status.in_(("passed", "failed")))

    def totals(self) -> Mapping[str, SiteTotals]:
        """Return how much there is of each site that has backups."""
        kinds = (SystemBackup.site, SystemBackup.status)
        query = select(*kinds, func.count(), func.sum(SystemBackup.file_size)).group_by(*kinds)
        found: dict[str, SiteTotals] = {}
        with self.reading() as session:
            for site, status, count, size in session.execute(query):
                before = found.get(site, SiteTotals())
                found[site] = SiteTotals({**before.count, status: count}, before.size_bytes + int(size or 0))
        return found
