"""The database of a site into an archive: as its engine's own file, or table by table as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from core.archive import ArchiveWriter, Attributes, DatabaseEntry, TableEntry
from core.config import Site
from core.databases.connect import driver_for
from core.databases.dumps import dump_member, open_dump
from core.databases.sqlite import ENGINE, copy_database
from core.filesystem import Filesystem
from core.progress import Reporter

_BLOCK = 1 << 20


class WrittenDatabase(NamedTuple):
    """What went into the archive, and what the manifest says of it.

    `excluded` are the tables that were not asked for; `notices` what a person should know, a sentence each;
    `writers_waited` the seconds for which the application could not write.
    """

    entry: DatabaseEntry
    engine: str
    engine_version: str
    tables: tuple[TableEntry, ...]
    excluded: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    writers_waited: float = 0.0


def write_snapshot(
    writer: ArchiveWriter,
    source: Path,
    copy: Path,
    held: sqlite3.Connection | None,
    disk: Filesystem,
    reporter: Reporter,
    total_bytes: int,
) -> WrittenDatabase:
    """Write the database as it is, over a file `copy` that is gone afterwards; `held` is a connection that holds it.

    It begins a phase of `total_bytes`, in which the files follow.
    """
    copied = copy_database(held or source, copy, reporter)
    reporter.phase("writing the archive", total_bytes)
    member = writer.add_file("database.db", _read_blocks(copy), Attributes.of(source.stat()))
    disk.unlink(copy)
    return WrittenDatabase(
        entry=DatabaseEntry(member="database.db", bytes=member.bytes, sha256=member.sha256),
        engine=ENGINE,
        engine_version=copied.facts.engine_version,
        tables=tuple(TableEntry(name=name, rows=rows) for name, rows in copied.facts.tables.items()),
        writers_waited=0.0 if held else copied.writers_waited,
    )


def write_dump(writer: ArchiveWriter, site: Site, now: datetime, reporter: Reporter) -> WrittenDatabase:
    """Write the database of a server as its engine's own tool does."""
    url = site.database_url()
    member = dump_member(url)
    reporter.phase("dumping the database")
    with open_dump(url, reporter, site.tools) as dump:
        written = writer.add_file(member, dump.blocks, Attributes.ours(now))
        facts = dump.facts()
    return WrittenDatabase(
        entry=DatabaseEntry(member=member, bytes=written.bytes, sha256=written.sha256),
        engine=driver_for(url.drivername).engine,
        engine_version=facts.engine_version,
        tables=tuple(TableEntry(name=name, rows=rows) for name, rows in facts.tables.items()),
        notices=tuple(dump.problems),
    )


def _read_blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
