"""What a database says when it cannot, put so that a person can act on it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from core.errors import BusyError, ConfigError, GreenroomError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DENIED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_NEARLY_FULL = 1024 * 1024  # less is free: the files that SQLite makes beside its own to read or write find no room
_REBUILD = "`greenroom catalog rebuild` puts it aside and finds every backup again from the storage"
ADDRESS_HINT = 'write `catalog` as SQLAlchemy does, for example "postgresql+psycopg://user@host/greenroom"'


class DamagedCatalogError(GreenroomError):
    """The catalog can be opened but not understood; the archives still can."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=_REBUILD)


@contextmanager
def faults_named(place: str) -> Iterator[None]:
    """Turn whatever the database or the disk raises in the block into a GreenroomError about `place`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _explain(error, place) from error
    except sqlite3.Error as error:
        raise _explain_sqlite(error, place) from error
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the catalog {place} needs a driver that is not installed: {error.name}",
            hint="install it beside greenroom, or leave out `catalog` in greenroom.toml",
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(place) from error
        raise GreenroomError(
            f"the catalog {place} cannot be reached: {error.strerror}",
            hint="look at the folder, its owner and its disk",
        ) from error
    except (ValueError, OverflowError) as error:
        raise DamagedCatalogError(f"the catalog {place} holds a value it cannot hold: {error}") from error


def _explain(error: SQLAlchemyError, place: str) -> GreenroomError:
    if isinstance(error, ArgumentError):
        return ConfigError(f"the catalog {place} cannot be reached: {error}", hint=ADDRESS_HINT)
    if isinstance(error, IntegrityError):
        return GreenroomError(
            f"the catalog {place} refused a row: {_first_line(error.orig)}", hint="somebody wrote the same; look again"
        )
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return _explain_sqlite(error.orig, place)
    told = error.orig if isinstance(error, DBAPIError) else error
    return GreenroomError(
        f"the catalog {place} cannot be used: {_first_line(told)}",
        hint="look whether the database server runs and lets greenroom in",
    )


def _explain_sqlite(error: sqlite3.Error, place: str) -> GreenroomError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return BusyError(
            f"the catalog {place} is locked by another process", hint="wait until that is done, then try again"
        )
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_nearly_full(place)):
        return _full(place)
    if code in _DENIED:
        return GreenroomError(
            f"the catalog {place} cannot be opened: {error}",
            hint="greenroom must be able to write the file and its folder; run it as the user it belongs to",
        )
    if code in _DAMAGED or code == sqlite3.SQLITE_ERROR:
        return DamagedCatalogError(f"the catalog {place} is damaged: {error}")
    return GreenroomError(f"the catalog {place} cannot be used: {error}", hint="look at the disk that it is on")


def _full(place: str) -> GreenroomError:
    return GreenroomError(
        f"no space is left on the disk of the catalog {place}",
        hint="remove something else there first: greenroom's own prune and delete need a little room too; "
        "an archive that lies there can be moved away by hand, with its sidecar",
    )


def _is_nearly_full(place: str) -> bool:
    """Whether the disk of an SQLite catalog is so full that this is why it fails; False where that can't be told."""
    try:
        status = os.statvfs(Path(place).parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _NEARLY_FULL


def _first_line(error: BaseException | None) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
