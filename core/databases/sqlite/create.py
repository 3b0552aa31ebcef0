"""The statements that make tables in SQLite, which takes all rules with the table and only indexes later."""

from __future__ import annotations

from collections.abc import Sequence

from core.databases.clauses import (
    check_clause,
    column_clause,
    foreign_key_clause,
    index_statement,
    primary_key_clause,
    table_statement,
    unique_clause,
)
from core.databases.draft import DraftTable
from core.databases.sqlite.snapshot import ENGINE


def statements(tables: Sequence[DraftTable]) -> tuple[list[str], list[str]]:
    """Return what makes the tables, and what is run when the rows are in."""
    made = [table_statement(ENGINE, table.name, _clauses(table)) for table in tables]
    indexes = [
        index_statement(ENGINE, table.name, key) for table in tables for key in table.keys if not key.is_constraint
    ]
    return made, indexes


def _clauses(table: DraftTable) -> list[str]:
    clauses = [column_clause(ENGINE, column, "PRIMARY KEY AUTOINCREMENT") for column in table.columns]
    if table.primary_key and not any(column.identity for column in table.columns):
        clauses.append(primary_key_clause(ENGINE, table))
    clauses += [unique_clause(ENGINE, key) for key in table.keys if key.is_constraint]
    clauses += [check_clause(ENGINE, check) for check in table.checks]
    clauses += [foreign_key_clause(ENGINE, key) for key in table.foreign_keys]
    return clauses
