"""A dump into a new MariaDB database beside the site's, checked and marked there, ready for the swap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection, text

from core.databases.connect import beside, database_of
from core.databases.facts import MARKER, checked_id, expect_counts
from core.databases.mysql.counting import DumpCounter
from core.databases.mysql.parts import drop_parts, keep_parts
from core.databases.mysql.server import CLIENT, count_tables, probe, run, server_version, tool_command, tool_version
from core.databases.mysql.snapshot import read_header, restore_problems
from core.databases.mysql.swap import administer, create_like, drop_new, look
from core.databases.quoting import back_quoted as quoted
from core.databases.tools import feed_tool, version_numbers
from core.errors import GreenroomError, VerificationError
from core.progress import Reporter

_FIRST_ATOMIC = (10, 6)
NEEDED = (
    "SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE,"
    " TRIGGER, EVENT"
)
_ATOMIC_ENGINES = "'InnoDB', 'Aria', 'MyISAM'"
_RIGHTS = text("""
    SELECT DISTINCT privilege_type FROM (
        SELECT grantee, privilege_type FROM information_schema.user_privileges
        UNION ALL SELECT grantee, privilege_type FROM information_schema.schema_privileges
            WHERE :database LIKE table_schema) granted
    WHERE grantee = :user OR EXISTS (SELECT 1 FROM information_schema.enabled_roles
        WHERE grantee IN (CONCAT('''', role_name, '''@'''''), CONCAT('''', role_name, '''@''%''')))
""")
_DEFINERS = text("""
    SELECT definer FROM information_schema.views WHERE table_schema = :name
    UNION SELECT definer FROM information_schema.triggers WHERE trigger_schema = :name
    UNION SELECT definer FROM information_schema.routines WHERE routine_schema = :name
    UNION SELECT definer FROM information_schema.events WHERE event_schema = :name
""")
_KEYS_FROM_ELSEWHERE = text("""
    SELECT DISTINCT table_schema, table_name, referenced_table_name FROM information_schema.key_column_usage
    WHERE referenced_table_schema = :name AND table_schema <> :name
""")
_OTHER_ENGINES = text(f"""
    SELECT table_name, engine FROM information_schema.tables
    WHERE table_schema = :name AND table_type = 'BASE TABLE' AND engine NOT IN ({_ATOMIC_ENGINES})
""")


def swap_problems(url: str) -> list[str]:
    """Return why a dump cannot be restored into a database beside the site's and the tables be swapped."""
    with administer(url) as connection:
        found = look(connection, url)
        version = server_version(connection)
        problems = []
        if "mariadb" not in version.lower() or version_numbers(version)[:2] < _FIRST_ATOMIC:
            problems.append(f"the server is {version}; tables are swapped in one step by MariaDB from 10.6 on")
        for name in (found.new_name, found.old_name):
            problems += missing_rights(connection, name, NEEDED.split(", "))
        problems += missing_rights(connection, found.name, NEEDED.split(", "))
        others = set(connection.execute(_DEFINERS, {"name": found.name}).scalars()) - {_me(connection)}
        if others and not {"SET USER", "SUPER"} & _rights(connection, found.name):
            problems.append(
                f"views, triggers or routines belong to {', '.join(sorted(others))}: the right SET USER is missing"
            )
        for schema, table, referred in connection.execute(_KEYS_FROM_ELSEWHERE, {"name": found.name}):
            problems.append(f"a foreign key of {schema}.{table} refers to {referred}, and would go with the old table")
        for table, engine in connection.execute(_OTHER_ENGINES, {"name": found.name}):
            problems.append(f"the table {table} is of the engine {engine}, which may not be swapped in one step")
    return problems


def find_problems(url: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot take the place of the database, a sentence each."""
    tool_version(CLIENT, tools)
    return restore_problems(read_header(first), probe(url)) + swap_problems(url)


def prepare(
    url: str,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    *,
    tools: Path | None = None,
) -> None:
    """Restore a dump into a new database beside the site's, which is not touched, and check its rows.

    Its views, triggers, routines and events are kept as rows and dropped, for they are made again in the site; an
    event that is due in the moment between would run in the new database. At its end it is marked with the restore's
    id. One that is there already is made anew. Any error leaves none.
    Raise GreenroomError, VerificationError where the dump is cut off or its rows are not those expected,
    CancelledError.
    """
    checked_id(restore_id)
    with administer(url) as connection:
        found = look(connection, url)
        if found.has_old:
            raise GreenroomError(
                f"the database {found.old_name} is there still, from an earlier restore",
                hint="finish that restore, or go back from it, or look what is in it and drop it",
            )
    drop_new(url)
    try:
        with administer(url) as connection:
            create_like(connection, found.name, found.new_name)
        load_into(beside(url, found.new_name), blocks, expected, reporter, tools)
        with administer(url) as connection:
            keep_parts(connection, found.new_name, found.new_name, restore_id)
            drop_parts(connection, found.new_name)
            _mark(connection, found.new_name, restore_id)
    except BaseException:
        drop_new(url)
        raise


def load_into(
    new: str, blocks: Iterable[bytes], expected: dict[str, int], reporter: Reporter, tools: Path | None
) -> None:
    """Restore a dump into the empty database of the URL `new`, and check its rows."""
    reporter.phase("loading the database")
    words = ("--binary-mode", "--max-allowed-packet=1G", f"--database={database_of(new)}")
    with tool_command(CLIENT, tools, new, *words) as command:
        feed_tool(command, _whole(blocks), reporter)
    expect_counts(expected, count_tables(new, reporter).tables)


def _whole(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass a dump on; raise VerificationError where it is cut off, or is for a database that it names itself."""
    counter = DumpCounter()
    for block in blocks:
        counter.take(block)
        if counter.names_a_database:
            raise VerificationError(
                "the dump chooses a database by itself, so it would not be loaded beside the site's",
                hint="make it without --databases",
            )
        yield block
    counter.finish()


def _mark(connection: Connection, database: str, restore_id: str) -> None:
    """The mark is the last that is written: a database without it was not loaded to its end."""
    table = f"{quoted(database)}.{quoted(MARKER)}"
    run(connection, f"CREATE TABLE {table} (id VARCHAR(100) PRIMARY KEY) ENGINE=InnoDB")
    connection.execute(text(f"INSERT INTO {table} VALUES (:id)"), {"id": restore_id})


def missing_rights(connection: Connection, database: str, needed: list[str]) -> list[str]:
    """Return which rights on a database the user lacks, as the statement that gives them; nothing where it has all."""
    missing = [right for right in needed if right not in _rights(connection, database)]
    if not missing:
        return []
    shown = re.sub(r"([_%\\])", r"\\\1", database)
    return [f"rights are missing: GRANT {', '.join(missing)} ON {quoted(shown)}.* TO {_me(connection)}"]


def _rights(connection: Connection, database: str) -> set[str]:
    user, _, host = _me(connection).rpartition("@")
    words = {"database": database, "user": f"'{user}'@'{host}'"}
    return set(connection.execute(_RIGHTS, words).scalars())


def _me(connection: Connection) -> str:
    return str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one())
