"""The restore of a portable backup, killed at every step: by the same table as that of a snapshot."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

import tests.support
from core.backup import BackupRequest, create_backup
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.marker import MARKER, RowOrder, read_marker
from core.restore.stage import stage_restore
from tests.crash.tables import outcomes_by_phase
from tests.crash.test_killed import converged, each_kill, rename_in_journal
from tests.support import Place, make_place
from tests.verbs import latest, undo

_EXCLUDE = ("*.tmp",)
open_place = partial(tests.support.open_place, exclude=_EXCLUDE)


def _change(place: Place) -> None:
    place.execute(
        "DELETE FROM films WHERE id > 5",
        "UPDATE films SET title = 'changed' WHERE id = 1",
        "INSERT INTO films (id, title) VALUES (99, 'new one')",
        "CREATE TABLE extra (x)",
        "INSERT INTO extra VALUES ('stays')",
    )
    (place.uploads / "a.txt").write_text("changed since\n")
    (place.uploads / "new.txt").write_text("new\n")


def _apply(place: Place) -> object:
    return apply_restore(place.context, place.site, Reporter())


@pytest.mark.slow
@pytest.mark.parametrize(
    "order",
    [
        pytest.param(RowOrder(), id="clear"),
        pytest.param(RowOrder(mode="merge", tables=("films",)), id="merge", marks=pytest.mark.long),
    ],
)
def test_apply_of_a_portable_backup_killed_at_every_step(tmp_path: Path, order: RowOrder) -> None:
    root = tmp_path / "template"
    place = make_place(root, exclude=_EXCLUDE)
    create_backup(place.context, place.site, Reporter(), BackupRequest(kind="portable"))
    _change(place)
    old = place.state()
    stage_restore(place.context, place.site, latest(place), Reporter(), order=order)
    new = _uninterrupted(root, tmp_path / "whole")
    assert new != old
    said = outcomes_by_phase("Apply")
    met = set()
    for killed in each_kill(root, tmp_path / "kills", _apply):
        place = killed.place
        marker = read_marker(place.context.site_folder(place.site) / MARKER)
        outcome = _apply(place)
        if marker is not None:
            met.add(str(marker.phase))
            assert said[marker.phase] == {"new"}, killed.step
            assert outcome is not None
        assert place.state() == new, killed.step
        converged(place)
        undo(place)
        assert place.state() == old, killed.step
    assert met == {"staged", "switching", "switched"}


def _uninterrupted(template: Path, root: Path) -> dict[str, object]:
    shutil.copytree(template, root, symlinks=True)
    rename_in_journal(root, template)
    place = open_place(root)
    _apply(place)
    return place.state()
