"""Two MariaDB databases exchange their tables in one RENAME TABLE, which is one step from MariaDB 10.6 on.

Beside the site's database NAME stand NAME_greenroom_new, with the dump, and NAME_greenroom_old for the old tables. The
small table with the restore's id moves with the new tables: where it is tells which tables are the site's.

What is no table is kept as rows beforehand (parts.py) and made again afterwards. That tail is not one step with the
rename, but it can be repeated, so going on and going back can both be done from wherever an earlier try stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from core.databases.connect import beside, database_of
from core.databases.facts import MARKER, name_beside
from core.databases.mysql.parts import drop_parts, has_table, keep_parts, make_parts, parts_are_kept
from core.databases.mysql.server import connect, run
from core.databases.quoting import back_quoted as quoted
from core.errors import GreenroomError

State = Literal["old", "new"]

LONGEST_NAME = 64
_SECONDS_FOR_LOCKS = 60
_DATABASES = text("SELECT schema_name FROM information_schema.schemata WHERE schema_name IN (:name, :new, :old)")
_MOVABLE = text("""
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = :name AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')
        AND table_name <> 'greenroom_parts' ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class Databases:
    """The three names, whether those beside the site's exist, and which restore made the tables of which."""

    name: str
    new_name: str
    old_name: str
    site_id: str | None
    new_id: str | None
    has_new: bool
    has_old: bool


def look(connection: Connection, url: str) -> Databases:
    """Ask the server which of the databases exist, and whose tables they hold."""
    name, new, old = _names(url)
    there = set(connection.execute(_DATABASES, {"name": name, "new": new, "old": old}).scalars())
    return Databases(name, new, old, _id_in(connection, name), _id_in(connection, new), new in there, old in there)


def state(url: str, restore_id: str) -> State:
    """Tell whose tables the site has; those of a restore are there all at once."""
    with administer(url) as connection:
        return "new" if look(connection, url).site_id == restore_id else "old"


def is_prepared(url: str, restore_id: str) -> bool:
    """Whether the new database was loaded to its end and waits."""
    with administer(url) as connection:
        return look(connection, url).new_id == restore_id


def roll_forward(url: str, restore_id: str) -> None:
    """Put the new tables and all that belongs to them into the site's database, from wherever an earlier try stopped.

    Raise GreenroomError where the new database was never loaded to its end, or where tables stay in use: then the
    tables are the old ones, and `roll_back` makes their triggers and events again.
    """
    with administer(url) as connection:
        found = look(connection, url)
        if found.site_id != restore_id:
            if found.new_id != restore_id:
                raise GreenroomError(f"no new database is ready for {found.name}", hint="restore again")
            create_like(connection, found.new_name, found.name)
            create_like(connection, found.name, found.old_name)
            keep_parts(connection, found.name, found.old_name, restore_id)
            drop_parts(connection, found.name, ("TRIGGER", "EVENT"))
            _exchange(connection, found.name, found.old_name, found.new_name)
        if parts_are_kept(connection, found.new_name, restore_id):
            make_parts(connection, found.name, found.new_name)


def roll_back(url: str, restore_id: str) -> None:
    """Put the old tables and all that belongs to them back, from wherever an earlier try stopped; drop the new ones.

    Raise GreenroomError where the old ones are gone, or tables stay in use.
    """
    with administer(url) as connection:
        found = look(connection, url)
        kept = parts_are_kept(connection, found.old_name, restore_id)
        if found.site_id == restore_id:
            if not kept:
                raise GreenroomError(f"there are no old tables of {found.name} to go back to", hint="restore a backup")
            create_like(connection, found.name, found.new_name)
            drop_parts(connection, found.name)
            _exchange(connection, found.name, found.new_name, found.old_name)
        if kept:
            make_parts(connection, found.name, found.old_name)
        drop_database(connection, found.new_name)
        drop_database(connection, found.old_name)


def finish(url: str, restore_id: str) -> None:
    """Drop the databases beside the site's, then the table with the restore's id; can be repeated."""
    with administer(url) as connection:
        found = look(connection, url)
        if found.site_id != restore_id:
            if found.has_new or found.has_old:
                raise GreenroomError(f"the new tables are not in {found.name}", hint="swap first")
            return
        drop_database(connection, found.new_name)
        drop_database(connection, found.old_name)
        run(connection, f"DROP TABLE {quoted(found.name)}.{quoted(MARKER)}")


def drop_new(url: str) -> None:
    """Drop the database that was to become the site's, where there is one."""
    with administer(url) as connection:
        drop_database(connection, _names(url)[1])


@contextmanager
def administer(url: str) -> Iterator[Connection]:
    """Connect to the server, to no database of it, with a limit on waiting for tables in use."""
    with connect(beside(url, "")) as connection:
        run(connection, f"SET SESSION lock_wait_timeout = {_SECONDS_FOR_LOCKS}, sql_mode = 'STRICT_ALL_TABLES'")
        yield connection


def create_like(connection: Connection, name: str, new: str, *, anew: bool = False) -> None:
    """Create a database with the character set of another, unless it is there; `anew`, that is an error."""
    query = text("""
        SELECT default_character_set_name, default_collation_name FROM information_schema.schemata
        WHERE schema_name = :name
    """)
    row = connection.execute(query, {"name": name}).first()
    kind = f" CHARACTER SET {row[0]} COLLATE {row[1]}" if row is not None else ""
    run(connection, f"CREATE DATABASE {'' if anew else 'IF NOT EXISTS '}{quoted(new)}{kind}")


def _exchange(connection: Connection, site: str, out: str, come: str) -> None:
    """Move the site's tables to the database `out` and those of the database `come` in, in one statement."""
    moves = [(site, out, name) for name in connection.execute(_MOVABLE, {"name": site}).scalars()]
    moves += [(come, site, name) for name in connection.execute(_MOVABLE, {"name": come}).scalars()]
    steps = (f"{quoted(one)}.{quoted(name)} TO {quoted(other)}.{quoted(name)}" for one, other, name in moves)
    if moves:
        run(connection, f"RENAME TABLE {', '.join(steps)}")


def _id_in(connection: Connection, database: str) -> str | None:
    if not has_table(connection, database, MARKER):
        return None
    query = f"SELECT id FROM {quoted(database)}.{quoted(MARKER)}"
    found: str | None = connection.exec_driver_sql(query.replace("%", "%%")).scalar()
    return found


def _names(url: str) -> tuple[str, str, str]:
    name = database_of(url)
    return name, name_beside(name, "new", LONGEST_NAME), name_beside(name, "old", LONGEST_NAME)


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database of the server, where there is one."""
    run(connection, f"DROP DATABASE IF EXISTS {quoted(name)}")
