"""The parts of CREATE TABLE that all three engines say in the same words."""

from __future__ import annotations

from core.databases.creation.draft import DraftCheck, DraftColumn, DraftForeignKey, DraftKey, DraftTable
from core.databases.creation.naming import quoted, quoted_list


def column_clause(engine: str, column: DraftColumn, identity: str) -> str:
    """Return a column's definition; `identity` is what the engine says of one that counts by itself."""
    words = [quoted(engine, column.name), column.type]
    if column.computed is not None:
        words.append(f"GENERATED ALWAYS AS ({column.computed}) {'STORED' if column.stored else 'VIRTUAL'}")
    if not column.nullable:
        words.append("NOT NULL")
    if column.default is not None:
        words.append(f"DEFAULT {column.default}")
    if column.updated:
        words.append(f"ON UPDATE {column.updated}")
    if column.identity:
        words.append(identity)
    return " ".join(word for word in words if word)


def primary_key_clause(engine: str, table: DraftTable) -> str:
    name = f"CONSTRAINT {quoted(engine, table.primary_key_name)} " if table.primary_key_name else ""
    return f"{name}PRIMARY KEY ({quoted_list(engine, table.primary_key)})"


def unique_clause(engine: str, key: DraftKey) -> str:
    words = [
        f"CONSTRAINT {quoted(engine, key.name)} UNIQUE",
        _nulls(key),
        f"({quoted_list(engine, key.columns)})",
        _waits(key),
    ]
    return " ".join(word for word in words if word)


def check_clause(engine: str, check: DraftCheck) -> str:
    return f"CONSTRAINT {quoted(engine, check.name)} CHECK ({check.sql})"


def foreign_key_clause(engine: str, key: DraftForeignKey) -> str:
    actions = [f"ON DELETE {key.on_delete}"] if key.on_delete != "NO ACTION" else []
    actions += [f"ON UPDATE {key.on_update}"] if key.on_update != "NO ACTION" else []
    actions += [_waits(key)] if key.deferrable else []
    return " ".join(
        [
            f"CONSTRAINT {quoted(engine, key.name)} FOREIGN KEY ({quoted_list(engine, key.columns)})",
            f"REFERENCES {quoted(engine, key.table)} ({quoted_list(engine, key.referred)})",
            *actions,
        ]
    )


def index_statement(engine: str, table: str, key: DraftKey) -> str:
    lengths = key.lengths or (None,) * len(key.columns)
    parts = [
        quoted(engine, name) + (f"({length})" if length else "") + (" DESC" if name in key.descending else "")
        for name, length in zip(key.columns, lengths, strict=True)
    ]
    unique = "UNIQUE " if key.unique else ""
    words = [
        f"CREATE {unique}INDEX {quoted(engine, key.name)} ON {quoted(engine, table)} ({', '.join(parts)})",
        _nulls(key),
        f"WHERE {key.where}" if key.where else "",
    ]
    return " ".join(word for word in words if word)


def _nulls(key: DraftKey) -> str:
    return "" if key.nulls_distinct else "NULLS NOT DISTINCT"


def _waits(key: DraftKey | DraftForeignKey) -> str:
    if not key.deferrable:
        return ""
    return "DEFERRABLE INITIALLY DEFERRED" if key.deferred else "DEFERRABLE"


def table_statement(engine: str, table: str, clauses: list[str]) -> str:
    lines = ",\n    ".join(clauses)
    return f"CREATE TABLE {quoted(engine, table)} (\n    {lines}\n)"
