"""Every verb at every step with the power lost: what was not durable goes, in order or not, and all is legal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

from core.errors import GreenroomError
from core.progress import Reporter
from core.verify import verify_backup
from tests.crash.powerloss import VolatileFilesystem, lose_power
from tests.support import CrashingFilesystem, Place, change_place, make_place, open_place, run_until_killed
from tests.verbs import Verb, apply, back_up, delete, pin, stage, undo

_LONG = os.environ.get("GREENROOM_TEST_PROFILE") == "long"
_SEEDS = range(10 if _LONG else 1)
_MOST_STEPS = 400


def _each_loss(
    template: Path, tmp_path: Path, verb: Verb, seeds: Sequence[int] = _SEEDS
) -> Iterator[tuple[Place, str]]:
    lost = 0
    for at in range(1, _MOST_STEPS):
        for seed in seeds:
            for in_order in (True, False):
                root, aside = tmp_path / f"loss_{at}", tmp_path / f"aside_{at}"
                undone = _lose_power_at(at, template, root, aside, verb, 1000 * at + seed, in_order=in_order)
                if undone is None:
                    assert lost, "nothing was ever volatile"
                    return
                lost += undone
                yield (
                    open_place(root),
                    f"step {at}, seed {seed}, {'in' if in_order else 'out of'} order, {undone} undone",
                )
                shutil.rmtree(root)
                shutil.rmtree(aside)
    raise AssertionError("the verb has no end")


def _copy(template: Path, root: Path) -> None:
    """Copy a site with its journal, which names absolute paths."""
    shutil.copytree(template, root, symlinks=True)
    for marker in root.glob("state/sites/*/.restore*"):
        marker.write_text(marker.read_text().replace(str(template), str(root)))


def _lose_power_at(
    at: int, template: Path, root: Path, aside: Path, verb: Verb, seed: int, *, in_order: bool
) -> int | None:
    """Run a verb on a copy of the template until the power goes; return how much went with it, or None if it ended."""
    _copy(template, root)
    if not run_until_killed(lambda _: verb(open_place(root, disk=VolatileFilesystem(at, aside))), at):
        return None
    return lose_power(aside, seed, in_order=in_order)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    root = tmp_path / "template"
    place = make_place(root, journal_mode="delete")
    back_up(place)
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
        back_up,
        pin,
        delete,
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
        back_up(place)


@pytest.mark.slow
def test_stage(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    new = place.state()
    change_place(place)
    old = place.state()
    place.context.catalog.close()
    for place, where in _each_loss(template, tmp_path / "losses", stage):
        assert place.state() == old, where
        outcome = apply(place)
        assert place.state() == (new if outcome is not None else old), where
        place.settle()
        _backups_are_sound(place, where)


@pytest.mark.slow
@pytest.mark.parametrize("verb", [apply, pytest.param(undo, marks=pytest.mark.long)])
def test_switch(template: Path, tmp_path: Path, verb: Verb) -> None:
    place = open_place(template)
    new = place.state()
    change_place(place)
    old = place.state()
    stage(place)
    if verb is undo:
        apply(place)
        old, new = new, old
    place.context.catalog.close()
    for place, where in _each_loss(template, tmp_path / "losses", verb):
        apply(place)
        state = place.state()
        assert state in (old, new), where
        place.settle()
        _backups_are_sound(place, where)
        last = place.context.catalog.last_restore("app")
        if verb is apply:
            assert (last is not None) == (state == new), where


@pytest.mark.slow
def test_recovery(template: Path, tmp_path: Path) -> None:
    """The power goes during the switch, and again at each step of what brings it to its end."""
    place = open_place(template)
    new = place.state()
    change_place(place)
    old = place.state()
    stage(place)
    place.context.catalog.close()
    switch = _steps_of_the_switch(template, tmp_path / "steps")
    for first in switch if _LONG else switch[4:5]:
        middle = tmp_path / f"middle_{first}"
        assert (
            _lose_power_at(first, template, middle, tmp_path / f"lost_{first}", apply, first, in_order=True) is not None
        )
        open_place(middle).context.catalog.close()
        for place, where in _each_loss(middle, tmp_path / f"losses_{first}", apply, seeds=[first]):
            apply(place)
            assert place.state() in (old, new), (first, where)
            place.settle()
            _backups_are_sound(place, f"{first}, {where}")
            assert apply(place) is None, (first, where)


def _steps_of_the_switch(template: Path, root: Path) -> list[int]:
    disk = CrashingFilesystem()
    _copy(template, root)
    apply(open_place(root, disk=disk))
    begin = disk.steps.index("make_folder old") + 1
    return list(range(begin, len(disk.steps) + 1))


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
    back_up(open_place(counted, disk=disk))
    last = len(disk.steps) + 1
    found = 0
    for seed in range(8):
        root, aside = tmp_path / f"root_{seed}", tmp_path / f"aside_{seed}"
        shutil.copytree(template, root, symlinks=True)

        def back_up_and_die(_: CrashingFilesystem, root: Path = root, aside: Path = aside) -> object:
            volatile = _NothingIsEverSynced(last, aside)
            back_up(open_place(root, disk=volatile))
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
