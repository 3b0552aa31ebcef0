"""Which values of an archive a target would refuse: found by the conversions that a restore uses, before it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from core.databases.decode import Convert
from core.databases.losses import Loss, Refusal
from core.databases.mysql.loadtext import loaded_conversion
from core.databases.postgresql.copytext import copied_conversion
from core.databases.schema import Column, ColumnType, Schema, Table
from core.databases.sqlite.stored import stored_conversion
from core.databases.target import Way, find_way, in_blocks, pairs_of
from core.databases.together import Together, all_match
from core.databases.values import Conversion
from core.words import plural

LinesOf = Callable[[Table], Iterable[bytes]]
_CONVERSIONS: dict[str, Callable[[ColumnType, ColumnType], Conversion | None]] = {
    "sqlite": stored_conversion,
    "postgresql": copied_conversion,
    "mysql": loaded_conversion,
}
_MOST_WORDS = 200
_SURE_DAY = r"[12][0-9]{3}-[0-9]{2}-(?:0[1-9]|1[0-9]|2[0-8])(?: [0-9:.+-]*)?"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


def decide_losses(losses: Iterable[Loss], found: Schema, there: Schema, lines_of: LinesOf) -> tuple[Loss, ...]:
    """Given what may be lost between the types of two schemas, return what is lost of these rows.

    Each row of the tables that are not of the same types is looked at. Raise RowError where one is none.
    """
    kept = [loss for loss in losses if not isinstance(loss, Refusal)]
    known = {table.name: table for table in there.tables}
    for table in found.tables:
        target = known.get(table.name)
        if target is not None and not (found.engine == there.engine and _is_same(table, target)):
            kept += find_refused(table, target, there.engine, lines_of(table))
    return tuple(kept)


def find_refused(source: Table, target: Table, engine: str, lines: Iterable[bytes]) -> Iterator[Loss]:
    """Yield a line for each column of which the target refuses values, or keeps them otherwise."""
    way = _way(source, target, engine)
    seen = [_Seen(source.name, target.column(name), engine) for name in way.columns]
    first = 1
    for block in in_blocks(lines):
        columns = way.decoder.columns(block, first)
        for one, conversion, at in zip(seen, way.conversions, way.places, strict=True):
            one.look(columns[at], conversion, first)
        first += len(block)
    for one in seen:
        yield from one.losses()


def _is_same(source: Table, target: Table) -> bool:
    """Whether each column has its own type again, and takes NULL where it did."""
    return all(
        one.type == other.type and (other.nullable or not one.nullable) for one, other in pairs_of(source, target)
    )


def _way(source: Table, target: Table, engine: str) -> Way:
    found = {}
    for one, other in pairs_of(source, target):
        conversion = _CONVERSIONS[engine](one.type, other.type)
        if conversion is not None:
            found[one.name] = conversion.then(_server_check(engine, other.type))
    return find_way(source, target, found)


@dataclass(slots=True)
class _Seen:
    """What a column of the target refuses, as far as rows were looked at."""

    table: str
    column: Column
    engine: str
    refused: int = 0
    first: str = ""
    zeros: int = field(default=0)

    def look(self, values: Sequence[Any], conversion: Conversion, first: int) -> None:
        try:
            conversion.column(values)
        except ValueError:
            for number, value in enumerate(values, first):
                self._look_at(value, conversion, number)
        if not self.column.nullable and not self.column.identity:
            for number, value in enumerate(values, first):
                if value is None:
                    self._count(number, "there is no value, and there must be one")
        if self.engine != "postgresql" and self.column.type.kind == "float":
            self.zeros += sum(type(value) is float and not value and math.copysign(1, value) < 0 for value in values)

    def _look_at(self, value: Any, conversion: Conversion, number: int) -> None:
        try:
            conversion.column((value,))
        except ValueError as error:
            self._count(number, str(error))

    def _count(self, number: int, words: str) -> None:
        self.refused += 1
        self.first = self.first or f"row {number:,}: {words[:_MOST_WORDS]}"

    def losses(self) -> Iterator[Loss]:
        if self.refused:
            what = f"{plural(self.refused, 'row')} cannot be restored, the first of them {self.first}"
            yield Refusal(self.table, self.column.name, what)
        if self.zeros:
            yield Loss(self.table, self.column.name, f"{plural(self.zeros, 'row')} hold -0.0, which becomes 0.0")


def _server_check(engine: str, target: ColumnType) -> Convert | None:
    """What a server refuses by itself, of cells as they are sent."""
    if target.kind == "integer" and engine != "sqlite":
        return _within(*_range(target))
    if target.kind in {"date", "timestamp"} and engine != "sqlite":
        return Together(partial(_real_day, engine), all_match(_SURE_DAY))
    if engine == "postgresql" and target.kind in {"text", "json", "enum"}:
        return Together(_refuse_nul, lambda values: None if any("\0" in value for value in values) else values)
    return None


def _real_day(engine: str, cell: str) -> str:
    """PostgreSQL has days of any year, and infinity; MariaDB and MySQL have years of four digits, and no day at all."""
    day = cell[:10]
    if engine == "mysql" and day == "0000-00-00":
        return cell
    is_plain = _DAY.match(cell) is not None and "BC" not in cell
    if is_plain:
        date.fromisoformat(day)
    elif engine != "postgresql":
        raise ValueError(f"the engine has no {cell[:40]}")
    return cell


def _range(target: ColumnType) -> tuple[int, int]:
    bits = target.bits or 64
    return (0, (1 << bits) - 1) if target.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _within(low: int, high: int) -> Together:
    def convert(cell: str) -> str:
        if not low <= int(cell) <= high:
            raise ValueError(f"{cell} is not within {low} and {high}")
        return cell

    def many(cells: Sequence[str]) -> Sequence[str] | None:
        numbers = list(map(int, cells))
        return cells if low <= min(numbers) and max(numbers) <= high else None

    return Together(convert, many)


def _refuse_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("the engine has no texts with a NUL")
    return text
