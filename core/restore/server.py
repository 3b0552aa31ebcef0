"""Apply a portable backup to a site whose database is on a server: one transaction, and the folders switched around it.

The commit is the one instant in which the restore happens: the folders are switched before it, and go back where it
does not come. Whether it came is asked of the database itself. The steps are those of docs/atomicity.md, "Apply on a
server".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.backup import BackupRequest, back_up_held
from core.config import Site
from core.context import Context
from core.databases.serving import (
    announcement,
    forget_restore,
    has_committed,
    other_connections,
    prepare_restore,
)
from core.databases.target import Target, open_target
from core.errors import BusyError
from core.progress import Reporter
from core.restore.build import staged_tables
from core.restore.finish import Outcome, finish_new
from core.restore.loading import load_existing
from core.restore.marker import DATABASE, Expected, Marker, Phase, RowOrder, marker_path, write_marker
from core.restore.switch import plan_moves


def refuse_connections(site: Site) -> None:
    """Raise BusyError naming them where others are connected to the site's database."""
    found = other_connections(site.database_url())
    if found:
        names = ", ".join(f"{one.user} {one.application} (connection {one.pid})" for one in found[:5])
        raise BusyError(
            f"the database of {site.name} is in use by {' '.join(names.split())}; nothing was changed",
            hint="stop the application, then try again",
        )


def back_up_before(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Marker:
    """Make the safety backup: all tables, also those that other portable backups leave out."""
    safety = back_up_held(
        context,
        site,
        reporter,
        BackupRequest(
            kind="portable",
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


@contextmanager
def loaded(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Iterator[tuple[Target, Expected]]:
    """Load the rows, compared and not committed; leaving the block without a commit takes them back."""
    order = marker.rows or RowOrder()
    url = site.database_url()
    prepare_restore(url)
    with staged_tables(context, site, marker, order) as found, open_target(url) as target:
        target.execute(announcement(marker.restore_id))
        rows = load_existing(found, target, reporter, merge=order.mode == "merge")
        yield target, Expected(tables=rows)


def switching(marker: Marker, expected: Expected) -> Marker:
    """Return the journal of the switch, to be written when all but the renames and the commit is done."""
    return marker.but(
        phase=Phase.SWITCHING, moves=plan_moves(marker.targets), expected={**marker.expected, DATABASE: expected}
    )


def is_committed(site: Site, marker: Marker) -> bool:
    """Ask the site's database whether this restore was committed."""
    return has_committed(site.database_url(), marker.restore_id)


def finish_on_server(context: Context, site: Site, marker: Marker) -> Outcome:
    """From the commit on only forward: the database need not be asked any more."""
    marker = write_marker(context, marker_path(context, site), marker.but(phase=Phase.SWITCHED))
    forget_restore(site.database_url())
    return finish_new(context, site, marker)
