"""What `exclude` names is not greenroom's: no backup holds it, no restore touches it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.backup import create_backup
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from tests.support import Place, make_place, open_place


def _restore(place: Place, name: str) -> None:
    backup = place.context.catalog.resolve(name, "app")
    stage_restore(place.context, place.site, backup, Reporter())
    apply_restore(place.context, place.site, Reporter())


def _backed_up_before_excluding(root: Path) -> str:
    place = make_place(root)
    (place.uploads / "cache").mkdir()
    (place.uploads / "cache" / "one").write_text("backed up")
    (place.uploads / "x.tmp").write_text("backed up")
    (place.uploads / "deep.tmp").write_text("a file in the backup")
    return create_backup(place.context, place.site, Reporter()).record.name


def test_what_is_excluded_now_wins_over_what_was_backed_up_then(tmp_path: Path) -> None:
    name = _backed_up_before_excluding(tmp_path)
    place = open_place(tmp_path, exclude=("*.tmp", "cache"))
    (place.uploads / "x.tmp").write_text("live")
    (place.uploads / "cache" / "one").write_text("live")
    (place.uploads / "cache" / "link").symlink_to("one")
    (place.uploads / "deep.tmp").unlink()
    (place.uploads / "deep.tmp").mkdir()
    (place.uploads / "deep.tmp" / "inside").write_text("live")
    _restore(place, name)
    assert (place.uploads / "x.tmp").read_text() == "live"
    assert (place.uploads / "cache" / "one").read_text() == "live"
    assert os.fspath((place.uploads / "cache" / "link").readlink()) == "one"
    assert (place.uploads / "deep.tmp" / "inside").read_text() == "live"


def test_what_is_excluded_and_lost_comes_back_where_the_backup_has_it(tmp_path: Path) -> None:
    name = _backed_up_before_excluding(tmp_path)
    place = open_place(tmp_path, exclude=("*.tmp", "cache"))
    (place.uploads / "x.tmp").unlink()
    _restore(place, name)
    assert (place.uploads / "x.tmp").read_text() == "backed up"


def test_an_excluded_file_keeps_the_folder_it_lies_in(tmp_path: Path) -> None:
    place = make_place(tmp_path, exclude=("*.tmp",))
    name = create_backup(place.context, place.site, Reporter()).record.name
    later = place.uploads / "later" / "still"
    later.mkdir(parents=True)
    later.chmod(0o750)
    (later / "x.tmp").write_text("excluded")
    (later / "y.txt").write_text("newer than the backup")
    _restore(place, name)
    assert [path.name for path in later.iterdir()] == ["x.tmp"]
    assert later.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("again", range(2))
def test_an_undo_carries_it_over_too(tmp_path: Path, again: int) -> None:
    place = make_place(tmp_path, exclude=("*.tmp",))
    name = create_backup(place.context, place.site, Reporter()).record.name
    (place.uploads / "x.tmp").write_text("excluded")
    _restore(place, name)
    for _ in range(again + 1):
        undo_restore(place.context, place.site, Reporter())
        assert (place.uploads / "x.tmp").read_text() == "excluded"
