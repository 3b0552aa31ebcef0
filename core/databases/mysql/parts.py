"""What a MariaDB database has beside its tables: views, triggers, routines, events. Kept as rows, dropped, made again.

Tables with triggers cannot move to another database, and views, routines and events cannot move at all. So their
definitions are written into a table of the database that is kept, all in one transaction, before any of them goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.databases.mysql.server import run
from core.databases.quoting import back_quoted as quoted
from core.errors import GreenroomError

PARTS = "greenroom_parts"

_COLUMNS = """
    place INTEGER PRIMARY KEY, kind VARCHAR(20) NOT NULL, name VARCHAR(64) NOT NULL, statement LONGTEXT NOT NULL,
    sql_mode TEXT NOT NULL, client VARCHAR(64) NOT NULL, collation_name VARCHAR(64) NOT NULL, zone VARCHAR(64) NOT NULL
"""
_WHOLE = "whole"  # the last row: all parts are there, for the restore that is its name
_TRIGGERS = text("""
    SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = :name
    ORDER BY event_object_table, action_timing, event_manipulation, action_order
""")
_EVENTS = text("SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = :name ORDER BY 2")
_VIEWS = text("SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema = :name ORDER BY 2")
_ROUTINES = text("""
    SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = :name
    ORDER BY routine_type = 'PACKAGE BODY', 2
""")
# As they are made: views may call functions, triggers do nothing yet, events begin last.
_IN_ORDER = (_ROUTINES, _VIEWS, _TRIGGERS, _EVENTS)


@dataclass(frozen=True, slots=True)
class Part:
    """A view, trigger, routine or event, by the statement that makes it, and the session that this needs."""

    kind: str
    name: str
    statement: str
    sql_mode: str
    client: str
    collation: str
    zone: str


def keep_parts(connection: Connection, database: str, within: str, restore_id: str) -> None:
    """Write the parts of a database into a table of the database `within`, once for a restore."""
    if parts_are_kept(connection, within, restore_id):
        return
    parts = _read_parts(connection, database)
    table = f"{quoted(within)}.{quoted(PARTS)}"
    run(connection, f"CREATE OR REPLACE TABLE {table} ({_COLUMNS}) ENGINE=InnoDB CHARACTER SET utf8mb4")
    parts.append(Part(_WHOLE, "", restore_id, "", "", "", ""))
    run(connection, "START TRANSACTION")
    rows = [{"place": place, **asdict(part)} for place, part in enumerate(parts)]
    values = "VALUES (:place, :kind, :name, :statement, :sql_mode, :client, :collation, :zone)"
    connection.execute(text(f"INSERT INTO {table} {values}"), rows)
    run(connection, "COMMIT")


def parts_are_kept(connection: Connection, within: str, restore_id: str) -> bool:
    """Whether the database `within` has all parts that belong to a restore."""
    if not has_table(connection, within, PARTS):
        return False
    query = f"SELECT statement FROM {quoted(within)}.{quoted(PARTS)} WHERE kind = '{_WHOLE}'"
    return restore_id in connection.exec_driver_sql(query.replace("%", "%%")).scalars().all()


def drop_parts(connection: Connection, database: str, kinds: Sequence[str] = ()) -> None:
    """Drop the parts of a database, those of some kinds or all."""
    for query in reversed(_IN_ORDER):
        for kind, name in connection.execute(query, {"name": database}).all():
            if not kinds or kind in kinds:
                run(connection, f"DROP {kind} IF EXISTS {quoted(database)}.{quoted(name)}")


def make_parts(connection: Connection, database: str, within: str) -> None:
    """Make a database have exactly the parts that are kept in another; can be repeated.

    Raise GreenroomError with the server's reason where one cannot be made.
    """
    drop_parts(connection, database)
    query = (
        f"SELECT kind, name, statement, sql_mode, client, collation_name, zone FROM {quoted(within)}.{quoted(PARTS)}"
    )
    rows = connection.execute(text(f"{query} ORDER BY place")).all()
    parts = [Part(*row) for row in rows if row[0] != _WHOLE]
    run(connection, f"USE {quoted(database)}")
    for part in _make_routines_and_views(connection, parts):
        _make(connection, part)
    run(connection, "SET NAMES utf8mb4")


def has_table(connection: Connection, database: str, table: str) -> bool:
    query = text("SELECT 1 FROM information_schema.tables WHERE table_schema = :database AND table_name = :name")
    return connection.execute(query, {"database": database, "name": table}).first() is not None


def _make_routines_and_views(connection: Connection, parts: list[Part]) -> list[Part]:
    """Make the routines and views, a view after those that it reads from, and return what is left to make."""
    for part in parts:
        if part.kind not in {"VIEW", "TRIGGER", "EVENT"}:
            _make(connection, part)
    waiting = [part for part in parts if part.kind == "VIEW"]
    while waiting:
        refused: list[Part] = []
        for part in waiting:
            try:
                _make(connection, part)
            except GreenroomError:
                refused.append(part)
                if len(refused) == len(waiting):
                    raise
        waiting = refused
    return [part for part in parts if part.kind in {"TRIGGER", "EVENT"}]


def _read_parts(connection: Connection, database: str) -> list[Part]:
    run(connection, f"USE {quoted(database)}")  # so that names of it are not written with it
    parts = []
    for query in _IN_ORDER:
        for kind, name in connection.execute(query, {"name": database}).all():
            shown = connection.exec_driver_sql(f"SHOW CREATE {kind} {quoted(name).replace('%', '%%')}").mappings().one()
            said = {key.lower(): value for key, value in shown.items()}
            statement = said.get("sql original statement") or said.get(f"create {kind.lower()}")
            if not statement:
                raise GreenroomError(
                    f"the definition of the {kind.lower()} {name} cannot be read",
                    hint="it takes the right of its definer",
                )
            parts.append(
                Part(
                    kind,
                    name,
                    statement,
                    said.get("sql_mode") or "",
                    said["character_set_client"],
                    said["collation_connection"],
                    said.get("time_zone") or "",
                )
            )
    return parts


def _make(connection: Connection, part: Part) -> None:
    """Statements go out as UTF-8, so another character set is said only where the bytes are the same in it."""
    same = part.statement.isascii() or part.client.startswith("utf8")
    client = part.client if same else "utf8mb4"
    words = {"client": client, "collation": part.collation, "mode": part.sql_mode, "zone": part.zone or "SYSTEM"}
    settings = (
        "SET character_set_client = :client, collation_connection = :collation, sql_mode = :mode, time_zone = :zone"
    )
    connection.execute(text(settings), words)
    try:
        run(connection, part.statement)
    except DBAPIError as error:
        said = getattr(error.orig, "args", ("", str(error.orig)))[-1]
        raise GreenroomError(
            f"the {part.kind.lower()} {part.name} cannot be made: {said}",
            hint="see what the server says; its definer may take the right SET USER",
        ) from error
