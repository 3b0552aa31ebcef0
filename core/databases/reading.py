"""Read a database of any engine, all of it as of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Protocol, cast

from pydantic import ValidationError
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from core.databases.connect import driver_for
from core.databases.lines import Reader
from core.errors import GreenroomError
from core.progress import Reporter


class _Engine(Protocol):
    """The module `rows` of an engine."""

    def open_reader(self, url: URL, reporter: Reporter) -> AbstractContextManager[Reader]: ...

    def size(self, url: URL) -> int: ...


@contextmanager
def open_reader(url: URL, reporter: Reporter) -> Iterator[Reader]:
    """Given the URL of a live database, read it as it is now, whatever is written to it meanwhile.

    Raise GreenroomError where it cannot be reached or read, DriverMissingError, CancelledError.
    """
    with told(url), _engine(url).open_reader(url, reporter) as reader:
        yield reader


def count_readable(url: URL, reporter: Reporter) -> dict[str, int]:
    """Return the rows of each table that a reader gives, all of one moment; raise as `open_reader` does."""
    with open_reader(url, reporter) as reader:
        reporter.phase("counting rows", len(reader.schema.tables), "steps")
        counts = {}
        for table in reader.schema.tables:
            counts[table.name] = reader.count(table)
            reporter.advance()
        return counts


def database_size(url: URL) -> int:
    """Return about how many bytes a database takes now; raise as `open_reader` does."""
    with told(url):
        return _engine(url).size(url)


def _engine(url: URL) -> _Engine:
    return cast("_Engine", import_module(f"core.databases.{driver_for(url.drivername).engine}.rows"))


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn what SQLAlchemy or the driver of a server raises into what a person can act on."""
    try:
        yield
    except GreenroomError:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise GreenroomError(
            f"{error.title} of the database cannot be described: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            hint="a snapshot keeps every name and type",
        ) from error
    except (SQLAlchemyError, _driver_error(url)) as error:
        said = getattr(error, "orig", None) or error
        raise GreenroomError(
            f"the database {url.render_as_string(hide_password=True)} failed: {' '.join(str(said).split())}",
            hint="look whether the server runs, and at `database` of the site in greenroom.toml",
        ) from error


def _driver_error(url: URL) -> type[Exception]:
    """The class of all errors of a driver, which every driver has by PEP 249."""
    return cast("type[Exception]", import_module(driver_for(url.drivername).module).Error)
