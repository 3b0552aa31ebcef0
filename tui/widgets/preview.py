"""The preview of a restore as text: from where, to where, what is lost, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from core.catalog import BackupRecord
from core.config import Site
from core.databases.losses import Loss
from core.errors import GreenroomError
from core.holders import Holder
from core.reports import format_age, format_time
from core.restore.elsewhere import ElsewherePreview
from core.restore.inspect import FolderChange, Preview, TableChange, change_words
from core.words import plural, printable
from tui.format import aligned, count, plain_lines, section, signed, size
from tui.rows import exchange_words, order_words

_MOST_ROWS = 500
_MOST_EXAMPLES = 5
_NOTHING_LOST = (
    "nothing: the database is empty, and no site is changed",
    "IT CANNOT BE UNDONE: what is there then stays until somebody drops it.",
)
_ALL_EXACT = "nothing: every value comes back equal"
_REPLACED = {"rename": "replaced as a whole", "entries": "its entries swapped one by one, journalled"}


def preview_text(preview: Preview, site: Site, now: datetime) -> Text:
    """Given a preview, return it as text, what must be known first."""
    text = Text()
    text.append_text(section("NOT POSSIBLE NOW", _points(preview.blockers)))
    text.append_text(section("From", _source(preview, site, now)))
    text.append_text(section(f"To {preview.site}", aligned(_target(preview), indent=0)))
    text.append_text(changes_text(preview, site))
    text.append_text(section("What cannot be kept exactly", _fidelity(preview)))
    text.append_text(section("Good to know", _points(preview.notices)))
    text.append_text(section("Files", _folders(preview)))
    text.append_text(section("Space", _space(preview)))
    text.rstrip()
    return text


def elsewhere_text(preview: ElsewherePreview, site: Site, now: datetime) -> Text:
    """As `preview_text`, of a restore of a site's backup into an empty database that is no site."""
    into, backup = preview.into, preview.backup
    text = section("From", [*_backup_lines(backup, site, now), f"of {site.name}, on {preview.source}"])
    target = [("database", printable(into.shown)), ("engine", preview.engine), ("now", "empty")]
    text.append_text(section(f"To {printable(into.name)}", aligned(target, indent=0)))
    text.append_text(section("WHAT IS LOST", _NOTHING_LOST))
    losses = [*_points(map(_loss, preview.losses))] or [_ALL_EXACT]
    text.append_text(section("What cannot be kept exactly", losses))
    rows = [(printable(f"table {name}"), count(number)) for name, number in preview.tables.items()]
    lines = aligned([("", "rows"), *rows[:_MOST_ROWS]], right=[1], indent=0)
    more = [f"and {len(rows) - _MOST_ROWS:,} more"] if len(rows) > _MOST_ROWS else []
    text.append_text(section("What comes in", [*lines, *more]))
    text.append_text(section("Good to know", _points(preview.notices)))
    text.rstrip()
    return text


def refused_text(error: GreenroomError) -> Text:
    """Given why there is no preview, return it as text."""
    lines = [*plain_lines(error.message).splitlines(), *plain_lines(error.hint or "").splitlines()]
    text = section("NOT POSSIBLE NOW", lines)
    text.append("Nothing was changed. Choose something else above, or clear the cause and Look again.")
    return text


def changes_text(preview: Preview, site: Site) -> Text:
    """Given a preview, return as text what is lost and how much of everything there is then."""
    text = section("WHAT IS LOST", _lost(preview, site))
    text.append_text(section("Now, and after it", _changes(preview)))
    return text


def _points(lines: Iterable[str]) -> Iterator[str]:
    """Lines that may be longer than the screen is wide: each shows where it begins."""
    return (f"- {printable(line)}" for line in lines)


def _loss(loss: Loss) -> str:
    column = f", {loss.column}" if loss.column else ""
    return f"table {loss.table}{column}: {loss.what}"


def short_holder(holder: Holder) -> str:
    """Given a process, return its program and number, without its arguments."""
    program = holder.command.split(" ")[0].rpartition("/")[2]
    return printable(f"{program} (process {holder.pid})")


def _fidelity(preview: Preview) -> list[str]:
    """Of a portable backup; where the present tables could not be read nothing can be said."""
    lines = [*_points(map(_loss, preview.losses))]
    known = order_words(preview.rows) and preview.present == "healthy" and not preview.blockers
    return lines or ([_ALL_EXACT] if known else [])


def _backup_lines(backup: BackupRecord, site: Site, now: datetime) -> Iterator[str]:
    when = f"{format_time(backup.created_at, site.time_zone)}, {format_age(now - backup.created_at)}"
    kind = f"{backup.scope} portable" if backup.kind == "portable" else "a snapshot, restored whole"
    yield printable(f"{backup.name}, {size(backup.file_size)}, {kind}")
    yield printable(f"made {when}, by {backup.created_by}")
    if backup.description:
        yield printable(f"about: {backup.description}")


def _source(preview: Preview, site: Site, now: datetime) -> Iterator[str]:
    backup = preview.backup
    yield from _backup_lines(backup, site, now)
    if backup.site != preview.site:
        yield printable(f"of another site, {backup.site}")
    if preview.version_differs:
        yield printable(f"VERSION of the application {preview.version_backup}, NOW IT IS {preview.version_now}")
    elif preview.version_backup is not None:
        now_known = "the same as now" if preview.version_now is not None else "now unknown"
        yield printable(f"version of the application {preview.version_backup}, {now_known}")
    elif preview.version_now is not None:
        yield printable(f"version of the application unknown, now {preview.version_now}")


def _target(preview: Preview) -> Iterator[tuple[str, str]]:
    yield "database", f"{printable(preview.database)}  ({preview.present})"
    for folder in preview.folders:
        yield "folder", printable(str(folder.path))


def _lost(preview: Preview, site: Site) -> Iterator[str]:
    # The last line tells a time, which a person reads in the site's zone.
    *named, _ = preview.lost
    yield from map(printable, named)
    for folder in preview.folders:
        yield from (f"  {printable(f'{folder.name}/{name}')}" for name in folder.lost_examples[:_MOST_EXAMPLES])
        more = folder.lost - min(_MOST_EXAMPLES, len(folder.lost_examples))
        if more > 0:
            yield f"  and {plural(more, 'file')} more"
    if preview.backup.site == preview.site:
        yield f"{change_words(preview.rows)} since {format_time(preview.backup.created_at, site.time_zone)}"
    else:
        yield exchange_words(preview.rows)
    yield f"It is kept first, and `greenroom undo {preview.site}` brings it back."


def _changes(preview: Preview) -> list[str]:
    """Tables and folders, the biggest loss first; then gains; then what stays."""
    rows = [_table_row(table) for table in preview.tables] + [_folder_row(folder) for folder in preview.folders]
    rows.sort(key=lambda row: row.order)
    merged = preview.rows is not None and preview.rows.mode == "merge"
    after = "after it, or more" if merged else "after it" if order_words(preview.rows) else "in the backup"
    heads = ("", "now", after, "difference", "")
    lines = aligned([heads, *(row.cells for row in rows[:_MOST_ROWS])], right=[1, 2, 3], indent=0)
    more = len(rows) - _MOST_ROWS
    if more > 0:
        lines.append(f"and {more:,} more, which lose less")
    if not preview.tables:
        lines.append("rows are not known before the restore: the archive has no manifest")
    return lines


@dataclass(frozen=True)
class _Change:
    order: tuple[int, int, str]
    cells: tuple[str, ...]


def _table_row(change: TableChange) -> _Change:
    lost = max(0, -change.difference)
    return _Change(
        _order(lost, change.difference, change.name),
        (
            printable(f"table {change.name}"),
            count(change.now),
            count(change.backup),
            signed(change.difference),
            f"{plural(lost, 'row')} LOST" if lost else "",
        ),
    )


def _folder_row(change: FolderChange) -> _Change:
    return _Change(
        _order(change.lost, change.difference, change.name),
        (
            printable(f"folder {change.name}"),
            count(change.files_now),
            count(change.files_backup),
            signed(change.difference),
            f"{plural(change.lost, 'file')} LOST" if change.lost else "",
        ),
    )


def _order(lost: int, difference: int, name: str) -> tuple[int, int, str]:
    rank = 0 if lost else 1 if difference else 2
    return rank, -(lost or abs(difference)), name


def _folders(preview: Preview) -> list[str]:
    if not preview.folders:
        return []
    heads = ("folder", "size now", "in the backup")
    return aligned([heads, *map(_folder, preview.folders)], right=[1, 2], indent=0)


def _folder(change: FolderChange) -> tuple[str, ...]:
    return printable(change.name), size(change.bytes_now), size(change.bytes_backup)


def _space(preview: Preview) -> list[str]:
    rows = [
        (
            printable(row.name),
            f"{size(row.needed_bytes)} needed",
            f"{size(row.free_bytes)} free",
            _REPLACED.get(row.by, row.by),
        )
        for row in preview.space
    ]
    return aligned(rows, right=[1, 2], indent=0)
