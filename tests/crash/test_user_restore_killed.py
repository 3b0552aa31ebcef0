"""Imports into a user's library, restores, undos and daily copies, killed: there is the old one or the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from core.databases.sessions import reading
from core.errors import UsageError
from core.filesystem import Filesystem
from core.library.transfer import DailyReport, back_up_users, open_library
from core.library.users import UndoPlan, import_file, plan_undo, restore_file, undo_restore
from core.progress import Reporter
from tests.core.library.transfer.transfer_support import JONAS, MIRA, NOW
from tests.crash.user_libraries import Shelf, make_shelf, points
from tests.engines.conftest import ENGINES, MakeDatabase, make_database, server_of
from tests.support import CrashingFilesystem, run_until_killed

__all__ = ["make_database", "server_of"]

Verb = Callable[[Shelf], object]
_CHANGED = (
    f"DELETE FROM watch_history WHERE user_id = '{MIRA}'",
    f"UPDATE recommenders SET emoji = '*', last_modified = 1 WHERE user_id = '{MIRA}' AND name = 'Tom'",
)
_TODAY = date(2026, 5, 20)
_FEW_AND_ALL = [False, pytest.param(True, marks=pytest.mark.long)]
_FILES_ALONE_DECIDE = ["sqlite", *(pytest.param(engine, marks=pytest.mark.long) for engine in ENGINES[1:])]


@pytest.fixture
def shelf(engine: str, make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return make_shelf(tmp_path / "template", make_database(engine))


def take_in(shelf: Shelf) -> object:
    return import_file(shelf.context, shelf.site, shelf.mira, shelf.file, Reporter())


def restore(shelf: Shelf) -> object:
    return restore_file(shelf.context, shelf.site, shelf.mira, shelf.file, Reporter())


def undo(shelf: Shelf) -> object:
    return undo_restore(shelf.context, shelf.site, shelf.mira, Reporter())


def planned(shelf: Shelf) -> UndoPlan | None:
    try:
        return plan_undo(shelf.context, shelf.site, MIRA, Reporter())
    except UsageError:
        return None


def killed(template: Shelf, verb: Verb, *, everywhere: bool) -> Iterator[tuple[int, bool, Shelf]]:
    """Yield how the library is after a kill at each step of a verb that tells something, or at all.

    It comes with the number of the step, and whether the commit was reached. Whoever looks leaves the database as it
    was before.
    """
    counting = CrashingFilesystem()
    root = template.root.with_name("counted")
    shutil.copytree(template.root, root)
    shelf = template.at(root, counting)
    verb(shelf)
    undo(template.at(root))
    commit = counting.steps.index("commit") + 1
    all_steps = range(1, len(counting.steps) + 1)
    of_files = template.site.sqlite_path is not None
    for at in all_steps if everywhere else points(counting.steps, of_files=of_files):
        root = template.root.with_name(f"kill_{at}")
        shutil.copytree(template.root, root)
        assert run_until_killed(partial(_work, verb, template, root), at), f"step {at} is not reached"
        yield at, at > commit, template.at(root)
        shutil.rmtree(root)


def _work(verb: Verb, template: Shelf, root: Path, disk: Filesystem) -> None:
    verb(template.at(root, disk))


@pytest.mark.slow
@pytest.mark.parametrize("everywhere", _FEW_AND_ALL)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("verb", [take_in, restore, undo])
def test_it_is_the_old_or_the_new_one_and_can_be_undone(shelf: Shelf, verb: Verb, *, everywhere: bool) -> None:
    first = shelf.content()
    shelf.execute(*_CHANGED)
    changed = shelf.content()
    if verb is undo:
        restore(shelf)
    old, new = (first, changed) if verb is undo else (changed, first)
    assert shelf.content() == old != new
    for at, done, found in killed(shelf, verb, everywhere=everywhere):
        assert found.content() == (new if done else old), f"step {at}: not what the commit decided"
        assert found.is_sound(), f"step {at}: a part of a copy is taken for one"
        if not done:
            verb(found)
            assert found.content() == new, f"step {at}: it cannot be done again"
        undo(found)
        assert found.content() == old, f"step {at}: it cannot be undone"
        assert found.is_sound()
        assert not list(found.copies.glob("*.partial"))


@pytest.mark.slow
@pytest.mark.parametrize("everywhere", _FEW_AND_ALL)
@pytest.mark.parametrize("engine", _FILES_ALONE_DECIDE)
def test_what_the_application_changes_after_a_kill_makes_nothing_done_that_was_not(
    shelf: Shelf, *, everywhere: bool
) -> None:
    shelf.execute(*_CHANGED)
    old = shelf.content()
    doubts = 0
    for at, done, found in killed(shelf, restore, everywhere=everywhere):
        found.execute(f"UPDATE entries SET status = 'deleted' WHERE user_id = '{MIRA}'")
        plan = planned(found)
        assert plan is None or plan.doubt or done, f"step {at}: undo takes back what never was"
        assert plan is not None or not done, f"step {at}: undo does not know of what was done"
        if plan is None:
            restore(found)
            found.execute(*_CHANGED)
            assert found.content() == old
            continue
        doubts += plan.doubt is not None
        changed = found.content()
        undo(found)
        assert found.content() == old, f"step {at}: the state before it is not brought back"
        undo(found)
        assert found.content() == changed, f"step {at}: what the application changed is lost"
        undo(found)
    assert doubts


def copy_of_the_day(shelf: Shelf, disk: Filesystem | None = None) -> DailyReport:
    return back_up_users(
        partial(reading, shelf.site.database_url()),
        shelf.copies.parent,
        day=_TODAY,
        now=NOW,
        disk=disk or Filesystem(),
        reporter=Reporter(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("everywhere", _FEW_AND_ALL)
@pytest.mark.parametrize("engine", _FILES_ALONE_DECIDE)
def test_a_daily_copy_is_the_old_one_or_the_new_one_and_none_goes_before_it_is_there(
    shelf: Shelf, *, everywhere: bool
) -> None:
    copy_of_the_day(shelf)
    today, names = f"{_TODAY}.json", ("2026-04-01.json", "2026-05-10.json")
    old = (shelf.copies / today).read_bytes()
    for user in (MIRA, JONAS):
        for name in names:
            (shelf.copies.with_name(user) / name).write_bytes(old)
    shelf.execute(*_CHANGED)
    counting = CrashingFilesystem()
    copy_of_the_day(_copied(shelf, "counted"), counting)
    new = (shelf.root.with_name("counted") / shelf.copies.relative_to(shelf.root) / today).read_bytes()
    assert old != new
    kinds = [step.partition(" ")[0] for step in counting.steps]
    firsts = [kinds.index(kind) + 1 for kind in dict.fromkeys(kinds)]
    for at in range(1, len(kinds) + 1) if everywhere else [*firsts, len(kinds)]:
        found = _copied(shelf, f"kill_{at}")
        assert run_until_killed(partial(_copy, found), at)
        present = (found.copies / today).read_bytes()
        assert present in (old, new), f"step {at}: a part of a copy has its name"
        assert present == new or (found.copies / names[0]).exists(), f"step {at}: an old one goes too early"
        assert found.is_sound()
        report = copy_of_the_day(found)
        assert ([made.user.id for made in report.made], report.failed) == ([JONAS, MIRA], ())
        assert (found.copies / today).read_bytes() == new
        for user in (MIRA, JONAS):
            folder = found.copies.with_name(user)
            assert sorted(path.name for path in folder.glob("2026-*")) == [*names[1:], today]
        assert open_library(found.copies / names[1], Reporter())
        shutil.rmtree(found.root)


def _copied(shelf: Shelf, name: str) -> Shelf:
    root = shelf.root.with_name(name)
    shutil.copytree(shelf.root, root)
    return shelf.at(root)


def _copy(shelf: Shelf, disk: Filesystem) -> None:
    copy_of_the_day(shelf, disk)
