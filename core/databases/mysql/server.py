"""A MariaDB or MySQL server: how it is reached by drivers and tools, its version, who is connected, rows by table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine.url import URL, make_url

from core.databases.connect import open_server, refusals
from core.databases.facts import DatabaseFacts, OtherConnection
from core.databases.quoting import back_quoted as quoted
from core.databases.tools import Command, find_tool, version_of
from core.progress import Reporter

PACKAGE = "mariadb-client"
DUMP = ("mariadb-dump", "mysqldump")
CLIENT = ("mariadb", "mysql")

# What the tools call what a URL's query says to the driver.
_OPTIONS = {
    "unix_socket": "socket",
    "ssl_ca": "ssl-ca",
    "ssl_capath": "ssl-capath",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_cipher": "ssl-cipher",
    "ssl_verify_identity": "ssl-verify-server-cert",
}
_SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
_TABLES = text("""
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
        AND table_name <> 'greenroom_restore' ORDER BY 1
""")
_OTHERS = text("""
    SELECT id, user, '', host FROM information_schema.processlist
    WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY id
""")
_VERSIONED = text("""
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'SYSTEM VERSIONED' ORDER BY 1
""")
_OTHER_ENGINES = text("""
    SELECT table_name, engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
        AND engine <> 'InnoDB' ORDER BY 1
""")


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Connect, each statement a transaction of its own, texts as `utf8mb4`.

    Raise GreenroomError, the password masked, where there is no connection or the server refuses a statement.
    """
    server = open_server(url, charset="utf8mb4")
    try:
        with refusals(url), server.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        server.dispose()


def run(connection: Connection, statement: str) -> None:
    """Run a statement as it stands."""
    connection.exec_driver_sql(statement.replace("%", "%%"))


def probe(url: str) -> str:
    """Return the version of the server that answers; raise GreenroomError where none does."""
    with connect(url) as connection:
        return server_version(connection)


def server_version(connection: Connection) -> str:
    """The version as the server tells it: `10.11.6-MariaDB-log`."""
    return str(connection.execute(text("SELECT VERSION()")).scalar_one())


def connections(url: str) -> list[OtherConnection]:
    """Return who else is connected to the database: only the same user's where the right PROCESS is missing."""
    with connect(url) as connection:
        return [OtherConnection(*row) for row in connection.execute(_OTHERS)]


def count_tables(url: str, reporter: Reporter) -> DatabaseFacts:
    """Return the server's version and the rows of each table, all of one moment where they are InnoDB's."""
    with connect(url) as connection:
        run(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        run(connection, _SNAPSHOT)
        tables = [str(name) for name in connection.execute(_TABLES).scalars()]
        reporter.phase("counting rows", len(tables), "steps")
        counts = {}
        for name in tables:
            query = f"SELECT COUNT(*) FROM {quoted(name)}"
            counts[name] = int(connection.exec_driver_sql(query.replace("%", "%%")).scalar_one())
            reporter.advance()
        run(connection, "ROLLBACK")
        return DatabaseFacts(server_version(connection), counts)


def not_in_a_dump(connection: Connection) -> list[str]:
    """Name the tables of which a dump does not hold all as of its moment.

    Those whose engine has no transactions are dumped as they are when it comes to them; of those that keep their
    history only what is valid now.
    """
    problems = [
        f"the table {name} is {engine}'s, not InnoDB's: what is written to it during the dump may be in it or not"
        for name, engine in connection.execute(_OTHER_ENGINES)
    ]
    return problems + [
        f"the table {name} keeps its history, of which a dump holds only what is valid now"
        for name in connection.execute(_VERSIONED).scalars()
    ]


@contextmanager
def tool_command(tool: Sequence[str], folder: Path | None, url: str, *words: str) -> Iterator[Command]:
    """Give the command of one of these tools, connected as the URL says and by no other options file.

    The password is in an options file that lies in memory, open for this user alone, and gone with the block.
    Raise ToolMissingError.
    """
    program = str(find_tool(tool, folder, PACKAGE))
    with closing(_OptionsFile(make_url(url))) as options:
        yield Command([program, f"--defaults-file=/dev/fd/{options.descriptor}", *words], {}, [options.descriptor])


def tool_version(tool: Sequence[str], folder: Path | None) -> str:
    """Return the version of one of these tools: `10.11.6`."""
    return version_of(find_tool(tool, folder, PACKAGE), r"(?:Distrib|from|Ver) (\d+\.\d+\.\d+)")


class _OptionsFile:
    def __init__(self, address: URL) -> None:
        self.descriptor = os.memfd_create("greenroom-options")
        os.fchmod(self.descriptor, 0o600)  # the tools do not read a file that others may write
        os.write(self.descriptor, _options(address).encode())

    def close(self) -> None:
        os.close(self.descriptor)


def _options(address: URL) -> str:
    options = {"host": address.host, "port": address.port, "user": address.username, "password": address.password}
    options |= {_OPTIONS[key]: str(value) for key, value in address.query.items() if key in _OPTIONS}
    if "ssl-verify-server-cert" in options:
        options["ssl-verify-server-cert"] = int(str(options["ssl-verify-server-cert"]).lower() in {"1", "true", "yes"})
    lines = [f"{key}={_option_value(str(value))}" for key, value in options.items() if value is not None]
    return "\n".join(["[client]", "default-character-set=utf8mb4", *lines, ""])


def _option_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
