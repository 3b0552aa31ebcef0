"""The file edits.db of a site: made when something is first kept, refused where a newer greenroom wrote it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from core.edits.tables import METADATA, VERSION
from core.errors import GreenroomError, NotInitialisedError
from core.filesystem import Filesystem
from core.sql_faults import Named, faults_named
from core.sqlite_files import create_file, for_writing, make_folders, open_file, use_write_ahead_log

FILE = "edits.db"
_PATIENCE = 10.0
_ROOM = "remove something else there first; nothing was kept of this edit"


class DamagedEditsError(GreenroomError):
    """What greenroom remembers of edits cannot be understood; the site itself is whole."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="the site itself is not touched: lost are drafts, the log of edits and the way back to what was "
            "before them. Move the file away with what stands beside it (-wal, -shm), or put a copy of it there; "
            "greenroom begins a new one",
        )


class EditsFile:
    """The database at `path`. Nothing is opened before it is used, nothing created before the first write."""

    def __init__(self, path: Path, disk: Filesystem, *, patience: float = _PATIENCE) -> None:
        self.path = path
        self.disk = disk
        self._named = Named("the file of edits", str(path), damaged=DamagedEditsError, room=_ROOM)
        self._engine = open_file(path, patience)
        self._sound = False

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a connection that sees one state of the file; None where nothing was kept yet."""
        with faults_named(self._named):
            if not self.path.exists():
                yield None
                return
            with self._engine.connect() as connection:
                yield connection if self._is_made(connection) else None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for one short transaction, durable when the block is left; undone where it raises."""
        with faults_named(self._named):
            if not self._sound:
                self._make()
            with for_writing(self._engine).connect() as connection:
                yield connection
                self.disk.commit(connection)

    def _is_made(self, connection: Connection) -> bool:
        if not self._sound:
            self._sound = self._version(connection) == VERSION
        return self._sound

    def _version(self, connection: Connection) -> int:
        """Return the version of the tables, 0 where there are none; raise GreenroomError where they are not ours."""
        found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if found > VERSION:
            raise NotInitialisedError(
                f"{self._named} has version {found}, which this greenroom does not know: it ends at {VERSION}",
                hint="use the newer greenroom that wrote it",
            )
        if found == 0 and inspect(connection).get_table_names():
            raise GreenroomError(
                f"{self._named} is not greenroom's: it has tables of another program",
                hint="move it away; greenroom begins a new one",
            )
        return found

    def _make(self) -> None:
        """Make the file and its tables where they are missing; a kill leaves them for the next who writes."""
        with self._alone():
            if not self.path.exists():
                create_file(self.path, self.disk)
            with self._engine.connect() as connection:
                missing = self._version(connection) != VERSION
            if missing:
                self._create_tables(self._engine)
        self._sound = True

    def _create_tables(self, engine: Engine) -> None:
        use_write_ahead_log(engine)
        with for_writing(engine).connect() as connection:
            METADATA.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
            self.disk.commit(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two first writers from making the file at once."""
        make_folders(self.path.parent, self.disk)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
