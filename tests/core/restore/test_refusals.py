"""What stands in the way of a restore is said before anything is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import CancelledError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.progress import CancelToken, Progress, Reporter
from core.restore.apply import apply_restore
from core.restore.inspect import inspect_restore
from core.restore.marker import MARKER, read_marker
from core.restore.now import restore_now
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from tests.support import CrashingFilesystem, Place, change_place, make_place, open_place, run_until_killed


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


def _blockers(place: Place, backup: BackupRecord) -> str:
    return "\n".join(inspect_restore(place.context, place.site, backup, Reporter()).blockers)


def _refused(place: Place, backup: BackupRecord, match: str) -> None:
    assert match in _blockers(place, backup)
    before = sorted(place.database.parent.iterdir())
    with pytest.raises(GreenroomError, match=match):
        stage_restore(place.context, place.site, backup, Reporter())
    assert sorted(place.database.parent.iterdir()) == before


@contextmanager
def _mounted(*arguments: str, at: Path) -> Iterator[None]:
    if subprocess.run(["mount", *arguments, str(at)], check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


def test_a_mount_inside_a_folder(place: Place) -> None:
    backup = _back_up(place)
    with _mounted("-t", "tmpfs", "none", at=place.uploads / "sub"):
        _refused(place, backup, "is a mount point inside")


def test_a_database_file_that_is_a_mount_point(place: Place) -> None:
    backup = _back_up(place)
    with _mounted("--bind", str(place.database), at=place.database):
        _refused(place, backup, "mount the folder that holds it")


def test_no_space_beside_the_target(place: Place) -> None:
    (place.uploads / "big.bin").write_bytes(os.urandom(3_000_000))
    backup = _back_up(place)
    small = place.root / "small"
    small.mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=1m", "none", at=small):
        (small / "uploads").mkdir()
        moved = replace(place, site=replace(place.site, files={"": small / "uploads"}))
        _refused(moved, backup, "no space beside")


def test_a_target_whose_folder_is_gone(place: Place) -> None:
    backup = _back_up(place)
    shutil.rmtree(place.database.parent)
    assert "create it" in _blockers(place, backup)
    with pytest.raises(GreenroomError, match="create it"):
        stage_restore(place.context, place.site, backup, Reporter())


def test_targets_that_are_of_another_kind(place: Place) -> None:
    backup = _back_up(place)
    shutil.rmtree(place.uploads)
    place.uploads.write_text("a file now")
    assert "is not a folder" in _blockers(place, backup)
    for path in place.database.parent.glob("app.db*"):
        path.unlink()
    place.database.mkdir()
    assert "is not a file" in _blockers(place, backup)


def test_a_half_done_restore_refuses_everything_but_apply(place: Place) -> None:
    backup = _back_up(place)
    new = place.state()
    change_place(place)
    stage_restore(place.context, place.site, backup, Reporter())
    disk = CrashingFilesystem()
    copy = place.root.with_name("copy")
    shutil.copytree(place.root, copy, symlinks=True)
    marker = copy / "state" / "sites" / "app" / MARKER
    marker.write_text(marker.read_text().replace(str(place.root), str(copy)))
    apply_restore((other := open_place(copy, disk=disk)).context, other.site, Reporter())
    at = next(number for number, step in enumerate(disk.steps, 1) if step.startswith("rename app.db app.db"))

    def apply_killed(crashing: CrashingFilesystem) -> object:
        killed = open_place(place.root, disk=crashing)
        return apply_restore(killed.context, killed.site, Reporter())

    assert run_until_killed(apply_killed, at + 1)
    for verb in (
        lambda: _back_up(place),
        lambda: cancel_restore(place.context, place.site),
        lambda: stage_restore(place.context, place.site, backup, Reporter()),
    ):
        with pytest.raises(GreenroomError) as refused:
            verb()
        assert "apply app" in refused.value.hint + refused.value.message
    outcome = apply_restore(place.context, place.site, Reporter())
    assert outcome is not None
    assert place.state() == new


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", json.dumps({"backup_filename": "x"}).encode(), b"\xff\xfe" * 100], ids=range(5)
)
def test_a_damaged_marker_is_never_guessed_at(place: Place, content: bytes) -> None:
    backup = _back_up(place)
    stage_restore(place.context, place.site, backup, Reporter())
    marker = place.context.site_folder(place.site) / MARKER
    marker.write_bytes(content)
    before = place.state()
    with pytest.raises(GreenroomError, match="not a marker"):
        apply_restore(place.context, place.site, Reporter())
    assert marker.read_bytes() == content
    assert place.state() == before


def test_a_marker_of_a_newer_greenroom(place: Place) -> None:
    stage_restore(place.context, place.site, _back_up(place), Reporter())
    path = place.context.site_folder(place.site) / MARKER
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"format_version": 2}))
    with pytest.raises(GreenroomError, match="newer greenroom"):
        apply_restore(place.context, place.site, Reporter())


@pytest.mark.parametrize("phase", ["unpacking", "reading back"])
def test_a_cancelled_staging_is_undone(place: Place, phase: str) -> None:
    (place.uploads / "big.bin").write_bytes(os.urandom(3_000_000))
    backup = _back_up(place)
    before = sorted(place.database.parent.iterdir())
    token = CancelToken()
    seen: list[str] = []

    def cancel(progress: Progress) -> None:
        seen.append(progress.phase)
        if progress.phase == phase and "unpacking" in seen:
            token.cancel()

    with pytest.raises(CancelledError):
        stage_restore(place.context, place.site, backup, Reporter(cancel, token))
    assert sorted(place.database.parent.iterdir()) == before
    assert not (place.context.site_folder(place.site) / MARKER).exists()


def test_a_cancelled_safety_backup_leaves_the_restore_pending(place: Place) -> None:
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    stage_restore(place.context, place.site, backup, Reporter())
    token = CancelToken()

    def cancel(progress: Progress) -> None:
        if progress.phase == "writing the archive":
            token.cancel()

    with pytest.raises(CancelledError):
        apply_restore(place.context, place.site, Reporter(cancel, token))
    assert place.state() == old
    pending = read_marker(place.context.site_folder(place.site) / MARKER)
    assert pending is not None
    assert not pending.changed_site


class _FullDisk(Filesystem):
    def create(self, path, mode=0o600):
        if "/new/" in str(path):
            raise OSError(28, "No space left on device", str(path))
        return super().create(path, mode)


def test_a_disk_that_fills_while_staging(place: Place) -> None:
    backup = _back_up(place)
    before = sorted(place.database.parent.iterdir())
    full = open_place(place.root, disk=_FullDisk())
    with pytest.raises(GreenroomError, match="No space left"):
        stage_restore(full.context, full.site, backup, Reporter())
    assert sorted(place.database.parent.iterdir()) == before


def test_nothing_to_undo(place: Place) -> None:
    with pytest.raises(UsageError, match="never restored"):
        undo_restore(place.context, place.site, Reporter())
    backup = _back_up(place)
    stage_restore(place.context, place.site, backup, Reporter())
    outcome = apply_restore(place.context, place.site, Reporter())
    assert outcome is not None
    assert outcome.safety_name is not None
    place.context.store.archive_path("app", outcome.safety_name).unlink()
    with pytest.raises(GreenroomError, match="gone"):
        undo_restore(place.context, place.site, Reporter())


def test_a_restore_asked_for_now_and_cancelled_stays_staged_for_nobody(place: Place) -> None:
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    token = CancelToken()
    seen: list[str] = []

    def cancel(progress: Progress) -> None:
        seen.append(progress.phase)
        if progress.phase == "writing the archive":
            token.cancel()

    with pytest.raises(CancelledError):
        restore_now(place.context, place.site, backup, Reporter(cancel, token))
    assert "unpacking" in seen
    assert place.state() == old
    assert not (place.context.site_folder(place.site) / MARKER).exists()
    assert not list(place.database.parent.glob(".greenroom-*"))
