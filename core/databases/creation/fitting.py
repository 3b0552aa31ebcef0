"""A schema as a target can have it, still in neutral terms: what it cannot have is left out, and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.databases.creation.naming import folded
from core.databases.losses import Loss, shown
from core.databases.schema import Action, Column, ForeignKey, Index, Schema, Table, Unique

Place = tuple[str, str]
_MOST_KEY_COLUMNS = {"sqlite": 1000, "postgresql": 32, "mysql": 16}
_WITHOUT_ORDER = {"json", "array"}


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits a schema to an engine; each thing that is left out or changed is added to `losses`."""

    source: str
    target: str
    losses: list[Loss]

    def fit(self, schema: Schema, missing: Mapping[str, frozenset[str]]) -> Schema:
        """Return the schema without the `missing` columns, by their tables, and all that cannot be without them."""
        tables = [self._table(table, missing[table.name]) for table in schema.tables]
        whole = schema.model_copy(update={"tables": tuple(tables)})
        if self.target == "mysql" and self.source != "mysql":
            whole = _with_types_of_referred(whole)
        known = {table.name: table for table in whole.tables}
        tables = [
            table.model_copy(update={"foreign_keys": tuple(self._foreign_keys(table, known))}) for table in whole.tables
        ]
        return whole.model_copy(update={"tables": tuple(tables)})

    def _say(self, table: Table, columns: tuple[str, ...], what: str) -> None:
        column = columns[0] if len(columns) == 1 else None
        listed = "" if column else f" ({', '.join(columns)})"
        self.losses.append(Loss(table.name, column, what.replace("{}", listed, 1)))

    def _table(self, table: Table, missing: frozenset[str]) -> Table:
        primary_key, uniques = table.primary_key, list(table.uniques)
        if not self._can_be_key(table, primary_key, missing, "primary key"):
            primary_key = ()
        elif self.target != "postgresql" and any(table.column(name).computed is not None for name in primary_key):
            uniques.append(Unique(columns=primary_key))
            self._say(table, primary_key, "the primary key{} is a unique rule, for a part of it is computed")
            primary_key = ()
        uniques = [
            self._unique(table, one) for one in uniques if self._can_be_key(table, one.columns, missing, "unique rule")
        ]
        indexes = [one for one in table.indexes if self._can_be_index(table, one, missing)]
        return table.model_copy(
            update={
                "columns": tuple(self._columns(table, primary_key, missing)),
                "primary_key": tuple(dict.fromkeys(primary_key)),
                "uniques": tuple(uniques),
                "indexes": tuple(indexes),
            }
        )

    def _unique(self, table: Table, unique: Unique) -> Unique:
        """Return the rule as the target can have it; it may let more rows in there, and never fewer."""
        columns = tuple(dict.fromkeys(unique.columns))
        if not unique.nulls_distinct and self.target != "postgresql":
            self._say(table, columns, "the unique rule{} lets in any number of rows with a NULL in it")
        if unique.deferred and self.target != "postgresql":
            self._say(table, columns, "the unique rule{} is checked at once, not at the end of a transaction")
        if self.target == "postgresql":
            return unique.model_copy(update={"columns": columns})
        return Unique(name=unique.name, columns=columns)

    def _can_be_index(self, table: Table, index: Index, missing: frozenset[str]) -> bool:
        kind = "unique rule" if index.unique else "index"
        what = f"{kind} {shown(index.name)}"
        if not self._can_be_key(table, index.columns, missing, what):
            return False
        if len(set(index.columns)) < len(index.columns):
            self._say(table, index.columns, f"the {what}{{}} is left out: a column is named twice")
        elif index.where is not None and self.target == "mysql":
            self._say(table, index.columns, f"the {what}{{}} is left out: it holds only where {shown(index.where)}")
        elif any(index.lengths) and self.target != self.source:
            self._say(table, index.columns, f"the {what}{{}} is left out: it is of the beginnings of values")
        else:
            if index.unique and not index.nulls_distinct and self.target != "postgresql":
                self._say(table, index.columns, f"the {what}{{}} lets in any number of rows with a NULL in it")
            return True
        return False

    def _can_be_key(self, table: Table, columns: tuple[str, ...], missing: frozenset[str], what: str) -> bool:
        if not columns:
            return False
        kinds = {table.column(name).type.kind for name in columns}
        if missing & set(columns):
            why = "a column of it is missing"
        elif len(columns) > _MOST_KEY_COLUMNS[self.target]:
            why = f"it has more than {_MOST_KEY_COLUMNS[self.target]} columns"
        elif self.target == "mysql" and kinds & _WITHOUT_ORDER:
            why = "JSON can be in no key there"
        else:
            return True
        self._say(table, columns, f"the {what}{{}} is left out: {why}")
        return False

    def _columns(self, table: Table, primary_key: tuple[str, ...], missing: frozenset[str]) -> list[Column]:
        columns, counted = [], False
        for column in table.columns:
            if column.name in missing:
                continue
            if not column.identity:
                columns.append(column)
                continue
            if (
                column.type.kind == "integer"
                and not (self.target == "mysql" and counted)
                and (self.target != "sqlite" or primary_key == (column.name,))
            ):
                counted = True
                if column.nullable:
                    self._say(table, (column.name,), "must have a value, for it counts by itself")
                if column.always and self.target != "postgresql":
                    self._say(table, (column.name,), "counts by itself, but takes a value that an insert gives, too")
                columns.append(column.model_copy(update={"nullable": False, "default": None}))
            else:
                self._say(table, (column.name,), "does not count by itself there")
                columns.append(column.model_copy(update={"identity": False}))
        return columns

    def _foreign_keys(self, table: Table, known: Mapping[str, Table]) -> list[ForeignKey]:
        kept = []
        for key in table.foreign_keys:
            other = _find_table(known, key.table, self.source)
            fitted = self._foreign_key(table, key, other)
            if isinstance(fitted, str):
                self._say(table, key.columns, f"the foreign key{{}} to {key.table} is left out: {fitted}")
            else:
                kept.append(self._with_actions(table, fitted))
        return kept

    def _foreign_key(self, table: Table, key: ForeignKey, other: Table | None) -> ForeignKey | str:
        """Return a foreign key with its columns in the order of the key that it refers to, or why there is none."""
        if other is None:
            return "that table is not among these"
        names = {folded(self.source, column.name): column.name for column in other.columns}
        referred = [names.get(folded(self.source, name), "") for name in key.referred]
        own = {column.name for column in table.columns}
        if len(referred) != len(key.columns) or not referred or not set(key.columns) <= own or "" in referred:
            return "a column of it is missing"
        if len(set(referred)) < len(referred) or len(set(key.columns)) < len(referred):
            return "a column is named twice"
        order = _key_of(other, referred, plain=self.source == self.target == "mysql")
        if order is None:
            return "what it refers to is not unique"
        pairs = dict(zip(referred, key.columns, strict=True))
        columns = tuple(pairs[name] for name in order)
        if self.target not in {self.source, "sqlite"} and not all(
            _compare(table.column(one), other.column(two)) for one, two in zip(columns, order, strict=True)
        ):
            return "the two sides have different types"
        return key.model_copy(update={"table": other.name, "columns": columns, "referred": order})

    def _with_actions(self, table: Table, key: ForeignKey) -> ForeignKey:
        actions: dict[str, Action] = {"on_delete": key.on_delete, "on_update": key.on_update}
        columns = [table.column(name) for name in key.columns]
        for name, action in actions.items():
            why = self._refused(name, action, columns)
            if why:
                what = f"the foreign key{{}} to {key.table} refuses instead of {action} {name.replace('_', ' ')}: {why}"
                self._say(table, key.columns, what)
                actions[name] = "NO ACTION"
        if self.target == "mysql" and key.deferred:
            what = f"the foreign key{{}} to {key.table} is checked at once, not at the end of a transaction"
            self._say(table, key.columns, what)
        waits = {} if self.target != "mysql" else {"deferrable": False, "deferred": False}
        return key.model_copy(update={**actions, **waits})

    def _refused(self, name: str, action: Action, columns: list[Column]) -> str:
        if self.target == "mysql" and action == "SET DEFAULT":
            return "InnoDB has no SET DEFAULT"
        if self.target == "mysql" and action == "SET NULL" and any(not column.nullable for column in columns):
            return "a column of it cannot be NULL"
        computed = any(column.computed is not None for column in columns)
        changes = action in {"SET NULL", "SET DEFAULT"} or (name == "on_update" and action == "CASCADE")
        return "a column of it is computed" if self.target != "sqlite" and computed and changes else ""


def _find_table(known: Mapping[str, Table], name: str, source: str) -> Table | None:
    """Return a table by the name that a foreign key has for it, whose case SQLite does not mind."""
    if name in known or source != "sqlite":
        return known.get(name)
    return next((table for table in known.values() if folded(source, table.name) == folded(source, name)), None)


def _key_of(table: Table, names: list[str], *, plain: bool) -> tuple[str, ...] | None:
    """Return the columns of the key that these are; of any index that begins with them where that is enough."""
    keys = [table.primary_key, *(one.columns for one in table.uniques)]
    keys += [one.columns for one in table.indexes if one.unique and one.where is None and not any(one.lengths)]
    exact = next((key for key in keys if set(key) == set(names)), None)
    if exact is not None or not plain:
        return exact
    keys += [one.columns for one in table.indexes]
    return next((tuple(names) for key in keys if list(key[: len(names)]) == names), None)


def _compare(one: Column, other: Column) -> bool:
    """Whether the columns of two sides are of types that can be compared everywhere."""
    mine, yours = one.type, other.type
    return (
        mine.kind == yours.kind
        and mine.kind not in _WITHOUT_ORDER
        and mine.zoned == yours.zoned
        and mine.values == yours.values
    )


def roots(schema: Schema) -> dict[Place, Place]:
    """Return for each column of a foreign key the column that it refers to in the end, of the same kind."""
    tables = {table.name: table for table in schema.tables}
    refers: dict[Place, Place] = {}
    for table in schema.tables:
        for key in table.foreign_keys:
            other = tables.get(key.table)
            for one, two in zip(key.columns, key.referred, strict=False):
                known = other is not None and any(column.name == two for column in other.columns)
                if other is not None and known and other.column(two).type.kind == table.column(one).type.kind:
                    refers.setdefault((table.name, one), (key.table, two))
    return {place: _root(refers, place) for place in refers}


def _root(refers: Mapping[Place, Place], place: Place) -> Place:
    """Follow the references to their end; of those that go in a circle, one stands for all."""
    way = [place]
    while way[-1] in refers:
        following = refers[way[-1]]
        if following in way:
            return min(way[way.index(following) :])
        way.append(following)
    return way[-1]


def _with_types_of_referred(schema: Schema) -> Schema:
    """Return the schema with both sides of each foreign key of one type, as InnoDB wants them."""
    types = {(table.name, column.name): column.type for table in schema.tables for column in table.columns}
    followed = roots(schema)
    tables = []
    for table in schema.tables:
        columns = [
            column.model_copy(
                update={"type": types[followed.get((table.name, column.name), (table.name, column.name))]}
            )
            for column in table.columns
        ]
        tables.append(table.model_copy(update={"columns": tuple(columns)}))
    return schema.model_copy(update={"tables": tuple(tables)})
