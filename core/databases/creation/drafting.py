"""Drafts of tables: a schema that fits its target, with all types, defaults and checks in the target's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.databases.creation.computing import Computed
from core.databases.creation.default_sql import default_clause, is_updated, now_clause
from core.databases.creation.draft import DraftCheck, DraftColumn, DraftForeignKey, DraftKey, DraftTable, NativeType
from core.databases.creation.expressions import translate
from core.databases.creation.families import LeftOutError
from core.databases.creation.naming import NewNames, quoted
from core.databases.losses import Loss, Refusal, shown
from core.databases.postgresql.types import is_sortable
from core.databases.schema import Column, ForeignKey, Index, Schema, Table

_TAKEN_FOR_THE_SAME = {
    "case or accents": r"_[ca]i\b|_ci$",
    "the case of a to z": "^NOCASE$",
    "blanks at their end": "^RTRIM$",
}
TypeOf = Callable[[Table, Column], NativeType]
PrefixesOf = Callable[[Table, tuple[str, ...], Mapping[str, NativeType]], tuple[int | None, ...]]


@dataclass(frozen=True, slots=True)
class Drafter:
    """Makes the drafts of the tables of one schema; what it leaves out is added to `losses`.

    `relations` are the names that are shared by all tables of the database.
    """

    schema: Schema
    target: str
    mariadb: bool
    computed: Mapping[str, Mapping[str, Computed]]
    type_of: TypeOf
    prefixes_of: PrefixesOf
    relations: NewNames
    losses: list[Loss]

    def draft(self, table: Table) -> DraftTable:
        types = {column.name: self.type_of(table, column) for column in table.columns}
        for name, type_ in types.items():
            self.losses.extend(Loss(table.name, name, what) for what in type_.losses)
            self.losses.extend(Refusal(table.name, name, what) for what in type_.refuses)
        is_mysql = self.target == "mysql"
        key_names = NewNames(self.target, {"primary"}) if is_mysql else self.relations
        rule_names = self.relations if is_mysql else NewNames(self.target, set())
        primary_key = table.primary_key if self._is_possible(table, table.primary_key, types, "primary key") else ()
        has_name = primary_key and self.target == "postgresql"
        return DraftTable(
            name=table.name,
            columns=tuple(self._column(table, column, types[column.name]) for column in table.columns),
            primary_key=primary_key,
            primary_key_name=self.relations.give(f"{table.name}_pkey") if has_name else "",
            keys=tuple(self._keys(table, types, key_names)),
            checks=tuple(self._checks(table, types, rule_names)),
            foreign_keys=tuple(_foreign_key(table, key, rule_names) for key in table.foreign_keys),
            options=table.options if self.schema.engine == self.target == "sqlite" else (),
        )

    def _column(self, table: Table, column: Column, type_: NativeType) -> DraftColumn:
        computed = self.computed[table.name].get(column.name)
        if computed is not None:
            nullable = column.nullable or self.target == "mysql"
            return DraftColumn(column.name, type_.sql, nullable, computed=computed.sql, stored=computed.stored)
        sequence = ""
        if column.identity and self.target == "postgresql":
            sequence = self.relations.give(f"{table.name}_{column.name}_seq")
        nullable = column.nullable and column.name not in table.primary_key
        sql = type_.sql
        if self.target == "mysql" and nullable and sql.startswith("TIMESTAMP"):
            sql += " NULL"
        return DraftColumn(
            column.name,
            sql,
            nullable,
            self._default(table, column, type_),
            column.identity,
            sequence,
            always=column.always and self.target == "postgresql",
            updated=self._updated(table, column, type_),
        )

    def _updated(self, table: Table, column: Column, type_: NativeType) -> str:
        if not column.updated:
            return ""
        if self.schema.engine == self.target == "mysql" and column.type.kind == "timestamp":
            return now_clause(type_)
        self.losses.append(Loss(table.name, column.name, "is not set to the time of each update"))
        return ""

    def _default(self, table: Table, column: Column, type_: NativeType) -> str | None:
        if column.default is None:
            return None
        try:
            said = default_clause(column, type_, self.schema.engine, self.target, mariadb=self.mariadb)
        except LeftOutError as error:
            value = "now" if column.default.kind == "now" else shown(str(column.default.value))
            self.losses.append(Loss(table.name, column.name, f"the default {value} is left out: {error}"))
            return None
        if column.default.kind == "now" and column.type.kind in {"text", "any"} and self.target != self.schema.engine:
            self.losses.append(Loss(table.name, column.name, "the default now is the date and time in UTC, as text"))
        if column.default.kind == "now" and self.target == "sqlite" and self.schema.engine != "sqlite":
            self.losses.append(Loss(table.name, column.name, "the default now is in UTC and in whole seconds"))
        if is_updated(column) and self.target != "mysql":
            self.losses.append(Loss(table.name, column.name, "is not set to the time of each update"))
        return said

    def _is_possible(self, table: Table, columns: tuple[str, ...], types: Mapping[str, NativeType], what: str) -> bool:
        """Whether a key of these columns has an order by which PostgreSQL finds them."""
        if self.target != "postgresql" or all(is_sortable(types[name].sql) for name in columns):
            return bool(columns)
        column = columns[0] if len(columns) == 1 else None
        self.losses.append(
            Loss(table.name, column, f"the {what} ({', '.join(columns)}) is left out: its type has no order")
        )
        return False

    def _keys(self, table: Table, types: Mapping[str, NativeType], names: NewNames) -> Iterator[DraftKey]:
        for unique in table.uniques:
            if self._is_possible(table, unique.columns, types, "unique rule"):
                wanted = unique.name or "_".join([table.name, *unique.columns, "key"])
                yield DraftKey(
                    names.give(wanted),
                    unique.columns,
                    unique=True,
                    is_constraint=True,
                    nulls_distinct=unique.nulls_distinct,
                    deferrable=unique.deferrable or unique.deferred,
                    deferred=unique.deferred,
                )
        for index in table.indexes:
            what = f"{'unique rule' if index.unique else 'index'} {shown(index.name)}"
            where = self._where(table, index, what)
            if where is not None and self._is_possible(table, index.columns, types, what):
                yield DraftKey(
                    names.give(index.name),
                    index.columns,
                    index.unique,
                    is_constraint=False,
                    lengths=self._lengths(table, index, types),
                    descending=index.descending,
                    where=where,
                    nulls_distinct=index.nulls_distinct or self.target != "postgresql",
                )

    def _where(self, table: Table, index: Index, what: str) -> str | None:
        """Return the condition of an index in the target's words, empty if it holds all rows; None if it cannot be."""
        if index.where is None:
            return ""
        try:
            return translate(index.where, self.schema.engine, self.target, table).sql
        except LeftOutError as error:
            said = f"the {what} is left out, which holds only where {shown(index.where)}: {error}"
            self.losses.append(Loss(table.name, None, said))
            return None

    def _lengths(self, table: Table, index: Index, types: Mapping[str, NativeType]) -> tuple[int | None, ...]:
        """Return how much of each column is in the index: as much as in the source, where it says so."""
        if any(index.lengths):
            return index.lengths
        lengths = () if index.unique else self.prefixes_of(table, index.columns, types)
        for name, length in zip(index.columns, lengths, strict=False):
            if length is not None and self.schema.engine != "mysql":  # where it holds a part, too
                what = f"the index {shown(index.name)} holds its first {length} letters or bytes"
                self.losses.append(Loss(table.name, name, what))
        return lengths

    def _checks(self, table: Table, types: Mapping[str, NativeType], names: NewNames) -> Iterator[DraftCheck]:
        for check in table.checks:
            try:
                expression = translate(check.sql, self.schema.engine, self.target, table)
                if self.target == "mysql":
                    _refuse_check(table, expression.columns)
            except LeftOutError as error:
                self.losses.append(Loss(table.name, None, f"the check {shown(check.sql)} is left out: {error}"))
            else:
                yield DraftCheck(names.give(check.name or f"{table.name}_check"), expression.sql)
        for name, type_ in types.items():
            if type_.check:
                sql = type_.check.replace("{}", quoted(self.target, name), 1)
                yield DraftCheck(names.give(f"{table.name}_{name}_check"), sql)


def _refuse_check(table: Table, columns: frozenset[str]) -> None:
    """Raise LeftOutError where MariaDB and MySQL take no check: where they change the column by themselves."""
    if any(table.column(name).identity for name in columns):
        raise LeftOutError("it reads a column that counts by itself")
    for key in table.foreign_keys:
        changes = "SET NULL" in {key.on_delete, key.on_update} or key.on_update == "CASCADE"
        if changes and columns & set(key.columns):
            raise LeftOutError(f"it reads a column that the foreign key to {key.table} changes")


def _foreign_key(table: Table, key: ForeignKey, names: NewNames) -> DraftForeignKey:
    name = names.give(key.name or "_".join([table.name, *key.columns, "fkey"]))
    return DraftForeignKey(
        name,
        key.columns,
        key.table,
        key.referred,
        key.on_delete,
        key.on_update,
        deferrable=key.deferrable or key.deferred,
        deferred=key.deferred,
    )


def table_losses(schema: Schema, target: str) -> Iterator[Loss]:
    """Yield what is lost in many columns of a table alike, a line for the table."""
    for table in schema.tables:
        limited = [f"{column.name} {_limit(column)}" for column in table.columns if _limit(column)]
        if target == "sqlite" and schema.engine != "sqlite" and limited:
            yield Loss(table.name, None, f"SQLite does not hold to lengths and ranges: {', '.join(limited)}")
        if target == schema.engine:
            continue
        for what, pattern in _TAKEN_FOR_THE_SAME.items():
            unlike = [column.name for column in table.columns if re.search(pattern, column.type.collation)]
            if unlike:
                yield Loss(
                    table.name, None, f"texts that differ in {what} are not the same any more: {', '.join(unlike)}"
                )


def _limit(column: Column) -> str:
    type_ = column.type
    if type_.length is not None:
        return f"({type_.length})"
    if type_.kind == "decimal" and type_.precision is not None:
        return f"({type_.precision},{type_.scale or 0})"
    return f"({type_.bits} bits)" if type_.kind == "integer" and type_.bits not in {None, 64} else ""
