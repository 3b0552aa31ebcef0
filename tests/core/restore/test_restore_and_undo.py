"""Restores of a real site, forward, back, refused and failed."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import BusyError, GreenroomError, UsageError, VerificationError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.restore.inspect import inspect_restore
from core.restore.marker import FAILED_MARKER, MARKER, read_marker
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from tests.support import CrashingFilesystem, Place, change_place, make_place, open_place, run_until_killed


@pytest.fixture(params=["wal", "delete"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(tmp_path, journal_mode=request.param, exclude=("*.tmp", "cache"))


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _stage(place: Place, backup: BackupRecord, accept_version: str | None = None) -> None:
    stage_restore(place.context, place.site, backup, Reporter(), accept_version=accept_version)


def _apply(place: Place) -> Outcome | None:
    return apply_restore(place.context, place.site, Reporter())


def _undo(place: Place) -> Outcome:
    return undo_restore(place.context, place.site, Reporter())


def _marker(place: Place) -> Path:
    return place.context.site_folder(place.site) / MARKER


def test_a_restore_brings_back_exactly_what_was_backed_up(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    _stage(place, backup)
    outcome = _apply(place)
    assert outcome is not None
    assert (outcome.state, outcome.tables, outcome.records, outcome.safety_name is not None) == ("new", 2, 21, True)
    assert place.state() == new
    assert _apply(place) is None


def test_staging_changes_nothing(place: Place) -> None:
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    _stage(place, backup)
    assert place.state() == old
    marker = read_marker(_marker(place))
    assert marker is not None
    assert marker.backup_filename == f"{backup.name}.zip"
    assert marker.staging_path.parent == place.database.parent


def test_undo_goes_back_and_can_be_undone(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    _stage(place, backup)
    _apply(place)
    _undo(place)
    assert place.state() == old
    _undo(place)
    assert place.state() == new
    assert [row.action for row in place.context.catalog.restores("app")] == ["undo", "undo", "restore"]


def test_the_old_database_stays_beside_the_new_one(place: Place) -> None:
    backup = _back_up(place)
    place.execute("DELETE FROM films")
    _stage(place, backup)
    _apply(place)
    with closing(sqlite3.connect(place.database.with_name("app.db.before_restore"))) as old:
        assert old.execute("SELECT count(*) FROM films").fetchone() == (0,)


def test_mode_and_owner_of_the_live_database_stay(place: Place) -> None:
    backup = _back_up(place)
    place.database.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place.database, 12345, 12346)
    before = place.database.stat()
    _stage(place, backup)
    _apply(place)
    after = place.database.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_an_old_wal_never_survives(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    backup = _back_up(place)
    new = place.state()
    writer = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM films');"
        "c.commit(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", writer, str(place.database)], check=False)
    assert place.database.with_name("app.db-wal").stat().st_size > 0
    _stage(place, backup)
    _apply(place)
    assert not place.database.with_name("app.db-wal").exists()
    assert place.state() == new


@pytest.mark.parametrize("damage", ["garbage", "truncated", "missing"])
def test_a_damaged_database_is_set_aside_byte_by_byte(place: Place, damage: str) -> None:
    new = place.state()
    backup = _back_up(place)
    if damage == "garbage":
        place.database.write_bytes(b"\xff" * 9000)
    elif damage == "truncated":
        os.truncate(place.database, place.database.stat().st_size - 4096)
    else:
        place.database.unlink()
    raw = place.database.read_bytes() if place.database.exists() else None
    old = place.state()
    _stage(place, backup)
    outcome = _apply(place)
    assert outcome is not None
    assert outcome.safety_name is None
    assert place.state() == new
    kept = next(path for path in outcome.set_aside if path.parent == place.database.parent)
    assert ((kept / "app.db").read_bytes() if raw is not None else None) == raw
    _undo(place)
    assert place.state() == old
    assert (place.database.read_bytes() if place.database.exists() else None) == raw
    _undo(place)
    assert place.state() == new


def test_a_restore_over_nothing_at_all(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    place.database.unlink()
    for path in sorted(place.uploads.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    place.uploads.rmdir()
    _stage(place, backup)
    _apply(place)
    assert place.state() == new


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM films").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


def test_an_application_that_has_the_database_open_stops_apply(place: Place) -> None:
    backup = _back_up(place)
    change_place(place)
    _stage(place, backup)
    old = place.state()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(place.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as application:
        assert application.stdout is not None
        application.stdout.readline()
        with pytest.raises(BusyError, match=str(application.pid)):
            _apply(place)
        application.terminate()
    assert place.state() == old
    assert place.context.catalog.restores("app") == []
    outcome = _apply(place)
    assert outcome is not None
    assert outcome.state == "new"


def test_what_no_backup_holds_no_restore_takes_away(place: Place) -> None:
    (place.uploads / "sub" / "x.tmp").write_text("excluded file")
    (place.uploads / "cache" / "deep").mkdir(parents=True)
    (place.uploads / "cache" / "deep" / "page").write_text("excluded folder")
    os.mkfifo(place.uploads / "pipe")
    outcome = create_backup(place.context, place.site, Reporter())
    assert len(outcome.skipped) == 1
    assert "pipe" in outcome.skipped[0]
    (place.uploads / "sub" / "x.tmp").write_text("excluded file, changed since")
    change_place(place)
    _stage(place, outcome.record)
    _apply(place)
    assert (place.uploads / "sub" / "x.tmp").read_text() == "excluded file, changed since"
    assert (place.uploads / "cache" / "deep" / "page").read_text() == "excluded folder"
    assert (place.uploads / "pipe").is_fifo()
    assert not (place.uploads / "new.txt").exists()


class _FailingRename(Filesystem):
    """Fails, as a disk does, at the one rename that puts a given name into its place."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def rename(self, source: Path, target: Path) -> None:
        if target == self.target and source.parent.name == "new":
            raise OSError(5, "Input/output error", str(target))
        super().rename(source, target)


@pytest.mark.parametrize("at", ["app.db", "uploads"])
def test_a_failing_apply_goes_back_and_is_not_tried_again(place: Place, at: str) -> None:
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    _stage(place, backup)
    failing = open_place(place.root, disk=_FailingRename(place.database.parent / at))
    with pytest.raises(GreenroomError, match="exactly as it was before"):
        _apply(failing)
    assert place.state() == old
    assert (place.context.site_folder(place.site) / FAILED_MARKER).exists()
    assert [row.status for row in place.context.catalog.restores("app")] == ["failed"]
    assert _apply(place) is None
    assert cancel_restore(place.context, place.site)
    assert not list(place.database.parent.glob(".restore-failed-*"))
    assert place.state() == old


def test_a_staging_that_changed_while_it_waited_is_refused(place: Place) -> None:
    backup = _back_up(place)
    old = place.state()
    _stage(place, backup)
    staged = next(place.database.parent.glob(".greenroom-*/new/uploads/a.txt"))
    staged.write_text("tampered with")
    with pytest.raises(VerificationError, match="not what was staged"):
        _apply(place)
    assert place.state() == old
    assert _apply(place) is None


def test_a_site_that_an_application_started_in_the_middle(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    _stage(place, backup)

    def kill_between(disk: CrashingFilesystem) -> object:
        return _apply(open_place(place.root, disk=_KillAtInstall()))

    assert run_until_killed(kill_between, at=10_000)
    assert not place.database.exists()
    with closing(sqlite3.connect(place.database)) as stranger:
        stranger.execute("CREATE TABLE fresh (x)")
        stranger.commit()
    outcome = _apply(place)
    assert outcome is not None
    assert place.state() == new
    kept = [path for path in outcome.unexpected if path.name == "app.db"]
    with closing(sqlite3.connect(kept[0])) as stranger:
        assert stranger.execute("SELECT name FROM sqlite_schema").fetchall() == [("fresh",)]


class _KillAtInstall(CrashingFilesystem):
    def rename(self, source: Path, target: Path) -> None:
        if source.parent.name == "new":
            self.at = len(self.steps) + 1
        super().rename(source, target)


def test_another_version_of_the_application_wants_consent(tmp_path: Path) -> None:
    backup = _back_up(make_place(tmp_path, version="1.4"))
    place = open_place(tmp_path, version="2.0")
    with pytest.raises(UsageError, match=r"1\.4"):
        _stage(place, backup)
    assert not _marker(place).exists()
    _stage(place, backup, accept_version="1.4")
    assert _marker(place).exists()


def test_a_cancelled_staging_leaves_no_trace(place: Place) -> None:
    backup = _back_up(place)
    before = sorted(place.database.parent.iterdir())
    _stage(place, backup)
    with pytest.raises(GreenroomError, match="pending"):
        _stage(place, backup)
    cancel_restore(place.context, place.site)
    assert sorted(place.database.parent.iterdir()) == before
    with pytest.raises(UsageError):
        cancel_restore(place.context, place.site)


def test_of_two_appliers_one_works(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    _stage(place, backup)
    ends: list[object] = []

    def run() -> None:
        try:
            ends.append(apply_restore(place.context, place.site, Reporter()))
        except BusyError as error:
            ends.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([end for end in ends if isinstance(end, Outcome)]) == 1
    assert place.state() == new


def test_the_preview_tells_what_would_be_lost(place: Place) -> None:
    backup = _back_up(place)
    place.execute(
        "INSERT INTO films (title) VALUES ('newer')", "CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"
    )
    (place.uploads / "newer.txt").write_text("x")
    before = place.state()
    preview = inspect_restore(place.context, place.site, backup, Reporter())
    assert {row.name: (row.now, row.backup, row.difference) for row in preview.tables} == {
        "extra": (1, None, -1),
        "films": (21, 20, -1),
        "notes": (1, 1, 0),
    }
    assert preview.folders[0].lost_examples == ("newer.txt",)
    assert preview.blockers == ()
    assert any("extra" in line and "whole table" in line for line in preview.lost)
    assert place.state() == before


def test_a_folder_that_is_a_mount_point_is_swapped_by_entries(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", str(place.uploads)], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount")
    try:
        (place.uploads / "kept.txt").write_text("in the backup")
        (place.uploads / "folder").mkdir()
        (place.uploads / "folder" / "deep").write_text("deep")
        new = place.state()
        backup = _back_up(place)
        (place.uploads / "kept.txt").write_text("changed")
        (place.uploads / "folder" / "deep").unlink()
        (place.uploads / "later.txt").write_text("later")
        old = place.state()
        _stage(place, backup)
        _apply(place)
        assert place.state() == new
        _undo(place)
        assert place.state() == old
    finally:
        subprocess.run(["umount", str(place.uploads)], check=True)


def test_a_read_only_greenroom_restores_nothing(place: Place) -> None:
    backup = _back_up(place)
    old = place.state()
    watching = open_place(place.root, read_only=True)
    assert inspect_restore(watching.context, watching.site, backup, Reporter()).blockers == ()
    for verb in (lambda: _stage(watching, backup), lambda: _apply(watching), lambda: _undo(watching)):
        with pytest.raises(UsageError, match="read-only"):
            verb()
    assert place.state() == old


def test_an_exchanged_archive_is_refused(place: Place) -> None:
    first = _back_up(place)
    place.execute("DELETE FROM films")
    second = _back_up(place)
    store = place.context.store
    store.archive_path("app", second.name).replace(store.archive_path("app", first.name))
    with pytest.raises(VerificationError, match="another archive"):
        _stage(place, first)
    assert not _marker(place).exists()


def test_bytes_of_the_archive_are_the_site_s(place: Place) -> None:
    backup = _back_up(place)
    unpacked = place.root / "by_hand"
    subprocess.run(
        ["unzip", "-q", str(place.context.store.archive_path("app", backup.name)), "-d", str(unpacked)], check=True
    )
    subprocess.run(["sha256sum", "--quiet", "-c", "checksums.sha256"], cwd=unpacked, check=True)
    for name in ("a.txt", "sub/b.bin"):
        wanted = hashlib.sha256((place.uploads / name).read_bytes()).hexdigest()
        assert hashlib.sha256((unpacked / "files" / name).read_bytes()).hexdigest() == wanted


def test_a_lost_folder_does_not_stop_the_restore_that_brings_it_back(place: Place) -> None:
    new = place.state()
    backup = _back_up(place)
    shutil.rmtree(place.uploads)
    place.execute("DELETE FROM films")
    old = place.state()
    _stage(place, backup)
    outcome = _apply(place)
    assert outcome is not None
    assert outcome.safety_name is None
    assert place.state() == new
    _undo(place)
    assert place.state() == old


def test_a_name_that_no_archive_can_hold_stops_a_backup_and_no_restore(place: Place) -> None:
    backup = _back_up(place)
    new = place.state()
    (place.uploads / "two\nlines").write_text("odd")
    with pytest.raises(GreenroomError, match=r"two\\nlines"):
        _back_up(place)
    old = place.state()
    _stage(place, backup)
    _apply(place)
    assert place.state() == new
    _undo(place)
    assert place.state() == old


def test_a_folder_that_the_backup_does_not_hold_is_left_alone(place: Place) -> None:
    keyed = replace(place, site=replace(place.site, files={"uploads": place.uploads}))
    backup = _back_up(keyed)
    media = place.root / "srv" / "media"
    media.mkdir()
    (media / "added later").write_text("x")
    files = {"uploads": place.uploads, "media": media}
    wider = replace(place, site=replace(place.site, files=files))
    preview = inspect_restore(wider.context, wider.site, backup, Reporter())
    assert any("media" in notice and "stays as it is" in notice for notice in preview.notices)
    _stage(wider, backup)
    _apply(wider)
    assert (media / "added later").read_text() == "x"


def test_a_folder_of_the_backup_that_the_site_has_no_more_blocks(place: Place) -> None:
    backup = _back_up(place)
    narrower = replace(place, site=replace(place.site, files={}))
    with pytest.raises(GreenroomError, match="files"):
        _stage(narrower, backup)


def test_a_journal_that_waits_to_be_rolled_back_is_no_damage(tmp_path: Path) -> None:
    place = make_place(tmp_path, journal_mode="delete")
    new = place.state()
    backup = _back_up(place)
    writer = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_size = 2'); c.execute('BEGIN');"
        "c.executemany('INSERT INTO films (title) VALUES (?)', [('z' * 200,)] * 5000);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", writer, str(place.database)], check=False)
    assert place.database.with_name("app.db-journal").stat().st_size > 0
    _stage(place, backup)
    outcome = _apply(place)
    assert outcome is not None
    assert outcome.safety_name is not None
    assert place.state() == new
