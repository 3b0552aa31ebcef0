"""The scratch place of a drill: where it is, what it lacks, and that it is gone whatever happens."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

import core.drill.scratch
from core.backup import create_backup
from core.catalog import BackupRecord
from core.drill.drill import drill_backup, newest_to_drill
from core.drill.outcome import DrillOutcome
from core.errors import BusyError, CancelledError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.keep import delete_backup, pin_backup
from core.progress import CancelToken, Progress, Reporter
from core.rebuild import rebuild_catalog
from core.verify import verify_backup
from tests.core.drill.test_drill import back_up, drill, left_of
from tests.faults.test_each_step_fails import FaultyFilesystem
from tests.support import CrashingFilesystem, Place, make_place, open_place, run_until_killed

_MOST_STEPS = 400


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def _told(place: Place, backup: BackupRecord, tell: Callable[[Progress], None], token: CancelToken) -> DrillOutcome:
    return drill_backup(place.context, place.site, backup, Reporter(tell, token))


def _unable(place: Place, outcome: DrillOutcome, words: str) -> None:
    assert (outcome.status, words in outcome.reason) == ("unable", True), outcome.reason
    assert outcome.error is not None
    assert outcome.error.exit_code == 1
    assert left_of(place) == []


def test_unable_says_nothing_about_the_backup(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = back_up(place)
    passed = drill(place, backup)
    usage = replace_usage(0)
    monkeypatch.setattr(core.drill.scratch.shutil, "disk_usage", usage)
    outcome = drill(place, backup)
    _unable(place, outcome, "no space for the drill")
    assert (outcome.backup.drill_status, outcome.backup.drilled_at) == ("unable", passed.at)


def replace_usage(free: int) -> Callable[[Path], object]:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    return lambda folder: Usage()


def test_where_the_state_has_no_room_the_storage_is_used(place: Place) -> None:
    (place.uploads / "big.bin").write_bytes(os.urandom(3_000_000))
    backup = back_up(place)
    state = place.root / "state" / "sites" / "app"
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(state)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    seen: set[str] = set()
    try:
        outcome = _told(place, backup, lambda _: seen.update(_scratch_folders(place)), CancelToken())
    finally:
        subprocess.run(["umount", str(state)], check=True)
    assert (outcome.status, seen) == ("passed", {"backups"}), outcome.reason
    assert left_of(place) == []
    assert place.context.store.sites() == ["app"]


def _scratch_folders(place: Place) -> set[str]:
    """In which of the folders of the place there is a scratch folder now."""
    return {path.relative_to(place.root).parts[0] for path in place.root.rglob(".greenroom-drill-*") if path.is_dir()}


class _FullDisk(Filesystem):
    """A disk that is full when the first file is unpacked."""

    def create(self, path: Path, mode: int = 0o600):  # type: ignore[no-untyped-def]
        self.at = path
        return super().create(path, mode)

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        if "drill-" in str(self.at):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.at))
        super().write(file, data)


def test_a_disk_that_is_full_in_the_middle(place: Place) -> None:
    backup = back_up(place)
    full = replace(place, context=replace(place.context, disk=_FullDisk()))
    _unable(place, drill(full, backup), "No space left")


@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_cancelled_at_any_phase_leaves_and_stores_nothing(place: Place, kind: str) -> None:
    backup = back_up(place, kind)  # type: ignore[arg-type]
    phases: list[str] = []
    _told(place, backup, lambda now: phases.append(now.phase), CancelToken())
    place.context.catalog.set_drilled(backup.id, None, None, None)
    for phase in dict.fromkeys(phases):
        token = CancelToken()

        def stop(now: Progress, phase: str = phase, token: CancelToken = token) -> None:
            if now.phase == phase:
                token.cancel()

        if phase == phases[-1]:
            break  # it has only steps that are over before they can be cancelled
        with pytest.raises(CancelledError):
            _told(place, backup, stop, token)
        found = place.context.catalog.get(backup.id)
        assert found is not None
        assert (found.drill_status, found.drilled_at) == (None, None)
        assert left_of(place) == [], phase


def test_a_backup_that_is_deleted_meanwhile_is_cancelled(place: Place) -> None:
    backup = back_up(place)
    other = open_place(place.root)

    def delete(now: Progress) -> None:
        if now.phase == "unpacking":
            delete_backup(other.context, other.site, backup)

    with pytest.raises(CancelledError, match="went away"):
        _told(place, backup, delete, CancelToken())
    assert left_of(place) == []
    assert list(place.context.store.states("app")) == []


def test_other_verbs_go_on_beside_a_drill(place: Place) -> None:
    """A backup, a pin and what tidies up: none of them waits, and none of them takes the scratch place away."""
    backup = back_up(place)
    other = open_place(place.root)
    done: list[str] = []

    def work(now: Progress) -> None:
        if now.phase == "checking the database" and not done:
            done.append(create_backup(other.context, other.site, Reporter()).record.name)
            pin_backup(other.context, other.site, backup, pinned=True)

    outcome = _told(place, backup, work, CancelToken())
    assert (outcome.status, len(done), outcome.backup.pinned) == ("passed", 1, True)


def test_two_drills_of_a_site_do_not_meet(place: Place) -> None:
    backup = back_up(place)
    other = open_place(place.root)
    refused: set[str] = set()

    def second(now: Progress) -> None:
        if now.phase == "unpacking":
            with pytest.raises(BusyError) as caught:
                drill(other, backup)
            refused.add(caught.value.message)

    assert _told(place, backup, second, CancelToken()).status == "passed"
    (said,) = refused
    assert "the scratch place of app is in use by" in said


def test_the_result_waits_for_a_site_in_use(place: Place) -> None:
    backup = back_up(place)
    other = open_place(place.root)
    phases: list[str] = []
    held = other.context.lock(other.site, "backup")

    def hold(now: Progress) -> None:
        phases.append(now.phase)
        if now.phase == "unpacking":
            held.__enter__()
        elif now.phase.startswith("waiting for the site"):
            held.__exit__(None, None, None)

    assert _told(place, backup, hold, CancelToken()).status == "passed"
    assert phases[-1] == "waiting for the site, to note the result"


def test_a_failed_backup_is_no_backup(place: Place) -> None:
    back_up(place)
    place.database.write_bytes(b"no database" * 1000)
    with pytest.raises(Exception, match="cannot be read"):
        back_up(place)
    newest = place.context.catalog.backups("app")[0]
    assert newest.status == "failed"
    with pytest.raises(UsageError):
        drill(place, newest)
    chosen = newest_to_drill(place.context, place.site)
    assert chosen is not None
    assert drill(place, chosen).status == "passed"


def test_a_rebuilt_catalog_knows_the_last_drill(place: Place) -> None:
    outcome = drill(place, back_up(place))
    never = back_up(place)
    place.context.catalog.close()
    for path in place.context.settings.state.glob("catalog.db*"):
        path.unlink()
    rebuild_catalog(place.context, Reporter())
    rows = {row.name: (row.drill_status, row.drilled_at) for row in place.context.catalog.backups("app")}
    assert rows == {outcome.backup.name: ("passed", outcome.at), never.name: (None, None)}


def test_another_proof_keeps_the_drill(place: Place) -> None:
    outcome = drill(place, back_up(place))
    verified = verify_backup(place.context, place.site, outcome.backup, Reporter())
    pinned = pin_backup(place.context, place.site, verified, pinned=True)
    assert (pinned.drill_status, pinned.drilled_at, pinned.drill_report) == (
        "passed",
        outcome.at,
        outcome.backup.drill_report,
    )


@pytest.mark.slow
@pytest.mark.parametrize("by", ["tidy", "drill"])
def test_killed_at_a_step_its_scratch_place_goes_with_the_next_verb(place: Place, by: str) -> None:
    backup = back_up(place)
    before = place.state()
    place.context.catalog.close()
    left = set()
    for at in range(1 if by == "tidy" else 2, _MOST_STEPS, 2):

        def work(disk: CrashingFilesystem) -> object:
            return drill(open_place(place.root, disk=disk), backup)

        if not run_until_killed(work, at):
            break
        left.add(bool(_scratch_folders(place)))
        again = open_place(place.root)
        if by == "tidy":
            again.settle()
        else:
            assert drill(again, backup).status == "passed"
        assert left_of(place) == [], at
        assert again.state() == before
        found = again.context.catalog.get(backup.id)
        state = again.context.store.read_state("app", backup.name)
        assert found is not None
        assert state is not None
        assert found.drilled_at == state.drilled_at
        again.context.catalog.close()
    else:
        raise AssertionError("the drill has no end")
    assert left == {True, False}


@pytest.mark.slow
def test_a_disk_that_fails_at_a_step_is_no_fault_of_the_backup(place: Place) -> None:
    backup = back_up(place)
    place.context.catalog.close()
    ends = set()
    for at in range(1, _MOST_STEPS):
        disk = FaultyFilesystem(at, errno.ENOSPC)
        try:
            ends.add(drill(open_place(place.root, disk=disk), backup).status)
        except GreenroomError:
            ends.add("raised")
        again = open_place(place.root)
        again.settle()
        assert left_of(place) == [], at
        again.context.catalog.close()
        if len(disk.steps) < at:
            break
    assert ends == {"passed", "unable", "raised"}
