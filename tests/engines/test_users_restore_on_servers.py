"""A user's library restored, undone and copied on real servers, through the verbs that a person uses."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from core.config import Site
from core.databases.sessions import reading, writing
from core.filesystem import Filesystem
from core.library.library import keeps_users
from core.library.transfer import back_up_users, export_library, find_user, set_backup
from core.library.users import copies_folder, restore_file, switch_backup, undo_restore
from core.progress import Reporter
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.test_quick_people import call
from tests.core.library.transfer.transfer_support import (
    MIRA,
    add_user,
    bring_back,
    copied,
    exported,
    movie,
    said,
    take_in,
)
from tests.engines.conftest import MakeDatabase
from tests.engines.libraries import made_tables
from tests.libraries import open_library


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_library_is_copied_restored_and_brought_back(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    address = make_database(engine)
    url = made_tables(address)
    assert keeps_users(url)
    (tmp_path / "backups").mkdir(mode=0o700)
    context = open_library(tmp_path).context
    site = Site(name="movies", database=address, folder=tmp_path)
    many = [movie(f"tt{number:07}", recommendations=[said("Zoe")]) for number in range(700)]
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        take_in(session, tmp_path, FULL | {"movies": [*many, *FULL["movies"]]})
        session.commit()
    user = switch_backup(context, site, MIRA, enabled=True)
    day = date(2026, 5, 5)
    report = back_up_users(
        partial(reading, url),
        copies_folder(context, site),
        day=day,
        now=1.0,
        disk=Filesystem(),
        reporter=Reporter(),
    )
    (made,) = report.made
    with reading(url) as session:
        old = exported(session)
    with writing(url) as session:
        take_in(session, tmp_path, {"version": 2, "movies": [movie("tt0000001", status="deleted", last_modified=9e9)]})
        session.commit()
    with reading(url) as session:
        changed = exported(session)
    assert changed != old
    done = restore_file(context, site, user, made.copy.path, Reporter())
    assert (done.report.changes, done.safety is not None) == (1, True)
    with reading(url) as session:
        assert exported(session) == old
    undo_restore(context, site, user, Reporter())
    with reading(url) as session:
        assert exported(session) == changed
        assert find_user(session, "mira").backup_enabled


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_time_that_is_no_number_is_told(number: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    url = made_tables(make_database("postgresql"))
    words = "a time or a rating that is no number: it is infinite, not a number, or missing"
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        take_in(session, tmp_path, FULL)
        session.execute(text("UPDATE entries SET last_modified = :number"), {"number": float(number)})
        export = export_library(session, MIRA, now=1.0, reporter=Reporter())
        assert (list(export.left_out), export.unsaid) == ([words] * 3, {words: 3})
        report = bring_back(session, tmp_path, FULL)
        assert report.notes == {f"goes, and no copy holds it for an undo: {words}": 3}
        session.execute(text("UPDATE watch_history SET date_watched = :number"), {"number": float(number)})
        set_backup(session, MIRA, enabled=True)
        session.commit()
    daily = back_up_users(
        partial(reading, url),
        tmp_path / "copies",
        day=date(2026, 5, 5),
        now=1.0,
        disk=Filesystem(),
        reporter=Reporter(),
    )
    assert daily.made == ()
    assert "lacks 1 value that no file can say" in daily.failed[0].error.message


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_quick_recommenders_who_changed_their_names_are_brought_back(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = made_tables(make_database(engine))
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        take_in(session, tmp_path, FULL)
        before = copied(session)
        call(session, {"youtube": "GOOGLE", "google": "oscars", "oscar": "Tube", "random_person": "YouTube"})
        take_in(session, tmp_path, FULL | {"people": [{"name": "Random Person"}]})
        assert bring_back(session, tmp_path, before).success
        assert copied(session) == before
        assert bring_back(session, tmp_path, before).changes == 0
        session.commit()
