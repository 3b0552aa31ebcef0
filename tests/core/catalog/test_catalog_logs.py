"""The log of restores: written once each, outliving the backups that it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.catalog import BackupRecord, Catalog, CleanupRecord, RestoreRecord

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Make = Callable[..., BackupRecord]


def _restore(restore_id: str, backup_name: str = "one", **changes: Any) -> RestoreRecord:
    record = RestoreRecord(
        restore_id=restore_id,
        site="app",
        action="restore",
        backup_id=None,
        backup_name=backup_name,
        restore_type="full",
        status="completed",
        tables_restored=2,
        records_restored=30,
        files_restored=4,
        pre_restore_backup_id=None,
        safety_name=None,
        set_aside=None,
        restored_by="ada",
        restored_at=NOON,
        restoration_results="{}",
        error=None,
    )
    return replace(record, **changes)


def test_a_restore_is_logged_once_however_often_its_end_is_repeated(catalog: Catalog) -> None:
    assert catalog.record_restore(_restore("r1"))
    assert not catalog.record_restore(_restore("r1", restored_at=NOON + timedelta(hours=1), status="failed"))
    assert list(catalog.restores("app")) == [_restore("r1", id=1)]


def test_the_last_restore_is_the_last_one_that_was_completed(catalog: Catalog) -> None:
    assert catalog.last_restore("app") is None
    catalog.record_restore(_restore("r1"))
    catalog.record_restore(_restore("r2", action="undo", restored_at=NOON - timedelta(days=1)))
    catalog.record_restore(_restore("r3", status="failed", error="no space"))
    catalog.record_restore(_restore("r4", site="shop"))
    last = catalog.last_restore("app")
    assert last is not None
    assert (last.restore_id, last.action) == ("r2", "undo")
    assert [row.restore_id for row in catalog.restores("app")] == ["r3", "r2", "r1"]
    assert [row.restore_id for row in catalog.restores(limit=2)] == ["r4", "r3"]


def test_the_log_outlives_its_backups(catalog: Catalog, complete: Make) -> None:
    backup, safety = complete("one"), complete("before", role="safety")
    catalog.record_restore(_restore("r1", backup_id=backup.id, pre_restore_backup_id=safety.id, safety_name="before"))
    before = catalog.restores("app")[0]
    assert (before.backup_id, before.pre_restore_backup_id) == (backup.id, safety.id)
    for record in (backup, safety):
        catalog.delete_backup(
            record.id,
            CleanupRecord(
                site="app",
                cleanup_date=NOON,
                backups_deleted=1,
                space_freed=1,
                cleanup_reason="test",
                performed_by="ada",
                details="[]",
            ),
        )
    assert catalog.restores("app") == [replace(before, backup_id=None, pre_restore_backup_id=None)]


def test_an_id_of_a_lost_catalog_never_points_at_another_backup(catalog: Catalog, complete: Make) -> None:
    other, same = complete("other"), complete("one")
    catalog.record_restore(_restore("r1", backup_id=other.id))
    catalog.record_restore(_restore("r2", backup_id=4711, backup_name="set aside before one"))
    assert [row.backup_id for row in catalog.restores("app")] == [None, same.id]


def test_what_is_set_aside_and_hostile_text_are_kept(catalog: Catalog) -> None:
    catalog.record_restore(
        _restore("r1", set_aside='[{"kept": "/srv/a"}]', error="bad \udcff\0", restored_by="é" * 300)
    )
    row = catalog.restores("app")[0]
    assert (row.set_aside, row.error, row.restored_by) == ('[{"kept": "/srv/a"}]', "bad \\udcff\\x00", "é" * 255)
