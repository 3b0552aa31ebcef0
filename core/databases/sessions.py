"""A site's database as SQLAlchemy sessions: to read one state of it, or to change rows while nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from core.databases.connect import open_server, refusals
from core.databases.sqlite.connection import DatabaseMissingError, errors
from core.errors import BusyError, GreenroomError
from core.sqlite_files import for_writing, open_file

_PATIENCE = 10.0  # seconds that a writer waits for another
_WAITS = {
    "postgresql": f"SET lock_timeout = {int(_PATIENCE * 1000)}",  # which has no end where nobody sets one
    "mysql": f"SET SESSION innodb_lock_wait_timeout = {int(_PATIENCE)}",
}
_SOMEBODY_ELSE = {"40001", "40P01", "55P03", "1205", "1213", "1020"}  # PostgreSQL's and MySQL's codes for it


@contextmanager
def reading(url: URL) -> Iterator[Session]:
    """Open a site's database to read one state of it; raise GreenroomError where it cannot be read."""
    with _named_faults(url), _disposed(url, writes=False) as engine, Session(engine, autoflush=False) as session:
        yield session


@contextmanager
def writing(url: URL) -> Iterator[Session]:
    """Open a site's database to change it in one transaction, as if nobody else did anything meanwhile.

    The block commits; what it has not committed is rolled back. Raise BusyError where somebody else is changing the
    same, GreenroomError where the database refuses.
    """
    with _named_faults(url), _disposed(url, writes=True) as engine, Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def _disposed(url: URL, *, writes: bool) -> Iterator[Engine]:
    engine = _engine(url)
    try:
        if url.get_backend_name() == "sqlite":
            yield for_writing(engine) if writes else engine
        else:
            event.listen(engine, "connect", partial(_wait, _WAITS[engine.dialect.name]))
            if engine.dialect.name == "postgresql":
                event.listen(engine, "connect", _plan_each_time)
            yield engine.execution_options(isolation_level="SERIALIZABLE" if writes else "REPEATABLE READ")
    finally:
        engine.dispose()


def _wait(statement: str, connection: DBAPIConnection, _record: object) -> None:
    """Let a connection wait as long for another one's locks as a writer of SQLite does, and no longer."""
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()
    connection.commit()


def _plan_each_time(connection: Any, _record: object) -> None:
    """Prepare no statement: a plan that PostgreSQL keeps compares each row of a table with each of hundreds of keys."""
    connection.prepare_threshold = None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return open_server(url)
    file = Path(url.database or "")
    if not file.is_file():
        raise DatabaseMissingError(
            f"there is no database at {file}",
            hint="look at `database` of the site in greenroom.toml; a restore can bring it back",
        )
    return open_file(file, _PATIENCE)


def _is_of_sqlalchemy(error: BaseException) -> bool:
    """Tell whether SQLAlchemy itself raised an error: while it made a value of what a driver gave."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("sqlalchemy.")


@contextmanager
def _named_faults(url: URL) -> Iterator[None]:
    """Turn what the database raises into what a person can act on, the password masked."""
    shown = url.render_as_string(hide_password=True)
    try:
        yield
    except IntegrityError as error:
        raise GreenroomError(
            f"the database refused: {' '.join(str(error.orig).split())}",
            hint="nothing was changed; a rule of the database forbids it, or somebody wrote the same at this moment",
        ) from error
    except (ValueError, LookupError) as error:  # LookupError: a text that is none of the few that a column may hold
        if not _is_of_sqlalchemy(error) or (not isinstance(error, ValueError) and type(error) is not LookupError):
            raise
        raise GreenroomError(
            f"{shown}: a column holds what is no value of its type: {error}",
            hint="`greenroom record` shows the row as it is stored, and can mend it",
        ) from error
    except StaleDataError as error:
        raise GreenroomError(
            f"{shown}: the database kept a row as it was, without saying why",
            hint="nothing was changed; a trigger of the table, or a rule about rows, forbids it",
        ) from error
    except DBAPIError as error:
        if is_conflict(error):
            raise BusyError(
                "somebody else changed the same at this moment", hint="nothing was changed; look, and try again"
            ) from error
        if url.get_backend_name() == "sqlite" and error.orig is not None:
            with errors(f"the database {url.database}"):
                raise error.orig from error
        with refusals(shown):
            raise


def is_conflict(error: DBAPIError) -> bool:
    """Tell whether a server refused something because somebody else works on the same."""
    return not _SOMEBODY_ELSE.isdisjoint(codes(error))


def codes(error: DBAPIError) -> set[str]:
    """Return what a server's driver says it was: of MySQL the number too, for 1205 has the SQLSTATE of everything."""
    numbers = getattr(error.orig, "args", ())[:1]
    return {str(code) for code in (getattr(error.orig, "sqlstate", None), *numbers)}
