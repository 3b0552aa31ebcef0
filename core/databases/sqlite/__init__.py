"""SQLite: copied and locked as a file (snapshot), and read table by table (reflect)."""

from core.databases.facts import DatabaseFacts
from core.databases.sqlite.connection import DatabaseDamagedError, DatabaseMissingError
from core.databases.sqlite.snapshot import (
    ENGINE,
    SIDE_FILES,
    DatabaseCopy,
    check_database,
    copy_database,
    count_database,
    count_tables,
    database_bytes,
    database_files,
    hold_exclusively,
    live_counts,
    probe_database,
)

__all__ = [
    "ENGINE",
    "SIDE_FILES",
    "DatabaseCopy",
    "DatabaseDamagedError",
    "DatabaseFacts",
    "DatabaseMissingError",
    "check_database",
    "copy_database",
    "count_database",
    "count_tables",
    "database_bytes",
    "database_files",
    "hold_exclusively",
    "live_counts",
    "probe_database",
]
