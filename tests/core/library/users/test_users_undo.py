"""What an undo goes back to, whatever failed, and that nothing is done but what was shown."""

from __future__ import annotations

import json
from errno import ENOSPC, EROFS
from pathlib import Path
from typing import Any

import pytest

from core.errors import BusyError, GreenroomError, UsageError
from core.filesystem import Committable, Filesystem
from core.library.transfer import UserRow, copies
from core.library.users import (
    copies_folder,
    import_file,
    plan_undo,
    preview_file,
    restore_file,
    undo_restore,
)
from core.library.users.places import KEPT_SAFETIES
from core.progress import Reporter
from tests.core.library.users.users_support import change, kept, library_of
from tests.libraries import Library


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
