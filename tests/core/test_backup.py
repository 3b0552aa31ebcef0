"""Backups of a real site: beside a writer, of changing files, failed, cancelled."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from core.archive import Limits, open_archive
from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord
from core.errors import BusyError, CancelledError, GreenroomError
from core.filesystem import Filesystem
from core.progress import CancelToken, Progress, Reporter
from core.verify import verify_backup
from tests.support import Place, make_place, open_place


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _database_of(place: Place, backup: BackupRecord, scratch: Path) -> Path:
    with open_archive(place.context.store.archive_path("app", backup.name), Limits(max_bytes=1 << 30)) as archive:
        entry = next(entry for entry in archive.entries if entry.name == "database.db")
        with scratch.open("wb") as file:
            file.writelines(archive.read(entry))
    return scratch


def test_a_backup_is_listed_whole_and_verified(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    outcome = create_backup(place.context, place.site, Reporter(), BackupRequest(description="before the change"))
    record = outcome.record
    assert (record.status, record.kind, record.scope, record.description) == (
        "completed",
        "snapshot",
        "full",
        "before the change",
    )
    assert (record.table_count, record.record_count, record.file_count) == (2, 21, 2)
    assert record.verified_at is not None
    assert record.name.startswith("backup_20260329_0030")
    archive = place.context.store.archive_path("app", record.name)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert record.file_size == archive.stat().st_size
    assert not list(archive.parent.glob("*.partial"))


def test_two_backups_in_one_second_get_two_names(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    now = place.context.clock()
    place = open_place(tmp_path, clock=lambda: now)
    names = [_back_up(place).name for _ in range(3)]
    assert len(set(names)) == 3
    assert names == sorted(names)


_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
number = 0
while True:
    number += 1
    connection.execute("INSERT INTO log VALUES (?, randomblob(300))", (number,))
    print(number, flush=True)
"""


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_beside_a_writer_every_backup_is_a_sound_prefix(tmp_path: Path, journal_mode: str) -> None:
    place = make_place(tmp_path, journal_mode=journal_mode)
    place.execute("CREATE TABLE log (n INTEGER, body BLOB)")
    command = [sys.executable, "-c", _WRITER, str(place.database)]
    backups: list[tuple[int, BackupRecord]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        committed = _Committed(writer.stdout)
        committed.wait_for(50)
        for _ in range(4):
            backups.append((committed.count, _back_up(place)))
            committed.wait_for(committed.count + 20)
        writer.kill()
    committed.end()
    backups.append((committed.count, _back_up(place)))
    for before, backup in backups:
        database = _database_of(place, backup, tmp_path / backup.name)
        with closing(sqlite3.connect(database)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            numbers = [row[0] for row in copy.execute("SELECT n FROM log ORDER BY rowid")]
        assert len(numbers) >= before
        assert numbers == list(range(1, len(numbers) + 1))


class _Committed:
    """Counts the rows that the writer says it committed, as its lines come in."""

    def __init__(self, lines) -> None:
        self.count = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(lines,))
        self._thread.start()

    def _read(self, lines) -> None:
        try:
            for line in lines:
                with self._changed:
                    self.count = int(line) if line.endswith("\n") else self.count
                    self._changed.notify_all()
        except ValueError:
            return

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, timeout=60)

    def end(self) -> None:
        self._thread.join()


def test_a_killed_writer_s_wal_is_in_the_backup(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    script = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"INSERT INTO films (title) VALUES ('in the wal')\"); c.commit();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(place.database)], check=False)
    assert place.database.with_name("app.db-wal").stat().st_size > 0
    database = _database_of(place, _back_up(place), tmp_path / "copy.db")
    with closing(sqlite3.connect(database)) as copy:
        assert copy.execute("SELECT count(*) FROM films WHERE title = 'in the wal'").fetchone() == (1,)


def test_special_files_are_reported_and_links_never_followed(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    secret = tmp_path / "secret.txt"
    secret.write_text("not ours")
    (place.uploads / "away").symlink_to(secret)
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(place.uploads / "socket"))
        outcome = create_backup(place.context, place.site, Reporter())
    assert [line.split(":")[0] for line in outcome.skipped] == [str(place.uploads / "socket")]
    path = place.context.store.archive_path("app", outcome.record.name)
    with open_archive(path, Limits(max_bytes=1 << 30), allow_leaving_links=True) as archive:
        entries = {entry.name: entry for entry in archive.entries}
        assert archive.read_link(entries["files/away"]) == str(secret)
        assert not any(b"not ours" in block for entry in archive.entries for block in archive.read(entry))


def test_a_file_that_keeps_changing_is_an_error_and_no_hole(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    growing = place.uploads / "growing.log"
    growing.write_bytes(b"x" * 3_000_000)

    def grow(progress: Progress) -> None:
        if progress.phase == "writing the archive":
            with growing.open("ab") as file:
                file.write(b"y")

    ticking = iter(range(10_000_000))
    reporter = Reporter(grow, monotonic=lambda: float(next(ticking)))
    with pytest.raises(GreenroomError, match=r"growing\.log keeps changing"):
        create_backup(place.context, place.site, reporter)
    _assert_failed_without_trace(place, "keeps changing")


def test_a_file_that_changes_once_is_read_again(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    changing = place.uploads / "changing.bin"
    changing.write_bytes(b"x" * 3_000_000)
    changes = iter([b"changed while it was read" * 100_000])

    def change(progress: Progress) -> None:
        if progress.phase == "writing the archive" and progress.done > 1_000_000:
            for content in changes:
                changing.write_bytes(content)

    ticking = iter(range(10_000_000))
    outcome = create_backup(place.context, place.site, Reporter(change, monotonic=lambda: float(next(ticking))))
    path = place.context.store.archive_path("app", outcome.record.name)
    with open_archive(path, Limits(max_bytes=1 << 30)) as archive:
        entry = next(entry for entry in archive.entries if entry.name == "files/changing.bin")
        assert b"".join(archive.read(entry)) == changing.read_bytes()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.uploads.rename(tmp_path / "elsewhere")
    with pytest.raises(GreenroomError, match="uploads"):
        _back_up(place)
    _assert_failed_without_trace(place, "uploads")


def test_a_damaged_database_is_no_backup(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.database.write_bytes(b"garbage" * 5000)
    with pytest.raises(GreenroomError, match="cannot be read"):
        _back_up(place)
    _assert_failed_without_trace(place, "cannot be read")


class _FullDisk(Filesystem):
    def write(self, file, data) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    make_place(tmp_path)
    place = open_place(tmp_path, disk=_FullDisk())
    with pytest.raises(GreenroomError, match=r"[Nn]o space left"):
        _back_up(place)
    _assert_failed_without_trace(place, "pace left")


@pytest.mark.parametrize("phase", ["copying the database", "writing the archive", "reading back"])
def test_a_cancelled_backup_leaves_nothing_but_its_row(tmp_path: Path, phase: str) -> None:
    place = make_place(tmp_path)
    token = CancelToken()

    def cancel(progress: Progress) -> None:
        if progress.phase == phase:
            token.cancel()

    with pytest.raises(CancelledError):
        create_backup(place.context, place.site, Reporter(cancel, token))
    _assert_failed_without_trace(place, "cancelled")


def test_a_busy_site_says_who_has_it(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.context.lock(place.site, "backup"), pytest.raises(BusyError, match=str(os.getpid())):
        _back_up(open_place(tmp_path))
    assert place.context.holder(place.site) is None


def test_a_damaged_archive_fails_verification_and_loses_its_word(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    backup = _back_up(place)
    assert verify_backup(place.context, place.site, backup, Reporter()).verified_at is not None
    path = place.context.store.archive_path("app", backup.name)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(GreenroomError):
        verify_backup(place.context, place.site, backup, Reporter())
    after = place.context.catalog.get(backup.id)
    assert after is not None
    assert after.verified_at is None
    assert after.error


def _assert_failed_without_trace(place: Place, why: str) -> None:
    rows = place.context.catalog.backups("app")
    assert [row.status for row in rows] == ["failed"]
    assert rows[0].error is not None
    assert why in rows[0].error
    assert list((place.root / "backups" / "app").iterdir()) == []


@pytest.mark.parametrize(("journal_mode", "waits"), [("wal", False), ("delete", True)])
def test_it_is_said_for_how_long_writers_waited(tmp_path: Path, journal_mode: str, waits: bool) -> None:
    place = make_place(tmp_path, journal_mode=journal_mode)
    outcome = create_backup(place.context, place.site, Reporter())
    assert (outcome.writers_waited > 0) == waits


def test_a_locked_database_is_waited_for_until_somebody_cancels(tmp_path: Path) -> None:
    place = make_place(tmp_path, journal_mode="delete")
    token = CancelToken()
    with closing(sqlite3.connect(place.database, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.2, token.cancel)
        timer.start()
        with pytest.raises(CancelledError):
            create_backup(place.context, place.site, Reporter(token=token))
        timer.join()
    _assert_failed_without_trace(place, "cancelled")


def test_a_database_that_is_unlocked_meanwhile_is_backed_up(tmp_path: Path) -> None:
    place = make_place(tmp_path, journal_mode="delete")
    with closing(sqlite3.connect(place.database, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.7, lambda: writer.execute("COMMIT"))
        timer.start()
        assert create_backup(place.context, place.site, Reporter()).record.status == "completed"
        timer.join()
