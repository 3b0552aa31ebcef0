"""The preview of a restore: what would change, what would be lost, what stands in the way. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.archive import Archive, Entry, Kind, Manifest
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.databases import dumps
from core.databases.losses import Loss
from core.databases.reading import count_readable
from core.databases.serving import count_rows, other_connections
from core.databases.sqlite import (
    DatabaseDamagedError,
    DatabaseMissingError,
    database_files,
    live_counts,
    probe_database,
)
from core.errors import BusyError
from core.holders import Holder, Holders, find_holders
from core.progress import Reporter
from core.restore.build import row_order
from core.restore.fit import Fit
from core.restore.marker import RowOrder, Target
from core.restore.obstacles import TargetSpace, find_obstacles, versions_differ
from core.restore.targets import plan_targets
from core.secrets import mask_url
from core.tree import EntryKind, walk_tree
from core.verify import open_backup
from core.words import plural

_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class TableChange:
    """Rows of a table now and in the backup; None where it does not exist or cannot be counted."""

    name: str
    now: int | None
    backup: int | None

    @property
    def difference(self) -> int:
        return (self.backup or 0) - (self.now or 0)


@dataclass(frozen=True, slots=True)
class FolderChange:
    """Files of a folder now and in the backup; `lost` are there now and not in the backup.

    `unreadable` says what could not be looked into, so that its files are not counted.
    """

    name: str
    path: Path
    files_now: int | None
    files_backup: int
    bytes_now: int
    bytes_backup: int
    lost: int
    lost_examples: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        return self.files_backup - (self.files_now or 0)


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a person needs to know before a restore.

    `rows` is what a portable backup does with its rows, None of a snapshot, and `losses` what of them cannot be kept
    exactly. The rows of `tables` are those afterwards: where rows are merged, as many as there are now.
    """

    backup: BackupRecord
    site: str
    database: str
    present: str
    tables: tuple[TableChange, ...]
    folders: tuple[FolderChange, ...]
    space: tuple[TargetSpace, ...]
    holders: tuple[Holder, ...]
    version_now: str | None
    version_backup: str | None
    engine_version: str | None
    rows: RowOrder | None
    losses: tuple[Loss, ...]
    blockers: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def version_differs(self) -> bool:
        return versions_differ(self.version_now, self.version_backup)

    @property
    def lost(self) -> tuple[str, ...]:
        """What goes, the biggest loss first, a line each."""
        rows = sorted((table for table in self.tables if table.difference < 0), key=lambda table: table.difference)
        lines = [
            f"table {table.name}: {plural(-table.difference, 'row')}"
            + ("" if table.backup is not None else ", the whole table")
            for table in rows
        ]
        lines += [f"{folder.name}: {plural(folder.lost, 'file')}" for folder in self.folders if folder.lost]
        since = self.backup.created_at.isoformat(timespec="seconds")
        return (*lines, f"{change_words(self.rows)} since {since}")


def change_words(order: RowOrder | None) -> str:
    """Return which changes since the backup are lost, as the beginning of a sentence."""
    if order is None or order.is_whole:
        return "every change"
    if order.mode == "merge":
        return "every change to a row that the backup has too, and to the files,"
    return "every change to these tables, and to the files," if order.tables else "every change to its tables and files"


def inspect_restore(
    context: Context, site: Site, backup: BackupRecord, reporter: Reporter, order: RowOrder | None = None
) -> Preview:
    """Given a backup, verify its archive and compare it with the present state of a site.

    `order` is what a portable backup would do with its rows. Raise VerificationError where the archive cannot be
    trusted. What only stands in the way is in `blockers`.
    """
    with open_backup(context, site, backup) as archive:
        archive.verify(reporter)
        rows = row_order(site, archive, order)
        obstacles = find_obstacles(context, site, archive, reporter, rows, trusted=backup.trusted, look=True)
        targets = obstacles.targets
        present, tables_now = _present_tables(site, rows, reporter)
        holders = find_holders(database_files(site.sqlite_path)) if site.sqlite_path else Holders((), 0)
        manifest = archive.manifest
        fit = obstacles.fit
        backup_tables = {table.name: table.rows for table in manifest.tables} if manifest else {}
        if rows is not None and fit is not None:
            backup_tables = _afterwards(rows, tables_now, fit.rows)
        folders = tuple(_folder_change(target, archive, site) for target in targets if target.kind == "folder")
        return Preview(
            backup=backup,
            site=site.name,
            database=str(site.sqlite_path or mask_url(site.database)),
            present=present,
            tables=_table_changes(tables_now, backup_tables) if manifest or fit else (),
            folders=folders,
            space=obstacles.space,
            holders=holders.found,
            version_now=obstacles.version_now,
            version_backup=obstacles.version_backup,
            engine_version=manifest.engine_version if manifest else None,
            rows=rows,
            losses=fit.losses if fit else (),
            blockers=obstacles.blockers,
            notices=(
                *(_about_rows(site, rows, fit, manifest, tables_now) if rows is not None else ()),
                *obstacles.notices,
                *_connected(site),
                *_notices(archive, present, holders, targets),
                *_left_alone(plan_targets(site, "preview"), targets),
                *_unreadable(folders),
            ),
        )


def _present_tables(site: Site, rows: RowOrder | None, reporter: Reporter) -> tuple[str, dict[str, int]]:
    """A portable backup names the tables in which the role works; a dump all of them, with their schemas."""
    database = site.sqlite_path
    if database is None:
        count = count_rows if rows is None or rows.is_whole else count_readable
        return "healthy", count(site.database_url(), reporter)
    try:
        probe_database(database, reporter)
        return "healthy", live_counts(database, reporter)
    except DatabaseMissingError:
        return "missing", {}
    except DatabaseDamagedError:
        return "damaged", {}
    except BusyError:
        return "in use", {}


def _afterwards(rows: RowOrder, now: dict[str, int], held: Mapping[str, int]) -> dict[str, int]:
    """Rows by table after the restore, as far as they can be known: those of other tables stay."""
    return {**now, **held} if rows.mode == "clear" else {**held, **now}


def _about_rows(
    site: Site, rows: RowOrder, fit: Fit | None, manifest: Manifest | None, now: Mapping[str, int]
) -> Iterator[str]:
    if rows.mode == "exchange":
        yield "the whole database is exchanged, with all that is in it; its connections are closed for that"
        return
    if rows.mode == "replace":
        goes = dumps.owned(site.database_url())
        yield (
            "the role may create no database beside the site's, so in one transaction what it owns goes, and what the"
            f" backup holds comes; what others own stays. {plural(len(goes), 'thing')} "
            + ("go" if len(goes) != 1 else "goes")
            + (f": {', '.join(goes)}" if goes else "")
        )
        return
    if fit is None:
        return
    if not now and site.sqlite_path is None:
        yield "the database is empty: the tables are made, and an undo takes them away again"
    elif rows.mode == "merge":
        for name, count in fit.rows.items():
            yield f"{name}: {plural(count, 'row')} overwrite those with the same key, or are added"
    else:
        yield f"all rows of {plural(len(fit.rows), 'table')} go before; the rows of other tables stay as they are"
    if manifest is not None and manifest.excluded_tables:
        yield f"not in the backup, so left as they are: {', '.join(manifest.excluded_tables)}"


def _table_changes(now: dict[str, int], backup: dict[str, int]) -> tuple[TableChange, ...]:
    return tuple(TableChange(name, now.get(name), backup.get(name)) for name in sorted({*now, *backup}))


def _folder_change(target: Target, archive: Archive, site: Site) -> FolderChange:
    prefix = f"{target.name}/"
    held = {entry.name[len(prefix) :]: entry.size for entry in archive.entries if _is_content(entry, prefix)}
    files_now, bytes_now, lost = 0, 0, []
    unreadable: list[str] = []
    exists = target.live.is_dir()
    walk = walk_tree(target.live, site.exclude, skip=lambda error: unreadable.append(error.message))
    for found in walk if exists else ():
        if found.kind in (EntryKind.FILE, EntryKind.LINK):
            files_now += 1
            bytes_now += found.status.st_size if found.kind is EntryKind.FILE else 0
            if found.relative not in held:
                lost.append(found.relative)
    return FolderChange(
        name=target.name,
        path=target.live,
        files_now=files_now if exists else None,
        files_backup=len(held),
        bytes_now=bytes_now,
        bytes_backup=sum(held.values()),
        lost=len(lost),
        lost_examples=tuple(lost[:_EXAMPLES]),
        unreadable=tuple(unreadable),
    )


def _is_content(entry: Entry, prefix: str) -> bool:
    return entry.name.startswith(prefix) and entry.kind is not Kind.FOLDER


def _left_alone(everything: tuple[Target, ...], targets: tuple[Target, ...]) -> Iterator[str]:
    for target in everything:
        if target not in targets:
            yield f"{target.live} is not in the backup: it stays as it is"
        elif target.kind == "folder" and not target.live.is_dir():
            yield f"{target.live} is missing: the present state is set aside as it is instead of a safety backup"


def _unreadable(folders: tuple[FolderChange, ...]) -> Iterator[str]:
    for reason in (reason for folder in folders for reason in folder.unreadable):
        yield f"{reason}, so not counted: the present state is set aside as it is instead of a safety backup"


def _connected(site: Site) -> Iterator[str]:
    found = other_connections(site.database_url()) if site.sqlite_path is None else []
    for one in found:
        who = f"{one.user} {one.application}".strip()
        yield f"connected now: {who} (connection {one.pid}): stop the application before the restore is applied"


def _notices(archive: Archive, present: str, holders: Holders, targets: tuple[Target, ...]) -> Iterator[str]:
    if archive.foreign:
        yield "foreign archive: it carries no hashes, so nothing proves that it is what was backed up"
    if present in ("damaged", "missing"):
        yield f"the present database is {present}: its raw bytes are set aside unchanged instead of a safety backup"
    if present == "in use":
        yield "the present database is locked by somebody, so its rows could not be counted"
    if holders.found:
        names = ", ".join(map(str, holders.found))
        yield f"open now in {names}: stop the application before the restore is applied"
    if holders.unseen:
        yield f"processes that could not be looked into: {holders.unseen}; make sure the application is stopped"
    for target in targets:
        if target.by == "entries":
            yield f"{target.live} cannot be renamed itself: its entries are swapped one by one, journalled"
    if os.geteuid() != 0 and not archive.foreign:
        yield "not run as root: restored files will belong to the user who runs this"
