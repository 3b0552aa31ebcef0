"""Archives from elsewhere, the ones that are kept or deleted, and a catalog that was lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from core.adopt import adopt_archive
from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord
from core.errors import GreenroomError, UsageError, VerificationError
from core.keep import copy_backup, delete_backup, pin_backup
from core.progress import Reporter
from core.rebuild import rebuild_catalog
from core.restore.apply import apply_restore
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from core.status import overall_status
from core.verify import verify_backup
from tests.support import Place, change_place, make_place, open_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter(), BackupRequest(description="mine")).record


def _restore(place: Place, backup: BackupRecord) -> None:
    stage_restore(place.context, place.site, backup, Reporter())
    apply_restore(place.context, place.site, Reporter())


def bare_archive(path: Path, database: Path, files: dict[str, bytes], name: str = "backup_20250115_100000") -> Path:
    """An archive as FastCMS writes it: no hashes, no modes, no folders."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(database, "database.db")
        for member, content in files.items():
            archive.writestr(f"files/{member}", content)
        metadata = {"created_at": "2025-01-15T10:00:00", "app_version": "1.0", "backup_name": name}
        archive.writestr("metadata.json", json.dumps(metadata))
    return path


def _some_database(path: Path, rows: int = 3) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cms (x)")
        connection.executemany("INSERT INTO cms VALUES (?)", [(n,) for n in range(rows)])
        connection.commit()
    return path


def test_a_bare_archive_is_foreign_never_verified_and_restores(place: Place) -> None:
    old = place.state()
    file = bare_archive(
        place.root / "cms.zip", _some_database(place.root / "cms.db"), {"deep/er/x.txt": b"x", "y.txt": b"y"}
    )
    adoption = adopt_archive(place.context, place.site, file, Reporter())
    assert (adoption.record.name, adoption.record.foreign) == ("backup_20250115_100000", True)
    assert verify_backup(place.context, place.site, adoption.record, Reporter()).verified_at is None
    assert place.context.catalog.last_good("app") is None
    _restore(place, adoption.record)
    with closing(sqlite3.connect(place.database)) as connection:
        assert connection.execute("SELECT count(*) FROM cms").fetchone() == (3,)
    assert sorted(str(path.relative_to(place.uploads)) for path in place.uploads.rglob("*")) == [
        "deep",
        "deep/er",
        "deep/er/x.txt",
        "y.txt",
    ]
    undo_restore(place.context, place.site, Reporter())
    assert place.state() == old


def test_a_native_archive_moves_to_another_machine(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    new = place.state()
    copy = copy_backup(place.context, _back_up(place), tmp_path_factory.mktemp("usb"), Reporter())
    other = make_place(tmp_path_factory.mktemp("other"))
    change_place(other)
    adoption = adopt_archive(other.context, other.site, copy, Reporter())
    assert adoption.record.role == "adopted"
    assert not adoption.record.foreign
    _restore(other, adoption.record)
    assert other.state() == new


def test_adopting_the_same_again_does_nothing_and_other_content_gets_a_suffix(place: Place) -> None:
    database = _some_database(place.root / "cms.db")
    one = bare_archive(place.root / "one.zip", database, {})
    other = bare_archive(place.root / "other.zip", database, {"more.txt": b"more"})
    first = adopt_archive(place.context, place.site, one, Reporter())
    again = adopt_archive(place.context, place.site, one, Reporter())
    second = adopt_archive(place.context, place.site, other, Reporter())
    assert (again.known, again.record.id) == (True, first.record.id)
    assert (second.renamed, second.record.name) == (True, "backup_20250115_100000_2")
    assert len(place.context.catalog.backups("app")) == 2


def test_a_native_archive_stripped_to_look_foreign_is_refused(place: Place) -> None:
    backup = _back_up(place)
    path = place.context.store.archive_path("app", backup.name)
    stripped = place.root / path.name
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(stripped, "w") as bare:
        bare.writestr("database.db", whole.read("database.db"))
        bare.writestr("metadata.json", json.dumps({"backup_name": backup.name}))
    with pytest.raises(VerificationError, match="has none itself"):
        adopt_archive(place.context, place.site, stripped, Reporter())
    shutil.copy(stripped, path)
    with pytest.raises(VerificationError, match="another archive"):
        stage_restore(place.context, place.site, backup, Reporter())
    assert len(place.context.catalog.backups("app")) == 1


@pytest.mark.parametrize("form", ["native", "bare"])
def test_an_archive_whose_database_fails_its_check_is_not_staged(place: Place, form: str) -> None:
    damaged = place.root / "damaged.db"
    damaged.write_bytes(_some_database(place.root / "cms.db", 5000).read_bytes()[:8192] + b"\xff" * 30_000)
    old = place.state()
    if form == "native":
        backup = _back_up(place)
        _make_database_lie(place, backup, damaged)
        with pytest.raises(GreenroomError):
            stage_restore(place.context, place.site, backup, Reporter())
    else:
        file = bare_archive(place.root / "bad.zip", damaged, {})
        adopted = adopt_archive(place.context, place.site, file, Reporter()).record
        with pytest.raises(GreenroomError, match=r"integrity check|cannot be read"):
            stage_restore(place.context, place.site, adopted, Reporter())
    assert place.state() == old
    assert not list(place.database.parent.glob(".greenroom-*"))


def _make_database_lie(place: Place, backup: BackupRecord, database: Path) -> None:
    path = place.context.store.archive_path("app", backup.name)
    with zipfile.ZipFile(path) as whole:
        members = {info.filename: whole.read(info) for info in whole.infolist()}
    with zipfile.ZipFile(path, "w") as lying:
        for name, content in members.items():
            lying.writestr(name, database.read_bytes() if name == "database.db" else content)


def test_a_link_that_leaves_is_refused_from_elsewhere_and_kept_from_here(place: Place) -> None:
    (place.uploads / "away").symlink_to("/etc/hostname")
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    _restore(place, backup)
    assert place.state() == new
    copy = copy_backup(place.context, backup, place.root / "copy.zip", Reporter())
    other = make_place(place.root / "other")
    with pytest.raises(VerificationError, match="away"):
        adopt_archive(other.context, other.site, copy, Reporter())


def test_pins_hold_against_deletion(place: Place) -> None:
    backup = _back_up(place)
    pinned = pin_backup(place.context, place.site, backup, pinned=True)
    assert pinned.pinned
    with pytest.raises(UsageError, match="pinned"):
        delete_backup(place.context, place.site, pinned)
    unpinned = pin_backup(place.context, place.site, pinned, pinned=False)
    deletion = delete_backup(place.context, place.site, unpinned)
    assert deletion.freed_bytes > 0
    assert place.context.catalog.backups("app") == []
    assert [row.space_freed for row in place.context.catalog.cleanups("app")] == [deletion.freed_bytes]


def test_what_a_restore_needs_cannot_be_deleted(place: Place) -> None:
    backup = _back_up(place)
    stage_restore(place.context, place.site, backup, Reporter())
    with pytest.raises(UsageError, match="pending restore"):
        delete_backup(place.context, place.site, backup)
    outcome = apply_restore(place.context, place.site, Reporter())
    assert outcome is not None
    assert outcome.safety_name is not None
    safety = place.context.catalog.resolve(outcome.safety_name, "app")
    with pytest.raises(UsageError, match="undo"):
        delete_backup(place.context, place.site, safety)


def test_a_copy_overwrites_nothing(place: Place) -> None:
    backup = _back_up(place)
    target = place.root / "copy.zip"
    assert copy_backup(place.context, backup, target, Reporter()) == target
    with pytest.raises(UsageError, match="exists"):
        copy_backup(place.context, backup, target, Reporter())
    assert target.read_bytes() == place.context.store.archive_path("app", backup.name).read_bytes()


def test_a_lost_catalog_comes_back_from_the_storage_alone(place: Place) -> None:
    kept = _back_up(place)
    pin_backup(place.context, place.site, kept, pinned=True)
    change_place(place)
    _restore(place, kept)
    orphan = _back_up(place)
    place.context.store.remove_state("app", orphan.name)
    before = {row.name: row for row in place.context.catalog.backups("app")}
    place.context.catalog.close()
    for path in place.root.glob("state/catalog.db*"):
        path.unlink()

    again = open_place(place.root)
    rebuilt = rebuild_catalog(again.context, Reporter())
    after = {row.name: row for row in again.context.catalog.backups("app")}
    assert set(after) == set(before)
    assert rebuilt.pinned == [f"app/{orphan.name}"]
    assert (after[orphan.name].pinned, after[orphan.name].verified_at) == (True, None)
    for name in set(before) - {orphan.name}:
        wanted, found = before[name], after[name]
        for field in ("pinned", "role", "origin", "verified_at", "created_at", "manifest_sha256", "record_count"):
            assert getattr(found, field) == getattr(wanted, field), field
    assert rebuild_catalog(again.context, Reporter()).found == []


def test_a_rebuild_names_what_it_cannot_read(place: Place) -> None:
    backup = _back_up(place)
    (place.root / "backups" / "app" / "broken.zip").write_bytes(b"not a zip")
    (place.root / "backups" / "stranger").mkdir(mode=0o700)
    rebuilt = rebuild_catalog(place.context, Reporter())
    assert rebuilt.known == 1
    assert len(rebuilt.unreadable) == 1
    assert rebuilt.unreadable[0].startswith("app/broken")
    assert rebuilt.unknown_sites == ["stranger"]
    assert place.context.catalog.find("app", backup.name) is not None


def test_the_status_tells_age_and_what_is_pending(place: Place) -> None:
    assert overall_status(place.context).sites[0].last_good is None
    backup = _back_up(place)
    stage_restore(place.context, place.site, backup, Reporter())
    status = overall_status(place.context)
    site = status.sites[0]
    assert site.last_good == place.context.catalog.get(backup.id)
    assert site.age is not None
    assert site.age.total_seconds() > 0
    assert site.pending is not None
    assert status.free_bytes
    assert status.loose == ()


def test_before_init_the_status_says_so(tmp_path: Path) -> None:
    make_place(tmp_path).context.catalog.close()
    for path in tmp_path.glob("state/catalog.db*"):
        path.unlink()
    status = overall_status(open_place(tmp_path).context)
    assert status.state.status == "missing"
    assert status.sites == ()


def test_an_adoption_that_died_before_its_row_is_finished_by_the_next(place: Place) -> None:
    file = bare_archive(place.root / "cms.zip", _some_database(place.root / "cms.db"), {})
    first = adopt_archive(place.context, place.site, file, Reporter()).record
    place.context.catalog.close()
    for path in place.root.glob("state/catalog.db*"):
        path.unlink()
    again = open_place(place.root)
    again.context.catalog.initialise()
    second = adopt_archive(again.context, again.site, file, Reporter())
    assert (second.record.name, second.renamed) == (first.name, False)


def test_a_damaged_catalog_is_moved_away_and_rebuilt(place: Place) -> None:
    backup = _back_up(place)
    place.context.catalog.close()
    for path in place.root.glob("state/catalog.db*"):
        path.unlink()
    (place.root / "state" / "catalog.db").write_bytes(b"garbage" * 4000)
    rebuilt = rebuild_catalog(open_place(place.root).context, Reporter())
    assert rebuilt.found == [f"app/{backup.name}"]
    assert rebuilt.damaged_catalog is not None
    assert rebuilt.damaged_catalog.read_bytes() == b"garbage" * 4000
