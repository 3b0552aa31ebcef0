"""The restore of a user's library, and the undo of it, killed at each step: the old library or the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from core.databases.sessions import reading
from core.errors import UsageError
from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.library.transfer import UserRow, copies, export_library, users, write_copy
from core.library.users import UndoPlan, copies_folder, plan_undo, restore_file, undo_restore
from core.progress import Reporter
from tests.libraries import Library, open_library
from tests.support import run_until_killed

_MOST_STEPS = 60


@pytest.fixture
def template(tmp_path: Path) -> Library:
    folder = tmp_path / "template"
    write_demo(folder, disk=Filesystem(), reporter=Reporter())
    shutil.rmtree(folder / "uploads")
    library = open_library(folder)
    for name in ("state", "backups"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    with reading(library.site.database_url()) as session:
        write_copy(session, user_of(library), folder / "kept.json", now=1.0, disk=Filesystem(), reporter=Reporter())
    library.execute("DELETE FROM watch_history WHERE user_id = ?", user_of(library).id)
    return library


def user_of(library: Library) -> UserRow:
    with reading(library.site.database_url()) as session:
        return users(session)[0]


def libraries(library: Library) -> list[bytes]:
    """Each user's library."""
    with reading(library.site.database_url()) as session:
        exports = (export_library(session, user.id, now=1.0, reporter=Reporter()) for user in users(session))
        return [b"".join(export.blocks) for export in exports]


def restore(library: Library) -> object:
    return restore_file(library.context, library.site, user_of(library), library.root / "kept.json", Reporter())


def undo(library: Library) -> object:
    return undo_restore(library.context, library.site, user_of(library), Reporter())


@pytest.mark.slow
@pytest.mark.parametrize("verb", [restore, undo])
def test_it_is_the_old_or_the_new_one_and_can_be_undone(
    template: Library, tmp_path: Path, verb: Callable[[Library], object]
) -> None:
    first = libraries(template)
    if verb is undo:
        restore(template)
    old = libraries(template)
    finished = tmp_path / "finished"
    shutil.copytree(template.root, finished)
    verb(open_library(finished))
    new = libraries(open_library(finished))
    assert new != old
    found = []
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"kill_{at}"
        shutil.copytree(template.root, root)
        if not run_until_killed(lambda disk, root=root: verb(open_library(root, disk=disk)), at):
            break
        library = open_library(root)
        found_now = libraries(library)
        assert found_now in (old, new), f"step {at}: neither old nor new"
        found.append(found_now == new)
        if found_now == new:
            undo(library)
            assert libraries(library) == old, f"step {at}: it cannot be undone"
        else:
            verb(library)
            assert libraries(library) == new, f"step {at}: it cannot be done again"
            undo(library)
            assert libraries(library) == old, f"step {at}: it cannot be undone"
        assert all(
            copy.size_bytes for copy in copies(copies_folder(library.context, library.site), user_of(library).id)
        )
        shutil.rmtree(root)
    else:
        raise AssertionError("the verb has no end")
    found.append(True)  # the one that nobody killed
    assert sum(before != after for before, after in pairwise(found)) == 1, f"no single switch point: {found}"
    assert first == (old if verb is restore else new)


@pytest.mark.slow
def test_what_the_application_changes_after_a_kill_makes_nothing_done_that_was_not(
    template: Library, tmp_path: Path
) -> None:
    old = libraries(template)
    doubts = 0
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"kill_{at}"
        shutil.copytree(template.root, root)
        if not run_until_killed(lambda disk, root=root: restore(open_library(root, disk=disk)), at):
            break
        library = open_library(root)
        restored = libraries(library) != old
        library.execute("UPDATE entries SET status = 'deleted' WHERE user_id = ?", user_of(library).id)
        plan = planned(library)
        assert plan is None or plan.doubt or restored, f"step {at}: undo takes back what never was"
        assert plan is not None or not restored, f"step {at}: undo does not know of what was done"
        if plan is not None:
            doubts += plan.doubt is not None
            changed = libraries(library)
            undo(library)
            assert libraries(library) == old, f"step {at}: the state before it is not brought back"
            undo(library)
            assert libraries(library) == changed, f"step {at}: what the application changed is lost"
        shutil.rmtree(root)
    assert doubts


def planned(library: Library) -> UndoPlan | None:
    try:
        return plan_undo(library.context, library.site, user_of(library).id, Reporter())
    except UsageError:
        return None
