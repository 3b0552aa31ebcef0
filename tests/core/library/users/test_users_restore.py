"""A user's library restored, and back again: with a copy of what was there, and nobody else's touched."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date

import pytest

from core.backup import create_backup
from core.databases.sessions import reading
from core.errors import BusyError, CancelledError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.library.transfer import UserRow, back_up_users, copies, find_user
from core.library.users import (
    copies_folder,
    import_file,
    plan_undo,
    preview_file,
    restore_file,
    switch_backup,
    undo_restore,
)
from core.library.users.places import KEPT_SAFETIES
from core.progress import CancelToken, Progress, Reporter
from core.rebuild import rebuild_catalog
from core.restore.stage import stage_restore
from tests.core.library.users.users_support import change, kept, library_of, users_of
from tests.libraries import Library
from tests.support import as_a_user


def test_a_restore_can_be_undone_and_that_too(library: Library, user: UserRow) -> None:
    path, old = kept(library, user), library_of(library, user)
    others = [library_of(library, one) for one in users_of(library)[1:]]
    change(library, user)
    changed = library_of(library, user)
    assert changed != old
    told = preview_file(library.context, library.site, user.id, path, Reporter(), merge=False)
    assert library_of(library, user) == changed
    done = restore_file(library.context, library.site, user, path, Reporter())
    assert done.report.updated == told.updated
    assert library_of(library, user) == old
    assert done.safety is not None
    assert done.safety.path.parent == copies_folder(library.context, library.site) / user.id
    assert (done.safety.day, done.safety.path.stat().st_mode & 0o777) == (None, 0o600)
    assert done.safety.path.parent.stat().st_mode & 0o777 == 0o700
    plan = plan_undo(library.context, library.site, user.id, Reporter())
    assert (plan.note.action, plan.note.source, plan.copy.path) == ("restore", "kept.json", done.safety.path)
    undone = undo_restore(library.context, library.site, user, Reporter(), of=plan.note)
    assert library_of(library, user) == changed
    assert undone.safety is not None
    undo_restore(library.context, library.site, user, Reporter())
    assert library_of(library, user) == old
    assert [library_of(library, one) for one in users_of(library)[1:]] == others


def test_what_an_entry_left_when_it_was_removed_keeps_nobody_from_going_back(library: Library, user: UserRow) -> None:
    path, old = kept(library, user), library_of(library, user)
    library.execute("DELETE FROM entries WHERE user_id = ? AND movie_id IN (SELECT movie_id FROM rankings)", user.id)
    without = library_of(library, user)
    assert without != old
    assert restore_file(library.context, library.site, user, path, Reporter()).report.success
    assert library_of(library, user) == old
    assert undo_restore(library.context, library.site, user, Reporter()).report.success
    assert library_of(library, user) == without


def test_a_status_that_nobody_knows_fails_in_words_and_keeps_nobody_else_from_a_copy(
    library: Library, user: UserRow
) -> None:
    path = kept(library, user)
    library.execute("UPDATE users SET backup_enabled = 1")
    with closing(sqlite3.connect(library.database)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE entries SET status = 'seen' WHERE user_id = ?", (user.id,))
        connection.commit()
    with pytest.raises(GreenroomError, match="no value of its type: 'seen'"):
        restore_file(library.context, library.site, user, path, Reporter())
    report = back_up_users(
        lambda: reading(library.site.database_url()),
        library.root / "copies",
        day=date(2026, 3, 29),
        now=1.0,
        disk=Filesystem(),
        reporter=Reporter(),
    )
    assert [failed.user.id for failed in report.failed] == [user.id]
    assert len(report.made) == len(users_of(library)) - 1


def test_what_no_undo_could_go_back_to_is_said(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    with closing(sqlite3.connect(library.database)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE watch_history SET my_rating = 11 WHERE user_id = ?", (user.id,))
        connection.commit()
    change(library, user)
    done = restore_file(library.context, library.site, user, path, Reporter())
    assert done.report.success
    assert ["undo cannot go back to it" in note and "my_rating: 11" in note for note in done.notes] == [True]
    library.execute("UPDATE entries SET status = 'deleted' WHERE user_id = ?", user.id)
    assert restore_file(library.context, library.site, user, path, Reporter()).notes == ()


@pytest.mark.parametrize("value", ["soon", None, b"x"])
def test_a_time_that_is_no_number_gives_way_to_what_a_file_says(library: Library, user: UserRow, value: object) -> None:
    """SQLite lets an application write anything into a column."""
    path, old = kept(library, user), library_of(library, user)
    columns = [
        ("entries", "last_modified"),
        ("recommenders", "last_modified"),
        ("custom_lists", "last_modified"),
        ("rankings", "ranked_at"),
    ]
    with closing(sqlite3.connect(library.database)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
    for table, column in columns:
        library.execute(f"UPDATE {table} SET {column} = ? WHERE user_id = ?", value, user.id)
    told = preview_file(library.context, library.site, user.id, path, Reporter(), merge=True)
    assert told.success
    assert told.skipped.total == 0
    done = restore_file(library.context, library.site, user, path, Reporter())
    assert done.report.success
    assert library_of(library, user) == old
    assert any("undo" in note for note in (*done.notes, *done.report.notes))


def test_what_no_copy_holds_and_goes_is_said_before_and_after(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    library.execute("DELETE FROM custom_lists WHERE user_id = ?", user.id)
    gone = "SELECT recommender_id FROM recommendations WHERE user_id = ? ORDER BY 1 LIMIT 1"
    library.execute(f"DELETE FROM recommenders WHERE id = ({gone})", user.id)
    ranked = "SELECT movie_id FROM rankings WHERE user_id = ? ORDER BY 1 LIMIT 1"
    library.execute(f"DELETE FROM entries WHERE user_id = ? AND movie_id = ({ranked})", user.id, user.id)
    library.execute("UPDATE watch_history SET date_watched = 9e999 WHERE user_id = ?", user.id)
    told = preview_file(library.context, library.site, user.id, path, Reporter(), merge=False)
    done = restore_file(library.context, library.site, user, path, Reporter())
    assert done.report.notes == told.notes
    lost = [words for words in done.report.notes if words.startswith("goes, and no copy holds it for an undo: ")]
    for named in ("a list that is not there", "by somebody who is not there", "a time or a rating that is no number"):
        assert any(named in words for words in lost)
    assert not restore_file(library.context, library.site, user, path, Reporter()).report.notes


def test_rankings_that_go_with_their_films_are_counted(library: Library, user: UserRow) -> None:
    content = json.loads(kept(library, user).read_bytes())
    ranked = len(content.pop("rankings"))
    path = library.root / "older.json"
    path.write_text(json.dumps({**content, "movies": []}))
    removed = restore_file(library.context, library.site, user, path, Reporter()).report.removed
    assert (removed["movies"].total, removed["rankings"].total) == (len(content["movies"]), ranked)
    assert ranked


def test_a_restore_of_nothing_but_metadata_is_written(library: Library, user: UserRow) -> None:
    content = json.loads(kept(library, user).read_bytes())
    imdb_id = content["movies"][0]["imdb_id"]
    library.execute("UPDATE movies SET tmdb_data = NULL WHERE imdb_id = ?", imdb_id)
    for movie in content["movies"]:
        movie["tmdb_data"] = {"id": 1} if movie["imdb_id"] == imdb_id else None
    path = library.root / "first.json"
    path.write_text(json.dumps({**content, "version": 1}))
    done = restore_file(library.context, library.site, user, path, Reporter())
    assert done.report.films_filled == 1
    with closing(sqlite3.connect(library.database)) as connection:
        found = connection.execute("SELECT tmdb_data FROM movies WHERE imdb_id = ?", (imdb_id,)).fetchone()
    assert json.loads(found[0]) == {"id": 1}
    assert done.safety is None
    assert copies(copies_folder(library.context, library.site), user.id) == []


def test_a_restore_that_changes_nothing_leaves_no_copy_and_nothing_to_undo(library: Library, user: UserRow) -> None:
    done = restore_file(library.context, library.site, user, kept(library, user), Reporter())
    assert (done.safety, done.report.changes, done.report.success) == (None, 0, True)
    assert copies(copies_folder(library.context, library.site), user.id) == []
    with pytest.raises(UsageError, match="nothing to undo"):
        plan_undo(library.context, library.site, user.id, Reporter())


def test_a_file_with_an_error_changes_nothing_and_a_merge_takes_the_rest(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    content = json.loads(path.read_bytes())
    content["movies"][0]["status"] = "nowhere"
    path.write_text(json.dumps(content))
    change(library, user)
    library.execute("UPDATE entries SET last_modified = 1 WHERE user_id = ?", user.id)
    changed = library_of(library, user)
    assert not restore_file(library.context, library.site, user, path, Reporter()).report.written
    assert library_of(library, user) == changed
    done = import_file(library.context, library.site, user, path, Reporter())
    assert (done.report.success, done.report.written, done.report.errors.total) == (False, True, 1)
    undo_restore(library.context, library.site, user, Reporter())
    assert library_of(library, user) == changed


def test_only_the_newest_safety_copies_stay(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    folder = copies_folder(library.context, library.site)
    for _ in range(KEPT_SAFETIES + 2):
        change(library, user)
        restore_file(library.context, library.site, user, path, Reporter())
    (folder / user.id / "mine.json").write_text("{}")
    change(library, user)
    done = restore_file(library.context, library.site, user, path, Reporter())
    left = {copy.file_name for copy in copies(folder, user.id)}
    assert done.safety is not None
    assert left >= {"mine.json", done.safety.file_name}
    assert len(left) == KEPT_SAFETIES + 1
    assert plan_undo(library.context, library.site, user.id, Reporter()).copy.path == done.safety.path


def test_somebody_at_work_or_read_only_changes_nothing(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    with library.context.lock(library.site, "backup"), pytest.raises(BusyError):
        restore_file(library.opened().context, library.site, user, path, Reporter())
    watching = library.opened(read_only=True)
    assert preview_file(watching.context, library.site, user.id, path, Reporter(), merge=False).changes
    for verb in (
        lambda: restore_file(watching.context, library.site, user, path, Reporter()),
        lambda: import_file(watching.context, library.site, user, path, Reporter()),
        lambda: switch_backup(watching.context, library.site, user.id, enabled=True),
    ):
        with pytest.raises(UsageError, match="read-only"):
            verb()
    assert not copies_folder(library.context, library.site).exists()


def test_a_site_that_is_half_restored_has_no_preview(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    library.context.catalog.initialise()
    stage_restore(
        library.context, library.site, create_backup(library.context, library.site, Reporter()).record, Reporter()
    )
    marker = library.context.site_folder(library.site) / ".restore_pending"
    marker.write_text(marker.read_text().replace('"phase": "staged"', '"phase": "switching"'))
    for merge in (False, True):
        with pytest.raises(GreenroomError, match="interrupted in the middle"):
            preview_file(library.context, library.site, user.id, path, Reporter(), merge=merge)


def test_a_preview_leaves_every_byte_of_the_database(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    watching = library.opened(read_only=True)
    before = library.database.read_bytes()
    assert preview_file(watching.context, library.site, user.id, path, Reporter(), merge=False).changes
    assert library.database.read_bytes() == before
    assert not list(library.root.glob("app.db-*"))


def test_a_database_that_greenroom_may_only_read_has_no_preview(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    library.database.chmod(0o400)

    def look() -> None:
        with pytest.raises(GreenroomError, match="cannot be written") as caught:
            preview_file(library.context, library.site, user.id, path, Reporter(), merge=False)
        assert "may write" in str(caught.value.hint)

    as_a_user(library.root, look)


def test_a_restore_that_is_cancelled_changes_nothing_and_leaves_no_copy(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    changed = library_of(library, user)
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.phase == "reading movies":
            token.cancel("a person asked to")

    with pytest.raises(CancelledError):
        restore_file(library.context, library.site, user, path, Reporter(stop, token))
    assert library_of(library, user) == changed
    assert copies(copies_folder(library.context, library.site), user.id) == []


def test_the_copies_are_no_archives_to_a_rebuild(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    rebuilt = rebuild_catalog(library.context, Reporter())
    assert (rebuilt.unreadable, rebuilt.found) == ([], [])
    assert library.context.store.loose_permissions() == []


def test_a_switch_is_kept(library: Library, user: UserRow) -> None:
    for enabled in (True, False):
        assert switch_backup(library.context, library.site, user.id, enabled=enabled).backup_enabled is enabled
        with reading(library.site.database_url()) as session:
            assert find_user(session, user.username).backup_enabled is enabled
