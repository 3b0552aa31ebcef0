"""Natural keys and what they name: looked up on the disk, for there may be as many as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Raw

from core.databases.lines import Reader
from core.databases.schema import Table
from core.django.names import flattened, natural_columns
from core.django.plan import ModelPlan, Place, Reference
from core.django.records import Record, is_list, refused
from core.django.values import encoder
from core.progress import Reporter

_CACHE_KIB = 8 << 10
_as_row = msgspec.json.Decoder(dict[str, Any]).decode
_as_items = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Encoder(order="sorted").encode


class KeyIndex:
    """Pairs of two values by table, either of which is found by the other; the first of two alike counts."""

    def __init__(self) -> None:
        """A file without a name, which is gone when it is closed."""
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.execute(
            "CREATE TABLE keys (place TEXT, key BLOB, value BLOB, UNIQUE (place, key), UNIQUE (place, value))"
        )
        self._connection.execute("BEGIN")

    def add(self, place: str, key: Sequence[Any], value: Any) -> None:
        self._connection.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", (place, _text(key), _text(value)))

    def value(self, place: str, key: Sequence[Any]) -> Any:
        """Return the value of a key, None where there is none."""
        return self._one("SELECT value FROM keys WHERE place = ? AND key = ?", place, _text(key))

    def key(self, place: str, value: Any) -> Any:
        """Return the key of a value, None where there is none."""
        return self._one("SELECT key FROM keys WHERE place = ? AND value = ?", place, _text(value))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _one(self, query: str, *values: object) -> Any:
        found = self._connection.execute(query, values).fetchone()
        return None if found is None else msgspec.json.decode(found[0])


@dataclass
class Resolver:
    """Finds what natural keys name: first among the records that are restored, then among the rows that stay.

    `written` are the models that are restored, by their tables; `stays` tells whether the rows of a table do.
    """

    index: KeyIndex
    tables: Mapping[str, Table]
    written: Mapping[str, ModelPlan]
    stays: Callable[[str], bool]
    engine: str
    _known: set[str] = field(default_factory=set)

    def gather(self, reference: Reference, reader: Reader, reporter: Reporter) -> None:
        """Look up all natural keys of what is referred to, while the database can be read."""
        self._gather(reference.table, reference.natural, reader, reporter)

    def resolve(self, reference: Reference, value: Raw) -> Any:
        """Return the primary key that a value names, in the form of a line; raise ValueError where none is known."""
        if not is_list(value):
            return reference.encode(value)
        parts = _as_items(value)
        columns = list(flattened(reference.table, reference.natural, self.tables))
        key = [self._encoded(table, name, part) for (table, name), part in zip(columns, parts, strict=True)]
        found = self.index.value(reference.table.name, key)
        if found is None:
            shown = msgspec.json.format(bytes(value), indent=0).decode(errors="replace")[:200]
            raise ValueError(f"the natural key {shown} is of no record of the backup and of no row that stays")
        return found

    def _gather(self, table: Table, columns: tuple[str, ...], reader: Reader, reporter: Reporter) -> None:
        if table.name in self._known:
            return
        self._known.add(table.name)
        for name in columns:
            inner = self._inner(table, name)
            if inner is not None:
                self._gather(*inner, reader, reporter)
        reporter.phase(f"reading the natural keys of {table.name}")
        for key, value in self._of_records(table, columns):
            self.index.add(table.name, key, value)
        if self.stays(table.name):
            for key, value in self._of_rows(table, columns, reader):
                self.index.add(table.name, key, value)
                reporter.advance()

    def _inner(self, table: Table, column: str) -> tuple[Table, tuple[str, ...]] | None:
        """Return what stands for a column in a natural key, where that is the natural key of another table."""
        expanded = list(flattened(table, (column,), self.tables))
        if expanded == [(table, column)]:
            return None
        other = expanded[0][0]
        found = natural_columns(other, len(expanded), self.tables)
        return (other, found) if isinstance(found, tuple) else None

    def _of_records(self, table: Table, columns: tuple[str, ...]) -> Iterator[tuple[list[Any], Any]]:
        plan = self.written.get(table.name)
        if plan is None:
            return
        names = {place.column.name: name for name, place in plan.places.items()}
        for number, record in plan.model.each():
            key: list[Any] = []
            for column in columns:
                if column not in names:
                    return
                name = names[column]
                try:
                    key += self._part(table, column, plan.places[name], record.fields[name])
                except ValueError as error:
                    raise refused(plan.model.label, number, str(error), name) from error
            yield key, primary_key(plan, number, record)

    def _part(self, table: Table, column: str, place: Place, value: Raw) -> list[Any]:
        inner = self._inner(table, column)
        if inner is None:
            return [place.encode(value)]
        if is_list(value):
            columns = flattened(table, (column,), self.tables)
            return [self._encoded(*where, part) for where, part in zip(columns, _as_items(value), strict=True)]
        found = self.index.key(inner[0].name, place.encode(value))
        return found if isinstance(found, list) else [None]

    def _of_rows(self, table: Table, columns: tuple[str, ...], reader: Reader) -> Iterator[tuple[list[Any], Any]]:
        inner = {column: self._inner(table, column) for column in columns}
        (key_column,) = table.primary_key
        for line in reader.whole_lines(table):
            row = _as_row(line)
            key: list[Any] = []
            for column in columns:
                other = inner[column]
                found = [row[column]] if other is None else self.index.key(other[0].name, row[column])
                key += found if isinstance(found, list) else [None]
            yield key, row[key_column]

    def _encoded(self, table: Table, column: str, value: Raw) -> Any:
        encode = encoder(table, table.column(column), self.engine)
        if encode is None:
            raise ValueError(f"how Django writes {table.name}.{column} is not known")
        return encode(value)


def primary_key(plan: ModelPlan, number: int, record: Record) -> Any:
    """Return the primary key of a record in the form of a line; raise VerificationError."""
    try:
        value = plan.key.encode(record.pk) if isinstance(record.pk, Raw) else None
    except ValueError as error:
        raise refused(plan.model.label, number, str(error), "pk") from error
    if value is None:
        raise refused(plan.model.label, number, "has no primary key")
    return value
