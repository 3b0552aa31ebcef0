"""The statements that make tables in SQLite, which takes all rules with the table and only indexes later."""

from __future__ import annotations

from collections.abc import Sequence

from core.databases.creation.clauses import (
    check_clause,
    column_clause,
    foreign_key_clause,
    index_statement,
    primary_key_clause,
    table_statement,
    unique_clause,
)
from core.databases.creation.draft import DraftTable
from core.databases.sqlite.snapshot import ENGINE


def statements(tables: Sequence[DraftTable]) -> tuple[list[str], list[str]]:
    """Return what makes the tables, and what is run when the rows are in."""
    made = [table_statement(ENGINE, table.name, _clauses(table)) + _options(table) for table in tables]
    indexes = [
        index_statement(ENGINE, table.name, key) for table in tables for key in table.keys if not key.is_constraint
    ]
    return made, indexes


def _clauses(table: DraftTable) -> list[str]:
    counts = "PRIMARY KEY" if "reuses numbers" in table.options else "PRIMARY KEY AUTOINCREMENT"
    clauses = [column_clause(ENGINE, column, counts) for column in table.columns]
    if table.primary_key and not any(column.identity for column in table.columns):
        clauses.append(primary_key_clause(ENGINE, table))
    clauses += [unique_clause(ENGINE, key) for key in table.keys if key.is_constraint]
    clauses += [check_clause(ENGINE, check) for check in table.checks]
    clauses += [foreign_key_clause(ENGINE, key) for key in table.foreign_keys]
    return clauses


def _options(table: DraftTable) -> str:
    said = ["STRICT"] if "strict" in table.options else []
    if "without rowid" in table.options and table.primary_key and not any(column.identity for column in table.columns):
        said.append("WITHOUT ROWID")
    return f" {', '.join(said)}" if said else ""
