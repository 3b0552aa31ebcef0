"""A database into which rows go, in one transaction that nobody else sees before it is committed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from core.databases.connect import driver_for
from core.databases.decode import Decoder, Row, RowError
from core.databases.lines import BLOCK_BYTES
from core.databases.reading import told
from core.databases.schema import Column, Schema, Table
from core.databases.sums import TableSum
from core.databases.values import Conversion
from core.errors import GreenroomError

ForeignKeyPlace = tuple[str, tuple[str, ...]]  # the table that refers, and its columns


class TargetError(GreenroomError):
    """The target does not take what it was given, as a whole; nothing was changed."""


class ParentMissingError(TargetError):
    """A row names one of another table that is not there; `place` is the foreign key. Nothing was changed."""

    def __init__(self, message: str, place: ForeignKeyPlace) -> None:
        super().__init__(message, hint="nothing was changed; restore both tables, or mend the row first")
        self.place = place


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was sent into a table: into which columns, and what must be read back of them.

    `keys` stands for the primary keys that were merged, none where the whole table was loaded.
    """

    columns: tuple[str, ...]
    sum: TableSum
    keys: str | None = None


class Target(Protocol):
    """What the targets of all engines do. Where one raises GreenroomError, the database stays as it was."""

    engine: str
    mariadb: bool
    schema: Schema

    def occupants(self) -> list[str]:
        """Return what is in the database, but for what an interrupted restore into an empty one left."""

    def begin_new(self, names: Sequence[str]) -> None:
        """Say that these tables are made now in an empty database: unless they are committed they go again."""

    def execute(self, statement: str) -> None:
        """Run a statement that makes or changes a table."""

    def refresh(self) -> None:
        """Look again at the tables, after statements changed them."""

    def problems(self, tables: Iterable[str], *, merge: bool) -> list[str]:
        """Return why rows cannot safely go into these tables, each in words that name the table."""

    def clear(self, tables: Sequence[str]) -> None:
        """Remove all rows of the tables. Rows of other tables stay, whatever their foreign keys say of it."""

    def load(self, source: Table, lines: Iterable[bytes], *, merge: bool) -> LoadResult:
        """Put the rows of a table of the archive into that of the same name; raise RowError, TargetError."""

    def finish(self, *, unchecked: Collection[ForeignKeyPlace] = ()) -> None:
        """Check the foreign keys, but those that the source itself broke; what counts up goes on after the rows."""

    def checksum(self, table: Table, columns: Sequence[str], keys: str | None = None) -> TableSum:
        """Return the rows and the checksum of what is in these columns now; with `keys`, of the rows merged."""

    def commit(self) -> None:
        """Let others see all of it."""


@contextmanager
def one_transaction(engine: Engine, driver_error: type[Exception]) -> Iterator[Connection]:
    """Connect to a server, and roll back what was not committed; its refusals come as TargetError."""
    try:
        with engine.connect() as connection:
            try:
                yield connection
            finally:
                _roll_back(connection)
    except (DBAPIError, driver_error) as error:
        raise TargetError(f"the database server failed: {error}", hint="nothing was changed") from error
    finally:
        engine.dispose()


def _roll_back(connection: Connection) -> None:
    try:
        connection.rollback()
    except DBAPIError:  # a connection that was lost: the server has rolled back
        connection.invalidate()


@contextmanager
def open_target(url: str | URL) -> Iterator[Target]:
    """Open the database for one transaction, which is rolled back unless it is committed within the block."""
    address = make_url(url)
    module = import_module(f"core.databases.{driver_for(address.drivername).engine}.target")
    opened = cast("AbstractContextManager[Target]", module.open_target(address))
    with told(address), opened as target:
        yield target


@dataclass(frozen=True, slots=True)
class Way:
    """How the lines of a table become rows of the target: its columns, and a conversion for each."""

    table: str
    columns: tuple[str, ...]
    conversions: tuple[Conversion, ...]
    decoder: Decoder
    places: tuple[int, ...]

    def rows(self, lines: Iterable[bytes]) -> Iterator[list[Row]]:
        """Yield the rows of the target in blocks, in the order of the lines; raise RowError."""
        first = 1
        for block in in_blocks(lines):
            count = len(block)
            columns = self.decoder.columns(block, first)
            block.clear()
            try:
                converted = [way.column(columns[at]) for way, at in zip(self.conversions, self.places, strict=True)]
            except ValueError:
                self._explain(columns, first)
                raise
            del columns
            yield list(zip(*converted, strict=True)) if converted else [()] * count
            first += count

    def _explain(self, columns: Sequence[Sequence[Any]], first: int) -> None:
        for number, row in enumerate(zip(*columns, strict=True), first):
            for name, way, at in zip(self.columns, self.conversions, self.places, strict=True):
                try:
                    way.column((row[at],))
                except ValueError as error:
                    raise RowError(self.table, number, name, str(error)) from error


def find_way(source: Table, target: Table, conversions: Mapping[str, Conversion]) -> Way:
    """Given the conversion for each column that goes into the target, return how lines of the source become rows."""
    sent = [column for column in source.columns if column.computed is None]
    taken = [(at, column.name) for at, column in enumerate(sent) if column.name in conversions]
    return Way(
        table=target.name,
        columns=tuple(name for _, name in taken),
        conversions=tuple(conversions[name] for _, name in taken),
        decoder=Decoder(source.name, sent),
        places=tuple(at for at, _ in taken),
    )


def pairs_of(source: Table, target: Table) -> Iterator[tuple[Column, Column]]:
    """Yield each column of the source whose values go into one of the target, and that one."""
    there = {column.name: column for column in target.columns if column.computed is None}
    for column in source.columns:
        if column.computed is None and column.name in there:
            yield column, there[column.name]


def table_of(schema: Schema, name: str) -> Table:
    """Return the table of the target with that name; raise TargetError where it has none."""
    for table in schema.tables:
        if table.name == name:
            return table
    raise TargetError(f"the target has no table {name}", hint="make the table first, or leave it out with --table")


def occupants_of(schema: Schema) -> list[str]:
    """Return what a database holds, each by its name."""
    return [table.name for table in schema.tables] + list(schema.left_out)


def missing_keys(table: Table, way: Way) -> list[str]:
    """Return why rows cannot be merged that lack a part of the primary key."""
    return [
        f"table {table.name}: the backup lacks {name} of the primary key, so its rows cannot be merged"
        for name in table.primary_key
        if name not in way.columns
    ]


def expect_none(problems: Sequence[str]) -> None:
    """Raise TargetError where there are problems."""
    if problems:
        raise TargetError("; ".join(problems), hint="nothing was changed")


def in_blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield lines together, about as many bytes each time, and a long line alone.

    What is yielded may be emptied, to free memory.
    """
    block: list[bytes] = []
    size = 0
    for line in lines:
        if block and size + len(line) > BLOCK_BYTES:
            yield block
            block, size = [], 0
        block.append(line)
        size += len(line)
        del line
    if block:
        yield block
