"""How a database is reached by its URL: which engine, which driver, and what to install where that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, Connection, CursorResult, Engine, NullPool, create_engine
from sqlalchemy.engine.url import make_url

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
    return create_engine(address.set(drivername=driver.dialect), poolclass=NullPool, connect_args=words)


def run_as_it_is(connection: Connection, statement: str) -> CursorResult[Any]:
    """Run a statement in which a percent sign, of a name for example, means itself."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
