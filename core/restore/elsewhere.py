"""Restore a portable backup into an empty database that is no site, on any engine."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace

from core.catalog import INTO, BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.databases.creation import Creation, plan_creation
from core.databases.losses import Loss
from core.databases.order import order_tables
from core.databases.schema import ForeignKey, Schema, Table
from core.databases.target import LoadResult, Target, open_target, table_of
from core.errors import GreenroomError, UsageError
from core.progress import Reporter
from core.recovery import tidy
from core.restore.address import Address
from core.restore.tables import PortableTables, open_tables
from core.verify import open_backup, present_row
from core.words import plural


@dataclass(frozen=True, slots=True)
class ElsewherePreview:
    """What a restore into another database brings there, and in `losses` what that cannot keep exactly."""

    backup: BackupRecord
    into: Address
    source: str
    engine: str
    tables: dict[str, int]
    losses: tuple[Loss, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ElsewhereOutcome:
    """What is in the other database now, counted and compared."""

    backup: BackupRecord
    into: Address
    tables: int
    records: int
    losses: tuple[Loss, ...]


def inspect_elsewhere(
    context: Context, site: Site, backup: BackupRecord, into: Address, reporter: Reporter, tables: Sequence[str] = ()
) -> ElsewherePreview:
    """Verify a portable backup and say what would become of it in another database; nothing is changed.

    Raise VerificationError where the archive cannot be trusted, UsageError where the database is not empty.
    """
    with open_backup(context, site, backup) as archive:
        archive.verify(reporter)
        found = open_tables(archive, tables)
        with _opened(into) as target:
            _refuse_full(into, target)
            losses = _plan(found.schema, target).losses
            engine = target.engine
    return ElsewherePreview(
        backup=backup,
        into=into,
        source=found.schema.engine,
        engine=engine,
        tables={table.name: found.said[table.name].rows for table in found.schema.tables},
        losses=losses,
        notices=tuple(_notices(found)),
    )


def restore_elsewhere(
    context: Context, site: Site, backup: BackupRecord, into: Address, reporter: Reporter, tables: Sequence[str] = ()
) -> ElsewhereOutcome:
    """Make the tables of a portable backup in an empty database and fill them: all of it, or nothing.

    Raise VerificationError, UsageError where the database is not empty, GreenroomError; then it is as it was.
    """
    context.require_writable("restore a backup")
    with context.lock(site, "restore"):
        tidy(context, site)
        backup = present_row(context, backup)
        with open_backup(context, site, backup) as archive:
            found = open_tables(archive, tables)
            with _opened(into) as target:
                _refuse_full(into, target)
                creation = _plan(found.schema, target)
                records = _fill(found, target, creation, reporter)
        outcome = ElsewhereOutcome(backup, into, len(found.schema.tables), records, creation.losses)
        context.catalog.record_restore(_log_row(context, site, outcome))
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


def _plan(schema: Schema, target: Target) -> Creation:
    """A foreign key that its own source broke is not made: the target would refuse it."""
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


def _broken(schema: Schema) -> list[tuple[Table, ForeignKey]]:
    return [(table, key) for table in schema.tables for key in table.foreign_keys if key.broken]


def _fill(found: PortableTables, target: Target, creation: Creation, reporter: Reporter) -> int:
    """Return how many rows were restored, compared with what was sent."""
    reporter.phase("making the tables")
    target.begin_new([table.name for table in found.schema.tables])
    for statement in creation.tables:
        target.execute(statement)
    target.refresh()
    loaded: dict[str, LoadResult] = {}
    for table in order_tables(found.schema.tables):
        loaded[table.name] = target.load(table, found.lines(table, reporter), merge=False)
    reporter.phase("making keys and indexes", len(creation.rules), "steps")
    for statement in creation.rules:
        target.execute(statement)
        reporter.advance()
    target.refresh()
    target.finish(unchecked=[(table.name, key.columns) for table, key in _broken(found.schema)])
    reporter.phase("comparing the tables", len(loaded), "steps")
    for name, sent in loaded.items():
        _compare(target, table_of(target.schema, name), sent)
        reporter.advance()
    target.commit()
    return sum(one.sum.rows for one in loaded.values())


def _compare(target: Target, table: Table, sent: LoadResult) -> None:
    found = target.checksum(table, sent.columns)
    if found != sent.sum:
        raise GreenroomError(
            f"the table {table.name} does not hold what was sent: {found.rows} rows, sent were {sent.sum.rows}"
            + ("" if found.rows != sent.sum.rows else ", of which some differ"),
            hint="nothing was kept; look whether a trigger or another program changes rows",
        )


def _notices(found: PortableTables) -> Iterator[str]:
    yield from (f"not portable, and not in the backup: {what}" for what in found.schema.left_out)
    chosen = {table.name for table in found.schema.tables}
    for name in found.said:
        if name not in chosen:
            yield f"not asked for: the table {name}"
    manifest = found.archive.manifest
    for folder in manifest.files if manifest else ():
        yield f"the files of {folder.prefix} are not restored: they belong to no database"
    yield "it cannot be undone: what is in the database afterwards is there until somebody drops it"


def _log_row(context: Context, site: Site, outcome: ElsewhereOutcome) -> RestoreRecord:
    now = context.clock()
    results = {"into": outcome.into.shown, "losses": [asdict(loss) for loss in outcome.losses]}
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
        files_restored=0,
        pre_restore_backup_id=None,
        safety_name=None,
        set_aside=None,
        restored_by=context.actor,
        restored_at=now,
        restoration_results=json.dumps(results),
        error=None,
    )
