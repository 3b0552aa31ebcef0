"""What a restore would do, as text: source and target, now and in the backup, what is lost, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cli.output import fields, table
from core.context import Context
from core.databases.losses import Loss
from core.reports import format_age, format_time
from core.restore.finish import Outcome
from core.restore.inspect import FolderChange, Preview, TableChange, change_words
from core.sizes import format_size
from core.words import plural, printable

_REPLACED_BY = {"rename": "replaced as a whole", "entries": "its entries swapped one by one"}


def preview_lines(context: Context, preview: Preview, action: str = "restore") -> list[str]:
    """Given a preview, return its text."""
    return [
        *fields(_head(context, preview, action)),
        *_tables(preview),
        *_folders(preview),
        *_section("Targets", _targets(preview)),
        *_section("Good to know", preview.notices),
        *_section("What is lost", _lost(context, preview)),
        *_section("What cannot be kept exactly", loss_lines(preview.losses)),
        *_section("This stands in the way", preview.blockers),
    ]


def outcome_lines(outcome: Outcome) -> list[str]:
    """Given how a restore ended, return it as text: which state the site has now, and how to go back."""
    if outcome.state != "new":
        return [
            f"{outcome.site} is the OLD one, exactly as it was before the {outcome.action} of {outcome.backup_name}",
            f"  why: {outcome.error}",
            *(f"  found where nothing should be, and kept: {path}" for path in outcome.unexpected),
        ]
    counts = [plural(outcome.tables, "table"), plural(outcome.records, "row"), plural(outcome.files, "file")]
    lines = [
        f"{outcome.site} is the NEW one: {outcome.action} of {outcome.backup_name}",
        f"  {counts[0]} with {counts[1]}, {counts[2]}",
    ]
    if outcome.safety_name is not None:
        lines.append(f"  safety backup: {outcome.safety_name}; `greenroom undo {outcome.site}` goes back to it")
    lines += [f"  the old state was set aside as it was: {path}" for path in outcome.set_aside]
    if outcome.set_aside:
        lines.append(f"  `greenroom undo {outcome.site}` brings it back")
    lines += [f"  found where nothing should be, and kept: {path}" for path in outcome.unexpected]
    lines += [f"  {notice}" for notice in outcome.notices]
    return lines


def _head(context: Context, preview: Preview, action: str) -> list[tuple[str, str]]:
    backup = preview.backup
    zone = context.settings.site(preview.site).time_zone
    age = format_age(context.clock() - backup.created_at)
    versions = preview.version_backup or ""
    if preview.version_differs:
        versions = f"{preview.version_backup} in the backup, {preview.version_now} NOW: THEY DIFFER"
    return [
        (action, f"{backup.site}/{backup.name}"),
        ("kind", f"{backup.scope} {backup.kind}, {preview.rows.mode}" if preview.rows else ""),
        ("made", f"{format_time(backup.created_at, zone)} ({age}) by {backup.created_by}"),
        ("description", backup.description),
        ("application", versions),
        ("engine", preview.engine_version or ""),
        ("to site", preview.site),
        ("its database", f"{preview.database}, {preview.present}"),
    ]


def _tables(preview: Preview) -> list[str]:
    if not preview.tables:
        return ["", "No table counts: the archive has no manifest."]
    changed = sorted((one for one in preview.tables if one.difference), key=lambda one: one.difference)
    same = [one for one in preview.tables if not one.difference]
    rows = [(one.name, _count(one.now), _count(one.backup), _signed(one)) for one in (*changed, *same)]
    return ["", *table(("TABLE", "NOW", "IN THE BACKUP", "DIFFERENCE"), rows, right=[1, 2, 3])]


def _folders(preview: Preview) -> list[str]:
    if not preview.folders:
        return []
    rows = [
        (
            one.name,
            _count(one.files_now),
            str(one.files_backup),
            _signed(one),
            str(one.lost),
            format_size(one.bytes_now),
            format_size(one.bytes_backup),
            str(one.path),
        )
        for one in preview.folders
    ]
    heads = ("FILES", "NOW", "IN THE BACKUP", "DIFFERENCE", "LOST", "SIZE NOW", "IN THE BACKUP", "FOLDER")
    return ["", *table(heads, rows, right=range(1, 7))]


def _targets(preview: Preview) -> Iterator[str]:
    for one in preview.space:
        needed, free = format_size(one.needed_bytes), format_size(one.free_bytes)
        yield f"{one.path}: {_REPLACED_BY[one.by]}; {needed} needed beside it, {free} free"


def _lost(context: Context, preview: Preview) -> Iterator[str]:
    *named, _ = preview.lost
    yield from named
    for folder in preview.folders:
        for example in folder.lost_examples:
            yield f"  {folder.name}/{example}"
        if folder.lost > len(folder.lost_examples) > 0:
            yield f"  and {folder.lost - len(folder.lost_examples)} more"
    zone = context.settings.site(preview.site).time_zone
    yield f"{change_words(preview.rows)} since {format_time(preview.backup.created_at, zone)}"


def loss_lines(losses: Sequence[Loss]) -> list[str]:
    """Given what a target cannot keep exactly, return it as a table's lines."""
    rows = [(printable(one.table), printable(one.column or ""), printable(one.what)) for one in losses]
    return table(("TABLE", "COLUMN", "WHAT"), rows) if rows else []


def _section(head: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", f"{head}:", *(f"  {line}" for line in found)] if found else []


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _signed(change: TableChange | FolderChange) -> str:
    return f"{change.difference:+d}" if change.difference else "0"
