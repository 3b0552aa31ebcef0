"""How a database is reached by its URL: which engine, which driver, and what to install where that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, Connection, CursorResult, Engine, NullPool, create_engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import DBAPIError

from core.databases.mysql.offering import offer_files
from core.errors import GreenroomError


class DriverMissingError(GreenroomError):
    """The driver of an engine is not installed."""


@dataclass(frozen=True, slots=True)
class Driver:
    """The one driver that greenroom uses for an engine, whatever the URL names; `extra` installs it."""

    engine: str
    schemes: tuple[str, ...]
    dialect: str
    module: str
    extra: str | None = None


DRIVERS = (
    Driver("sqlite", ("sqlite",), "sqlite+pysqlite", "sqlite3"),
    Driver("postgresql", ("postgresql", "postgres"), "postgresql+psycopg", "psycopg", "postgresql"),
    Driver("mysql", ("mysql", "mariadb"), "mysql+pymysql", "pymysql", "mysql"),
)


def driver_for(url: str) -> Driver:
    """Given a database URL, or what stands before its `://`, return its driver.

    Raise GreenroomError where its engine is none of ours.
    """
    scheme = url.partition(":")[0].partition("+")[0].lower()
    for driver in DRIVERS:
        if scheme in driver.schemes:
            return driver
    raise GreenroomError(
        f"databases of the kind {scheme} are not supported",
        hint="the kinds are sqlite, postgresql, mysql and mariadb",
    )


def open_server(url: str | URL, **arguments: str) -> Engine:
    """Given the URL of a database on a server, return how to connect to it; nothing is connected yet.

    `arguments` are the driver's own. Raise DriverMissingError with the line that installs the driver.
    """
    address = make_url(url)
    driver = driver_for(address.drivername)
    if find_spec(driver.module) is None:
        raise DriverMissingError(
            f"the driver of {driver.engine} is not installed",
            hint=f"pip install 'greenroom[{driver.extra}]'",
        )
    words: dict[str, object] = dict(arguments)
    if driver.engine == "mysql" and address.password:
        words["password"] = address.password.encode()  # PyMySQL takes text for Latin-1
    engine = create_engine(address.set(drivername=driver.dialect), poolclass=NullPool, connect_args=words)
    if driver.engine == "mysql":
        offer_files(engine)
    return engine


def run_as_it_is(connection: Connection, statement: str) -> CursorResult[Any]:
    """Run a statement in which a percent sign, of a name for example, means itself."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def database_of(url: str) -> str:
    """Return the name of the database that a URL names; raise GreenroomError where it names none."""
    address = make_url(url)
    if not address.database:
        raise GreenroomError("the database URL names no database", hint=f"write {address.drivername}://user@host/NAME")
    return address.database


def beside(url: str, database: str) -> str:
    """Return the URL of another database on the same server, as the same user."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def refusals(url: str) -> Iterator[None]:
    """Turn what the driver of a server raises into what a person can act on, the password masked."""
    try:
        yield
    except DBAPIError as error:
        said = ": ".join(map(str, getattr(error.orig, "args", ()))) or str(error.orig)
        shown = make_url(url).render_as_string(hide_password=True)
        raise GreenroomError(
            f"{shown}: {' '.join(said.split())}", hint="check the URL, the server, and what the user may do there"
        ) from error
