"""The rows of a site's tables as an export has them, in the form of a portable backup's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from core.databases.lines import Reader
from core.databases.schema import Schema, Table
from core.django.keys import KeyIndex, Resolver, primary_key
from core.django.names import CONTENT_TYPES, NEVER, PERMISSIONS, link_table, table_name
from core.django.plan import Links, ModelPlan, Place, Plan, plan_models
from core.django.records import Export, Record, refused
from core.errors import UsageError
from core.progress import Reporter
from core.words import plural

_as_row = msgspec.json.Decoder(dict[str, Any]).decode
_as_items = msgspec.json.Decoder(list[Raw]).decode
_line = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class DjangoTables:
    """The tables that an export goes into, and those that are only cleared; `rows` says how many rows come to each.

    `problems` say why it cannot, and then there are no lines; `notices` what is to be known.
    """

    schema: Schema
    rows: Mapping[str, int]
    problems: tuple[str, ...]
    notices: tuple[str, ...]
    models: Mapping[str, ModelPlan]
    links: Mapping[str, tuple[ModelPlan, Links]]
    resolver: Resolver
    numbers: Mapping[str, int]

    def lines(self, table: Table, reporter: Reporter, doing: str = "restoring") -> Iterator[bytes]:
        """Yield the rows of a table; raise VerificationError where a value cannot be what its column holds."""
        reporter.phase(f"{doing} the table {table.name}", self.rows[table.name], "rows")
        found: Iterator[bytes] = iter(())
        if table.name in self.models:
            found = self._of_model(self.models[table.name])
        elif table.name in self.links:
            found = self._of_links(*self.links[table.name])
        for line in found:
            reporter.advance()
            yield line

    def check(self, reporter: Reporter) -> None:
        """Make all lines and forget them; raise as `lines` does."""
        for table in self.schema.tables:
            for _ in self.lines(table, reporter, "looking at"):
                pass

    def _of_model(self, plan: ModelPlan) -> Iterator[bytes]:
        key = plan.key.column.name
        for number, record in plan.model.each():
            row = {key: primary_key(plan, number, record)}
            for name, place in plan.places.items():
                row[place.column.name] = self._value(plan, place, number, name, record)
            yield _line(row)

    def _value(self, plan: ModelPlan, place: Place, number: int, name: str, record: Record) -> Any:
        value = record.fields[name]
        try:
            if place.reference is not None and bytes(value) != b"null":
                return self.resolver.resolve(place.reference, value)
            return place.encode(value)
        except (ValueError, UnicodeDecodeError) as error:
            raise refused(plan.model.label, number, str(error), name) from error

    def _of_links(self, plan: ModelPlan, links: Links) -> Iterator[bytes]:
        name, number_column = links.table.table.name, links.table.number
        (other_column,) = links.table.other.columns
        following = self.numbers.get(name, 1)
        for number, record in plan.model.each():
            own = primary_key(plan, number, record)
            for item in _as_items(record.fields[links.field]):
                try:
                    other = self.resolver.resolve(links.reference, item)
                except (ValueError, UnicodeDecodeError) as error:
                    raise refused(plan.model.label, number, str(error), links.field) from error
                row = {links.table.own: own, other_column: other}
                if number_column is not None:
                    known = self.resolver.index.value(name, [own, other])
                    row[number_column] = following if known is None else known
                    following += known is None
                yield _line(row)


def plan_django(
    export: Export,
    reader: Reader,
    index: KeyIndex,
    reporter: Reporter,
    *,
    merge: bool,
    wanted: Sequence[str] = (),
) -> DjangoTables:
    """Given an export and the database that it goes into, which is read only now, return what goes there.

    `wanted` are some of the tables; natural keys go into the index, which must be open as long as lines are made.
    Raise UsageError where a table is unknown, VerificationError where a record is not sound.
    """
    tables = {table.name: table for table in reader.schema.tables}
    plan = plan_models(export, tables, reader.schema.engine)
    return _Scope(plan, tables, reader, merge=merge).opened(index, wanted, reporter)


class _Scope:
    """What of the site's tables a restore is about."""

    def __init__(self, plan: Plan, tables: Mapping[str, Table], reader: Reader, *, merge: bool) -> None:
        self._plan = plan
        self._tables = tables
        self._reader = reader
        self._merge = merge
        self._models = {one.table.name: one for one in plan.models}
        self._links = {links.table.table.name: (one, links) for one in plan.models for links in one.links}
        self._apps = {one.model.app for one in plan.models}

    def opened(self, index: KeyIndex, wanted: Sequence[str], reporter: Reporter) -> DjangoTables:
        own = {name: one.model.records for name, one in self._models.items()}
        own |= {name: links.rows for name, (_, links) in self._links.items()}
        emptied = [] if self._merge else self._others(set(own))
        rows = own | dict.fromkeys(emptied, 0)
        for name in wanted:
            if name not in rows:
                raise UsageError(
                    f"the restore is about no table {name!r}", hint=f"its tables are {', '.join(sorted(rows))}"
                )
        rows = {name: count for name, count in rows.items() if not wanted or name in wanted}
        if self._merge:
            rows = {name: count for name, count in rows.items() if count}
        resolver = Resolver(
            index=index,
            tables=self._tables,
            written={name: one for name, one in self._models.items() if name in rows},
            stays=lambda name: self._merge or name not in rows,
            engine=self._reader.schema.engine,
        )
        numbers: dict[str, int] = {}
        if not self._plan.problems:
            numbers = self._gather(resolver, rows, reporter)
        schema = self._reader.schema.model_copy(update={"tables": tuple(map(self._table, rows)), "left_out": ()})
        return DjangoTables(
            schema=schema,
            rows=rows,
            problems=tuple(self._plan.problems),
            notices=tuple(self._notices(rows, [name for name in emptied if name in rows])),
            models=self._models,
            links=self._links,
            resolver=resolver,
            numbers=numbers,
        )

    def _gather(self, resolver: Resolver, rows: Mapping[str, int], reporter: Reporter) -> dict[str, int]:
        """Read what must be known of the rows that stay; return where the numbers of links go on."""
        for name in rows:
            if name in self._models:
                for place in self._models[name].places.values():
                    if place.reference is not None and place.reference.natural:
                        resolver.gather(place.reference, self._reader, reporter)
            elif name in self._links:
                reference = self._links[name][1].reference
                if reference.natural:
                    resolver.gather(reference, self._reader, reporter)
        numbers = {}
        for name in rows:
            if self._merge and name in self._links:
                numbers[name] = self._number_links(name, resolver.index)
        return numbers

    def _number_links(self, name: str, index: KeyIndex) -> int:
        links = self._links[name][1].table
        (other,) = links.other.columns
        highest = 0
        if links.number is not None:
            for line in self._reader.whole_lines(links.table):
                row = _as_row(line)
                index.add(name, [row[links.own], row[other]], row[links.number])
                highest = max(highest, row[links.number])
        return highest + 1

    def _others(self, own: set[str]) -> list[str]:
        """Return the tables of the same apps that the export has nothing for, as the site's content types name them."""
        labels = self._labels()
        if labels is None:
            found = {name for name in self._tables if any(name.startswith(f"{app}_") for app in self._apps)}
        else:
            models = {table_name(label) for label in labels} & self._tables.keys()
            mine = {table_name(label) for label in labels if label.partition(".")[0] in self._apps} & models
            links = {
                name
                for name in self._tables.keys() - models
                if any(name.startswith(f"{one}_") and link_table(self._tables[one], self._tables[name]) for one in mine)
            }
            found = mine | links
        return sorted(found - own - NEVER - {PERMISSIONS})

    def _labels(self) -> list[str] | None:
        """Return all models that the site's content types name, or None where it has none."""
        table = self._tables.get(CONTENT_TYPES)
        if table is None:
            return None
        rows = map(_as_row, self._reader.whole_lines(table))
        return [f"{row.get('app_label')}.{row.get('model')}" for row in rows] or None

    def _table(self, name: str) -> Table:
        """Return a table with the columns that come from the export; all of them where no row does."""
        table = self._tables[name]
        if name in self._models:
            plan = self._models[name]
            columns = {plan.key.column.name, *(place.column.name for place in plan.places.values())}
        elif name in self._links:
            links = self._links[name][1].table
            columns = {links.own, *links.other.columns, *([links.number] if links.number else [])}
        else:
            columns = {column.name for column in table.columns}
        return Table(
            name=name,
            columns=tuple(column for column in table.columns if column.name in columns),
            primary_key=table.primary_key if set(table.primary_key) <= columns else (),
            foreign_keys=tuple(key for key in table.foreign_keys if set(key.columns) <= columns),
        )

    def _notices(self, rows: Mapping[str, int], emptied: Sequence[str]) -> Iterator[str]:
        if emptied:
            yield f"cleared too, for they are of the same apps and the backup has no rows of them: {', '.join(emptied)}"
        for model in self._plan.passed_over:
            yield f"left out: {plural(model.records, 'record')} of {model.label}, which is never restored"
        if PERMISSIONS in self._tables and PERMISSIONS not in self._models and "auth" in self._apps:
            yield f"{PERMISSIONS} stays as it is: the backup has no permissions, and Django makes them itself"
        linked = self._links.keys() & rows.keys() if self._merge else ()
        if linked:
            yield f"links are added where there are none yet, and those made since stay: {', '.join(sorted(linked))}"
