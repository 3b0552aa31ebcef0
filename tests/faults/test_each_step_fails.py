"""Every verb with a fault of the disk at each of its steps: a clear error, a legal state, and on it goes."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.adopt import adopt_archive
from core.backup import create_backup
from core.errors import GreenroomError
from core.keep import copy_backup
from core.progress import Reporter
from core.rebuild import rebuild_catalog
from core.restore.marker import FAILED_MARKER, MARKER
from core.restore.stage import cancel_restore
from core.verify import verify_backup
from tests.support import CrashingFilesystem, Place, change_place, make_place, open_place
from tests.verbs import Verb, apply, back_up, delete, latest, pin, stage, undo

_FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EINTR)
_MOST_STEPS = 300


class FaultyFilesystem(CrashingFilesystem):
    """Fails at one step as a disk does; half of what was to be written is there then."""

    def __init__(self, at: int, number: int) -> None:
        super().__init__(at)
        self._number = number

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) != self.at:
            return
        if name == "commit":
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))
        raise OSError(self._number, os.strerror(self._number), "/somewhere")


@dataclass(frozen=True)
class Faulted:
    """A site after a verb that met a fault: the error that it ended with, or None where it went on all the same."""

    place: Place
    error: GreenroomError | None
    step: str


def _each_fault(template: Path, tmp_path: Path, verb: Verb) -> Iterator[Faulted]:
    faults = count()
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"fault_{at}"
        shutil.copytree(template, root, symlinks=True)
        for marker in root.glob("state/sites/*/.restore*"):
            marker.write_text(marker.read_text().replace(str(template), str(root)))
        number = _FAULTS[next(faults) % len(_FAULTS)]
        disk = FaultyFilesystem(at, number)
        error = None
        try:
            verb(open_place(root, disk=disk))
        except GreenroomError as raised:
            error = raised
        if len(disk.steps) < at:
            assert error is None
            assert at > 1
            return
        yield Faulted(open_place(root), error, f"step {at}, {disk.steps[at - 1]}, {errno.errorcode[number]}")
        shutil.rmtree(root)
    raise AssertionError("the verb has no end")


def _verify(place: Place) -> object:
    return verify_backup(place.context, place.site, latest(place), Reporter())


def _copy(place: Place) -> object:
    return copy_backup(place.context, latest(place), place.root / "copy.zip", Reporter())


def _adopt(place: Place) -> object:
    return adopt_archive(place.context, place.site, place.root / "elsewhere.zip", Reporter())


@pytest.fixture
def template(tmp_path: Path) -> Path:
    root = tmp_path / "template"
    place = make_place(root, journal_mode="delete")
    back_up(place)
    place.context.catalog.close()
    return root


def _goes_on(place: Place) -> None:
    """With the disk mended: nothing half-made stays, and the next backup is made and verified."""
    apply(place)
    place.settle()
    if (place.context.site_folder(place.site) / FAILED_MARKER).exists():
        cancel_restore(place.context, place.site)
    if (place.context.site_folder(place.site) / MARKER).exists():
        apply(place)
    outcome = create_backup(place.context, place.site, Reporter())
    assert verify_backup(place.context, place.site, outcome.record, Reporter()).verified_at
    assert place.context.catalog.running_backups("app") == []
    folder = place.root / "backups" / "app"
    rebuild_catalog(place.context, Reporter())  # lists what was adopted and could not be noted
    assert sorted(place.context.store.archives("app")) == sorted(
        row.name for row in place.context.catalog.backups("app") if row.status == "completed"
    )
    assert [path.name for path in folder.iterdir() if path.name.endswith((".partial", ".deleting"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("verb", [back_up, _verify, pin, delete, _copy, _adopt])
def test_a_verb_on_backups(template: Path, tmp_path: Path, verb: Verb) -> None:
    other = make_place(tmp_path / "other")
    record = create_backup(other.context, other.site, Reporter()).record
    shutil.copy(other.context.store.archive_path("app", record.name), template / "elsewhere.zip")
    present = open_place(template).state()
    first = latest(open_place(template)).name
    failed = 0
    for faulted in _each_fault(template, tmp_path / "faults", verb):
        place = faulted.place
        failed += faulted.error is not None
        if faulted.error is not None:
            assert faulted.error.message, faulted.step
        place.settle()
        rows = {row.name: row for row in place.context.catalog.backups("app")}
        if verb is not delete:
            assert rows[first].verified_at is not None, faulted.step
        elif first in rows:
            assert verify_backup(place.context, place.site, rows[first], Reporter()).verified_at, faulted.step
        assert place.state() == present, faulted.step
        _goes_on(place)
    assert failed


@pytest.mark.slow
@pytest.mark.parametrize("verb", [stage, apply, undo])
def test_a_verb_on_the_site(template: Path, tmp_path: Path, verb: Verb) -> None:
    place = open_place(template)
    new = place.state()
    change_place(place)
    if verb is apply:
        stage(place)
    elif verb is undo:
        stage(place)
        apply(place)
        with closing(sqlite3.connect(place.database)) as connection:
            connection.execute("CREATE TABLE after_the_restore (x)")
            connection.commit()
    old = place.state()
    back = new if verb is not undo else None
    place.context.catalog.close()
    ends = set()
    for faulted in _each_fault(template, tmp_path / "faults", verb):
        place = faulted.place
        if verb is stage:
            assert place.state() == old, faulted.step
            _goes_on(place)
            continue
        apply(place)
        place.settle()
        state = place.state()
        ends.add(state == old)
        if back is not None:
            assert state in (old, back), faulted.step
        rows = place.context.catalog.restores("app")
        if rows and rows[0].action == ("undo" if verb is undo else "restore"):
            assert (rows[0].status == "completed") == (state != old), faulted.step
        _goes_on(place)
    assert True in ends or verb is stage
