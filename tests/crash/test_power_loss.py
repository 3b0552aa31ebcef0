"""Every verb at every step with the power lost: what was not durable goes, in order or not, and all is legal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord
from core.errors import GreenroomError
from core.keep import delete_backup, pin_backup
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from core.verify import verify_backup
from tests.crash.powerloss import VolatileFilesystem, lose_power
from tests.support import CrashingFilesystem, Place, change_place, make_place, open_place, run_until_killed

Verb = Callable[[Place], object]
_LONG = os.environ.get("GREENROOM_TEST_PROFILE") == "long"
_SEEDS = range(10 if _LONG else 1)
_MOST_STEPS = 400


def _each_loss(template: Path, tmp_path: Path, verb: Verb) -> Iterator[tuple[Place, str]]:
    lost = 0
    for at in range(1, _MOST_STEPS):
        for seed in _SEEDS:
            for in_order in (True, False):
                root, aside = tmp_path / f"loss_{at}", tmp_path / f"aside_{at}"
                shutil.copytree(template, root, symlinks=True)
                for marker in root.glob("state/sites/*/.restore*"):
                    marker.write_text(marker.read_text().replace(str(template), str(root)))
                if not run_until_killed(
                    lambda _, at=at, root=root, aside=aside: verb(open_place(root, disk=VolatileFilesystem(at, aside))),
                    at,
                ):
                    assert lost, "nothing was ever volatile"
                    return
                undone = lose_power(aside, 1000 * at + seed, in_order=in_order)
                lost += undone
                yield (
                    open_place(root),
                    f"step {at}, seed {seed}, {'in' if in_order else 'out of'} order, {undone} undone",
                )
                shutil.rmtree(root)
                shutil.rmtree(aside)
    raise AssertionError("the verb has no end")


def _latest(place: Place) -> BackupRecord:
    return place.context.catalog.resolve("latest", "app")


def _back_up(place: Place) -> object:
    return create_backup(place.context, place.site, Reporter())


def _stage(place: Place) -> object:
    return stage_restore(place.context, place.site, _latest(place), Reporter())


def _apply(place: Place) -> object:
    return apply_restore(place.context, place.site, Reporter())


def _undo(place: Place) -> object:
    return undo_restore(place.context, place.site, Reporter())


@pytest.fixture
def template(tmp_path: Path) -> Path:
    root = tmp_path / "template"
    place = make_place(root, journal_mode="delete")
    _back_up(place)
    place.context.catalog.close()
    return root


def _backups_are_sound(place: Place, where: str) -> None:
    """What is listed is there and proves itself; what is there is listed."""
    rows = [row for row in place.context.catalog.backups("app") if row.status == "completed"]
    assert sorted(row.name for row in rows) == sorted(place.context.store.archives("app")), where
    for row in rows:
        assert verify_backup(place.context, place.site, row, Reporter()).verified_at, where


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        _back_up,
        lambda place: pin_backup(place.context, place.site, _latest(place), pinned=True),
        lambda place: delete_backup(place.context, place.site, _latest(place)),
    ],
    ids=["backup", "pin", "delete"],
)
def test_backups(template: Path, tmp_path: Path, verb: Verb) -> None:
    present = open_place(template).state()
    for place, where in _each_loss(template, tmp_path / "losses", verb):
        place.settle()
        _backups_are_sound(place, where)
        assert place.state() == present, where
        for row in place.context.catalog.backups("app"):
            sidecar = place.context.store.read_state("app", row.name) if row.status == "completed" else None
            assert sidecar is None or sidecar.pinned == row.pinned, where
        _back_up(place)


@pytest.mark.slow
def test_stage(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    new = place.state()
    change_place(place)
    old = place.state()
    place.context.catalog.close()
    for place, where in _each_loss(template, tmp_path / "losses", _stage):
        assert place.state() == old, where
        outcome = _apply(place)
        assert place.state() == (new if outcome is not None else old), where
        place.settle()
        _backups_are_sound(place, where)


@pytest.mark.slow
@pytest.mark.parametrize("verb", [_apply, pytest.param(_undo, marks=pytest.mark.long)])
def test_switch(template: Path, tmp_path: Path, verb: Verb) -> None:
    place = open_place(template)
    new = place.state()
    change_place(place)
    old = place.state()
    _stage(place)
    if verb is _undo:
        _apply(place)
        old, new = new, old
    place.context.catalog.close()
    for place, where in _each_loss(template, tmp_path / "losses", verb):
        _apply(place)
        state = place.state()
        assert state in (old, new), where
        place.settle()
        _backups_are_sound(place, where)
        last = place.context.catalog.last_restore("app")
        if verb is _apply:
            assert (last is not None) == (state == new), where


class _NothingIsEverSynced(VolatileFilesystem):
    def fsync(self, file: IO[bytes]) -> None:
        CrashingFilesystem.fsync(self, file)

    def fsync_folder(self, path: Path) -> None:
        CrashingFilesystem.fsync_folder(self, path)


@pytest.mark.slow
def test_a_sync_that_is_left_out_would_be_noticed(template: Path, tmp_path: Path) -> None:
    """The model is worth something only if a protocol without its syncs fails in it."""
    disk = CrashingFilesystem()
    counted = tmp_path / "counted"
    shutil.copytree(template, counted, symlinks=True)
    _back_up(open_place(counted, disk=disk))
    last = len(disk.steps) + 1
    found = 0
    for seed in range(8):
        root, aside = tmp_path / f"root_{seed}", tmp_path / f"aside_{seed}"
        shutil.copytree(template, root, symlinks=True)

        def back_up_and_die(_: CrashingFilesystem, root: Path = root, aside: Path = aside) -> object:
            volatile = _NothingIsEverSynced(last, aside)
            _back_up(open_place(root, disk=volatile))
            return volatile.unlink(root / "the power goes")

        assert run_until_killed(back_up_and_die, last)
        lose_power(aside, seed, in_order=True)
        place = open_place(root)
        place.settle()
        try:
            _backups_are_sound(place, "without syncs")
        except (AssertionError, GreenroomError):
            found += 1
    assert found
