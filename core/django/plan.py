"""Which table and column of the site each model and field of an export goes into, and why one has no place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.databases.schema import Column, ForeignKey, Table
from core.django.names import LinkTable, column_of, is_never, key_on, link_table, natural_columns, table_name
from core.django.records import Export, Model, Use
from core.django.values import Encode, encoder, is_json
from core.words import plural, printable


@dataclass(frozen=True)
class Reference:
    """What a foreign key names: the primary key of a table, or by its natural key, of these columns."""

    table: Table
    encode: Encode
    natural: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """The column of a field."""

    column: Column
    encode: Encode
    reference: Reference | None = None


@dataclass(frozen=True)
class Links:
    """The table of a many-to-many field."""

    field: str
    table: LinkTable
    reference: Reference
    rows: int


@dataclass(frozen=True)
class ModelPlan:
    """Where the records of a model go: `key` is the place of their primary keys."""

    model: Model
    table: Table
    key: Place
    places: Mapping[str, Place]
    links: tuple[Links, ...]


@dataclass
class Plan:
    """All models with their tables; `problems` say what has no place, `passed_over` are models never written to."""

    models: list[ModelPlan] = field(default_factory=list)
    passed_over: list[Model] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def plan_models(export: Export, tables: Mapping[str, Table], engine: str) -> Plan:
    """Given an export and the tables of the site, return where everything goes."""
    plan = Plan()
    for model in export.models:
        if is_never(model.label):
            plan.passed_over.append(model)
            continue
        planner = _Planner(model, tables, engine)
        found = planner.plan()
        plan.problems += planner.problems
        if found is not None:
            plan.models.append(found)
    plan.problems += _same_tables(plan.models)
    return plan


def _same_tables(models: Iterable[ModelPlan]) -> Iterator[str]:
    taken: dict[str, str] = {}
    for one in models:
        for name in (one.table.name, *(links.table.table.name for links in one.links)):
            if name in taken:
                yield f"the models {taken[name]} and {one.model.label} would both go into the table {name}"
            taken[name] = one.model.label


@dataclass
class _Planner:
    model: Model
    tables: Mapping[str, Table]
    engine: str
    problems: list[str] = field(default_factory=list)

    def plan(self) -> ModelPlan | None:
        table = self.tables.get(table_name(self.model.label))
        if table is None:
            self._say(
                f"the site has no table {table_name(self.model.label)}; a model that names its table itself, or is not"
                " installed, cannot be restored"
            )
            return None
        if len(table.primary_key) != 1:
            self._say(f"the table {table.name} has no primary key of one column")
            return None
        if self.model.without_key:
            self._say(
                f"{plural(self.model.without_key, 'record')} without a primary key; export them with it, and natural"
                " keys for foreign keys alone"
            )
        key = self._place(table, table.primary_key[0], None)
        places: dict[str, Place] = {}
        links: list[Links] = []
        for name, use in self.model.fields.items():
            self._field(table, name, use, places, links)
        if key is None:
            return None
        for name, place in places.items():
            if place.column.name == key.column.name:
                self._say("is the primary key, which stands in `pk`", name)
        return ModelPlan(self.model, table, key, places, tuple(links))

    def _say(self, what: str, name: str | None = None) -> None:
        where = "" if name is None else f", field {printable(name)}"
        self.problems.append(f"model {self.model.label}{where}: {what}")

    def _field(self, table: Table, name: str, use: Use, places: dict[str, Place], links: list[Links]) -> None:
        column = column_of(table, name)
        if column is None:
            found = link_table(table, self.tables.get(f"{table.name}_{name}"))
            if found is None:
                self._say(
                    f"the table {table.name} has neither a column {printable(name)} nor {printable(name)}_id, and no"
                    f" table {table.name}_{printable(name)} links it with another",
                    name,
                )
            else:
                self._links(name, use, found, links)
        elif table.column(column).computed is None:
            place = self._place(table, column, name, use)
            if place is not None:
                places[name] = place

    def _place(self, table: Table, column_name: str, name: str | None, use: Use | None = None) -> Place | None:
        column = table.column(column_name)
        encode = encoder(table, column, self.engine)
        if encode is None:
            kind = column.type.native or column.type.kind
            self._say(f"how Django writes the type {kind} of {table.name}.{column_name} is not known", name)
            return None
        if use is None or not use.lists or is_json(table, column):
            return Place(column, encode)
        key = key_on(table, column_name)
        if key is None:
            self._say(f"holds lists, and {table.name}.{column_name} is no foreign key", name)
            return None
        reference = self._reference(key, use.lengths, name)
        return None if reference is None else Place(column, encode, reference)

    def _links(self, name: str, use: Use, found: LinkTable, links: list[Links]) -> None:
        if use.others:
            self._say("is many-to-many, and holds what is no list", name)
            return
        reference = self._reference(found.other, use.inner_lengths, name)
        if reference is not None:
            links.append(Links(name, found, reference, use.items))

    def _reference(self, key: ForeignKey, lengths: set[int], name: str | None) -> Reference | None:
        """`lengths` are those of the natural keys that are met."""
        other = self.tables.get(key.table)
        if other is None:
            self._say(f"refers to {key.table}, which the site does not have", name)
            return None
        (referred,) = key.referred
        encode = encoder(other, other.column(referred), self.engine)
        if encode is None or (lengths and other.primary_key != (referred,)):
            self._say(f"refers to {key.table}.{referred}, which is no primary key that is understood", name)
            return None
        if not lengths:
            return Reference(other, encode)
        if len(lengths) > 1:
            self._say("holds natural keys of different lengths", name)
            return None
        columns = natural_columns(other, next(iter(lengths)), self.tables)
        if isinstance(columns, str):
            self._say(columns, name)
            return None
        return Reference(other, encode, columns)
