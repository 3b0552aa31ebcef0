"""Apply a backup to a site whose database is on a server: one step of the server, and the folders switched around it.

The step is the one instant in which the restore happens: the folders are switched before it, and go back where it does
not come. Whether it came is asked of the server itself. The steps are those of docs/atomicity.md, "Apply on a server".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from core.backup import BackupRequest, back_up_held
from core.catalog import Kind
from core.config import Site
from core.context import Context
from core.databases import dumps
from core.databases.serving import (
    announcement,
    forget_restore,
    has_committed,
    other_connections,
    prepare_restore,
    take_back_restore,
)
from core.databases.target import Target as DatabaseTarget
from core.databases.target import open_target
from core.errors import BusyError, GreenroomError
from core.progress import Reporter
from core.restore.build import staged_archive, staged_tables
from core.restore.finish import Outcome, finish_new
from core.restore.loading import fill_new, load_existing, plan_tables
from core.restore.marker import DATABASE, Expected, Marker, Phase, RowOrder, marker_path, write_marker
from core.restore.switch import plan_moves
from core.secrets import mask_url


def refuse_connections(site: Site) -> None:
    """Raise BusyError naming them where others are connected to the site's database."""
    found = other_connections(site.database_url())
    if found:
        names = ", ".join(f"{one.user} {one.application} (connection {one.pid})" for one in found[:5])
        raise BusyError(
            f"the database of {site.name} is in use by {' '.join(names.split())}; nothing was changed",
            hint="stop the application, then try again",
        )


def refuse_other_database(site: Site, marker: Marker) -> None:
    """Raise GreenroomError where the site has another database now than the one that the restore was staged for."""
    now = mask_url(site.database)
    if marker.database != now:
        raise GreenroomError(
            f"the restore was staged for the database {marker.database}, and that of {site.name} is {now} now",
            hint=f"put `database` in greenroom.toml back, or take it back: `greenroom restore-cancel {site.name}`",
        )


def back_up_before(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Marker:
    """Make the safety backup, with all tables: of the kind that is restored, or what brings an empty database back."""
    is_whole = marker.rows is not None and marker.rows.is_whole
    kind: Kind = "snapshot" if is_whole or _is_empty(site) else "portable"
    safety = back_up_held(
        context,
        site,
        reporter,
        BackupRequest(
            kind=kind,
            role="safety",
            description=f"before the {marker.action} of {marker.backup_filename}",
            safety_for=marker.restore_id,
        ),
    )
    seen = {target.name: safety.fingerprints.get(target.live) for target in marker.targets}
    return marker.but(
        safety_id=safety.record.id,
        safety_name=safety.record.name,
        fingerprints={name: one for name, one in seen.items() if one is not None},
    )


def _is_empty(site: Site) -> bool:
    """Whether nothing is in the database; what an interrupted restore left there goes."""
    url = site.database_url()
    with open_target(url) as target:
        if target.occupants():
            return False
    take_back_restore(url)
    return True


class Change(Protocol):
    """How a database on a server becomes another one: all that can fail before, then one step that the server tells."""

    def prepared(self, reporter: Reporter) -> AbstractContextManager[Expected]:
        """Do all but the step; yield what the database then holds. The step is done within the block."""

    def commit(self) -> None:
        """Do the step."""

    def is_done(self) -> bool:
        """Ask the server whether the step was done, or begun and can only go forward; then bring it to its end."""

    def take_back(self) -> None:
        """Remove what was prepared; the step was not done."""

    def finish(self) -> None:
        """Remove what is not needed any more; can be repeated."""


@dataclass
class RowChange:
    """The rows of a portable backup, in one transaction; its commit is the step."""

    context: Context
    site: Site
    marker: Marker
    order: RowOrder
    _target: DatabaseTarget | None = None

    @contextmanager
    def prepared(self, reporter: Reporter) -> Iterator[Expected]:
        url = self.site.database_url()
        prepare_restore(url)
        with (
            staged_tables(self.context, self.site, self.marker, self.order, url, reporter) as found,
            open_target(url) as self._target,
        ):
            if self._target.occupants():
                rows = load_existing(found, self._target, reporter, merge=self.order.mode == "merge")
            else:
                rows = fill_new(found, self._target, plan_tables(found.schema, self._target), reporter)
            self._target.execute(announcement(self.marker.restore_id))  # after what some servers commit by themselves
            yield Expected(tables=rows)

    def commit(self) -> None:
        if self._target is not None:
            self._target.commit()

    def is_done(self) -> bool:
        return has_committed(self.site.database_url(), self.marker.restore_id)

    def take_back(self) -> None:
        """The server has rolled back, but for tables that were made where it commits each."""
        take_back_restore(self.site.database_url())

    def finish(self) -> None:
        forget_restore(self.site.database_url())


@dataclass
class DumpChange:
    """A snapshot, loaded beside the database; that the two change places is the step."""

    context: Context
    site: Site
    marker: Marker
    order: RowOrder

    @contextmanager
    def prepared(self, reporter: Reporter) -> Iterator[Expected]:
        url, restore_id = self.site.database_url(), self.marker.restore_id
        with _staged_dump(self.context, self.site, self.marker, self.order) as (blocks, rows):
            dumps.prepare(url, restore_id, blocks, rows, reporter, self.site.tools)
        yield Expected(tables=rows)

    def commit(self) -> None:
        dumps.exchange(self.site.database_url(), self.marker.restore_id)

    def is_done(self) -> bool:
        url = self.site.database_url()
        if not dumps.is_exchanged(url, self.marker.restore_id):
            return False
        dumps.exchange(url, self.marker.restore_id)
        return True

    def take_back(self) -> None:
        dumps.take_back(self.site.database_url(), self.marker.restore_id)

    def finish(self) -> None:
        dumps.finish(self.site.database_url(), self.marker.restore_id)


@dataclass
class InPlaceChange:
    """A snapshot, in one transaction in the place of what the role owns; its commit is the step."""

    context: Context
    site: Site
    marker: Marker
    order: RowOrder
    _commit: Callable[[], None] | None = None

    @contextmanager
    def prepared(self, reporter: Reporter) -> Iterator[Expected]:
        url, restore_id = self.site.database_url(), self.marker.restore_id
        with (
            _staged_dump(self.context, self.site, self.marker, self.order) as (blocks, rows),
            dumps.prepared_in_place(url, restore_id, blocks, rows, reporter, self.site.tools) as self._commit,
        ):
            yield Expected(tables=rows)

    def commit(self) -> None:
        if self._commit is not None:
            self._commit()

    def is_done(self) -> bool:
        return dumps.is_committed_in_place(self.site.database_url(), self.marker.restore_id)

    def take_back(self) -> None:
        """The server has rolled back."""

    def finish(self) -> None:
        dumps.forget_in_place(self.site.database_url())


@contextmanager
def _staged_dump(
    context: Context, site: Site, marker: Marker, order: RowOrder
) -> Iterator[tuple[Iterator[bytes], dict[str, int]]]:
    """Open the dump that was staged, with the rows of its tables; raise VerificationError."""
    with staged_archive(context, site, marker, order) as archive:
        manifest = archive.manifest
        entry = next(one for one in archive.entries if manifest and one.name == manifest.database.member)
        yield archive.read(entry), {table.name: table.rows for table in manifest.tables} if manifest else {}


def change_of(context: Context, site: Site, marker: Marker) -> Change:
    """Return how the staged restore changes the site's database."""
    order = marker.rows or RowOrder()
    if order.mode == "exchange":
        return DumpChange(context, site, marker, order)
    if order.mode == "replace":
        return InPlaceChange(context, site, marker, order)
    return RowChange(context, site, marker, order)


def switching(marker: Marker, expected: Expected) -> Marker:
    """Return the journal of the switch, to be written when all but the renames and the commit is done."""
    return marker.but(
        phase=Phase.SWITCHING, moves=plan_moves(marker.targets), expected={**marker.expected, DATABASE: expected}
    )


def finish_on_server(context: Context, site: Site, marker: Marker) -> Outcome:
    """From the commit on only forward: the database need not be asked any more."""
    marker = write_marker(context, marker_path(context, site), marker.but(phase=Phase.SWITCHED))
    change_of(context, site, marker).finish()
    return finish_new(context, site, marker)
