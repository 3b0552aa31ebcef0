"""The order of tables in which each comes after those that its foreign keys name."""

from __future__ import annotations

from collections.abc import Iterable

from core.databases.schema import Table


def order_tables(tables: Iterable[Table]) -> list[Table]:
    """Return the tables, parents first; where keys go in a circle, by name, and as few as can be come too early."""
    waiting = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    parents = {
        name: {key.table for key in table.foreign_keys if key.table in waiting and key.table != name}
        for name, table in waiting.items()
    }
    ordered = []
    while waiting:
        free = [name for name in waiting if not parents[name] & waiting.keys()]
        ordered += [waiting.pop(name) for name in free or [_in_a_circle(parents, waiting)]]
    return ordered


def _in_a_circle(parents: dict[str, set[str]], waiting: Iterable[str]) -> str:
    """Return the first name of a circle: from any name, always going to a parent comes to one."""
    left = set(waiting)
    name = min(left)
    seen: list[str] = []
    while name not in seen:
        seen.append(name)
        name = min(parents[name] & left)
    return min(seen[seen.index(name) :])
