"""Tables made in an empty database, which these servers commit one by one: a note says whose they are until all is in.

The note is a table that names them. Whoever finds it knows that nobody was ever told they were restored.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from core.databases.connect import run_as_it_is
from core.databases.quoting import back_quoted as quoted

NOTE = "greenroom_making"
_FIND = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s"
_MAKE = f"CREATE TABLE {NOTE} (names LONGTEXT CHARACTER SET utf8mb4) ENGINE = InnoDB"
_READ = f"SELECT names FROM {NOTE}"
_WRITE = f"INSERT INTO {NOTE} VALUES (%s)"
_DROP = f"DROP TABLE IF EXISTS {NOTE}"


def noted_tables(connection: Connection) -> frozenset[str]:
    """Return the tables that an interrupted restore left, and the note; nothing where there is no note."""
    if connection.exec_driver_sql(_FIND, (NOTE,)).first() is None:
        return frozenset()
    written = connection.exec_driver_sql(_READ).scalars().all()
    return frozenset([NOTE, *(name for names in written for name in json.loads(names))])


def write_note(connection: Connection, names: Sequence[str]) -> None:
    """Say which tables are about to be made; what an interrupted restore left goes before."""
    remove_noted(connection)
    connection.exec_driver_sql(_MAKE)
    connection.exec_driver_sql(_WRITE, (json.dumps(list(names)),))
    connection.commit()


def remove_note(connection: Connection) -> None:
    """Say that the tables are whole, and belong to nobody but the database; can be repeated."""
    connection.exec_driver_sql(_DROP)


def remove_noted(connection: Connection) -> None:
    """Remove the tables that the note names, and the note as the last."""
    left = noted_tables(connection)
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    for name in sorted(left - {NOTE}):
        run_as_it_is(connection, f"DROP TABLE IF EXISTS {quoted(name)}")
    if left:
        remove_note(connection)
