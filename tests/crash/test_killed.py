"""Every verb killed at every step of its own protocol, against the tables of docs/atomicity.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import tests.support
from core.adopt import Adoption, adopt_archive
from core.backup import BackupRequest, create_backup
from core.errors import GreenroomError
from core.keep import delete_backup, pin_backup
from core.progress import Reporter
from core.rebuild import rebuild_catalog
from core.restore.apply import apply_restore
from core.restore.marker import FAILED_MARKER, MARKER, read_marker
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from core.verify import verify_backup
from tests.crash.tables import assert_one_switch_point, outcomes_by_phase
from tests.support import (
    CrashingFilesystem,
    Place,
    change_place,
    make_place,
    run_until_killed,
)

Verb = Callable[[Place], object]
_MOST_STEPS = 400
_EXCLUDE = ("*.tmp",)
open_place = partial(tests.support.open_place, exclude=_EXCLUDE)


def _latest(place: Place):
    return place.context.catalog.resolve("latest", "app")


def _back_up(place: Place) -> object:
    return create_backup(place.context, place.site, Reporter(), BackupRequest(description="under test"))


def _stage(place: Place) -> object:
    return stage_restore(place.context, place.site, _latest(place), Reporter())


def _apply(place: Place) -> object:
    return apply_restore(place.context, place.site, Reporter())


def _undo(place: Place) -> object:
    return undo_restore(place.context, place.site, Reporter())


def _restore_now(place: Place) -> object:
    _stage(place)
    return _apply(place)


@dataclass(frozen=True)
class Killed:
    """Where a kill left the site, and what one `apply` made of it."""

    place: Place
    step: str


def each_kill(template: Path, tmp_path: Path, verb: Verb):
    """Yield the site after a kill at each step of `verb`, each on a fresh copy of the template."""
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"kill_{at}"
        shutil.copytree(template, root, symlinks=True)
        rename_in_journal(root, template)
        reached = run_until_killed(lambda disk, root=root: verb(open_place(root, disk=disk)), at)
        if not reached:
            assert at > 1
            return
        yield Killed(open_place(root), f"step {at}")
        shutil.rmtree(root)
    raise AssertionError("the verb has no end")


@pytest.fixture(params=["wal", pytest.param("delete", marks=pytest.mark.long)])
def template(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    root = tmp_path / "template"
    place = make_place(root, journal_mode=request.param, exclude=_EXCLUDE)
    (place.uploads / "sub" / "x.tmp").write_text("excluded: there before and after")
    (place.uploads / "folder.tmp").mkdir()
    (place.uploads / "folder.tmp" / "inside").write_text("excluded too")
    return root


def converged(place: Place) -> None:
    """Nothing pending, nothing half-made, and a second `apply` does nothing."""
    assert _apply(place) is None
    place.settle()
    assert not (place.context.site_folder(place.site) / MARKER).exists()
    left = [
        path.name
        for folder in (place.root / "srv", place.uploads, place.root / "backups" / "app")
        if folder.is_dir()
        for path in folder.iterdir()
        if (path.name.startswith(".greenroom-") and "set-aside" not in path.name)
        or path.name.endswith((".partial", ".deleting"))
    ]
    assert left == []
    assert place.context.catalog.running_backups("app") == []


@pytest.mark.slow
def test_backup_killed_at_every_step_is_whole_or_absent(template: Path, tmp_path: Path) -> None:
    present = open_place(template).state()
    ends = []
    for killed in each_kill(template, tmp_path / "kills", _back_up):
        place = killed.place
        place.settle()
        rows = place.context.catalog.backups("app")
        archives = sorted(place.context.store.archives("app"))
        completed = [row.name for row in rows if row.status == "completed"]
        assert archives == completed, killed.step
        assert all(row.status in ("completed", "failed") for row in rows)
        assert all(row.error == "interrupted" for row in rows if row.status == "failed")
        assert place.state() == present
        converged(place)
        ends.append(bool(completed))
        if completed:
            _stage(place)
    assert_one_switch_point("Backup", ends)


@pytest.mark.slow
def test_stage_killed_at_every_step_leaves_the_site_old(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    _back_up(place)
    change_place(place)
    old = place.state()
    ends = []
    for killed in each_kill(template, tmp_path / "kills", _stage):
        place = killed.place
        assert place.state() == old, killed.step
        ends.append(_announced(place))
        if (place.context.site_folder(place.site) / MARKER).exists() and not _announced(place):
            assert _apply(place) is None
            place.settle()
        elif _announced(place):
            assert cancel_restore(place.context, place.site)
        assert place.state() == old, killed.step
        converged(place)
    assert_one_switch_point("Stage", ends)


def _announced(place: Place) -> bool:
    marker = place.context.site_folder(place.site) / MARKER
    return marker.exists() and '"phase": "staged"' in marker.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("template", ["wal", "delete"], indirect=True)
@pytest.mark.parametrize("present", ["healthy", "damaged", "missing"])
def test_apply_killed_at_every_step_ends_old_or_new(template: Path, tmp_path: Path, present: str) -> None:
    place = open_place(template)
    _back_up(place)
    new = place.state()
    change_place(place)
    if present == "damaged":
        place.database.write_bytes(b"not a database" * 1000)
    elif present == "missing":
        for path in place.root.glob("srv/app.db*"):
            path.unlink()
    old = place.state()
    _stage(place)
    said = outcomes_by_phase("Apply")
    met = set()
    for killed in each_kill(template, tmp_path / "kills", _apply):
        place = killed.place
        marker = read_marker(place.context.site_folder(place.site) / MARKER)
        before = place.state()
        assert marker is not None or before == new, killed.step
        outcome = _apply(place)
        ended = {"old": old, "new": new}
        if marker is not None:
            met.add(str(marker.phase))
            assert outcome is not None
            assert said[marker.phase] == {outcome.state}, killed.step
            assert place.state() == ended[outcome.state], killed.step
        assert place.state() == new, killed.step
        converged(place)
        restores = place.context.catalog.restores("app")
        assert [row.status for row in restores] == ["completed"]
        undone = _undo(place)
        assert undone.state == "new"
        assert place.state() == old, killed.step
    assert met == set(said)


@pytest.mark.slow
@pytest.mark.parametrize("template", ["wal", "delete"], indirect=True)
def test_undo_killed_at_every_step_ends_old_or_new(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    _back_up(place)
    new = place.state()
    change_place(place)
    old = place.state()
    _restore_now(place)
    ends = set()
    for killed in each_kill(template, tmp_path / "kills", _undo):
        place = killed.place
        _apply(place)
        state = place.state()
        assert state in (old, new), killed.step
        ends.add("undone" if state == old else "not begun")
        converged(place)
    assert ends == {"undone", "not begun"}


@pytest.mark.slow
def test_delete_killed_at_every_step_is_done_or_not_begun(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    _back_up(place)
    ends = []
    for killed in each_kill(
        template, tmp_path / "kills", lambda place: delete_backup(place.context, place.site, _latest(place))
    ):
        place = killed.place
        place.settle()
        names = [row.name for row in place.context.catalog.backups("app")]
        assert names == list(place.context.store.archives("app")), killed.step
        assert len(place.context.catalog.cleanups("app")) == 1 - len(names)
        if not names:
            assert list((place.root / "backups" / "app").iterdir()) == []
        ends.append(len(names))
        converged(place)
    assert_one_switch_point("Delete", ends)


@pytest.mark.slow
def test_pin_killed_at_every_step_says_one_thing(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    _back_up(place)
    ends = []
    for killed in each_kill(
        template, tmp_path / "kills", lambda place: pin_backup(place.context, place.site, _latest(place), pinned=True)
    ):
        place = killed.place
        place.settle()
        row = _latest(place)
        sidecar = place.context.store.read_state("app", row.name)
        assert sidecar is not None
        assert sidecar.pinned == row.pinned, killed.step
        ends.append(row.pinned)
    assert_one_switch_point("Pin, unpin, verify", ends)


@pytest.mark.slow
def test_adopt_killed_at_every_step_can_be_said_again(template: Path, tmp_path: Path) -> None:
    elsewhere = make_place(tmp_path / "elsewhere")
    file = elsewhere.context.store.archive_path("app", _back_up(elsewhere).record.name)

    def adopt(place: Place) -> Adoption:
        return adopt_archive(place.context, place.site, file, Reporter())

    ends = set()
    for killed in each_kill(template, tmp_path / "kills", adopt):
        place = killed.place
        place.settle()
        adopted = adopt(place)
        (row,) = place.context.catalog.backups("app")
        assert row.name == adopted.record.name, killed.step
        assert list(place.context.store.archives("app")) == [row.name], killed.step
        assert verify_backup(place.context, place.site, row, Reporter()).verified_at
        converged(place)
        ends.add(adopted.known)
    assert ends == {True, False}


@pytest.mark.slow
def test_rebuild_killed_at_every_step_can_be_said_again(template: Path, tmp_path: Path) -> None:
    place = open_place(template)
    for description in ("one", "two"):
        create_backup(place.context, place.site, Reporter(), BackupRequest(description=description))
    pin_backup(place.context, place.site, _latest(place), pinned=True)
    wanted = _kept_facts(place)
    place.context.catalog.close()
    for path in place.context.settings.state.glob("catalog.db*"):
        path.unlink()
    for killed in each_kill(template, tmp_path / "kills", lambda place: rebuild_catalog(place.context, Reporter())):
        rebuilt = rebuild_catalog(killed.place.context, Reporter())
        assert len(rebuilt.found) + rebuilt.known == 2, killed.step
        assert _kept_facts(killed.place) == wanted, killed.step
        converged(killed.place)


def _kept_facts(place: Place) -> list[tuple[object, ...]]:
    return [
        (row.name, row.pinned, row.role, row.origin, row.description, row.verified_at, row.manifest_sha256)
        for row in place.context.catalog.backups("app")
    ]


@pytest.mark.slow
def test_a_kill_during_recovery_is_recovered_from(template: Path, tmp_path: Path) -> None:
    """Kill apply at a step of the switch, kill the recovering apply at each of its steps, and apply once more."""
    place = open_place(template)
    _back_up(place)
    new = place.state()
    change_place(place)
    _stage(place)
    switch = _first_step_of_the_switch(template, tmp_path / "count")
    for first in range(switch, switch + 12, 3):
        middle = tmp_path / f"first_{first}" / "template"
        shutil.copytree(template, middle, symlinks=True)
        rename_in_journal(middle, template)
        assert run_until_killed(lambda disk, root=middle: _apply(open_place(root, disk=disk)), first)
        for killed in each_kill(middle, tmp_path / f"first_{first}" / "kills", _apply):
            _apply(killed.place)
            assert killed.place.state() == new, (first, killed.step)
            converged(killed.place)


def _first_step_of_the_switch(template: Path, scratch: Path) -> int:
    root = scratch / "copy"
    shutil.copytree(template, root, symlinks=True)
    rename_in_journal(root, template)
    disk = CrashingFilesystem()
    _apply(open_place(root, disk=disk))
    return next(number for number, step in enumerate(disk.steps, 1) if step == "make_folder old")


def rename_in_journal(root: Path, before: Path) -> None:
    """The journal names absolute paths: a copied site's must be its own."""
    for marker in root.glob("state/sites/*/.restore*"):
        marker.write_text(marker.read_text().replace(str(before), str(root)))


class _FailingRename(CrashingFilesystem):
    """Fails at the rename that puts the uploads into their place, so that the restore goes back; and kills, too."""

    def rename(self, source: Path, target: Path) -> None:
        if source.parent.name == "new" and source.name == "uploads":
            raise OSError(5, "Input/output error", str(target))
        super().rename(source, target)


class _WrittenTo(CrashingFilesystem):
    """An application writes into the new state before it is counted, so that the restore goes back; and kills, too."""

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if source.parent.name == "new" and source.name == "uploads":
            (target / "written meanwhile").write_text("not to be lost")


@pytest.mark.slow
@pytest.mark.parametrize("failing", [_FailingRename, _WrittenTo])
def test_going_back_killed_at_every_step_ends_old(
    template: Path, tmp_path: Path, failing: type[CrashingFilesystem]
) -> None:
    place = open_place(template)
    _back_up(place)
    new = place.state()
    change_place(place)
    old = place.state()
    _stage(place)

    def fail(place: Place) -> object:
        place.context.disk.__class__ = failing
        try:
            return _apply(place)
        except GreenroomError:
            return None

    said = {**outcomes_by_phase("Apply"), **outcomes_by_phase("Apply", first=r"R\d+")}
    ends = set()
    for killed in each_kill(template, tmp_path / "kills", fail):
        place = killed.place
        marker = read_marker(place.context.site_folder(place.site) / MARKER)
        written = [path for path in place.root.rglob("written meanwhile") if path.is_file()]
        with suppress(GreenroomError):
            _apply(place)
        assert place.state() in (old, new), killed.step
        if marker is not None and not written:
            assert place.state() == {"old": old, "new": new}[said[marker.phase].copy().pop()], killed.step
        ends.add(place.state() == new)
        assert _apply(place) is None, killed.step
        place.settle()
        if (place.context.site_folder(place.site) / FAILED_MARKER).exists():
            assert cancel_restore(place.context, place.site)
        if written:
            kept = [path for path in place.root.rglob("written meanwhile") if path.is_file()]
            assert [path.read_text() for path in kept] == ["not to be lost"], killed.step
    assert ends == {True, False}
