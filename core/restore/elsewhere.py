"""Restore a portable backup into an empty database that is no site, on any engine."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from core.archive import FolderEntry
from core.catalog import INTO, BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.databases.losses import Loss, losses_of_all
from core.databases.target import Target, open_target
from core.errors import UsageError
from core.progress import Reporter
from core.recovery import tidy
from core.restore.address import Address
from core.restore.files_into import refuse_folder, unpacked_beside
from core.restore.loading import fill_new, plan_tables
from core.restore.tables import PortableTables, decide, open_tables
from core.verify import open_backup, present_row


@dataclass(frozen=True, slots=True)
class ElsewherePreview:
    """What a restore into another database brings there, and in `losses` what that cannot keep exactly."""

    backup: BackupRecord
    into: Address
    source: str
    engine: str
    files_into: Path | None
    files: int
    tables: dict[str, int]
    losses: tuple[Loss, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ElsewhereOutcome:
    """What is in the other database now, counted and compared."""

    backup: BackupRecord
    into: Address
    files_into: Path | None
    tables: int
    records: int
    files: int
    losses: tuple[Loss, ...]


def inspect_elsewhere(
    context: Context,
    site: Site,
    backup: BackupRecord,
    into: Address,
    reporter: Reporter,
    tables: Sequence[str] = (),
    files_into: Path | None = None,
) -> ElsewherePreview:
    """Verify a portable backup and say what would become of it in another database; nothing is changed.

    Its files go to `files_into`, a folder that is not there yet, or nowhere.
    Raise VerificationError where the archive cannot be trusted, UsageError where the database is not empty.
    """
    with open_backup(context, site, backup) as archive:
        archive.verify(reporter)
        found = open_tables(archive, tables)
        if files_into is not None:
            refuse_folder(_folders(found), files_into)
        with _opened(into) as target:
            _refuse_full(into, target)
            creation = plan_tables(found.schema, target)
            losses = decide(found, creation.losses, creation.made, reporter)
            engine = target.engine
    return ElsewherePreview(
        backup=backup,
        into=into,
        source=found.schema.engine,
        engine=engine,
        files_into=files_into,
        files=_count_files(found) if files_into is not None else 0,
        tables={table.name: found.said[table.name].rows for table in found.schema.tables},
        losses=losses,
        notices=tuple(_notices(found, files_into)),
    )


def restore_elsewhere(
    context: Context,
    site: Site,
    backup: BackupRecord,
    into: Address,
    reporter: Reporter,
    tables: Sequence[str] = (),
    files_into: Path | None = None,
) -> ElsewhereOutcome:
    """Make the tables of a portable backup in an empty database and fill them: all of it, or nothing.

    Its files are unpacked and proved before the commit, and get the name `files_into` after it.
    Raise VerificationError, UsageError where the database is not empty, GreenroomError; then it is as it was.
    """
    context.require_writable("restore a backup")
    with context.lock(site, "restore"):
        tidy(context, site)
        backup = present_row(context, backup)
        with ExitStack() as opened:
            archive = opened.enter_context(open_backup(context, site, backup))
            found = open_tables(archive, tables)
            with _opened(into) as target:
                _refuse_full(into, target)
                place = opened.enter_context(_unpacked(context, found, files_into, reporter, trusted=backup.trusted))
                creation = plan_tables(found.schema, target)
                rows = fill_new(found, target, creation, reporter)
                target.commit()
            place()
        files = _count_files(found) if files_into is not None else 0
        outcome = ElsewhereOutcome(
            backup, into, files_into, len(rows), sum(rows.values()), files, losses_of_all(creation.losses)
        )
        context.catalog.record_restore(_log_row(context, site, outcome, tables))
        return outcome


@contextmanager
def _opened(into: Address) -> Iterator[Target]:
    """Open the target; the file of an SQLite database that was not there goes again unless there is something in it."""
    with ExitStack() as stack:
        if into.file is not None and not into.file.exists():
            if not into.file.parent.is_dir():
                raise UsageError(f"there is no folder {into.file.parent}", hint="make it first")
            into.file.touch(mode=0o600)
            stack.callback(_remove_empty, into)
        yield stack.enter_context(open_target(into.url))


@contextmanager
def _unpacked(
    context: Context, found: PortableTables, files_into: Path | None, reporter: Reporter, *, trusted: bool
) -> Iterator[Callable[[], None]]:
    if files_into is None:
        yield lambda: None
        return
    with unpacked_beside(found.archive, _folders(found), files_into, context.disk, reporter, trusted=trusted) as place:
        yield place


def _folders(found: PortableTables) -> tuple[FolderEntry, ...]:
    return found.archive.manifest.files if found.archive.manifest else ()


def _count_files(found: PortableTables) -> int:
    return sum(folder.files for folder in _folders(found))


def _remove_empty(into: Address) -> None:
    if into.file is not None and into.file.exists() and not into.file.stat().st_size:
        into.file.unlink()


def _refuse_full(into: Address, target: Target) -> None:
    there = target.occupants()
    if there:
        raise UsageError(
            f"{into.shown} is not empty: it has {', '.join(there[:5])}{' and more' * (len(there) > 5)}",
            hint="make an empty database for it; nothing was changed",
        )


def _notices(found: PortableTables, files_into: Path | None) -> Iterator[str]:
    yield from (f"not portable, and not in the backup: {what}" for what in found.schema.left_out)
    chosen = {table.name for table in found.schema.tables}
    for name in found.said:
        if name not in chosen:
            yield f"not asked for: the table {name}"
    for folder in _folders(found) if files_into is None else ():
        yield f"the files of {folder.prefix} are not restored: they belong to no database"
    yield "it cannot be undone: what is in the database afterwards is there until somebody drops it"


def _log_row(context: Context, site: Site, outcome: ElsewhereOutcome, tables: Sequence[str]) -> RestoreRecord:
    now = context.clock()
    results = {
        "into": outcome.into.shown,
        "files_into": None if outcome.files_into is None else str(outcome.files_into),
        "rows": {"mode": "clear", "tables": list(tables)},
        "losses": [asdict(loss) for loss in outcome.losses],
    }
    return RestoreRecord(
        restore_id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        site=site.name,
        action="restore",
        backup_id=outcome.backup.id,
        backup_name=outcome.backup.name,
        restore_type=INTO,
        status="completed",
        tables_restored=outcome.tables,
        records_restored=outcome.records,
        files_restored=outcome.files,
        pre_restore_backup_id=None,
        safety_name=None,
        set_aside=None,
        restored_by=context.actor,
        restored_at=now,
        restoration_results=json.dumps(results),
        error=None,
    )
