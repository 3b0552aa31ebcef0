"""A schema made in an empty database: planned, run, read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from core.databases.connect import open_server
from core.databases.creation.plan import Creation, plan_creation
from core.databases.mysql.reflect import read_schema as read_mysql
from core.databases.postgresql.reflect import read_schema as read_postgresql
from core.databases.schema import Column, ForeignKey, Schema, Table
from core.databases.sqlite.reflect import read_schema as read_sqlite

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error, pymysql.Error)


def read_schema(url: str) -> Schema:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_path(url))) as connection:
            return read_sqlite(connection)
    engine = open_server(url)
    with engine.connect() as connection:
        schema = read_postgresql(connection) if url.startswith("postgresql") else read_mysql(connection)
    engine.dispose()
    return schema


def run(url: str, statements: Iterable[str]) -> list[Any]:
    """Run statements as they are, with foreign keys held to; return the rows of the last one."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_path(url))) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            rows = [connection.execute(statement).fetchall() for statement in statements]
            connection.commit()
            return rows[-1] if rows else []
    engine = open_server(url)
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = list(cursor.fetchall()) if cursor.description else []
        connection.commit()
        return rows
    finally:
        connection.close()
        engine.dispose()


def create(url: str, schema: Schema) -> Creation:
    """Make the tables of a schema in an empty database, with all their rules."""
    creation = plan_creation(schema, url.partition(":")[0])
    run(url, [*creation.tables, *creation.rules])
    return creation


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def what_is_kept(schema: Schema) -> dict[str, Any]:
    """The tables in what all engines say alike: no names of rules, no native words, no indexes behind foreign keys."""
    return {table.name: _kept_of(table) for table in schema.tables}


def _kept_of(table: Table) -> dict[str, Any]:
    return {
        "columns": [
            (one.name, one.type.kind, one.nullable, _said(one), one.identity, one.computed is not None)
            for one in table.columns
        ],
        "primary key": table.primary_key,
        "uniques": {one.columns for one in table.uniques} | {one.columns for one in table.indexes if one.unique},
        "foreign keys": {(_pairs(one), one.table.lower(), one.on_delete, one.on_update) for one in table.foreign_keys},
        "checks": len(table.checks),
        "indexes": {one.columns for one in table.indexes}
        - {one.columns for one in table.foreign_keys}
        - {one.columns for one in table.uniques},
    }


def _pairs(key: ForeignKey) -> frozenset[tuple[str, str]]:
    """The case of the other side does not matter to SQLite."""
    return frozenset(zip(key.columns, map(str.lower, key.referred), strict=True))


def _said(column: Column) -> Any:
    """The default, a number without the zeros that some engines put behind it."""
    default = column.default
    if default is None or default.kind != "literal":
        return default and default.kind
    if column.type.kind == "boolean":
        return str(default.value).lower() in {"1", "true"}
    return (
        Decimal(str(default.value)).normalize()
        if column.type.kind in {"integer", "decimal", "float"}
        else default.value
    )
