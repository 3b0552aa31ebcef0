"""What the faces tell: times and ages in words, and the JSON shapes that scripts read.

Within a version of the shapes keys are added, never removed or given another meaning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from core.catalog import BackupRecord, CleanupRecord, RestoreRecord
from core.status import SiteStatus
from core.stores import Store

if TYPE_CHECKING:  # a list needs nothing of restores, which take a quarter of a second to import
    from core.prune import PrunePreview
    from core.restore.finish import Outcome
    from core.restore.inspect import Preview
    from core.restore.marker import Marker

Report = dict[str, Any]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DAYS_IN_HOURS = 2


def format_age(age: timedelta) -> str:
    """Given an age, return it in words: "just now", "5 min ago", "3 h ago", "12 days ago"."""
    seconds = int(age.total_seconds())
    if seconds < -_MINUTE:
        return "in the future: is the clock right?"
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAYS_IN_HOURS * _DAY:
        return f"{seconds // _HOUR} h ago"
    return f"{seconds // _DAY} days ago"


def format_time(time: datetime, zone: ZoneInfo) -> str:
    """Given a time, return it as the site's zone writes it, with the zone's name."""
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def drill_words(backup: BackupRecord, now: datetime) -> str:
    """Return what a list says of a backup's last drill, nothing where there was none."""
    if backup.drill_status == "failed":
        return "DRILL FAILED"
    if backup.drilled_at is not None:
        return f"drilled {format_age(now - backup.drilled_at)}"
    return "drill not possible" if backup.drill_status == "unable" else ""


def drill_report(backup: BackupRecord) -> Report | None:
    """Return what was compared in a backup's last drill, or None where that is not known."""
    return None if backup.drill_report is None else dict(json.loads(backup.drill_report))


def backup_report(backup: BackupRecord, store: Store) -> Report:
    """Given a backup, return its JSON shape; sizes, counts and the path are null where it has no archive."""
    path = str(store.archive_path(backup.site, backup.name)) if backup.status == "completed" else None
    return {
        "id": backup.id,
        "name": backup.name,
        "site": backup.site,
        "kind": backup.kind,
        "scope": backup.scope,
        "status": backup.status,
        "created_at": _time(backup.created_at),
        "size_bytes": backup.file_size,
        "path": path,
        "verified_at": _time(backup.verified_at),
        "drilled_at": _time(backup.drilled_at),
        "drill_status": backup.drill_status,
        "pinned": backup.pinned,
        "foreign": backup.foreign,
        "description": backup.description,
        "tables": backup.table_count,
        "records": backup.record_count,
        "created_by": backup.created_by,
        "error": backup.error,
    }


def preview_report(preview: Preview, store: Store) -> Report:
    """Given the preview of a restore, return its JSON shape."""
    return {
        "site": preview.site,
        "backup": backup_report(preview.backup, store),
        "present": preview.present,
        "tables": [{**asdict(table), "difference": table.difference} for table in preview.tables],
        "folders": [
            {**asdict(folder), "path": str(folder.path), "difference": folder.difference} for folder in preview.folders
        ],
        "space": [{**asdict(space), "path": str(space.path)} for space in preview.space],
        "holders": [asdict(holder) for holder in preview.holders],
        "version_now": preview.version_now,
        "version_backup": preview.version_backup,
        "version_differs": preview.version_differs,
        "engine_version": preview.engine_version,
        "mode": preview.rows.mode if preview.rows else None,
        "scope": list(preview.rows.tables) if preview.rows else [],
        "losses": [asdict(loss) for loss in preview.losses],
        "blockers": list(preview.blockers),
        "notices": list(preview.notices),
        "lost": list(preview.lost),
    }


def prune_report(preview: PrunePreview, store: Store) -> Report:
    """Given the preview of a prune, return its JSON shape."""
    return {
        "site": preview.site,
        "policy": asdict(preview.policy),
        "policy_source": preview.source,
        "verdicts": [
            {"backup": backup_report(one.backup, store), "keep": one.keep, "reasons": list(one.reasons)}
            for one in preview.verdicts
        ],
        "refusal": preview.refusal,
    }


def pending_report(marker: Marker) -> Report:
    """Given the marker of a pending or failed restore, return its JSON shape: no journal, which is greenroom's own."""
    return {
        "site": marker.site,
        "action": marker.action,
        "restore_id": marker.restore_id,
        "backup_filename": marker.backup_filename,
        "backup_id": marker.backup_id,
        "requested_at": _time(marker.requested_at),
        "requested_by": marker.requested_by,
        "phase": str(marker.phase),
        "interrupted": marker.changed_site,
        "staging_path": str(marker.staging_path),
        "error": marker.error,
    }


def outcome_report(outcome: Outcome) -> Report:
    """Given how a restore or undo ended, return its JSON shape."""
    return {
        "site": outcome.site,
        "action": outcome.action,
        "state": outcome.state,
        "backup": outcome.backup_name,
        "tables": outcome.tables,
        "records": outcome.records,
        "files": outcome.files,
        "safety_backup": outcome.safety_name,
        "set_aside": _paths(outcome.set_aside),
        "unexpected": _paths(outcome.unexpected),
        "notices": list(outcome.notices),
        "error": outcome.error,
    }


def restore_report(restore: RestoreRecord) -> Report:
    """Given a row of the log of restores, return its JSON shape."""
    results = json.loads(restore.restoration_results)
    rows = results.get("rows") or {}
    aside = json.loads(restore.set_aside) if restore.set_aside else []
    return {
        "id": restore.id,
        "restore_id": restore.restore_id,
        "site": restore.site,
        "action": restore.action,
        "status": restore.status,
        "state": results.get("state"),
        "into": results.get("into"),
        "of_site": rows.get("of_site"),
        "mode": rows.get("mode"),
        "scope": rows.get("tables", []),
        "backup": restore.backup_name,
        "backup_id": restore.backup_id,
        "tables": restore.tables_restored,
        "records": restore.records_restored,
        "files": restore.files_restored,
        "safety_backup": restore.safety_name,
        "safety_backup_id": restore.pre_restore_backup_id,
        "set_aside": [row["kept"] for row in aside],
        "unexpected": results.get("unexpected", []),
        "notices": results.get("notices", []),
        "restored_by": restore.restored_by,
        "restored_at": _time(restore.restored_at),
        "error": restore.error,
    }


def removal_report(removal: CleanupRecord) -> Report:
    """Given a row of the log of removed backups, return its JSON shape."""
    return {
        "id": removal.id,
        "site": removal.site,
        "removed": json.loads(removal.details),
        "freed_bytes": removal.space_freed,
        "reason": removal.cleanup_reason,
        "removed_by": removal.performed_by,
        "removed_at": _time(removal.cleanup_date),
    }


def site_report(status: SiteStatus, store: Store) -> Report:
    """Given how a site is, return its JSON shape."""
    return {
        "site": status.site,
        "last_good": backup_report(status.last_good, store) if status.last_good else None,
        "age_seconds": int(status.age.total_seconds()) if status.age is not None else None,
        "last_failure": backup_report(status.last_failure, store) if status.last_failure else None,
        "pending": pending_report(status.pending) if status.pending else None,
        "failed_restore": pending_report(status.failed_restore) if status.failed_restore else None,
        "damaged": status.damaged,
        "missing": status.missing,
        "schedule_lost": status.schedule_lost,
        "busy": asdict(status.holder) if status.holder else None,
        "next_run": _time(status.outlook.coming),
        "due": _time(status.outlook.due),
        "overdue": status.overdue is not None,
        "overdue_limit_seconds": int(status.overdue.limit.total_seconds()) if status.overdue is not None else None,
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _paths(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
