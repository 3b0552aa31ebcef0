"""The tables of a database as JSON into an archive, all of them as of one moment; any engine can take them back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from core.archive import ArchiveWriter, Attributes, DatabaseEntry, TableEntry, table_member
from core.backup.database import WrittenDatabase
from core.config import Site
from core.databases.lines import SEPARATOR, Block
from core.databases.losses import shown
from core.databases.reading import count_readable, open_reader
from core.databases.schema import Schema, Table
from core.databases.sqlite import probe_database
from core.errors import UsageError
from core.progress import Reporter
from core.words import plural


def write_tables(
    writer: ArchiveWriter,
    site: Site,
    wanted: Sequence[str],
    excluded: Sequence[str],
    now: datetime,
    reporter: Reporter,
) -> WrittenDatabase:
    """Write the tables named, or all but those excluded.

    Raise UsageError where a table is unknown or excluded, GreenroomError where the database cannot be read.
    """
    ours = Attributes.ours(now)
    if site.sqlite_path is not None:
        reporter.phase("checking the database", None, "steps")
        probe_database(site.sqlite_path, reporter)
    with open_reader(site.database_url(), reporter) as reader:
        reporter.phase("checking foreign keys")
        schema = reader.broken_keys(_chosen(reader.schema, wanted, excluded, site))
        described = writer.add_file("schema.json", [f"{schema.model_dump_json(indent=2)}\n".encode()], ours)
        members = {table_member(table.name, number): table for number, table in enumerate(schema.tables, 1)}
        written = []
        for number, (member, table) in enumerate(sorted(members.items()), 1):
            reporter.phase(f"writing table {number} of {len(members)}: {table.name}")
            rows = _Rows(reader.lines(table))
            file = writer.add_file(member, rows.array(), ours)
            written.append(
                TableEntry(name=table.name, rows=rows.count, member=member, bytes=file.bytes, sha256=file.sha256)
            )
    chosen = {table.name for table in schema.tables}
    return WrittenDatabase(
        entry=DatabaseEntry(member="schema.json", bytes=described.bytes, sha256=described.sha256),
        engine=schema.engine,
        engine_version=reader.engine_version,
        tables=tuple(written),
        excluded=tuple(table.name for table in reader.schema.tables if table.name not in chosen),
        notices=tuple(_notices(schema, excluded, {table.name for table in reader.schema.tables})),
    )


def portable_tables(site: Site, reporter: Reporter | None = None) -> dict[str, int]:
    """Return the tables that a portable backup of the site would hold, with their rows now; raise GreenroomError."""
    rows = count_readable(site.database_url(), reporter or Reporter())
    return {name: count for name, count in rows.items() if name not in site.exclude_tables}


class _Rows:
    """The rows of a table as a JSON array, counted while they go by."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = blocks
        self.count = 0

    def array(self) -> Iterator[bytes]:
        for block in self._blocks:
            if block.rows:
                yield SEPARATOR if self.count else b"[\n"
            yield block.data
            self.count += block.rows
        yield b"\n]\n" if self.count else b"[]\n"


def _chosen(schema: Schema, wanted: Sequence[str], excluded: Sequence[str], site: Site) -> Schema:
    known = [table.name for table in schema.tables]
    for name in wanted:
        if name in excluded:
            raise UsageError(
                f"the table {name} is in no portable backup of {site.name}",
                hint="it is in `exclude_tables` in greenroom.toml",
            )
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"{site.name} has no table {name!r}",
                hint=f"did you mean {close[0]}?" if close else f"tables: {', '.join(known) or 'none'}",
            )
    chosen = [one for one in schema.tables if (one.name in wanted if wanted else one.name not in excluded)]
    return schema.model_copy(update={"tables": tuple(chosen)})


def _notices(schema: Schema, excluded: Sequence[str], present: set[str]) -> Iterator[str]:
    yield from (f"not portable, and not in the backup: {what}" for what in schema.left_out)
    for table in schema.tables:
        for one in table.left_out:
            yield f"elsewhere {table.name}{f'.{one.column}' if one.column else ''} {shown(one.what)}"
    for name in excluded:
        if name not in present:
            yield f"`exclude_tables` names {name}, which is not there"
    chosen = {table.name for table in schema.tables}
    for table in schema.tables:
        yield from _about_keys(table, chosen)


def _about_keys(table: Table, chosen: set[str]) -> Iterator[str]:
    for key in table.foreign_keys:
        columns = ", ".join(key.columns)
        if key.table not in chosen:
            yield f"{table.name} ({columns}) refers to {key.table}, which is not in the backup"
        if key.broken:
            yield f"{plural(key.broken, 'row')} of {table.name} ({columns}) name a row of {key.table} that is not there"
