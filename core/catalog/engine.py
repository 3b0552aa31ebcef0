"""How the catalog's database is reached: any engine by its URL, SQLite with the settings that make it durable."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from core.catalog.faults import ADDRESS_HINT
from core.errors import ConfigError
from core.filesystem import Filesystem

_WRITES = "greenroom_writes"


def parse_address(address: str | Path) -> URL:
    """Given the catalog's address, or the path of an SQLite one, return its URL; raise ConfigError."""
    if isinstance(address, Path):
        return URL.create("sqlite", database=str(address))
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:  # its text may hold the password
        raise ConfigError("`catalog` is not the address of a database", hint=ADDRESS_HINT) from error
    if url.get_backend_name() == "sqlite":
        name = url.database or ":memory:"
        if name == ":memory:" or name.startswith("file:") or "?" in address:
            raise ConfigError(
                "an SQLite catalog is a file, written as its plain path: not in memory, and without options",
                hint='for example catalog = "sqlite:////var/lib/greenroom/catalog.db"',
            )
    return url


def catalog_file(url: URL) -> Path | None:
    """Given the catalog's URL, return the file of an SQLite one, None for a server's."""
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def shown_place(url: URL, file: Path | None) -> str:
    """Return where the catalog is, as a person is told: without user, password and options."""
    return str(file) if file else f"{url.get_backend_name()}://{url.host or ''}/{url.database or ''}"


def open_engine(url: URL, file: Path | None, patience: float) -> Engine:
    """Return an engine; nothing is connected, and no file created, before its first use.

    `patience` is how many seconds a writer of SQLite waits for another. Each use opens a connection of its own
    there, which costs less than a millisecond and leaves nothing open for a child process to inherit.
    """
    if file is None:
        return create_engine(url, pool_pre_ping=True)

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(os.fsencode(file))}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def for_writing(engine: Engine) -> Engine:
    """Return the same engine, whose transactions take SQLite's write lock when they begin, not half-way."""
    return engine.execution_options(**{_WRITES: True})


def make_folders(path: Path, disk: Filesystem) -> None:
    """Create the folder and those above it that are missing, open to their owner alone."""
    for folder in [folder for folder in reversed((path, *path.parents)) if not folder.exists()]:
        try:
            disk.make_folder(folder)
        except FileExistsError:  # another first run was quicker
            continue
        disk.fsync_folder(folder.parent)


def create_file(path: Path, disk: Filesystem) -> None:
    """Create the empty file of an SQLite catalog, open to its owner alone."""
    with disk.create(path) as file:
        disk.fsync(file)
    disk.fsync_folder(path.parent)


def use_write_ahead_log(engine: Engine) -> None:
    """Make readers and the writer of an SQLite file not wait for each other; the file remembers it."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")
