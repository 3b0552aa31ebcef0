"""The catalog as a database: is it there, create it, and the transactions that everything else uses."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, String, column, inspect, select, table
from sqlalchemy.orm import Session

from core.catalog.engine import catalog_file, open_engine, parse_address, shown_place
from core.catalog.faults import DamagedCatalogError, faults_named
from core.catalog.models import Base
from core.catalog.versions import CatalogState, CatalogStatus, judge, newer_catalog, require_current
from core.errors import GreenroomError
from core.filesystem import Filesystem
from core.sqlite_files import create_file, for_writing, make_folders, use_write_ahead_log

_VERSION_TABLE = "alembic_version"
_SECONDS_TO_WAIT = 10.0


class CatalogDatabase:
    """The database of the catalog at an SQLAlchemy URL, or at a path: then an SQLite file.

    Nothing is opened or created before it is used.
    """

    def __init__(self, address: str | Path, disk: Filesystem, *, patience: float = _SECONDS_TO_WAIT) -> None:
        self._disk = disk
        self._patience = patience
        self._ready = False
        self._url = parse_address(address)
        self._file = catalog_file(self._url)
        self.place = shown_place(self._url, self._file)

    def exists(self) -> bool:
        """Return whether there is a catalog, of whatever version; raise GreenroomError where that can't be told."""
        return self.state().status is not CatalogStatus.MISSING

    def state(self) -> CatalogState:
        """Return the status and revision of the catalog; raise GreenroomError where it can't be read."""
        with faults_named(self.place):
            if self._file is not None and not self._file.exists():
                return judge(None)
            with self._engine.connect() as connection:
                return judge(_read_revision(connection))

    def require_ready(self) -> None:
        """Return where the catalog can be used; raise CatalogNotReadyError with what has to be done otherwise."""
        if not self._ready:
            require_current(self.state(), self.place)
            self._ready = True

    def initialise(self) -> bool:
        """Create the tables, or bring older ones up to date; return False where nothing was to be done."""
        with faults_named(self.place), self._alone():
            state = self.state()
            if state.status is CatalogStatus.CURRENT:
                return False
            if state.status is CatalogStatus.NEWER:
                raise newer_catalog(state, self.place)
            if state.status is CatalogStatus.MISSING:
                self._refuse_strangers()
            if self._file is not None:
                use_write_ahead_log(self._engine)
            self._migrate()
        return True

    def set_aside(self, now: datetime) -> Path | None:
        """Put an SQLite catalog out of the way as it is; return where it is now, None where none was.

        Raise GreenroomError where it is locked, newer, or another application's. The side files go first: one
        that stayed would be replayed into the next catalog.
        """
        if self._file is None or not os.path.lexists(self._file):
            return None
        self._refuse_to_set_aside()
        self._ready = False
        kept = self._file.with_name(f"{self._file.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
        with faults_named(self.place):
            for side in ("-wal", "-shm", "-journal", ""):
                present = self._file.with_name(self._file.name + side)
                if os.path.lexists(present):
                    self._disk.rename(present, kept.with_name(kept.name + side))
                    self._disk.fsync_folder(kept.parent)
        return kept

    def close(self) -> None:
        """Close the connections to a server; an SQLite catalog keeps none."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One short transaction that sees one state of the catalog."""
        self.require_ready()
        with faults_named(self.place), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One short transaction, durable when the block is left; nothing is changed where it raises."""
        self.require_ready()
        with faults_named(self.place), Session(for_writing(self._engine)) as session:
            yield session
            self._disk.commit(session)

    @cached_property
    def _engine(self) -> Engine:
        return open_engine(self._url, self._file, self._patience)

    def _refuse_to_set_aside(self) -> None:
        try:
            state = self.state()
        except DamagedCatalogError:
            return
        if state.status is CatalogStatus.NEWER:
            raise newer_catalog(state, self.place)
        if state.status is CatalogStatus.MISSING:
            self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        """Raise GreenroomError where tables stand in the way that no greenroom has made."""
        with faults_named(self.place), self._engine.connect() as connection:
            present = set(inspect(connection).get_table_names()) - {_VERSION_TABLE}
        if self._file is None:
            present &= set(Base.metadata.tables)
        if present:
            raise GreenroomError(
                f"{self.place} is not greenroom's: it already has the tables {', '.join(sorted(present)[:5])}",
                hint="give greenroom a database of its own: `catalog` in greenroom.toml",
            )

    def _migrate(self) -> None:
        # Alembic takes a third of a second to import, and no other verb needs it.
        migrations = import_module("core.catalog.migrate")
        with for_writing(self._engine).connect() as connection:
            connection.begin()
            migrations.upgrade(connection)
            self._disk.commit(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two first runs from creating the same SQLite file at once."""
        if self._file is None:
            yield
            return
        make_folders(self._file.parent, self._disk)
        descriptor = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not self._file.exists():
                create_file(self._file, self._disk)
            yield
        finally:
            os.close(descriptor)


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found = connection.scalars(select(column("version_num", String)).select_from(table(_VERSION_TABLE)))
    return ", ".join(sorted(map(str, found))) or None
