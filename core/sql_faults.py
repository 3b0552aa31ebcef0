"""What a database of greenroom's own says when it cannot, put so that a person can act on it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from core.errors import BusyError, ConfigError, GreenroomError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DENIED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_NEARLY_FULL = 1024 * 1024  # less is free: the files that SQLite makes beside its own to read or write find no room


@dataclass(frozen=True, slots=True)
class Named:
    """A database of greenroom's own in messages.

    `what` and `place` are what it is and where; `damaged` makes the error of one that cannot be understood, `room` says
    what to do where its disk is full, `address` and `driver` what to do where it cannot be reached at all.
    """

    what: str
    place: str
    damaged: Callable[[str], GreenroomError]
    room: str
    address: str = "look at its place in greenroom.toml"
    driver: str = "install it beside greenroom"

    def __str__(self) -> str:
        return f"{self.what} {self.place}"


@contextmanager
def faults_named(named: Named) -> Iterator[None]:
    """Turn whatever the database or the disk raises in the block into a GreenroomError about it."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _explain(error, named) from error
    except sqlite3.Error as error:
        raise _explain_sqlite(error, named) from error
    except ModuleNotFoundError as error:
        raise ConfigError(f"{named} needs a driver that is not installed: {error.name}", hint=named.driver) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(named) from error
        raise GreenroomError(
            f"{named} cannot be reached: {error.strerror}", hint="look at the folder, its owner and its disk"
        ) from error
    except (ValueError, OverflowError) as error:
        raise named.damaged(f"{named} holds a value it cannot hold: {error}") from error


def _explain(error: SQLAlchemyError, named: Named) -> GreenroomError:
    if isinstance(error, ArgumentError):
        return ConfigError(f"{named} cannot be reached: {error}", hint=named.address)
    if isinstance(error, IntegrityError):
        return GreenroomError(
            f"{named} refused a row: {_first_line(error.orig)}", hint="somebody wrote the same; look again"
        )
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return _explain_sqlite(error.orig, named)
    told = error.orig if isinstance(error, DBAPIError) else error
    return GreenroomError(
        f"{named} cannot be used: {_first_line(told)}",
        hint="look whether the database server runs and lets greenroom in",
    )


def _explain_sqlite(error: sqlite3.Error, named: Named) -> GreenroomError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return BusyError(f"{named} is locked by another process", hint="wait until that is done, then try again")
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_nearly_full(named.place)):
        return _full(named)
    if code in _DENIED:
        return GreenroomError(
            f"{named} cannot be opened: {error}",
            hint="greenroom must be able to write the file and its folder; run it as the user it belongs to",
        )
    if code in _DAMAGED or code == sqlite3.SQLITE_ERROR:
        return named.damaged(f"{named} is damaged: {error}")
    return GreenroomError(f"{named} cannot be used: {error}", hint="look at the disk that it is on")


def _full(named: Named) -> GreenroomError:
    return GreenroomError(f"no space is left on the disk of {named}", hint=named.room)


def _is_nearly_full(place: str) -> bool:
    """Whether the disk of an SQLite file is so full that this is why it fails; False where that can't be told."""
    try:
        status = os.statvfs(Path(place).parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _NEARLY_FULL


def _first_line(error: BaseException | None) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
