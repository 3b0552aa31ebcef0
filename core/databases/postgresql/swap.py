"""Two PostgreSQL databases change places: two renames that are not one step, so the server is asked how far they went.

Beside the site's database NAME stand NAME_greenroom_new, with the dump, and after the first rename NAME_greenroom_old.
The mark, a database's comment, tells which one a restore made. Connections are closed and kept out before a rename.

    NAME        _new      _old      state
    unmarked    marked    -         old: loaded
    -           marked    there     between: the application finds no database
    marked      -         there     new
    marked      -         -         new: the old one was dropped
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from core.databases.connect import beside, database_of
from core.databases.facts import name_beside
from core.databases.postgresql.server import connect, literal, run
from core.databases.quoting import double_quoted as quoted
from core.errors import GreenroomError

State = Literal["old", "between", "new"]

LONGEST_NAME = 63
_MARK = "restored by greenroom "
_COMMENTS = text("""
    SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = ANY(:names)
""")
_END_OTHERS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = :name AND pid <> pg_backend_pid()
        AND coalesce(backend_type, 'client backend') = 'client backend'
""")


@dataclass(frozen=True, slots=True)
class Databases:
    """The three names, and the comment of each that exists; None where it does not."""

    name: str
    new_name: str
    old_name: str
    site: str | None
    new: str | None
    old: str | None

    def mark(self, restore_id: str) -> str:
        """The mark is a line of its own before what the comment was."""
        return f"{_MARK}{restore_id}\n"

    def site_is(self, restore_id: str) -> bool:
        return self.site is not None and self.site.startswith(self.mark(restore_id))

    def new_is(self, restore_id: str) -> bool:
        return self.new is not None and self.new.startswith(self.mark(restore_id))


def look(url: str) -> Databases:
    """Ask the server which of the databases exist."""
    name, new, old = _names(url)
    with administer(url) as connection:
        comments = {row[0]: row[1] for row in connection.execute(_COMMENTS, {"names": [name, new, old]})}
    return Databases(name, new, old, comments.get(name), comments.get(new), comments.get(old))


def state(url: str, restore_id: str) -> State:
    """Tell how far the swap of a restore went."""
    found = look(url)
    if found.site is None:
        return "between"
    return "new" if found.site_is(restore_id) else "old"


def is_prepared(url: str, restore_id: str) -> bool:
    """Whether the new database was loaded to its end and waits."""
    return look(url).new_is(restore_id)


def roll_forward(url: str, restore_id: str) -> None:
    """Put the new database into the site's place, from wherever an earlier try stopped.

    Raise GreenroomError where it was never loaded to its end, or where a connection cannot be closed: then the
    state is what it was.
    """
    found = look(url)
    if not found.site_is(restore_id):
        if not found.new_is(restore_id):
            raise GreenroomError(f"no new database is ready for {found.name}", hint="restore again")
        if found.site is not None:
            _move_away(url, found.name, found.old_name)
        _rename(url, found.new_name, found.name)
    _open(url, found.name)


def roll_back(url: str, restore_id: str) -> None:
    """Put the old database back into its place, from wherever an earlier try stopped, and drop the new one.

    Raise GreenroomError where the old one is gone.
    """
    found = look(url)
    if found.site_is(restore_id):
        if found.old is None:
            raise GreenroomError(f"there is no old database of {found.name} to go back to", hint="restore a backup")
        _move_away(url, found.name, found.new_name)
    if found.old is not None and (found.site is None or found.site_is(restore_id)):
        _rename(url, found.old_name, found.name)
    if found.site is not None or found.old is not None:
        _open(url, found.name)
    drop_new(url)


def finish(url: str, restore_id: str) -> None:
    """Drop the old database, then take the mark from the new one; can be repeated."""
    found = look(url)
    if not found.site_is(restore_id):
        if found.new is None and found.old is None:
            return
        raise GreenroomError(f"the new database is not in the place of {found.name}", hint="swap first")
    drop_old(url)
    kept = (found.site or "").removeprefix(found.mark(restore_id))
    with administer(url) as connection:
        run(connection, f"COMMENT ON DATABASE {quoted(found.name)} IS {literal(kept) if kept else 'NULL'}")


def drop_new(url: str) -> None:
    """Drop the database that was to become the site's, where there is one."""
    drop_database(url, _names(url)[1])


def drop_old(url: str) -> None:
    """Drop the database that was the site's, where there is one."""
    drop_database(url, _names(url)[2])


@contextmanager
def administer(url: str, *avoid: str) -> Iterator[Connection]:
    """Connect to any database of the server that lets the role in, but not to those in `avoid`.

    Raise GreenroomError, that of the first which was tried.
    """
    name, new, old = _names(url)
    first: GreenroomError | None = None
    for one in ("postgres", name, old, new, "template1"):
        if one in avoid:
            continue
        try:
            with connect(beside(url, one)):
                pass
        except GreenroomError as error:
            first = first or error
            continue
        with connect(beside(url, one), autocommit=True) as connection:
            yield connection
        return
    if first is not None:
        raise first


def _names(url: str) -> tuple[str, str, str]:
    name = database_of(url)
    return name, name_beside(name, "new", LONGEST_NAME), name_beside(name, "old", LONGEST_NAME)


def _move_away(url: str, name: str, to: str) -> None:
    """Rename a database with nobody connected to it; where that cannot be, it is open again."""
    try:
        with administer(url, name) as connection:
            run(connection, f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS false")
            connection.execute(_END_OTHERS, {"name": name})
            run(connection, f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(to)}")
    except GreenroomError:
        _open(url, name)
        raise


def _open(url: str, name: str) -> None:
    with administer(url) as connection:
        run(connection, f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS true")


def _rename(url: str, name: str, to: str) -> None:
    with administer(url, name) as connection:
        run(connection, f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(to)}")


def drop_database(url: str, name: str) -> None:
    """Drop a database of the server, where there is one, and end its connections."""
    with administer(url, name) as connection:
        run(connection, f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
