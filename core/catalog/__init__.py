"""The SQL database in which greenroom remembers backups, restores, schedules and clean-ups."""

from __future__ import annotations

from core.catalog.attempts import SiteTotals
from core.catalog.catalog import LATEST, Catalog
from core.catalog.faults import DamagedCatalogError
from core.catalog.pages import ORDERS, BackupTotals, Order, Page, SpanCount
from core.catalog.records import (
    CANCELLED,
    INTO,
    Action,
    BackupRecord,
    CleanupRecord,
    DrillPlan,
    DrillStatus,
    FoundBackup,
    Frequency,
    Kind,
    Missed,
    Origin,
    RestoreRecord,
    RestoreStatus,
    Role,
    RunResult,
    ScheduleRecord,
    ScheduleSettings,
    ScheduleState,
    Scope,
    Status,
)
from core.catalog.versions import HEAD, CatalogNotReadyError, CatalogState, CatalogStatus

__all__ = [
    "CANCELLED",
    "HEAD",
    "INTO",
    "LATEST",
    "ORDERS",
    "Action",
    "BackupRecord",
    "BackupTotals",
    "Catalog",
    "CatalogNotReadyError",
    "CatalogState",
    "CatalogStatus",
    "CleanupRecord",
    "DamagedCatalogError",
    "DrillPlan",
    "DrillStatus",
    "FoundBackup",
    "Frequency",
    "Kind",
    "Missed",
    "Order",
    "Origin",
    "Page",
    "RestoreRecord",
    "RestoreStatus",
    "Role",
    "RunResult",
    "ScheduleRecord",
    "ScheduleSettings",
    "ScheduleState",
    "Scope",
    "SiteTotals",
    "SpanCount",
    "Status",
]
