"""Databases on real servers: one of each engine a test run, an empty database a test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from core.databases.connect import database_of, open_server
from tests.engines import servers

ENGINES = ("sqlite", "postgresql", "mysql")
MakeDatabase = Callable[[str], str]
MakeRole = Callable[..., str]
_SERVERS = {"postgresql": servers.postgresql, "mysql": servers.mariadb}
_FIRST = {"postgresql": "postgres", "mysql": ""}
_NUMBERS = count()


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], str]]:
    """Give the URL of an engine's server, DATABASE for the name, started when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, str] = {}

        def url(engine: str) -> str:
            if engine not in started:
                try:
                    started[engine] = stack.enter_context(_SERVERS[engine]())
                except servers.NoServerError as error:
                    pytest.skip(f"no {engine} server: {error}")
            return started[engine]

        yield url


@pytest.fixture
def make_database(server_of: Callable[[str], str], tmp_path: Path) -> Iterator[MakeDatabase]:
    """Make an empty database of an engine and give its URL; it is gone with the test."""
    with ExitStack() as stack:
        yield lambda engine: stack.enter_context(temporary_database(server_of, engine, tmp_path))


@contextmanager
def temporary_database(server_of: Callable[[str], str], engine: str, folder: Path) -> Iterator[str]:
    """Make an empty database of an engine and give its URL; it is gone with the block."""
    name = f"greenroom_test_{next(_NUMBERS)}"
    if engine == "sqlite":
        path = folder / f"{name}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("VACUUM")
        yield f"sqlite:///{path}"
        path.unlink(missing_ok=True)
        return
    server = server_of(engine)
    administer(server, engine, f"CREATE DATABASE {name}")
    try:
        yield server.replace("DATABASE", name)
    finally:
        administer(server, engine, f"DROP DATABASE {name}")


@pytest.fixture
def make_role(make_database: MakeDatabase) -> Iterator[MakeRole]:
    """Make a role that owns all that it makes in a database, and give the URL as it."""
    made: list[tuple[str, str]] = []

    def make(url: str, options: str = "", owns: bool = False) -> str:
        role = f"role_{len(made)}_{database_of(url)}"
        run_sql(url, f"CREATE ROLE {role} LOGIN {options};\nGRANT CREATE ON SCHEMA public TO {role}")
        run_sql(url, f"GRANT CREATE ON DATABASE {database_of(url)} TO {role}")
        if owns:
            run_sql(url, f"ALTER DATABASE {database_of(url)} OWNER TO {role}")
        made.append((url, role))
        return make_url(url).set(username=role).render_as_string(hide_password=False)

    yield make
    for url, role in made:
        run_sql(url, f"ALTER DATABASE {database_of(url)} OWNER TO {make_url(url).username}")
        run_sql(url, f"DROP OWNED BY {role} CASCADE;\nDROP ROLE {role}")


def run_sql(url: str, script: str) -> None:
    """Run a script, statement by statement; they are separated by `;` at the end of a line."""
    engine = open_server(url)
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(text(statement.replace(":", r"\:")))
    engine.dispose()


def administer(server: str, engine: str, statement: str) -> None:
    admin = open_server(server.replace("DATABASE", _FIRST[engine]))
    with admin.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
    admin.dispose()
