"""Which computed columns a target can have, and their expressions there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.databases.creation.expressions import translate
from core.databases.creation.families import LeftOutError
from core.databases.losses import Loss, shown
from core.databases.schema import Column, ForeignKey, Table


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in the target's words, and whether its result is stored or made when it is read."""

    sql: str
    stored: bool


def computed_columns(
    table: Table, source: str, target: str, losses: list[Loss], *, mariadb: bool
) -> Mapping[str, Computed]:
    """Return the computed columns that the target can have, by name.

    The others are missing there: their values are in no archive, and a column that is always NULL would be believed.
    """
    found: dict[str, Computed] = {}
    waiting = {column.name for column in table.columns if column.computed is not None}
    progress = True
    while progress:
        progress = False
        for name in sorted(waiting):
            column = table.column(name)
            made, reads = _translated(table, column, source, target)
            if isinstance(made, str) or not reads & waiting:
                waiting.discard(name)
                progress = True
                outcome = (
                    made if isinstance(made, str) else _possible(table, made, reads, found, target, mariadb=mariadb)
                )
                _note(table, column, outcome, found, losses, target)
    for name in sorted(waiting):
        _note(table, table.column(name), "it reads itself", found, losses, target)
    return found


def _translated(table: Table, column: Column, source: str, target: str) -> tuple[Computed | str, frozenset[str]]:
    """Return the expression and the columns that it reads, or why there is none."""
    try:
        expression = translate(column.computed or "", source, target, table, column)
    except LeftOutError as error:
        return str(error), frozenset()
    return Computed(expression.sql, column.stored), expression.columns


def _possible(
    table: Table,
    made: Computed,
    reads: frozenset[str],
    found: Mapping[str, Computed],
    target: str,
    *,
    mariadb: bool,
) -> Computed | str:
    """Return the column as the target can have it, or why it cannot."""
    computed = {name for name in reads if table.column(name).computed is not None}
    if computed - set(found):
        return "it reads a column that is missing"
    if target == "postgresql":
        return "it reads another computed column" if computed else Computed(made.sql, stored=True)
    counts = any(table.column(name).identity for name in reads)
    if target == "mysql" and counts and not mariadb:
        return "it reads a column that counts by itself"
    is_changed = any(reads & set(key.columns) and _changes(key) for key in table.foreign_keys)
    return Computed(made.sql, stored=False) if target == "mysql" and (counts or is_changed) else made


def _changes(key: ForeignKey) -> bool:
    """Whether the engine changes columns by itself for a foreign key, and keeps nothing then that it made of them."""
    return (key.on_delete, key.on_update) != ("NO ACTION", "NO ACTION")


def _note(
    table: Table,
    column: Column,
    outcome: Computed | str,
    found: dict[str, Computed],
    losses: list[Loss],
    target: str,
) -> None:
    if isinstance(outcome, str):
        what = f"the column is missing, for it is computed as {shown(column.computed or '')}: {outcome}"
        losses.append(Loss(table.name, column.name, what))
        return
    found[column.name] = outcome
    if outcome.stored != column.stored:
        what = "is stored" if outcome.stored else "is computed when it is read"
        losses.append(Loss(table.name, column.name, f"{what}, the source has it otherwise"))
    if target == "mysql" and not column.nullable:
        losses.append(Loss(table.name, column.name, "may be NULL, for a computed column can be no NOT NULL there"))
