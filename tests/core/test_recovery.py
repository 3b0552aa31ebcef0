"""What the next verb makes of what a dead process, or a lost catalog, left."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import VerificationError
from core.keep import delete_backup, pin_backup
from core.progress import Reporter
from core.rebuild import rebuild_catalog
from core.restore.stage import stage_restore
from core.verify import verify_backup
from tests.support import CrashingFilesystem, Place, make_place, open_place, run_until_killed


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture
def backup(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _kill_deletion_before_its_commit(place: Place, backup: BackupRecord) -> None:
    def delete(disk: CrashingFilesystem) -> object:
        killed = open_place(place.root, disk=disk)
        return delete_backup(killed.context, killed.site, backup)

    assert run_until_killed(delete, 2)
    assert not place.context.store.archive_path("app", backup.name).exists()


def _lose_the_catalog(place: Place) -> None:
    place.context.catalog.close()
    for path in place.context.settings.state.glob("catalog.db*"):
        path.unlink()


def test_a_deletion_that_was_not_committed_is_none_though_the_catalog_is_lost(
    place: Place, backup: BackupRecord
) -> None:
    _kill_deletion_before_its_commit(place, backup)
    _lose_the_catalog(place)
    rebuilt = rebuild_catalog(place.context, Reporter())
    assert rebuilt.found == [f"app/{backup.name}"]
    assert verify_backup(place.context, place.site, place.context.catalog.resolve("latest", "app"), Reporter())


@pytest.mark.parametrize("verb", [verify_backup, stage_restore])
def test_an_archive_that_a_dead_deletion_hid_is_found(place: Place, backup: BackupRecord, verb) -> None:
    _kill_deletion_before_its_commit(place, backup)
    assert verb(place.context, place.site, backup, Reporter())
    row = place.context.catalog.resolve("latest", "app")
    assert (row.verified_at is not None, row.error) == (True, None)


def test_a_missing_storage_takes_no_proof_away(place: Place, backup: BackupRecord) -> None:
    storage = place.context.settings.storage
    storage.rename(storage.with_name("elsewhere"))
    with pytest.raises(Exception, match="backups"):
        verify_backup(place.context, place.site, backup, Reporter())
    storage.with_name("elsewhere").rename(storage)
    assert place.context.catalog.resolve("latest", "app").verified_at is not None


@pytest.mark.parametrize("pinned", [True, False])
def test_a_pin_does_not_hide_that_a_backup_failed_its_verification(
    place: Place, backup: BackupRecord, *, pinned: bool
) -> None:
    archive = place.context.store.archive_path("app", backup.name)
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(VerificationError):
        verify_backup(place.context, place.site, backup, Reporter())
    failed = place.context.catalog.resolve("latest", "app")
    assert failed.error
    row = pin_backup(place.context, place.site, backup, pinned=pinned)
    assert (row.error, row.verified_at) == (failed.error, None)
