"""Rows of a portable archive into a database: sent, checked against each other, read back, compared; then committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.databases.compare import compare_columns
from core.databases.creation.plan import Creation, plan_creation
from core.databases.losses import Loss
from core.databases.order import order_tables
from core.databases.schema import ForeignKey, Schema, Table
from core.databases.target import LoadResult, Target, table_of
from core.errors import GreenroomError
from core.progress import Reporter
from core.restore.tables import Tables
from core.words import plural


class NotAsSentError(GreenroomError):
    """A table that was filled does not hold what was sent; nothing was kept."""


def plan_tables(schema: Schema, target: Target) -> Creation:
    """Return how the tables are made in an empty database; a foreign key that its own source broke is left out."""
    broken = _broken(schema)
    whole = tuple(
        table.model_copy(update={"foreign_keys": tuple(key for key in table.foreign_keys if not key.broken)})
        for table in schema.tables
    )
    creation = plan_creation(schema.model_copy(update={"tables": whole}), target.engine, mariadb=target.mariadb)
    losses = (
        Loss(
            table.name,
            ", ".join(key.columns),
            f"the foreign key to {key.table} is left out: {plural(key.broken, 'row')} broke it in the source already",
        )
        for table, key in broken
    )
    return replace(creation, losses=(*creation.losses, *losses))


def fill_new(found: Tables, target: Target, creation: Creation, reporter: Reporter) -> dict[str, int]:
    """Make the tables in an empty database and fill them; return the rows by table, compared and not yet committed."""
    reporter.phase("making the tables")
    target.begin_new([table.name for table in found.schema.tables])
    for statement in creation.tables:
        target.execute(statement)
    target.refresh()
    loaded = _load(found, target, reporter, merge=False)
    reporter.phase("making keys and indexes", len(creation.rules), "steps")
    for statement in creation.rules:
        target.execute(statement)
        reporter.advance()
    target.refresh()
    return _compared(found, target, loaded, reporter)


def load_existing(found: Tables, target: Target, reporter: Reporter, *, merge: bool) -> dict[str, int]:
    """Put the rows into tables that are there, in the place of all their rows or, to `merge`, of those with their keys.

    Return the rows by table, compared and not yet committed. Raise GreenroomError where one does not fit.
    """
    if not merge:
        reporter.phase("clearing the tables")
        target.clear([table.name for table in found.schema.tables])
    return _compared(found, target, _load(found, target, reporter, merge=merge), reporter)


def find_problems(found: Schema, present: Schema, *, merge: bool) -> Iterator[str]:
    """Yield why rows cannot go into the tables that are there, a sentence each."""
    there = {table.name: table for table in present.tables}
    for table in found.tables:
        if table.name not in there:
            yield f"the site has no table {table.name}: make it, or name the others with --table"
            continue
        yield from compare_columns(table, there[table.name], present.engine)[0]
        if merge and not there[table.name].primary_key:
            yield f"table {table.name} has no primary key, so its rows cannot be merged"


def find_losses(found: Schema, present: Schema) -> Iterator[Loss]:
    """Yield what the tables that are there cannot keep exactly; what comes back to its own type loses nothing."""
    there = {table.name: table for table in present.tables}
    for table in found.tables:
        if table.name not in there:
            continue
        same = set()
        if found.engine == present.engine:
            types = {column.name: column.type for column in there[table.name].columns}
            same = {column.name for column in table.columns if types.get(column.name) == column.type}
        for loss in compare_columns(table, there[table.name], present.engine)[1]:
            if loss.column not in same:
                yield loss


def _broken(schema: Schema) -> list[tuple[Table, ForeignKey]]:
    return [(table, key) for table in schema.tables for key in table.foreign_keys if key.broken]


def _load(found: Tables, target: Target, reporter: Reporter, *, merge: bool) -> dict[str, LoadResult]:
    return {
        table.name: target.load(table, found.lines(table, reporter), merge=merge)
        for table in order_tables(found.schema.tables)
    }


def _compared(found: Tables, target: Target, loaded: dict[str, LoadResult], reporter: Reporter) -> dict[str, int]:
    target.finish(unchecked=[(table.name, key.columns) for table, key in _broken(found.schema)])
    reporter.phase("comparing the tables", len(loaded), "steps")
    for name, sent in loaded.items():
        there = target.checksum(table_of(target.schema, name), sent.columns, sent.keys)
        if there != sent.sum:
            raise NotAsSentError(
                f"the table {name} does not hold what was sent: {plural(there.rows, 'row')} of {sent.sum.rows}"
                + ("" if there.rows != sent.sum.rows else ", of which some differ"),
                hint="nothing was kept; look whether a trigger or another program changes rows",
            )
        reporter.advance()
    return {name: one.sum.rows for name, one in loaded.items()}
