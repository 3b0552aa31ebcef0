"""File systems that are full, read-only or somebody else's, a clock set back, and two processes at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import BusyError, GreenroomError
from core.keep import delete_backup, pin_backup
from core.progress import Reporter
from core.rebuild import rebuild_catalog
from core.reports import format_age
from core.restore.apply import apply_restore
from core.restore.now import restore_now
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from core.verify import verify_backup
from tests.support import Place, SteppingClock, change_place, make_place, open_place

_SMALL = "size=2m"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def _back_up(place: Place) -> BackupRecord:
    return create_backup(place.context, place.site, Reporter()).record


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A file system of 2 MB over what lies in a folder."""
    kept = folder.with_name(f"{folder.name}.below")
    shutil.copytree(folder, kept, symlinks=True)
    command = ["mount", "-t", "tmpfs", "-o", _SMALL, "none", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    try:
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill(path: Path) -> None:
    """Write until there is no byte left."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):
            while os.write(descriptor, b"\0" * 4096):
                pass
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("what", ["storage", "site"])
def test_a_disk_that_is_really_full(place: Place, what: str) -> None:
    (place.uploads / "large.bin").write_bytes(os.urandom(600_000))
    backup = _back_up(place)
    change_place(place)
    old = place.state()
    disk = place.root / ("backups" if what == "storage" else "srv")
    place.context.catalog.close()
    with _small_disk(disk):
        filler = disk / "filler"
        _fill(filler)
        if what == "storage":
            with pytest.raises(GreenroomError, match=r"[Nn]o space"):
                _back_up(place)
        else:
            with pytest.raises(GreenroomError, match=r"[Nn]o space"):
                stage_restore(place.context, place.site, backup, Reporter())
        with pytest.raises(GreenroomError, match=r"[Nn]o space"):
            restore_now(place.context, place.site, backup, Reporter())
        filler.unlink()  # before the look at the database: its journal needs room
        assert place.state() == old
        assert restore_now(place.context, place.site, backup, Reporter()).state == "new"


def test_a_catalog_whose_disk_is_full_says_so(place: Place) -> None:
    backup = _back_up(place)
    place.context.catalog.close()
    state = place.root / "state"
    with _small_disk(state):
        filler = state / "filler"
        _fill(filler)
        catalog = place.context.catalog
        for verb in (lambda: catalog.backups("app"), lambda: catalog.fail_backup(backup.id, "no")):
            with pytest.raises(GreenroomError, match="no space is left on the disk of the catalog") as told:
                verb()
            assert "prune and delete" in told.value.hint
        filler.unlink()
        assert catalog.backups("app")[0].name == backup.name
        delete_backup(place.context, place.site, backup)


def test_a_clock_set_back_by_a_year(place: Place) -> None:
    later = _back_up(place)
    back = open_place(place.root, clock=SteppingClock(datetime(2025, 3, 29, 0, 30, tzinfo=UTC)))
    earlier = _back_up(back)
    again = _back_up(open_place(place.root, clock=SteppingClock(datetime(2025, 3, 29, 0, 30, tzinfo=UTC))))
    names = [row.name for row in place.context.catalog.backups("app")]
    assert len(set(names)) == 3
    assert {later.name, earlier.name, again.name} == set(names)
    assert format_age(back.context.clock() - later.created_at).startswith("in the future")
    for record in (later, earlier, again):
        assert verify_backup(back.context, back.site, record, Reporter()).verified_at


def test_a_parent_that_may_not_be_written_to(place: Place) -> None:
    backup = _back_up(place)
    old = place.state()
    elsewhere = replace(place, site=replace(place.site, files={"": Path("/proc/self/task")}))
    with pytest.raises(GreenroomError):
        restore_now(elsewhere.context, elsewhere.site, backup, Reporter())
    assert place.state() == old


def _cancel(place: Place) -> object:
    return cancel_restore(place.context, place.site)


_VERBS: dict[str, Callable[[Place], object]] = {
    "backup": _back_up,
    "verify": lambda place: verify_backup(place.context, place.site, _oldest(place), Reporter()),
    "pin": lambda place: pin_backup(place.context, place.site, _oldest(place), pinned=True),
    "delete": lambda place: delete_backup(place.context, place.site, _oldest(place)),
    "stage": lambda place: stage_restore(place.context, place.site, _oldest(place), Reporter()),
    "restore": lambda place: restore_now(place.context, place.site, _oldest(place), Reporter()),
    "apply": lambda place: apply_restore(place.context, place.site, Reporter()),
    "undo": lambda place: undo_restore(place.context, place.site, Reporter()),
    "restore-cancel": _cancel,
    "rebuild": lambda place: rebuild_catalog(place.context, Reporter()),
}


def _oldest(place: Place) -> BackupRecord:
    return place.context.catalog.backups("app")[-1]


@pytest.mark.slow
def test_two_processes_at_every_pair_of_verbs(tmp_path: Path) -> None:
    template = tmp_path / "template"
    made = make_place(template)
    first = _back_up(made)
    new = made.state()
    change_place(made)
    restore_now(made.context, made.site, first, Reporter())
    change_place(made)
    old = made.state()
    made.context.catalog.close()
    pairs = [*combinations(_VERBS, 2), *((name, name) for name in _VERBS)]
    for number, pair in enumerate(pairs):
        root = tmp_path / f"pair_{number}"
        shutil.copytree(template, root, symlinks=True)
        refused = _at_once(root, pair)
        place = open_place(root)
        apply_restore(place.context, place.site, Reporter())
        place.settle()
        assert place.state() in (old, new) or "undo" in pair, pair
        assert all(isinstance(error, GreenroomError) for error in refused), (pair, refused)
        assert len([error for error in refused if isinstance(error, BusyError)]) < 2, (pair, refused)
        archives = sorted(place.context.store.archives("app"))
        rows = sorted(row.name for row in place.context.catalog.backups("app") if row.status == "completed")
        assert archives == rows, pair
        assert place.context.catalog.running_backups("app") == [], pair
        shutil.rmtree(root)


def _at_once(root: Path, verbs: Sequence[str]) -> list[BaseException]:
    """Run verbs in a process each, all from the same moment on; return what they raised."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(len(verbs))
    ends = [context.Pipe(duplex=False) for _ in verbs]
    children = [
        context.Process(target=_run, args=(root, verb, start, sender))
        for verb, (_, sender) in zip(verbs, ends, strict=True)
    ]
    for child in children:
        child.start()
    raised = [receiver.recv() for receiver, _ in ends]
    for child in children:
        child.join()
        assert child.exitcode == 0, verbs
    return [error for error in raised if error is not None]


def _run(root: Path, verb: str, start: Barrier, sender: Connection) -> None:
    raised: BaseException | None = None
    try:
        place = open_place(root)
        start.wait()
        _VERBS[verb](place)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        raised = error
    sender.send(raised)
