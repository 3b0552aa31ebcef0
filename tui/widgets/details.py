"""Everything that is known of the highlighted backup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from core.archive.manifest import FolderEntry, Manifest
from core.config import Site
from core.errors import GreenroomError
from core.reports import format_age, format_time
from core.words import printable
from tui.calls import BackupDetails
from tui.format import aligned, count, plain_lines, section, size

_MOST_TABLES = 500


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
        self.query_one("#details-text", Static).update(details_text(details, site, now))
        if self._shown != details.backup.id:
            self.scroll_home(animate=False)
        self._shown = details.backup.id

    def show_error(self, error: GreenroomError) -> None:
        """Say why the backup cannot be shown."""
        self.show_nothing(plain_lines(f"{error.message}\n{error.hint}"))


def details_text(details: BackupDetails, site: Site, now: datetime) -> Text:
    """Given a backup's details, return them as text, what matters first."""
    manifest = details.manifest
    text = Text.assemble((printable(details.backup.name), "bold"), "\n")
    text.append("\n".join(aligned(_facts(details, site, now), indent=0)))
    text.append("\n\n")
    if manifest is None:
        if details.backup.status == "completed":
            text.append("No manifest: the tables and files are not known before the archive is read.")
        return text
    text.append_text(section(f"Tables ({len(manifest.tables)})", _tables(manifest)))
    text.append_text(section("Files", _folders(manifest)))
    text.append_text(section("Made by", aligned(_makers(manifest), indent=0)))
    text.rstrip()
    return text


def _facts(details: BackupDetails, site: Site, now: datetime) -> Iterator[tuple[str, str]]:
    backup = details.backup
    yield "made", format_time(backup.created_at, site.time_zone)
    yield "age", format_age(now - backup.created_at)
    yield "status", backup.status
    if backup.error:
        yield "ERROR", printable(backup.error)
    if backup.status == "completed":
        yield "verified", _verified(details, site)
    if backup.description:
        yield "about", printable(backup.description)
    yield "kind", f"{backup.kind}, {backup.scope}"
    yield "role", backup.role
    yield "pinned", "yes" if backup.pinned else "no"
    yield "foreign", "yes: it carries no hashes" if backup.foreign else "no"
    if backup.status == "completed":
        yield "size", size(backup.file_size)
        yield "holds", f"{count(backup.record_count)} rows, {count(backup.file_count)} files"
        yield "archive", printable(str(details.archive)) + ("" if details.archive_is_there else "  IS GONE")
    yield "by", printable(backup.created_by)
    yield "id", str(backup.id)


def _verified(details: BackupDetails, site: Site) -> str:
    when = details.backup.verified_at
    return format_time(when, site.time_zone) if when is not None else "NO"


def _tables(manifest: Manifest) -> list[str]:
    rows = [(printable(table.name), count(table.rows)) for table in manifest.tables[:_MOST_TABLES]]
    lines = aligned(rows, right=[1], indent=0)
    more = len(manifest.tables) - _MOST_TABLES
    return [*lines, f"and {more:,} more tables"] if more > 0 else lines


def _folders(manifest: Manifest) -> list[str]:
    return aligned((_folder(folder) for folder in manifest.files), right=[1, 2], indent=0)


def _folder(folder: FolderEntry) -> tuple[str, str, str]:
    return printable(folder.prefix), f"{folder.files:,} files", size(folder.bytes)


def _makers(manifest: Manifest) -> Iterator[tuple[str, str]]:
    if manifest.application_version is not None:
        yield "application", printable(manifest.application_version)
    yield "engine", printable(f"{manifest.engine} {manifest.engine_version}")
    yield "greenroom", printable(manifest.greenroom_version)
