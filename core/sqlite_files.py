"""SQLite files of greenroom's own and of sites, as SQLAlchemy engines: durable, no file made by accident."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from core.filesystem import Filesystem

_WRITES = "greenroom_writes"


def open_file(file: Path, patience: float) -> Engine:
    """Return an engine for an SQLite file; nothing is connected, and no file created, before its first use.

    `patience` is how many seconds a writer waits for another. Each use opens a connection of its own, which costs less
    than a millisecond and leaves nothing open for a child process to inherit.
    """

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
    """Create an empty SQLite file, open to its owner alone."""
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
