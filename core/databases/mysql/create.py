"""The statements that make tables in MariaDB and MySQL: tables first, rules when the rows are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from core.databases.creation.draft import DraftTable
from core.databases.creation.naming import quoted
from core.databases.mysql import ENGINE
from core.databases.mysql.types import default_collation


def statements(tables: Sequence[DraftTable], *, mariadb: bool) -> tuple[list[str], list[str]]:
    """Return what makes the tables, and what is run when the rows are in."""
    options = f" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {default_collation(mariadb=mariadb)}"
    made = [table_statement(ENGINE, table.name, _clauses(table)) + options for table in tables]
    rules = chain(chain.from_iterable(map(_rules, tables)), chain.from_iterable(map(_foreign_keys, tables)))
    return made, list(rules)


def _clauses(table: DraftTable) -> list[str]:
    clauses = [column_clause(ENGINE, column, "AUTO_INCREMENT") for column in table.columns]
    if table.primary_key:
        clauses.append(primary_key_clause(ENGINE, table))
    counting = [column.name for column in table.columns if column.identity]
    return clauses + [f"KEY ({quoted(ENGINE, name)})" for name in counting if table.primary_key[:1] != (name,)]


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
