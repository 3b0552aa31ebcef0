"""backup, list, show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import click

from cli.opening import known_site, open_ready, the_backup, the_site, zone_of
from cli.options import Options, Verb, pass_options, site_option
from cli.output import Json, emit, emit_json, fields, remark, table, warn
from cli.work import working
from core.archive import Manifest
from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord, Kind
from core.context import Context
from core.reports import backup_report, drill_report, drill_words, format_age, format_time
from core.sizes import format_size
from core.words import plural, printable

_PAGE = 500
_SHOWN = 50


@click.command(cls=Verb)
@click.argument("site", required=False)
@click.option(
    "--kind",
    type=click.Choice(["snapshot", "portable"]),
    default="snapshot",
    help="The database exactly as it is, or each table as JSON, which any engine can take back.",
)
@click.option("--table", "tables", multiple=True, metavar="T", help="Of a portable backup only this one; repeatable.")
@click.option("--description", default="", metavar="TEXT", help="Why it is made: one line, shown in lists.")
@pass_options
def backup(options: Options, site: str | None, kind: Kind, tables: tuple[str, ...], description: str) -> None:
    """Back SITE up: its database and files into one archive, read back before it counts."""
    context = open_ready(options)
    request = BackupRequest(kind=kind, tables=tables, description=description)
    with working(options) as reporter:
        outcome = create_backup(context, the_site(context, site), reporter, request)
    for line in outcome.skipped:
        warn(f"left out: {line}")
    for line in outcome.notices:
        warn(line)
    if outcome.writers_waited:
        remark(options, f"the application could not write for {outcome.writers_waited:.1f} s (rollback journal)")
    if options.as_json:
        emit_json(
            options,
            {
                "backup": backup_report(outcome.record, context.store),
                "skipped": list(outcome.skipped),
                "notices": list(outcome.notices),
                "writers_waited_seconds": round(outcome.writers_waited, 3),
            },
        )
    else:
        emit(f"{outcome.record.name} of {outcome.record.site}: {summary(outcome.record)}")


@click.command("list", cls=Verb)
@click.argument("site", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Only the newest N. Without it {_SHOWN} in the table, all with --json.",
)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@pass_options
def list_backups(options: Options, site: str | None, limit: int | None, *, everything: bool) -> None:
    """List the backups of SITE, or of all sites, newest first."""
    if everything and limit is not None:
        raise click.UsageError("--limit and --all contradict each other")
    context = open_ready(options)
    name = known_site(context, site)
    most = None if everything or (options.as_json and limit is None) else limit or _SHOWN
    found = list(islice(_pages(context, name), most))
    total = context.catalog.count_backups(name)
    if options.as_json:
        emit_json(options, {"backups": [backup_report(one, context.store) for one in found], "total": total})
        return
    if not found:
        remark(options, "no backups yet: `greenroom backup` makes one")
        return
    emit(*_list_lines(context, found))
    if total > len(found):
        remark(options, f"{len(found)} of {total} are shown; --all shows the rest")


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@site_option
@pass_options
def show(options: Options, backup: str, site: str | None) -> None:
    """Show a backup: what is known of it, and the tables and files in it."""
    context = open_ready(options)
    record = the_backup(context, backup, site)
    text = context.catalog.manifest(record.id)
    manifest = Manifest.model_validate_json(text) if text else None
    if options.as_json:
        shape: Json = {
            "backup": backup_report(record, context.store),
            "manifest": manifest.model_dump(mode="json") if manifest else None,
            "drill": drill_report(record),
        }
        emit_json(options, shape)
        return
    emit(*fields(_record_fields(context, record)))
    if manifest is not None:
        emit("", *fields(_manifest_fields(manifest)))
        emit(
            "", *table(("TABLE", "ROWS"), [(printable(one.name), str(one.rows)) for one in manifest.tables], right=[1])
        )
        folders = [
            (one.prefix, str(one.files), str(one.folders), str(one.links), format_size(one.bytes), one.path)
            for one in manifest.files
        ]
        if folders:
            heads = ("FILES IN", "FILES", "FOLDERS", "LINKS", "SIZE", "FROM")
            emit("", *table(heads, folders, right=[1, 2, 3, 4]))


def summary(record: BackupRecord) -> str:
    """Given a completed backup, return what it holds, in a line."""
    parts = [record.status, format_size(record.file_size or 0)]
    if record.table_count is not None and record.record_count is not None:
        parts.append(f"{plural(record.table_count, 'table')} with {plural(record.record_count, 'row')}")
    if record.file_count is not None:
        parts.append(plural(record.file_count, "file"))
    return ", ".join([*parts, *remarks(record)])


def remarks(record: BackupRecord) -> list[str]:
    """Return what is to be said of a backup besides its status."""
    found = []
    if record.foreign:
        found.append("foreign")
    elif record.status == "completed":
        found.append("verified" if record.verified_at else "NOT verified")
    if record.pinned:
        found.append("pinned")
    if record.role != "manual":
        found.append(record.role)
    return found


def _pages(context: Context, site: str | None) -> Iterator[BackupRecord]:
    offset = 0
    while page := context.catalog.backups(site, limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def _list_lines(context: Context, found: Sequence[BackupRecord]) -> list[str]:
    now = context.clock()
    heads = ("ID", "SITE", "NAME", "MADE", "AGE", "STATUS", "SIZE", "ROWS", "FILES", "REMARKS", "DESCRIPTION")
    rows = [
        (
            str(one.id),
            one.site,
            one.name,
            format_time(one.created_at, zone_of(context, one.site)),
            format_age(now - one.created_at),
            one.status_word,
            "" if one.file_size is None else format_size(one.file_size),
            "" if one.record_count is None else str(one.record_count),
            "" if one.file_count is None else str(one.file_count),
            ", ".join([*remarks(one), *filter(None, [drill_words(one, now)])]),
            one.description,
        )
        for one in found
    ]
    return table(heads, rows, right=[0, 6, 7, 8])


def _record_fields(context: Context, record: BackupRecord) -> list[tuple[str, str]]:
    zone = zone_of(context, record.site)
    made = f"{format_time(record.created_at, zone)} ({format_age(context.clock() - record.created_at)})"
    verified = format_time(record.verified_at, zone) if record.verified_at else "no"
    if record.foreign:
        verified = "never: it is foreign, from another program, and carries no hashes"
    completed = record.status == "completed"
    return [
        ("id", str(record.id)),
        ("name", record.name),
        ("site", record.site),
        ("kind", f"{record.scope} {record.kind}"),
        ("role", record.role),
        ("status", record.status_word),
        ("error", printable(record.error or "")),
        ("made", made),
        ("by", record.created_by),
        ("description", record.description),
        ("verified", verified if completed else ""),
        *_drill_fields(record, context.clock(), zone),
        ("pinned", "yes" if record.pinned else "no"),
        ("size", format_size(record.file_size) if record.file_size is not None else ""),
        ("path", str(context.store.archive_path(record.site, record.name)) if completed else ""),
    ]


def _drill_fields(record: BackupRecord, now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    words = drill_words(record, now)
    when = f" ({format_time(record.drilled_at, zone)})" if record.drilled_at else ""
    yield "drill", f"{words}{when}" if words else "never" if record.status == "completed" else ""
    yield "drill says", printable(str((drill_report(record) or {}).get("reason") or ""))


def _manifest_fields(manifest: Manifest) -> list[tuple[str, str]]:
    database = manifest.database
    return [
        ("engine", f"{manifest.engine} {manifest.engine_version}"),
        ("application", manifest.application_version or "version unknown"),
        ("greenroom", manifest.greenroom_version),
        ("database", f"{database.member}, {format_size(database.bytes)}"),
        ("left out", ", ".join(manifest.excluded_tables)),
        ("time zone", manifest.time_zone),
    ]
