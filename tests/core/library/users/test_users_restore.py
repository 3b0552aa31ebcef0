"""A user's library restored, and back again: with a copy of what was there, and nobody else's touched."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from errno import ENOSPC, EROFS
from pathlib import Path
from typing import Any

import pytest

from core.backup import create_backup
from core.databases.sessions import reading
from core.errors import BusyError, CancelledError, GreenroomError, UsageError
from core.filesystem import Committable, Filesystem
from core.library.demo import write_demo
from core.library.transfer import UserRow, back_up_users, copies, find_user, users, write_copy
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
from tests.libraries import Library, open_library
from tests.support import as_a_user

FAR = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("users") / "demo", disk=Filesystem(), reporter=Reporter()).folder


@pytest.fixture
def library(demo: Path, tmp_path: Path) -> Library:
    (tmp_path / "app.db").write_bytes((demo / "app.db").read_bytes())
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "backups").mkdir(mode=0o700)
    return open_library(tmp_path)


@pytest.fixture
def user(library: Library) -> UserRow:
    return users_of(library)[0]


def users_of(library: Library) -> list[UserRow]:
    with reading(library.site.database_url()) as session:
        return users(session)


def kept(library: Library, user: UserRow) -> Path:
    """The user's library as it is, in a file."""
    path = library.root / "kept.json"
    with reading(library.site.database_url()) as session:
        write_copy(session, user, path, now=1.0, disk=Filesystem(), reporter=Reporter())
    return path


def library_of(library: Library, user: UserRow) -> object:
    path = library.root / "now.json"
    with reading(library.site.database_url()) as session:
        write_copy(session, user, path, now=1.0, disk=Filesystem(), reporter=Reporter())
    return json.loads(path.read_bytes())


def change(library: Library, user: UserRow) -> None:
    """Change a user's entries as the application would, later than any file says."""
    library.execute("DELETE FROM recommendations WHERE user_id = ?", user.id)
    library.execute("UPDATE entries SET status = 'deleted', last_modified = ? WHERE user_id = ?", FAR, user.id)


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


def test_metadata_alone_leave_what_undo_goes_back_to(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    before = plan_undo(library.context, library.site, user.id, Reporter())
    content = json.loads(path.read_bytes())
    library.execute("UPDATE movies SET tmdb_data = NULL WHERE imdb_id = ?", content["movies"][0]["imdb_id"])
    content["movies"][0]["tmdb_data"] = {"id": 1}
    path.write_text(json.dumps({**content, "version": 1}))
    assert import_file(library.context, library.site, user, path, Reporter()).report.films_filled == 1
    assert plan_undo(library.context, library.site, user.id, Reporter()) == before


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


def test_an_import_can_be_undone(library: Library, user: UserRow) -> None:
    path, first = kept(library, user), library_of(library, user)
    library.execute("UPDATE entries SET status = 'deleted', last_modified = 1 WHERE user_id = ?", user.id)
    older = library_of(library, user)
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({**content, "people": [*content["people"], {"name": "Nobody yet"}]}))
    done = import_file(library.context, library.site, user, path, Reporter())
    assert done.safety is not None
    assert done.safety.file_name.startswith("before-import-")
    assert library_of(library, user) not in (first, older)
    plan = plan_undo(library.context, library.site, user.id, Reporter())
    assert (plan.note.action, plan.note.source) == ("import", "kept.json")
    undo_restore(library.context, library.site, user, Reporter())
    assert library_of(library, user) == older


def test_an_import_that_changes_nothing_leaves_no_copy(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    done = import_file(library.context, library.site, user, path, Reporter())
    content = json.loads(path.read_bytes())
    content["movies"][0] |= {"status": "nowhere"}
    content["people"].append({"name": "Nobody yet"})
    path.write_text(json.dumps(content))
    kept_back = import_file(library.context, library.site, user, path, Reporter(), strict=True)
    assert [(one.safety, one.report.changes) for one in (done, kept_back)] == [(None, 0), (None, 0)]
    assert not kept_back.report.written
    assert copies(copies_folder(library.context, library.site), user.id) == []
    with pytest.raises(UsageError, match="nothing to undo"):
        plan_undo(library.context, library.site, user.id, Reporter())


def test_a_note_of_an_earlier_greenroom_is_read(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    note = library.context.site_folder(library.site) / "users" / f"{user.id}.json"
    old = json.loads(note.read_text()) | {"action": "merge"}
    del old["done"]
    note.write_text(json.dumps(old))
    assert plan_undo(library.context, library.site, user.id, Reporter()).note.action == "merge"


@pytest.mark.parametrize("merge", [False, True])
def test_what_is_done_is_what_was_agreed_to(library: Library, user: UserRow, *, merge: bool) -> None:
    verb = import_file if merge else restore_file
    path = kept(library, user)
    library.execute("UPDATE entries SET status = 'deleted', last_modified = 1 WHERE user_id = ?", user.id)
    agreed = preview_file(library.context, library.site, user.id, path, Reporter(), merge=merge)

    def refused(why: str) -> None:
        before = library.sums()
        with pytest.raises(UsageError, match="changed since the preview: nothing was changed"):
            verb(library.context, library.site, user, path, Reporter(), agreed=agreed)
        assert library.sums() == before, why
        assert copies(copies_folder(library.context, library.site), user.id) == [], why

    library.execute("UPDATE entries SET status = 'toWatch' WHERE user_id = ? AND movie_id < 4", user.id)
    refused("an entry has another status, and is replaced as before")
    library.execute("UPDATE entries SET status = 'deleted' WHERE user_id = ?", user.id)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"my_rating": 8', b'"my_rating": 7'))
    refused("the file has another rating, and as many records")
    path.write_bytes(content)
    assert verb(library.context, library.site, user, path, Reporter(), agreed=agreed).report.written


def test_an_undo_is_what_was_agreed_to(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    plan = plan_undo(library.context, library.site, user.id, Reporter())
    agreed = preview_file(library.context, library.site, user.id, plan.copy.path, Reporter(), merge=False)
    library.execute("DELETE FROM watch_history WHERE user_id = ?", user.id)
    with pytest.raises(UsageError, match="changed since the preview"):
        undo_restore(library.context, library.site, user, Reporter(), of=plan.note, agreed=agreed)
    agreed = preview_file(library.context, library.site, user.id, plan.copy.path, Reporter(), merge=False)
    undo_restore(library.context, library.site, user, Reporter(), of=plan.note, agreed=agreed)


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


class Refusing(Filesystem):
    """Its database refuses a commit, because somebody else changed the same."""

    def commit(self, transaction: Committable) -> None:
        raise BusyError("somebody else changed the same at this moment")


def test_a_commit_that_the_database_refuses_leaves_what_undo_goes_back_to(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    before = plan_undo(library.context, library.site, user.id, Reporter())
    library.execute("DELETE FROM watch_history WHERE user_id = ?", user.id)
    refused = library.opened(disk=Refusing())
    with pytest.raises(BusyError):
        restore_file(refused.context, library.site, user, path, Reporter())
    assert plan_undo(library.context, library.site, user.id, Reporter()) == before
    library.execute("UPDATE entries SET status = 'deleted' WHERE user_id = ?", user.id)
    assert plan_undo(library.context, library.site, user.id, Reporter()) == before


class StoppedError(Exception):
    """The process ends here."""


class Stopping(Filesystem):
    """Ends right before the commit, or right behind it."""

    def __init__(self, *, behind: bool) -> None:
        self._behind = behind

    def commit(self, transaction: Committable) -> None:
        if self._behind:
            super().commit(transaction)
        raise StoppedError


@pytest.mark.parametrize("behind", [False, True])
def test_what_nobody_knows_to_be_done_is_said_so(library: Library, user: UserRow, *, behind: bool) -> None:
    path = kept(library, user)
    change(library, user)
    before = library_of(library, user)
    stopping = library.opened(disk=Stopping(behind=behind))
    with pytest.raises(StoppedError):
        restore_file(stopping.context, library.site, user, path, Reporter())
    if not behind:
        with pytest.raises(UsageError, match="nothing to undo"):
            plan_undo(library.context, library.site, user.id, Reporter())
    library.execute("UPDATE entries SET status = 'toWatch' WHERE user_id = ?", user.id)
    plan = plan_undo(library.context, library.site, user.id, Reporter())
    assert "whether it was restored is not known" in (plan.doubt or "")
    done = undo_restore(library.context, library.site, user, Reporter(), of=plan.note)
    assert library_of(library, user) == before
    assert plan.doubt in done.notes
    assert plan_undo(library.context, library.site, user.id, Reporter()).doubt is None


class Forgetting(Filesystem):
    """Its disk is full once the database has committed."""

    committed = False

    def commit(self, transaction: Committable) -> None:
        super().commit(transaction)
        self.committed = True

    def create(self, path: Path, mode: int = 0o600) -> Any:
        if self.committed:
            raise OSError(ENOSPC, "No space left on device")
        return super().create(path, mode)


def test_a_restore_whose_note_cannot_be_finished_is_done(library: Library, user: UserRow) -> None:
    path, old = kept(library, user), library_of(library, user)
    change(library, user)
    full = library.opened(disk=Forgetting())
    done = restore_file(full.context, library.site, user, path, Reporter())
    assert library_of(library, user) == old
    assert ["No space left" in note for note in done.notes] == [True]
    assert plan_undo(library.context, library.site, user.id, Reporter()).doubt


class Keeping(Filesystem):
    """Lets nobody remove an old copy once the database has committed."""

    committed = False

    def commit(self, transaction: Committable) -> None:
        super().commit(transaction)
        self.committed = True

    def unlink(self, path: Path) -> None:
        if self.committed and path.name.startswith("before-"):
            raise OSError(EROFS, "Read-only file system")
        super().unlink(path)


def test_old_copies_that_cannot_be_removed_are_no_failure(library: Library, user: UserRow) -> None:
    path, old = kept(library, user), library_of(library, user)
    for _ in range(KEPT_SAFETIES):
        change(library, user)
        restore_file(library.context, library.site, user, path, Reporter())
    change(library, user)
    done = restore_file(library.opened(disk=Keeping()).context, library.site, user, path, Reporter())
    assert library_of(library, user) == old
    assert ["cannot remove old copies" in note for note in done.notes] == [True]
    assert plan_undo(library.context, library.site, user.id, Reporter()).doubt is None


def test_an_undo_that_nobody_agreed_to_and_a_damaged_note(library: Library, user: UserRow) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    agreed = plan_undo(library.context, library.site, user.id, Reporter()).note
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    with pytest.raises(UsageError, match="meanwhile"):
        undo_restore(library.context, library.site, user, Reporter(), of=agreed)
    note = library.context.site_folder(library.site) / "users" / f"{user.id}.json"
    note.write_text('{"safety": "../../x.json"}')
    with pytest.raises(GreenroomError, match="nobody knows what to go back to"):
        plan_undo(library.context, library.site, user.id, Reporter())
    change(library, user)
    assert restore_file(library.context, library.site, user, path, Reporter()).safety


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
