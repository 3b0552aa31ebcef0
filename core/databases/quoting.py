"""Names in SQL. They can be no parameters: whatever is in one, its engine's quotes keep it a name."""

from __future__ import annotations


def double_quoted(name: str) -> str:
    """As SQLite and PostgreSQL want it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def back_quoted(name: str) -> str:
    """As MariaDB and MySQL want it, in every sql_mode."""
    escaped = name.replace("`", "``")
    return f"`{escaped}`"
