"""A prune killed at every step: catalog, storage and log agree after the next start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import pytest

from core.progress import Reporter
from core.prune import Pruned, prune_site
from core.rebuild import rebuild_catalog
from core.rebuild_note import confirm_rebuild, is_rebuild_confirmed
from tests.crash.powerloss import VolatileFilesystem, lose_power
from tests.pruning import NOW, back_up_each, names, set_schedule
from tests.support import CrashingFilesystem, Place, SteppingClock, make_place, open_place, run_until_killed

_MOST_STEPS = 200


def _open(root: Path, disk: CrashingFilesystem | None = None) -> Place:
    return open_place(root, disk=disk, clock=SteppingClock(NOW))


def _prune(place: Place) -> Pruned:
    return prune_site(place.context, place.site, Reporter())


def _settle(place: Place) -> None:
    place.settle()


def _make(root: Path, ages: list[float]) -> list[str]:
    """Make a site with backups of these ages, of which a prune leaves the newest alone; return their names."""
    place = make_place(root, clock=SteppingClock(NOW))
    set_schedule(place)
    made = [one.name for one in back_up_each(place, ages)]
    place.context.catalog.close()
    return made


def _each_kill(template: Path, root: Path, work: Callable[[Place], object]) -> Iterator[Path]:
    """Yield the root of a site after a kill at each step of the work, each on a fresh copy of the template."""
    for at in range(1, _MOST_STEPS):
        copy = root / f"kill_{at}"
        shutil.copytree(template, copy, symlinks=True)
        if not run_until_killed(lambda disk, copy=copy: work(_open(copy, disk)), at):
            return
        yield copy
        shutil.rmtree(copy)
    raise AssertionError("the work has no end")


def _agree(place: Place, made: list[str]) -> int:
    """All that is said agrees: what is gone is in the log, once, and it is the oldest; return how many are left."""
    left = names(place)
    logged = place.context.catalog.cleanups("app")
    gone = list(chain.from_iterable(json.loads(row.details) for row in reversed(logged)))
    assert gone + left == made
    assert sum(row.backups_deleted for row in logged) == len(gone)
    assert all(row.cleanup_reason == f"retention: {row.backups_deleted} older than 10 days" for row in logged)
    assert {path.suffix for path in (place.root / "backups" / "app").iterdir()} <= {".zip", ".json"}
    return len(left)


@pytest.mark.slow
def test_prune_killed_at_every_step(tmp_path: Path) -> None:
    made = _make(tmp_path / "template", [40, 30, 1])
    ends = []
    for root in _each_kill(tmp_path / "template", tmp_path / "kills", _prune):
        place = _open(root)
        _settle(place)
        ends.append(_agree(place, made))
        again = _prune(place)
        assert len(again.removed) == ends[-1] - 1, "the next prune goes on where that one died"
        assert _agree(place, made) == 1
        assert len(place.context.catalog.cleanups("app")) <= 2
    assert ends[0] == 3
    assert ends[-1] == 1
    assert all(before - after in (0, 1) for before, after in pairwise(ends))


@pytest.mark.slow
def test_a_confirmation_killed_at_every_step_is_given_or_not(tmp_path: Path) -> None:
    made = _make(tmp_path / "template", [40, 1])
    rebuild_catalog(_open(tmp_path / "template").context, Reporter())
    ends = []
    for root in _each_kill(
        tmp_path / "template", tmp_path / "kills", lambda place: confirm_rebuild(place.context, place.site)
    ):
        place = _open(root)
        assert names(place) == made
        ends.append(is_rebuild_confirmed(place.context, place.site))
    assert sorted(ends) == ends == [False, True]


@pytest.mark.slow
def test_a_rebuild_that_was_killed_must_be_confirmed(tmp_path: Path) -> None:
    """Whatever rows it came to make, a person looks first."""
    _make(tmp_path / "template", [40, 1])
    for path in (tmp_path / "template" / "state").glob("catalog.db*"):
        path.unlink()
    met = set()
    for root in _each_kill(
        tmp_path / "template", tmp_path / "kills", lambda place: rebuild_catalog(place.context, Reporter())
    ):
        place = _open(root)
        rows = place.context.catalog.completed_backups("app") if place.context.catalog.exists() else ()
        met.add(len(rows))
        assert not rows or not is_rebuild_confirmed(place.context, place.site)
    assert met >= {0, 1}


@pytest.mark.long
def test_a_kill_while_a_killed_prune_is_tidied_up(tmp_path: Path) -> None:
    made = _make(tmp_path / "template", [40, 30, 1])
    for number, root in enumerate(_each_kill(tmp_path / "template", tmp_path / "kills", _prune)):
        for verb in (_settle, _prune):
            for again in _each_kill(root, tmp_path / f"again_{number}_{verb.__name__}", verb):
                place = _open(again)
                _settle(place)
                _agree(place, made)
                _prune(place)
                assert _agree(place, made) == 1


@pytest.mark.long
def test_the_catalog_is_lost_after_a_kill(tmp_path: Path) -> None:
    """Without the log a deletion that was not through is none; what is left is found, and nothing goes by itself."""
    made = _make(tmp_path / "template", [40, 30, 20, 1])
    for root in _each_kill(tmp_path / "template", tmp_path / "kills", _prune):
        for path in (root / "state").glob("catalog.db*"):
            path.unlink()
        place = _open(root)
        rebuild_catalog(place.context, Reporter())
        assert names(place)[-1] == made[-1]
        assert set(names(place)) <= set(made)
        assert not is_rebuild_confirmed(place.context, place.site)


@pytest.mark.long
@pytest.mark.parametrize("in_order", [True, False])
def test_the_power_goes_at_every_step_of_a_prune(tmp_path: Path, *, in_order: bool) -> None:
    """What was not durable goes too; a name that comes back is erased again, for the log says so."""
    made = _make(tmp_path / "template", [40, 30, 1])
    ends = []
    for at in range(1, _MOST_STEPS):
        root, aside = tmp_path / f"loss_{at}", tmp_path / f"aside_{at}"
        shutil.copytree(tmp_path / "template", root, symlinks=True)
        if not run_until_killed(
            lambda _, at=at, root=root, aside=aside: _prune(_open(root, VolatileFilesystem(at, aside))), at
        ):
            break
        lose_power(aside, at, in_order=in_order)
        place = _open(root)
        _settle(place)
        ends.append(_agree(place, made))
        _prune(place)
        assert _agree(place, made) == 1
        shutil.rmtree(root)
    assert set(ends) == {1, 2, 3}
