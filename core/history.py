"""What happened to a site: restores, undos and deletions in one list, the last one first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from core.catalog import Catalog, CleanupRecord, RestoreRecord

HistoryEntry = RestoreRecord | CleanupRecord


@dataclass(frozen=True, slots=True)
class History:
    """The last `entries`, whether there are older ones, and the restore that an undo would take back."""

    entries: tuple[HistoryEntry, ...]
    more: bool
    undoable: RestoreRecord | None


def read_history(catalog: Catalog, site: str, limit: int) -> History:
    """Given a site, return its last `limit` restores, undos and deletions; raise GreenroomError."""
    # One more than is shown tells whether there are more. Each log is read no further than that.
    restores: Sequence[HistoryEntry] = catalog.restores(site, limit=limit + 1)
    deletions: Sequence[HistoryEntry] = catalog.cleanups(site, limit=limit + 1)
    merged = list(islice(heapq.merge(restores, deletions, key=when, reverse=True), limit + 1))
    return History(tuple(merged[:limit]), len(merged) > limit, catalog.last_restore(site))


def when(entry: HistoryEntry) -> datetime:
    """Given an entry, return its time."""
    return entry.restored_at if isinstance(entry, RestoreRecord) else entry.cleanup_date
