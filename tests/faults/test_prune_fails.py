"""A prune whose disk fails at each of its steps: nothing but what was to go is gone, and the next one goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import GreenroomError
from core.progress import Reporter
from core.prune import prune_site
from tests.faults.test_each_step_fails import FaultyFilesystem
from tests.pruning import NOW, back_up_each, names, set_schedule
from tests.support import SteppingClock, make_place, open_place

_MOST_STEPS = 100
EIO = 5


@pytest.mark.slow
def test_the_disk_fails_at_each_step_of_a_prune(tmp_path: Path) -> None:
    place = make_place(tmp_path / "template", clock=SteppingClock(NOW))
    set_schedule(place)
    made = [one.name for one in back_up_each(place, [40, 30, 1])]
    place.context.catalog.close()
    ends = set()
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"fault_{at}"
        shutil.copytree(tmp_path / "template", root, symlinks=True)
        disk = FaultyFilesystem(at, EIO)
        failing = open_place(root, disk=disk, clock=SteppingClock(NOW))
        error = None
        try:
            prune_site(failing.context, failing.site, Reporter())
        except GreenroomError as raised:
            error = raised
        if len(disk.steps) < at:
            assert error is None
            break
        assert error is not None, disk.steps[-1]
        assert error.message
        mended = open_place(root, clock=SteppingClock(NOW))
        mended.settle()
        left = names(mended)
        assert left == made[len(made) - len(left) :], disk.steps[-1]
        assert sum(row.backups_deleted for row in mended.context.catalog.cleanups("app")) == len(made) - len(left)
        ends.add(len(left))
        prune_site(mended.context, mended.site, Reporter())
        assert names(mended) == made[-1:]
        shutil.rmtree(root)
    assert ends == {1, 2, 3}
