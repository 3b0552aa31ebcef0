"""What an application wrote when it should not have been running, and what cannot be moved or copied, is kept."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import BusyError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.restore.marker import FAILED_MARKER, MARKER
from core.restore.now import restore_now
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import plan_undo, undo_restore
from core.tree import walk_tree
from tests.support import CrashingFilesystem, Place, as_a_user, change_place, make_place, open_place, run_until_killed


@pytest.fixture(params=["wal", "delete"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(tmp_path, journal_mode=request.param, exclude=("*.tmp",))


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _stage(place: Place, backup: BackupRecord) -> None:
    stage_restore(place.context, place.site, backup, Reporter())


def _apply(place: Place) -> Outcome | None:
    return apply_restore(place.context, place.site, Reporter())


def _undo(place: Place) -> Outcome:
    return undo_restore(place.context, place.site, Reporter())


def _reopen(place: Place, disk: Filesystem) -> Place:
    return open_place(place.root, disk=disk, exclude=place.site.exclude)


_WRITE_AND_DIE = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO films (title) VALUES ('written in between')")
connection.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def _application_writes(place: Place) -> None:
    """The application is started though it must not be, writes, and dies; in WAL mode its row is in the `-wal`."""
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(place.database)], check=False)
    (place.uploads / "in between.txt").write_text("uploaded in between")


def _titles(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [title for (title,) in connection.execute("SELECT title FROM films")]


def _killed_before(place: Place, step: Callable[[str], bool]) -> None:
    """Apply, and be killed before the first step of that kind."""

    def work(_: CrashingFilesystem) -> object:
        return _apply(_reopen(place, _KilledBefore(step)))

    assert run_until_killed(work, at=10_000)


class _KilledBefore(CrashingFilesystem):
    def __init__(self, when: Callable[[str], bool]) -> None:
        super().__init__()
        self._when = when

    def _step(self, name: str) -> None:
        if self._when(name):
            os.kill(os.getpid(), signal.SIGKILL)
        super()._step(name)


class _WrittenDuringSwitch(Filesystem):
    """The application writes as soon as the restored folder is in its place, before it is counted."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if target == self._place.uploads and source.parent.name == "new":
            _application_writes(self._place)


@pytest.mark.parametrize("clear", ["restore-cancel", "stage"])
def test_what_was_written_into_the_new_state_before_it_went_back(place: Place, clear: str) -> None:
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    _stage(place, backup)
    with pytest.raises(GreenroomError, match="exactly as it was before") as failed:
        _apply(_reopen(place, _WrittenDuringSwitch(place)))
    assert place.state() == old
    assert "kept" in failed.value.hint
    if clear == "stage":
        _stage(place, backup)
    else:
        assert "kept" in cancel_restore(place.context, place.site)
    assert not (place.context.site_folder(place.site) / FAILED_MARKER).exists()
    kept = [path for path in place.root.rglob("unexpected/new/*") if path.name in ("app.db", "uploads")]
    assert sorted(path.name for path in kept) == ["app.db", "uploads"]
    assert "written in between" in _titles(next(path for path in kept if path.name == "app.db"))
    assert (next(path for path in kept if path.name == "uploads") / "in between.txt").exists()
    logged = place.context.catalog.restores("app")[0].restoration_results
    assert "unexpected" in logged


def test_what_is_clean_is_removed_with_a_failed_restore(place: Place) -> None:
    backup = _back_up(place)
    _stage(place, backup)

    class Failing(Filesystem):
        def rename(self, source: Path, target: Path) -> None:
            if target == place.uploads and source.parent.name == "new":
                raise OSError(5, "Input/output error", str(target))
            super().rename(source, target)

    with pytest.raises(GreenroomError):
        _apply(_reopen(place, Failing()))
    assert "kept" not in cancel_restore(place.context, place.site)
    assert not list(place.database.parent.glob(".*"))


def test_what_was_written_before_any_name_was_moved_is_in_the_safety_backup(place: Place) -> None:
    backup = _back_up(place)
    new = place.state()
    change_place(place)
    _stage(place, backup)
    _killed_before(place, lambda step: step == "make_folder old")
    _application_writes(place)
    later = place.state()
    outcome = _apply(place)
    assert outcome is not None
    assert (outcome.safety_name is not None, outcome.set_aside) == (True, ())
    assert place.state() == new
    _undo(place)
    assert place.state() == later


def test_what_was_written_when_some_names_were_moved_is_set_aside(place: Place) -> None:
    backup = _back_up(place)
    new = place.state()
    change_place(place)
    old = place.state()
    _stage(place, backup)
    _killed_before(place, lambda step: step == "rename uploads uploads")
    assert not place.database.exists()
    (place.uploads / "in between.txt").write_text("uploaded in between")
    outcome = _apply(place)
    assert outcome is not None
    assert len(outcome.set_aside) == 2
    assert place.state() == new
    _undo(place)
    assert (place.uploads / "in between.txt").read_text() == "uploaded in between"
    (place.uploads / "in between.txt").unlink()
    assert place.state() == old


def test_a_journal_that_came_after_the_moves_were_planned_goes_with_its_database(place: Place) -> None:
    """As after a power loss that kept the later of two renames: the folder was moved, the database was not."""
    backup = _back_up(place)
    change_place(place)
    _stage(place, backup)
    _killed_before(place, lambda step: step.startswith("rename app.db app.db"))
    old = next(place.database.parent.glob(".greenroom-*-2/old"))
    place.uploads.rename(old / "uploads")
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, str(place.database)], check=False)
    outcome = _apply(place)
    assert outcome is not None
    assert outcome.unexpected == ()
    assert "written in between" not in _titles(place.database)
    _undo(place)
    assert "written in between" in _titles(place.database)


def test_what_a_cancelled_staging_found_is_kept(place: Place) -> None:
    backup = _back_up(place)
    _stage(place, backup)
    found = next(place.database.parent.glob(".greenroom-*-1")) / "unexpected"
    found.mkdir()
    (found / "app.db").write_text("found by an apply before")
    said = cancel_restore(place.context, place.site)
    kept = next(place.database.parent.glob(".greenroom-unexpected-*"))
    assert str(kept) in said
    assert (kept / "app.db").read_text() == "found by an apply before"


def _limited(size: int, work: Callable[[], object]) -> object:
    """Run in a process that may write no file larger than `size`, as on a disk that fails; return what it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            work()
        except GreenroomError as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode()


def test_a_storage_that_fails_is_not_a_damaged_database(tmp_path: Path) -> None:
    place = make_place(tmp_path, journal_mode="delete")
    backup = _back_up(place)
    place.execute("CREATE TABLE big (x)", "INSERT INTO big VALUES (zeroblob(3000000))")
    old = place.state()
    _stage(place, backup)
    said = _limited(1_000_000, lambda: _apply(open_place(tmp_path)))
    assert "sound" in str(said)
    assert "exactly as it was before" in str(said)
    assert place.state() == old
    assert place.context.catalog.restores("app")[0].status == "failed"
    assert not list(place.database.parent.glob(".greenroom-set-aside-*"))


def test_nothing_pending_is_done_whatever_else_goes_on(place: Place) -> None:
    with place.context.lock(place.site, "backup"):
        assert _apply(open_place(place.root)) is None
    shutil.rmtree(place.context.settings.storage)
    assert _apply(place) is None


def test_a_staging_that_died_is_cleared_without_the_storage(place: Place) -> None:
    backup = _back_up(place)

    def stage(disk: CrashingFilesystem) -> object:
        killed = _reopen(place, disk)
        return _stage(killed, backup)

    assert run_until_killed(stage, 15)
    assert (place.context.site_folder(place.site) / MARKER).exists()
    place.context.settings.storage.rename(place.root / "unmounted")
    assert _apply(place) is None
    assert not list(place.database.parent.glob(".greenroom-*"))


def test_a_restore_asked_for_now_holds_the_site_from_its_staging_on(place: Place) -> None:
    backup = _back_up(place)
    change_place(place)
    refused: list[BusyError] = []

    class Intruder(Filesystem):
        def sync_filesystem(self, path: Path) -> None:
            super().sync_filesystem(path)
            other = _reopen(place, Filesystem())
            with pytest.raises(BusyError) as error:
                cancel_restore(other.context, other.site)
            refused.append(error.value)

    mine = _reopen(place, Intruder())
    assert restore_now(mine.context, mine.site, backup, Reporter()).state == "new"
    assert refused


def test_an_undo_that_was_agreed_to_before_another_restore_is_refused(place: Place) -> None:
    backup = _back_up(place)
    restore_now(place.context, place.site, backup, Reporter())
    agreed = plan_undo(place.context, place.site)
    change_place(place)
    restore_now(place.context, place.site, backup, Reporter())
    before = place.state()
    with pytest.raises(UsageError, match="meanwhile"):
        undo_restore(place.context, place.site, Reporter(), agreed=agreed.last.restore_id)
    assert place.state() == before


def test_a_file_in_place_of_the_folder_that_an_excluded_file_lay_in(place: Place) -> None:
    (place.uploads / "thing").write_text("a file in the backup")
    backup = _back_up(place)
    (place.uploads / "thing").unlink()
    (place.uploads / "thing").mkdir()
    (place.uploads / "thing" / "x.tmp").write_text("excluded")
    _stage(place, backup)
    outcome = _apply(place)
    assert outcome is not None
    assert (place.uploads / "thing").read_text() == "a file in the backup"
    (kept,) = outcome.unexpected
    assert kept.read_text() == "excluded"


def test_names_like_ours_that_are_not_are_backed_up(place: Place) -> None:
    for name in (".greenroom-notes", ".restore-failed-once"):
        (place.uploads / name).write_text("a user's")
    new = place.state()
    backup = _back_up(place)
    change_place(place)
    (place.uploads / ".greenroom-notes").unlink()
    _stage(place, backup)
    _apply(place)
    assert (place.uploads / ".greenroom-notes").read_text() == "a user's"
    assert place.state() == new
    assert {".greenroom-notes", ".restore-failed-once"} <= {entry.relative for entry in walk_tree(place.uploads)}


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_that_its_owner_may_not_read_or_change(tmp_path: Path, mode: int) -> None:
    root = tmp_path / "site"
    place = make_place(root, exclude=("*.tmp",))
    closed = place.uploads / "closed"
    closed.mkdir()
    (closed / "a.txt").write_text("in the backup")
    (closed / "x.tmp").write_text("excluded")
    place.context.catalog.close()

    def work() -> None:
        mine = open_place(root, exclude=("*.tmp",))
        backup = _back_up(mine)
        closed.chmod(mode)
        _stage(mine, backup)
        outcome = _apply(mine)
        assert outcome is not None
        assert outcome.state == "new"
        assert _apply(mine) is None
        assert (closed / "a.txt").read_text() == "in the backup"
        if mode == 0:
            assert any("closed" in notice for notice in outcome.notices)
            kept = next(path for path in outcome.set_aside if path.name.endswith("-2")) / "uploads" / "closed"
            kept.chmod(0o700)
            assert (kept / "x.tmp").read_text() == "excluded"
        else:
            assert outcome.notices == ()
            assert (closed / "x.tmp").read_text() == "excluded"
            assert not list(mine.database.parent.glob(".greenroom-*"))

    as_a_user(root, work)
