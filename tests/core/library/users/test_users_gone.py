"""A user who was removed while somebody looked: nothing is done, and nothing empty is taken for the library."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import UsageError
from core.library.transfer import UserRow
from core.library.users import export_file, import_file, preview_file, restore_file, switch_backup, undo_restore
from core.progress import Reporter
from tests.core.library.users.users_support import change, kept
from tests.libraries import Library

Verb = Callable[[Library, UserRow, Path], object]
VERBS: dict[str, Verb] = {
    "export": lambda it, user, file: export_file(it.context, it.site, user.id, file.with_name("out.json"), Reporter()),
    "preview": lambda it, user, file: preview_file(it.context, it.site, user.id, file, Reporter(), merge=True),
    "import": lambda it, user, file: import_file(it.context, it.site, user, file, Reporter()),
    "restore": lambda it, user, file: restore_file(it.context, it.site, user, file, Reporter()),
    "undo": lambda it, user, _: undo_restore(it.context, it.site, user, Reporter()),
    "switch": lambda it, user, _: switch_backup(it.context, it.site, user.id, enabled=True),
}


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_done_for_a_user_who_is_gone(library: Library, user: UserRow, verb: str) -> None:
    path = kept(library, user)
    change(library, user)
    restore_file(library.context, library.site, user, path, Reporter())
    with closing(sqlite3.connect(library.database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM users WHERE id = ?", (user.id,))
    before = _files(library), library.database.read_bytes()
    with pytest.raises(UsageError, match="no user of this library any more: nothing was done"):
        VERBS[verb](library, user, path)
    assert (_files(library), library.database.read_bytes()) == before


def _files(library: Library) -> list[Path]:
    return sorted(library.database.parent.rglob("*.json*"))
