"""A PostgreSQL server: how it is reached by drivers and tools, its version, who is connected, rows by table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine.url import make_url

from core.databases.connect import open_server, refusals
from core.databases.facts import DatabaseFacts, OtherConnection
from core.databases.quoting import double_quoted as quoted
from core.databases.tools import Command, find_tool, version_of
from core.errors import GreenroomError
from core.progress import Reporter

PACKAGE = "postgresql-client"

_ONLY_DRIVERS_KNOW = {"autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory"}
# What pg_dump leaves out, too: what belongs to an extension, and what is temporary.
_TABLES = text("""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.relname <> 'greenroom_restore'
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.deptype = 'e')
    ORDER BY 1, 2
""")
_OTHERS = text("""
    SELECT pid, coalesce(usename, ''), coalesce(application_name, ''), coalesce(host(client_addr), '')
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND coalesce(backend_type, 'client backend') = 'client backend'  -- unknown of another role's
    ORDER BY pid
""")


def literal(value: object) -> str:
    escaped = str(value).replace("'", "''")
    return f"E'{escaped}'".replace("\\", "\\\\") if "\\" in escaped else f"'{escaped}'"


def run(connection: Connection, statement: str) -> None:
    """Run a statement as it stands."""
    connection.exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def connect(url: str, *, autocommit: bool = False) -> Iterator[Connection]:
    """Connect; the block is one transaction that is rolled back unless committed, or with `autocommit` none.

    Raise GreenroomError, the password masked, where there is no connection or the server refuses a statement.
    """
    level = "AUTOCOMMIT" if autocommit else "REPEATABLE READ"
    server = open_server(url)
    try:
        with refusals(url), server.connect() as connection:
            yield connection.execution_options(isolation_level=level)
    finally:
        server.dispose()


def probe(url: str) -> str:
    """Return the version of the server that answers; raise GreenroomError where none does."""
    with connect(url) as connection:
        return server_version(connection)


def server_version(connection: Connection) -> str:
    """The version as numbers: `16.4`."""
    return str(connection.execute(text("SHOW server_version")).scalar_one()).split()[0]


def connections(url: str) -> list[OtherConnection]:
    """Return who else is connected to the database."""
    with connect(url) as connection:
        return [OtherConnection(*row) for row in connection.execute(_OTHERS)]


def count_tables(url: str, reporter: Reporter) -> DatabaseFacts:
    """Return the server's version and the rows of each table, all of one moment."""
    with connect(url) as connection:
        return facts_of(connection, reporter)


def facts_of(connection: Connection, reporter: Reporter) -> DatabaseFacts:
    """As count_tables, as of the transaction of the connection."""
    tables = [(str(schema), str(name)) for schema, name in connection.execute(_TABLES)]
    reporter.phase("counting rows", len(tables), "steps")
    counts = {}
    for schema, name in tables:
        query = f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}"
        counts[shown(schema, name)] = int(connection.exec_driver_sql(query.replace("%", "%%")).scalar_one())
        reporter.advance()
    return DatabaseFacts(server_version(connection), counts)


def shown(schema: str, name: str) -> str:
    """A table's name as counts have it: that of its schema is before it unless it is `public`."""
    return name if schema == "public" else f"{schema}.{name}"


def tool_command(tool: str, folder: Path | None, url: str, *words: str) -> Command:
    """Return the command of one of PostgreSQL's tools, connected as the URL says.

    The password is in the child's environment. Raise ToolMissingError; and GreenroomError where the URL holds a
    secret that no tool takes but on its command line.
    """
    arguments = open_server(url).dialect.create_connect_args(make_url(url))[1]
    parameters = {key: str(value) for key, value in arguments.items() if key not in _ONLY_DRIVERS_KNOW}
    if "sslpassword" in parameters:
        raise GreenroomError(
            "the database URL has an sslpassword, which pg_dump takes only where everybody can read it",
            hint="use a key file without a password, readable by this user alone",
        )
    password = parameters.pop("password", None)
    environment = {"PGAPPNAME": "greenroom"} | ({"PGPASSWORD": password} if password else {})
    program = str(find_tool([tool], folder, PACKAGE))
    conninfo = " ".join(f"{key}={_conninfo_value(value)}" for key, value in parameters.items())
    return Command([program, "--no-password", f"--dbname={conninfo}", *words], environment)


def tool_version(tool: str, folder: Path | None) -> str:
    """Return the version of one of PostgreSQL's tools: `16.4`."""
    return version_of(find_tool([tool], folder, PACKAGE), r"\(PostgreSQL\) ([0-9.]+)")


def _conninfo_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
