"""What the tests of users' libraries as a whole ask of one, and do to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from core.databases.sessions import reading
from core.filesystem import Filesystem
from core.library.transfer import UserRow, users, write_copy
from core.progress import Reporter
from tests.libraries import Library

FAR = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


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
