"""Whether the rows of a backup go into the tables that a site has, and what would be lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.archive import Archive
from core.config import Site
from core.databases import dumps
from core.databases.losses import Loss
from core.databases.reading import open_reader
from core.databases.schema import Schema
from core.databases.sqlite import DatabaseDamagedError, DatabaseMissingError
from core.databases.target import open_target
from core.errors import BusyError, GreenroomError
from core.progress import Reporter
from core.restore.loading import find_losses, find_problems, plan_tables
from core.restore.marker import RowOrder
from core.restore.tables import Tables, decide, open_rows, open_tables

_NEEDS_TABLES = "an export of a Django project goes only into a database that can be read and has its tables"


@dataclass(frozen=True, slots=True)
class Fit:
    """The rows that come to each table, why they cannot, what is lost, and what is to be known."""

    rows: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    notices: tuple[str, ...] = ()


def fit_rows(site: Site, archive: Archive, order: RowOrder, reporter: Reporter, *, look: bool) -> Fit:
    """Compare a backup with the site as it is now; nothing is changed.

    To say what is lost its rows are looked at, which is only done to `look`.
    Into a database that is lost or empty the tables of a portable backup are made, and there all fits.
    """
    merge = order.mode == "merge"
    try:
        url = site.database_url()
        with open_reader(url, reporter) as reader:
            present = reader.schema
        with open_rows(archive, order, url, reporter) as found:
            if site.sqlite_path is None:
                problems, losses, there = _on_server(site, found, present, merge=merge)
            else:
                problems = list(find_problems(found.schema, present, merge=merge)) if present.tables else []
                losses, there = tuple(find_losses(found.schema, present)), present
            problems = [*found.problems, *problems]
            return Fit(
                rows=dict(found.rows),
                problems=tuple(dict.fromkeys(problems or _unfit(found, reporter))),
                losses=decide(found, losses, there, reporter) if look else (),
                notices=tuple(found.notices),
            )
    except (DatabaseMissingError, DatabaseDamagedError, BusyError) as error:
        if archive.holds_models:
            return Fit(problems=(f"{_NEEDS_TABLES}: {error.message}",))
        return Fit(rows=open_tables(archive, order.tables).rows)


def _on_server(
    site: Site, found: Tables, present: Schema, *, merge: bool
) -> tuple[list[str], tuple[Loss, ...], Schema]:
    """Return why rows cannot go into a database on a server, and what may be lost in which tables there."""
    with open_target(site.database_url()) as target:
        if not target.occupants():
            creation = plan_tables(found.schema, target)
            return list(_no_way_back(site)), creation.losses, creation.made
        there = {table.name for table in present.tables}
        names = [table.name for table in found.schema.tables if table.name in there]
        problems = [*find_problems(found.schema, present, merge=merge), *target.problems(names, merge=merge)]
        return problems, tuple(find_losses(found.schema, present)), present


def _no_way_back(site: Site) -> Iterator[str]:
    """What brings an empty database back is a dump of it."""
    try:
        with dumps.open_dump(site.database_url(), Reporter(), site.tools):
            return
    except GreenroomError as error:
        yield (
            f"the database is empty, and no snapshot can be made of it to go back to: {error.message}; without a way"
            " back: `greenroom restore B --into URL --now`"
        )


def _unfit(found: Tables, reporter: Reporter) -> Iterator[str]:
    try:
        found.check(reporter)
    except GreenroomError as error:
        yield error.message
