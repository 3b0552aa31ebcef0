"""Everything that is known of the highlighted backup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from core.archive.manifest import FolderEntry, Manifest
from core.catalog import BackupRecord
from core.config import Site
from core.errors import GreenroomError
from core.reports import drill_report, drill_words, format_age, format_time
from core.words import printable
from tui.calls import BackupDetails
from tui.format import aligned, count, plain_lines, section, shorten, size, tally

_MOST_TABLES = 500
_LONGEST_NAME = 24
_BAR = 10
_HASH = 16
_ORIGINS = {"made": "made here", "adopted": "taken in from elsewhere", "found": "found in the storage"}
_ROLES = {
    "manual": "by hand",
    "scheduled": "by the schedule",
    "safety": "safety backup before a restore",
    "adopted": "adopted",
}


class Details(VerticalScroll):
    """A pane of text that can be scrolled; what is asked for again is not scrolled back to its beginning."""

    def __init__(self) -> None:
        super().__init__(id="details")
        self._shown: int | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="details-text", markup=False)

    def show_nothing(self, text: str) -> None:
        """Say why there is nothing to show."""
        self._shown = None
        self.query_one("#details-text", Static).update(Text(text))

    def show_details(self, details: BackupDetails, site: Site, now: datetime) -> None:
        """Show a backup."""
        self.query_one("#details-text", Static).update(details_group(details, site, now))
        if self._shown != details.backup.id:
            self.scroll_home(animate=False)
        self._shown = details.backup.id

    def show_error(self, error: GreenroomError) -> None:
        """Say why the backup cannot be shown."""
        self.show_nothing(plain_lines(f"{error.message}\n{error.hint}"))


def details_group(details: BackupDetails, site: Site, now: datetime) -> Group:
    """Given a backup's details, return them as a block, what matters first."""
    manifest = details.manifest
    head = Text(printable(details.backup.name), "bold")
    text = Text("\n")
    if manifest is None:
        if details.backup.status == "completed":
            text.append("No manifest: the tables and files are not known before the archive is read.")
        return Group(head, _table(_facts(details, site, now)), text)
    text.append_text(section(f"Tables ({len(manifest.tables)}), rows", _tables(manifest)))
    text.append_text(section("Files", _folders(manifest)))
    text.append("Made by", "bold")
    return Group(head, _table(_facts(details, site, now)), text, _table(_makers(manifest, details.backup), indent=2))


def _table(rows: Iterable[tuple[str, str]], indent: int = 0) -> Padding:
    """Rows of a name and what it says; what is long goes on below itself."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in rows:
        table.add_row(Text(name), Text(words))
    return Padding(table, (0, 0, 0, indent))


def _facts(details: BackupDetails, site: Site, now: datetime) -> Iterator[tuple[str, str]]:
    backup = details.backup
    yield "made", format_time(backup.created_at, site.time_zone)
    yield "age", format_age(now - backup.created_at)
    yield "status", backup.status_word
    if backup.status == "completed":
        yield "proof", _proof(backup, site)
        yield "drill", _drill(backup, site, now)
    elif backup.error:
        yield "WHY", plain_lines(backup.error).replace("\n", " ")
    if backup.description:
        yield "about", printable(backup.description)
    yield "pinned", "yes: nothing deletes it before p unpins it" if backup.pinned else "no"
    if backup.status == "completed":
        yield "size", size(backup.file_size)
        yield "holds", f"{count(backup.record_count)} rows, {count(backup.file_count)} files"
        yield "archive", ("" if details.archive_is_there else "IS GONE: ") + printable(str(details.archive))
    yield "kind", f"{backup.kind}, {backup.scope}"
    yield "origin", f"{_ORIGINS[backup.origin]}, {_ROLES[backup.role]}"
    yield "by", printable(backup.created_by)
    yield "id", str(backup.id)


def _proof(backup: BackupRecord, site: Site) -> str:
    if backup.verified_at is not None:
        return f"every hash agreed at {format_time(backup.verified_at, site.time_zone)}"
    if backup.error:
        return f"DAMAGED: {plain_lines(backup.error)}".replace("\n", " ")
    if backup.foreign:
        return "none: it is foreign and carries no hashes"
    return "NOT VERIFIED: v reads it back"


def _drill(backup: BackupRecord, site: Site, now: datetime) -> str:
    """What was found when it was restored into a scratch place."""
    if backup.drill_status is None:
        return "never: t restores it into a scratch place"
    report = drill_report(backup) or {}
    when = f", {format_time(backup.drilled_at, site.time_zone)}" if backup.drilled_at else ""
    reason = f": {printable(str(report.get('reason') or ''))}" if report.get("reason") else ""
    if backup.drill_status == "passed" and "compared" in report:
        compared = report["compared"]
        reason = f": {count(compared['records'])} rows, {count(compared['files'])} files in {report['seconds']:.0f} s"
    tried = ", the last one was not possible" if backup.drill_status == "unable" and backup.drilled_at else ""
    return f"{drill_words(backup, now)}{when}{tried}{reason}"


def _tables(manifest: Manifest) -> list[str]:
    tables = sorted(manifest.tables, key=lambda table: -table.rows)[:_MOST_TABLES]
    most = max((table.rows for table in tables), default=0)
    rows = [
        (shorten(printable(table.name), _LONGEST_NAME), count(table.rows), tally(table.rows, most, _BAR))
        for table in tables
    ]
    lines = aligned(rows, right=[1], indent=0)
    more = len(manifest.tables) - _MOST_TABLES
    return [*lines, f"and {more:,} more tables"] if more > 0 else lines


def _folders(manifest: Manifest) -> list[str]:
    return aligned((_folder(folder) for folder in manifest.files), right=[1, 2], indent=0)


def _folder(folder: FolderEntry) -> tuple[str, str, str]:
    return printable(folder.prefix), f"{folder.files:,} files", size(folder.bytes)


def _makers(manifest: Manifest, backup: BackupRecord) -> Iterator[tuple[str, str]]:
    if manifest.application_version is not None:
        yield "application", printable(manifest.application_version)
    yield "engine", printable(f"{manifest.engine} {manifest.engine_version}")
    yield "greenroom", printable(manifest.greenroom_version)
    if backup.manifest_sha256 is not None:
        yield "manifest", f"sha256 {backup.manifest_sha256[:_HASH]}"
