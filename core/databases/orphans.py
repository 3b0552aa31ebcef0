"""Foreign keys that a database does not keep itself: an engine checks them only where it is told to, and when."""

from __future__ import annotations

from collections.abc import Callable

from core.databases.schema import ForeignKey, Schema, Table


def with_broken(schema: Schema, count: Callable[[Table, ForeignKey], int]) -> Schema:
    """Return the schema with the number of rows that break each foreign key, where `count` finds some."""
    return schema.model_copy(update={"tables": tuple(_table(table, count) for table in schema.tables)})


def orphans_query(table: Table, key: ForeignKey, quoted: Callable[[str], str]) -> str:
    """Return SQL that counts the rows of a table whose foreign key names a row that is not there."""
    pairs = list(zip(key.columns, key.referred, strict=True))
    joined = " AND ".join(f"c.{quoted(one)} = p.{quoted(other)}" for one, other in pairs)
    given = " AND ".join(f"c.{quoted(one)} IS NOT NULL" for one, _ in pairs)
    return (
        f"SELECT COUNT(*) FROM {quoted(table.name)} c LEFT JOIN {quoted(key.table)} p ON {joined} "
        f"WHERE {given} AND p.{quoted(key.referred[0])} IS NULL"
    )


def _table(table: Table, count: Callable[[Table, ForeignKey], int]) -> Table:
    keys = tuple(key.model_copy(update={"broken": count(table, key)}) for key in table.foreign_keys)
    return table.model_copy(update={"foreign_keys": keys})
