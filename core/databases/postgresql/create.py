"""The statements that make tables in PostgreSQL: types and tables first, rules when the rows are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from core.databases.creation.clauses import (
    check_clause,
    column_clause,
    foreign_key_clause,
    index_statement,
    primary_key_clause,
    table_statement,
    unique_clause,
)
from core.databases.creation.draft import DraftColumn, DraftTable
from core.databases.creation.literals import text_literal
from core.databases.creation.naming import quoted
from core.databases.postgresql import ENGINE


def statements(tables: Sequence[DraftTable], enums: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return what makes the types, named with their values, and the tables; and what is run when the rows are in."""
    made = [_enum_statement(name, values) for name, values in enums.items()]
    made += [table_statement(ENGINE, table.name, _clauses(table)) for table in tables]
    rules = chain(chain.from_iterable(map(_rules, tables)), chain.from_iterable(map(_foreign_keys, tables)))
    return made, list(rules)


def _enum_statement(name: str, values: Sequence[str]) -> str:
    said = ", ".join(text_literal(ENGINE, value) for value in values)
    return f"CREATE TYPE {quoted(ENGINE, name)} AS ENUM ({said})"


def _clauses(table: DraftTable) -> list[str]:
    clauses = [column_clause(ENGINE, column, _identity(column)) for column in table.columns]
    return [*clauses, primary_key_clause(ENGINE, table)] if table.primary_key else clauses


def _identity(column: DraftColumn) -> str:
    when = "ALWAYS" if column.always else "BY DEFAULT"
    return f"GENERATED {when} AS IDENTITY (SEQUENCE NAME {quoted(ENGINE, column.sequence)})"


def _rules(table: DraftTable) -> Iterator[str]:
    for key in table.keys:
        if key.is_constraint:
            yield f"ALTER TABLE {quoted(ENGINE, table.name)} ADD {unique_clause(ENGINE, key)}"
        else:
            yield index_statement(ENGINE, table.name, key)
    for check in table.checks:
        yield f"ALTER TABLE {quoted(ENGINE, table.name)} ADD {check_clause(ENGINE, check)}"


def _foreign_keys(table: DraftTable) -> Iterator[str]:
    for key in table.foreign_keys:
        yield f"ALTER TABLE {quoted(ENGINE, table.name)} ADD {foreign_key_clause(ENGINE, key)}"
