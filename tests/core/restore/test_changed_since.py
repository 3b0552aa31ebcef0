"""What changed between the staging, the safety backup and the switch, and archives that nobody should trust."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.adopt import adopt_archive
from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import GreenroomError, VerificationError
from core.progress import Progress, Reporter
from core.rebuild import rebuild_catalog
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.restore.inspect import inspect_restore
from core.restore.now import restore_now
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from tests.support import Place, change_place, make_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path, exclude=("*.tmp",))


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _apply(place: Place) -> Outcome | None:
    return apply_restore(place.context, place.site, Reporter())


@pytest.mark.parametrize("changed", ["files", "database", "link"])
def test_a_configuration_that_changed_since_the_staging_is_refused(place: Place, changed: str) -> None:
    backup = _back_up(place)
    other = place.root / "srv" / "other"
    other.mkdir()
    if changed == "link":
        moved = place.uploads.rename(place.root / "srv" / "real")
        place.uploads.symlink_to(moved)
    stage_restore(place.context, place.site, backup, Reporter())
    (place.uploads / "precious.txt").write_text("not in any backup")
    old = place.state()
    site = place.site
    if changed == "files":
        site = replace(site, files={"": other})
    elif changed == "database":
        site = replace(site, database=f"sqlite:///{place.root / 'srv' / 'app2.db'}")
    else:
        place.uploads.unlink()
        place.uploads.symlink_to(other)
    with pytest.raises(GreenroomError, match="any more"):
        _apply(replace(place, site=site))
    if changed == "link":
        place.uploads.unlink()
        place.uploads.symlink_to(moved)
    assert place.state() == old
    assert (place.uploads / "precious.txt").read_text() == "not in any backup"


def test_a_file_that_came_after_the_safety_backup_read_its_folder_is_kept(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    seen: list[str] = []

    def upload(progress: Progress) -> None:
        seen.append(progress.phase)
        if progress.phase == "reading back" and "writing the archive" in seen:
            (place.uploads / "late.txt").write_text("uploaded meanwhile")

    stage_restore(place.context, place.site, backup, Reporter())
    outcome = apply_restore(place.context, place.site, Reporter(upload))
    assert outcome is not None
    assert place.state() == new
    assert any("written to" in notice for notice in outcome.notices)
    undo_restore(place.context, place.site, Reporter())
    assert (place.uploads / "late.txt").read_text() == "uploaded meanwhile"


def test_what_nobody_wrote_to_is_not_set_aside(place: Place) -> None:
    (place.uploads / "x.tmp").write_text("excluded")
    outcome = restore_now(place.context, place.site, _back_up(place), Reporter())
    assert (outcome.notices, outcome.set_aside) == ((), ())


def test_an_application_too_broken_to_tell_its_version_is_restored(place: Place) -> None:
    told = replace(place, site=replace(place.site, version="1.4"))
    new = told.state()
    backup = _back_up(told)
    broken = replace(place, site=replace(place.site, version=None, version_command="false"))
    change_place(place)
    old = place.state()
    preview = inspect_restore(broken.context, broken.site, backup, Reporter())
    assert any("version of the application is not known" in notice for notice in preview.notices)
    restore_now(broken.context, broken.site, backup, Reporter())
    assert place.state() == new
    undo_restore(broken.context, broken.site, Reporter())
    assert place.state() == old
    with pytest.raises(GreenroomError, match="version_command"):
        _back_up(broken)


def _bare(path: Path, database: Path, *extra: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(database, "database.db")
        for info, content in extra:
            archive.writestr(info, content)
    return path


def _member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def _found(place: Place) -> BackupRecord:
    rebuild_catalog(place.context, Reporter())
    (found,) = place.context.catalog.backups("app")
    return found


def test_a_hostile_archive_that_is_only_found_is_as_little_trusted_as_an_adopted_one(place: Place) -> None:
    storage = place.root / "backups" / "app"
    storage.mkdir(mode=0o700)
    database = place.root / "other.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE t (x)")
    _bare(storage / "leaves.zip", database, (_member("files/out", stat.S_IFLNK | 0o777), b"/etc"))
    rebuilt = rebuild_catalog(place.context, Reporter())
    assert "leaves its folder" in rebuilt.unreadable[0]
    (storage / "leaves.zip").unlink()
    _bare(storage / "root.zip", database, (_member("files/su", stat.S_IFREG | 0o4755), b"#!"))
    restore_now(place.context, place.site, _found(place), Reporter())
    assert stat.S_IMODE((place.uploads / "su").stat().st_mode) & 0o7000 == 0


def test_a_manifest_that_lies_of_the_rows_is_refused(place: Place) -> None:
    backup = _back_up(place)
    before = place.state()
    liar = _lie(place.context.store.archive_path("app", backup.name), place.root / "liar.zip")
    adopted = adopt_archive(place.context, place.site, liar, Reporter()).record
    with pytest.raises(VerificationError, match="manifest lies"):
        stage_restore(place.context, place.site, adopted, Reporter())
    assert place.state() == before
    assert _apply(place) is None


def _lie(source: Path, target: Path) -> Path:
    """The same archive with other row counts, and hashes that are right for that."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as liar:
        document = json.loads(whole.read("metadata.json"))
        document["tables"][0]["rows"] += 1000
        document["name"] = "liar"
        metadata = json.dumps(document, indent=2).encode()
        members = [(info, whole.read(info)) for info in whole.infolist()]
        was = hashlib.sha256(whole.read("metadata.json")).hexdigest()
        for info, member in members:
            content = member
            if info.filename == "metadata.json":
                content = metadata
            elif info.filename == "checksums.sha256":
                content = content.replace(was.encode(), hashlib.sha256(metadata).hexdigest().encode())
            liar.writestr(info, content)
    return target


def test_a_stripped_archive_does_not_get_in_under_another_name(place: Place) -> None:
    backup = _back_up(place)
    whole = place.context.store.archive_path("app", backup.name)
    stripped = place.root / whole.name
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(stripped, "w") as bare:
        bare.writestr("database.db", archive.read("database.db"))
        bare.writestr("metadata.json", json.dumps({"backup_name": "another"}))
    with pytest.raises(VerificationError, match="has none itself"):
        adopt_archive(place.context, place.site, stripped, Reporter())


def test_an_archive_from_the_future_does_not_become_the_latest_for_ever(place: Place) -> None:
    database = place.root / "other.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE t (x)")
    file = place.root / "future.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(database, "database.db")
        archive.writestr("metadata.json", json.dumps({"created_at": "2099-01-01T00:00:00", "backup_name": "future"}))
    adopt_archive(place.context, place.site, file, Reporter())
    mine = _back_up(place)
    assert place.context.catalog.resolve("latest", "app").id == mine.id
