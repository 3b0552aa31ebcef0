"""The tables of an archive made in an empty database of any engine, and what that cannot keep exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.databases.creation.computing import Computed, computed_columns
from core.databases.creation.draft import DraftTable, NativeType
from core.databases.creation.drafting import Drafter, table_losses
from core.databases.creation.fitting import Fitter, roots
from core.databases.creation.naming import NewNames, check_names, quoted
from core.databases.losses import Loss, shown
from core.databases.mysql import create as mysql
from core.databases.mysql.reflect import type_of as mysql_type_of
from core.databases.mysql.rooms import prefixes, rooms
from core.databases.mysql.types import Setting as MysqlSetting
from core.databases.mysql.types import native_type as mysql_type
from core.databases.postgresql import create as postgresql
from core.databases.postgresql.enums import Enums
from core.databases.postgresql.reflect import type_of as postgresql_type_of
from core.databases.postgresql.types import Setting as PostgresqlSetting
from core.databases.postgresql.types import native_type as postgresql_type
from core.databases.schema import Column, ColumnType, Schema, Table
from core.databases.sqlite import create as sqlite
from core.databases.sqlite.reflect import type_of as sqlite_type_of
from core.databases.sqlite.types import native_type as sqlite_type
from core.errors import GreenroomError

AllComputed = Mapping[str, Mapping[str, Computed]]
Planned = tuple[list[DraftTable], tuple[list[str], list[str]]]
ENGINES = ("sqlite", "postgresql", "mysql")


@dataclass(frozen=True, slots=True)
class Creation:
    """SQL for an empty database: `tables` before the rows are in, `rules` after that; and what is lost.

    `made` is the schema that it has then, as far as its columns go.
    """

    tables: tuple[str, ...]
    rules: tuple[str, ...]
    losses: tuple[Loss, ...]
    made: Schema


def plan_creation(schema: Schema, engine: str, *, mariadb: bool = True) -> Creation:
    """Return how the tables of a schema are made on an engine; nothing is run.

    `mariadb` tells MariaDB from MySQL. Raise GreenroomError where a table or column cannot have its name there.
    """
    for one in (engine, schema.engine):
        if one not in ENGINES:
            raise GreenroomError(f"databases of the kind {one} are not supported")
    check_names(schema, engine)
    losses = [Loss(table.name, one.column, shown(one.what)) for table in schema.tables for one in table.left_out]
    computed = {
        table.name: computed_columns(table, schema.engine, engine, losses, mariadb=mariadb) for table in schema.tables
    }
    missing = {
        table.name: frozenset(
            column.name
            for column in table.columns
            if column.computed is not None and column.name not in computed[table.name]
        )
        for table in schema.tables
    }
    fitted = Fitter(schema.engine, engine, losses).fit(schema, missing)
    drafts, (tables, rules) = _PLANS[engine](fitted, computed, losses, mariadb=mariadb)
    losses += table_losses(fitted, engine)
    made = tuple(_made(table, draft, engine) for table, draft in zip(fitted.tables, drafts, strict=True))
    return Creation(tuple(tables), tuple(rules), tuple(losses), Schema(engine=engine, tables=made))


def _made(table: Table, draft: DraftTable, engine: str) -> Table:
    """Return a table with the types that its columns have on the target."""
    columns = []
    for column, other in zip(table.columns, draft.columns, strict=True):
        type_ = _TYPES[engine](other.type)
        if column.type.kind == "enum" and (type_.kind == "enum" or other.type.startswith('"')):
            type_ = ColumnType(kind="enum", values=column.type.values, native=other.type)
        columns.append(column.model_copy(update={"type": type_, "nullable": other.nullable}))
    return Table(name=table.name, columns=tuple(columns))


def _plan_sqlite(schema: Schema, computed: AllComputed, losses: list[Loss], *, mariadb: bool) -> Planned:
    def type_of(_: Table, column: Column) -> NativeType:
        return sqlite_type(column.type, schema.engine, identity=column.identity)

    names = NewNames("sqlite", {table.name.lower() for table in schema.tables})
    drafter = Drafter(schema, "sqlite", mariadb, computed, type_of, _whole, names, losses)
    drafts = [drafter.draft(table) for table in schema.tables]
    return drafts, sqlite.statements(drafts)


def _plan_postgresql(schema: Schema, computed: AllComputed, losses: list[Loss], *, mariadb: bool) -> Planned:
    names = NewNames("postgresql", {table.name.lower() for table in schema.tables})
    enums = Enums(schema, names)
    root_of = roots(schema)
    counting = {(table.name, column.name) for table in schema.tables for column in table.columns if column.identity}

    def type_of(table: Table, column: Column) -> NativeType:
        place = table.name, column.name
        enum = enums.name_of(column.type)
        setting = PostgresqlSetting(
            schema.engine,
            counts=root_of.get(place, place) in counting,
            in_key=column.name in _in_keys(table),
            enum=quoted("postgresql", enum) if enum else "",
        )
        return postgresql_type(column.type, setting)

    drafter = Drafter(schema, "postgresql", mariadb, computed, type_of, _whole, names, losses)
    drafts = [drafter.draft(table) for table in schema.tables]
    return drafts, postgresql.statements(drafts, enums.types)


def _plan_mysql(schema: Schema, computed: AllComputed, losses: list[Loss], *, mariadb: bool) -> Planned:
    room = rooms(schema)

    def type_of(table: Table, column: Column) -> NativeType:
        return mysql_type(column.type, MysqlSetting(schema.engine, room[table.name, column.name], mariadb))

    names = NewNames("mysql", set())
    drafter = Drafter(schema, "mysql", mariadb, computed, type_of, prefixes, names, losses)
    drafts = [drafter.draft(table) for table in schema.tables]
    return drafts, mysql.statements(drafts, mariadb=mariadb)


def _whole(_table: Table, _columns: tuple[str, ...], _types: Mapping[str, NativeType]) -> tuple[int | None, ...]:
    """An index holds all of its columns."""
    return ()


def _in_keys(table: Table) -> set[str]:
    keys = [table.primary_key, *(one.columns for one in table.uniques), *(one.columns for one in table.indexes)]
    return {name for key in keys for name in key}


_TYPES = {"sqlite": sqlite_type_of, "postgresql": postgresql_type_of, "mysql": mysql_type_of}
_PLANS = {"sqlite": _plan_sqlite, "postgresql": _plan_postgresql, "mysql": _plan_mysql}
