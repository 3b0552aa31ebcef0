"""One line of the history, and the whole of it, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from core.catalog import CleanupRecord, RestoreRecord
from core.config import Site
from core.history import HistoryEntry, when
from core.reports import format_age, format_time, restore_report
from core.words import plural, printable
from tui.format import aligned, plain_lines, section, size
from tui.rows import mode_words, tables_words
from tui.widgets.log_view import Row

_MOST_NAMES = 200
_RESULTS = {
    "completed": "completed: the site became what the backup holds",
    "failed": "failed: the site stayed what it was",
    "cancelled": "cancelled: the site stayed what it was",
}


def history_row(entry: HistoryEntry, site: Site, now: datetime, undoable: RestoreRecord | None) -> Row:
    """Given an entry, return it as a row of the list."""
    time = f"{when(entry).astimezone(site.time_zone):%Y-%m-%d %H:%M}"
    if isinstance(entry, RestoreRecord):
        cells = (time, entry.action, entry.status, printable(entry.backup_name))
        return Row(f"r{entry.id}", cells, _restore(entry, site, now, undoable))
    what = f"{plural(entry.backups_deleted, 'backup')}, {size(entry.space_freed)}"
    return Row(f"c{entry.id}", (time, "deletion", "completed", what), _deletion(entry, site, now))


def _facts(entry: HistoryEntry, by: str, site: Site, now: datetime) -> list[tuple[str, str]]:
    return [
        ("when", format_time(when(entry), site.time_zone)),
        ("", format_age(now - when(entry))),
        ("by", printable(by)),
    ]


def _restore(entry: RestoreRecord, site: Site, now: datetime, undoable: RestoreRecord | None) -> Text:
    report = restore_report(entry)
    into = report["into"]
    facts = [
        *_facts(entry, entry.restored_by, site, now),
        (
            "result",
            f"completed: into {printable(into)}; the site stayed what it was" if into else _RESULTS[entry.status],
        ),
    ]
    if entry.status == "completed":
        counts = (
            (entry.tables_restored, "table"),
            (entry.records_restored, "row"),
            (entry.files_restored, "file"),
        )
        facts.append(("what", ", ".join(plural(number, word) for number, word in counts)))
    how = tables_words(report["scope"]) if into else mode_words(report["mode"], report["scope"])
    if how:
        facts.append(("how", how))
    if report["of_site"]:
        facts.append(("from", f"a backup of {printable(report['of_site'])}"))
    text = Text.assemble((f"{entry.action} of {printable(entry.backup_name)}", "bold"), "\n\n")
    text.append("\n".join(aligned(facts, indent=0)) + "\n\n")
    text.append_text(section("Why", plain_lines(entry.error or "").splitlines(), indent=0))
    text.append_text(section("Kept", _kept(entry), indent=0))
    text.append_text(section("Undo", _undo(entry, undoable), indent=0))
    text.rstrip()
    return text


def _kept(entry: RestoreRecord) -> Iterator[str]:
    report = restore_report(entry)
    if entry.safety_name is not None:
        gone = "" if entry.pre_restore_backup_id is not None else ", which is gone meanwhile"
        yield f"what was there before: safety backup {printable(entry.safety_name)}{gone}"
    yield from (f"what was there before, set aside: {printable(path)}" for path in report["set_aside"])
    yield from (f"found where nothing should have been: {printable(path)}" for path in report["unexpected"])
    yield from map(printable, report["notices"])


def _undo(entry: RestoreRecord, undoable: RestoreRecord | None) -> Iterator[str]:
    if undoable is not None and entry.restore_id == undoable.restore_id:
        yield f"u, or `greenroom undo {entry.site}`, goes back to before it"
    elif restore_report(entry)["into"]:
        yield "it changed no site, and cannot be undone"
    elif entry.status == "completed":
        yield "only the last one can be undone; its safety backup can be restored (1, then r)"


def _deletion(entry: CleanupRecord, site: Site, now: datetime) -> Text:
    facts = [
        *_facts(entry, entry.performed_by, site, now),
        ("why", printable(entry.cleanup_reason)),
        ("freed", size(entry.space_freed)),
    ]
    text = Text.assemble((f"deletion of {plural(entry.backups_deleted, 'backup')}", "bold"), "\n\n")
    text.append("\n".join(aligned(facts, indent=0)) + "\n\n")
    text.append_text(section("Deleted", _names(entry), indent=0))
    text.rstrip()
    return text


def _names(entry: CleanupRecord) -> Iterator[str]:
    names = json.loads(entry.details)
    yield from (printable(str(name)) for name in names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        yield f"and {len(names) - _MOST_NAMES:,} more"
