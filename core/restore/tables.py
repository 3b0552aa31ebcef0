"""The tables of a portable archive: what describes them, and their rows, each proved before it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pydantic import ValidationError
from sqlalchemy import URL

from core.archive import Archive, Entry, Manifest, TableEntry
from core.databases.losses import Loss
from core.databases.reading import open_reader
from core.databases.rowfile import read_lines
from core.databases.scan import decide_losses
from core.databases.schema import Schema, Table
from core.django.keys import KeyIndex
from core.django.records import open_export
from core.django.tables import plan_django
from core.errors import UsageError, VerificationError
from core.progress import Reporter
from core.restore.marker import RowOrder

_MAX_SCHEMA_BYTES = 64 << 20


class Tables(Protocol):
    """Tables with their rows, to be put into a database; `rows` says how many come to each.

    `problems` say why they cannot be, a sentence each, and `notices` what is to be known of it.
    """

    @property
    def schema(self) -> Schema: ...

    @property
    def rows(self) -> Mapping[str, int]: ...

    @property
    def problems(self) -> Sequence[str]: ...

    @property
    def notices(self) -> Sequence[str]: ...

    def lines(self, table: Table, reporter: Reporter, doing: str = "restoring") -> Iterator[bytes]:
        """Yield the rows of a table; raise VerificationError where one is not what it should be."""

    def check(self, reporter: Reporter) -> None:
        """Raise as `lines` does, where not all can be known without the rows."""


@dataclass(frozen=True)
class PortableTables:
    """The tables of an open archive that are asked for; `schema` holds those alone."""

    archive: Archive
    schema: Schema
    entries: dict[str, Entry]
    said: dict[str, TableEntry]
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> dict[str, int]:
        return {table.name: self.said[table.name].rows for table in self.schema.tables}

    def check(self, reporter: Reporter) -> None:
        """Each row was proved by the hashes, and its values are the columns' own."""

    def lines(self, table: Table, reporter: Reporter, doing: str = "restoring") -> Iterator[bytes]:
        """Yield the rows of a table; raise VerificationError where they are not those that the manifest counted."""
        said = self.said[table.name]
        reporter.phase(f"{doing} the table {table.name}", said.bytes)
        rows = 0
        for line in read_lines(self._blocks(table, reporter)):
            rows += 1
            yield line
        if rows != said.rows:
            raise VerificationError(
                f"the manifest lies: the table {table.name} has {rows} rows, and it says {said.rows}",
                hint="restore another backup; nothing was changed",
            )

    def _blocks(self, table: Table, reporter: Reporter) -> Iterator[bytes]:
        for block in self.archive.read(self.entries[table.name]):
            reporter.advance(len(block))
            yield block


def decide(found: Tables, losses: Iterable[Loss], there: Schema, reporter: Reporter) -> tuple[Loss, ...]:
    """Look at the rows, and return which of the losses that the types of the tables make possible they have."""
    return decide_losses(losses, found.schema, there, lambda table: found.lines(table, reporter, "looking at"))


@contextmanager
def open_rows(archive: Archive, order: RowOrder, url: URL, reporter: Reporter) -> Iterator[Tables]:
    """Given an open archive, yield what goes into the database of a URL, which is only read, and only at first.

    Raise as `open_tables` does, and GreenroomError where what depends on the database cannot be read there.
    """
    if not archive.holds_models:
        yield open_tables(archive, order.tables)
        return
    export = open_export(archive, reporter)
    with KeyIndex() as index:
        with open_reader(url, reporter) as reader:
            merge = order.mode == "merge"
            found = plan_django(export, reader, index, reporter, merge=merge, wanted=order.tables)
        yield found


def open_tables(archive: Archive, wanted: Sequence[str] = ()) -> PortableTables:
    """Given an open archive, return its tables, or those named.

    Raise UsageError where it is no portable one or a table is unknown, VerificationError where its schema is not sound.
    """
    manifest = _portable(archive)
    known = {table.name: table for table in manifest.tables}
    for name in wanted:
        if name not in known:
            raise UsageError(f"the backup has no table {name!r}", hint="`greenroom show` lists what it holds")
    members = {entry.name: entry for entry in archive.entries if entry.folder is None}
    schema = _read_schema(archive, members[manifest.database.member])
    if {table.name for table in schema.tables} != set(known):
        raise VerificationError("the manifest lies: it names other tables than schema.json")
    chosen = tuple(table for table in schema.tables if not wanted or table.name in wanted)
    return PortableTables(
        archive=archive,
        schema=schema.model_copy(update={"tables": chosen}),
        entries={name: members[str(table.member)] for name, table in known.items()},
        said=known,
    )


def _portable(archive: Archive) -> Manifest:
    manifest = archive.manifest
    if archive.holds_models:
        raise UsageError(
            "the backup is an export of a Django project, which goes only into a site that has its tables",
            hint="let the application make them (`migrate`), then restore into the site",
        )
    if manifest is None or manifest.kind != "portable":
        raise UsageError(
            "the backup is a snapshot, which only its own engine reads",
            hint="a portable backup goes anywhere: `greenroom backup --kind portable` makes one",
        )
    return manifest


def _read_schema(archive: Archive, entry: Entry) -> Schema:
    if entry.size > _MAX_SCHEMA_BYTES:
        raise VerificationError(f"schema.json is too long: {entry.size} bytes")
    try:
        return Schema.model_validate_json(b"".join(archive.read(entry)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "as a whole"
        raise VerificationError(f"schema.json is wrong at {where!a}: {first['msg']}") from error
