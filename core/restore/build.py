"""The database of a site as a portable backup makes it: built beside the present one, which it then replaces.

What is not in the scope of the restore is copied, so it is built when the site is held, and not when it is staged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from core.archive import Archive
from core.config import Site
from core.context import Context
from core.databases import dumps
from core.databases.sqlite import SIDE_FILES, check_database, copy_database
from core.databases.target import open_target
from core.errors import GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.restore.digest import digest_path
from core.restore.loading import fill_new, load_existing, plan_tables
from core.restore.marker import DATABASE, Expected, Marker, RowOrder, Target
from core.restore.tables import Tables, open_rows, open_tables
from core.restore.unpack import give, is_portable, present_belonging
from core.secrets import file_url
from core.verify import open_backup


def row_order(site: Site, archive: Archive, order: RowOrder | None) -> RowOrder | None:
    """Given what was asked for, return what an archive does with the database of a site; None where it is a file.

    Raise UsageError where something was asked for that only a portable backup can do.
    """
    manifest = archive.manifest
    if is_portable(archive):
        chosen = order or RowOrder()
        if not archive.holds_models:
            open_tables(archive, chosen.tables)
        return chosen.model_copy(update={"manifest_sha256": archive.manifest_sha256})
    if order is not None and order != RowOrder():
        raise UsageError("a snapshot is restored whole", hint="--mode and --table are for portable backups")
    if manifest is not None and manifest.database.member != DATABASE:
        in_place = site.sqlite_path is None and dumps.goes_in_place(site.database_url())
        return RowOrder(mode="replace" if in_place else "exchange", manifest_sha256=archive.manifest_sha256)
    return None


def build_database(
    context: Context, site: Site, marker: Marker, order: RowOrder, held: sqlite3.Connection | None, reporter: Reporter
) -> Expected:
    """Build the new database, over what a killed build left, and return what it holds; the site is not changed.

    `held` is the present database; without it, for that is missing or damaged, the tables are made from the archive.
    Raise VerificationError where the backup is not what was staged, GreenroomError where a row does not fit.
    """
    (target,) = (one for one in marker.targets if one.kind == "database")
    path = _cleared(target, context)
    if held is None:
        path.touch(mode=0o600)
    else:
        copy_database(held, path, reporter)
    url = file_url(path)
    with staged_tables(context, site, marker, order, url, reporter) as found, open_target(url) as database:
        if database.occupants():
            restored = load_existing(found, database, reporter, merge=order.mode == "merge")
        else:
            restored = fill_new(found, database, plan_tables(found.schema, database), reporter)
        database.commit()
    belonging = present_belonging(target.live, folder=False)
    give(path, belonging.mode, belonging.uid, belonging.gid)
    context.disk.sync_filesystem(target.work)
    built = digest_path(path, reporter)
    tables = check_database(path, reporter, quick=True).tables
    return Expected(
        digest=built.hex,
        tables=tables,
        restored=restored,
        entries=built.entries,
        files=built.files,
        size_bytes=built.size_bytes,
    )


@contextmanager
def staged_archive(context: Context, site: Site, marker: Marker, order: RowOrder) -> Iterator[Archive]:
    """Open the archive that was staged; raise VerificationError where it is another one now, or gone."""
    backup = context.catalog.find(order.of_site or site.name, marker.backup_filename.removesuffix(".zip"))
    if backup is None or backup.manifest_sha256 != order.manifest_sha256:
        raise VerificationError(f"{marker.backup_filename} is not what was staged any more", hint="stage it again")
    with open_backup(context, site, backup) as archive:
        yield archive


@contextmanager
def staged_tables(
    context: Context, site: Site, marker: Marker, order: RowOrder, url: URL, reporter: Reporter
) -> Iterator[Tables]:
    """As `staged_archive`, of a portable one: what goes into the database of a URL; raise where that has no place."""
    with (
        staged_archive(context, site, marker, order) as archive,
        open_rows(archive, order, url, reporter) as found,
    ):
        for problem in found.problems:
            raise GreenroomError(problem, hint="nothing was changed")
        yield found


def _cleared(target: Target, context: Context) -> Path:
    for name in (target.staged, *(target.staged.with_name(target.staged.name + side) for side in SIDE_FILES)):
        context.disk.unlink(name)
    return target.staged
