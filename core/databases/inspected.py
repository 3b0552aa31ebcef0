"""Tables in neutral terms from SQLAlchemy's inspector, for the engines whose catalogs it reads well."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from sqlalchemy import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedForeignKeyConstraint, ReflectedIndex
from sqlalchemy.exc import SAWarning

from core.databases.defaults import parse_default
from core.databases.facts import MARKER
from core.databases.schema import Action, Check, Column, ColumnType, ForeignKey, Index, Table, Unique

TypeOf = Callable[[str, str], ColumnType]
IsIdentity = Callable[[ReflectedColumn], bool]


def inspect_tables(inspector: Inspector, type_of: TypeOf, is_identity: IsIdentity) -> tuple[list[Table], list[str]]:
    """Return the tables of the default schema by their names, and what of their indexes has no neutral form.

    `type_of` gives the type of a table's column, for SQLAlchemy does not know all of them.
    """
    left_out: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # about those types
        names = sorted(set(inspector.get_table_names()) - {MARKER})
        tables = [_table(inspector, name, type_of, is_identity, left_out) for name in names]
    left_out += [f"view {name}" for name in sorted(inspector.get_view_names())]
    return tables, left_out


def _table(
    inspector: Inspector,
    name: str,
    type_of: TypeOf,
    is_identity: IsIdentity,
    left_out: list[str],
) -> Table:
    uniques = inspector.get_unique_constraints(name)
    rules = {str(unique["name"]) for unique in uniques}
    return Table(
        name=name,
        columns=tuple(
            _column(column, type_of(name, column["name"]), is_identity) for column in inspector.get_columns(name)
        ),
        primary_key=tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
        uniques=tuple(
            Unique(name=one["name"], columns=tuple(map(str, one["column_names"])))
            for one in sorted(uniques, key=lambda one: str(one["name"]))
        ),
        foreign_keys=tuple(map(_foreign_key, inspector.get_foreign_keys(name))),
        checks=tuple(
            Check(name=one["name"], sql=one["sqltext"])
            for one in sorted(inspector.get_check_constraints(name), key=lambda one: str(one["name"]))
        ),
        indexes=tuple(_indexes(inspector.get_indexes(name), rules, left_out)),
    )


def _column(column: ReflectedColumn, type_: ColumnType, is_identity: IsIdentity) -> Column:
    computed = column.get("computed")
    identity = computed is None and is_identity(column)
    return Column(
        name=column["name"],
        type=type_,
        nullable=column["nullable"],
        default=None if identity or computed else parse_default(column["default"]),
        identity=identity,
        computed=None if computed is None else str(computed["sqltext"]),
        stored=computed is None or bool(computed.get("persisted")),
    )


def _foreign_key(key: ReflectedForeignKeyConstraint) -> ForeignKey:
    options = key.get("options", {})
    schema = key["referred_schema"]
    table = key["referred_table"]
    return ForeignKey(
        name=key["name"],
        columns=tuple(key["constrained_columns"]),
        table=table if schema is None else f"{schema}.{table}",
        referred=tuple(key["referred_columns"]),
        on_delete=cast("Action", options.get("ondelete", "NO ACTION")),
        on_update=cast("Action", options.get("onupdate", "NO ACTION")),
        deferrable=bool(options.get("deferrable")),
        deferred=str(options.get("initially")).upper() == "DEFERRED",
    )


def _indexes(indexes: Sequence[ReflectedIndex], rules: set[str], left_out: list[str]) -> Iterator[Index]:
    for index in sorted(indexes, key=lambda one: str(one["name"])):
        name = str(index["name"])
        options = index.get("dialect_options", {})
        if name in rules or index.get("duplicates_constraint"):
            continue
        if options.get("postgresql_where"):
            left_out.append(f"index {name}, which is partial")
        elif None in index["column_names"]:
            left_out.append(f"index {name}, which is of an expression")
        else:
            columns = tuple(str(column) for column in index["column_names"])
            yield Index(name=name, columns=columns, unique=bool(index["unique"]))
