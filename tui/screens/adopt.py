"""Adopt an archive from elsewhere: find the file, see what it is, then consent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Footer, Input, OptionList, Static

from core.adopt import AdoptionPreview, preview_adoption
from core.config import Site
from core.context import Context
from core.errors import GreenroomError, UsageError
from core.reports import format_time
from core.words import plural, printable
from tui.format import aligned, count, plain_lines, size
from tui.paths import MOST_ENTRIES, Listing, list_folder, look_at, typed_path, working_folder
from tui.screens.ask import TextBox
from tui.widgets.choice import Choice
from tui.widgets.path_input import PathInput
from tui.widgets.pick_list import PickList
from tui.work import Workshop

_MOST_TABLES = 8


class AdoptScreen(Screen[Path | None]):
    """Find a file, an archive to be adopted: type its path, or go through the folders; None where none is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="adopt.cancel", tooltip="Choose no file"),
    ]
    AUTO_FOCUS = "#path"

    def __init__(
        self, workshop: Workshop, site: Site, *, title: str = "Adopt an archive for", sort: str = "archive"
    ) -> None:
        super().__init__()
        self._workshop = workshop
        self._site = site
        self._words = title
        self._sort = sort
        self._listing: Listing | None = None

    def compose(self) -> ComposeResult:
        yield Static(Text(f"{self._words} {self._site.name}"), id="title", markup=False)
        with Horizontal(classes="field", id="path-field"):
            yield Static("File or folder:", markup=False)
            yield PathInput(self._workshop, f"{working_folder()}/")
        yield Static("tab completes, then goes to the list; enter opens", id="path-problem", markup=False)
        yield PickList(id="places", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self._list(working_folder(), focus=False)

    def action_cancel(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted)
    def _typed(self) -> None:
        try:
            path = typed_path(self.query_one(PathInput).value)
        except UsageError as error:
            self._say(error)
            return
        self._workshop.read(partial(look_at, path), self._go_to, self._say)

    def _go_to(self, found: Listing | Path) -> None:
        if not self.is_running:
            return
        if isinstance(found, Path):
            self.dismiss(found)
        else:
            self._show(focus=True, listing=found)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self._listing is None:
            return
        if event.option_index == 0:
            self._list(self._listing.folder.parent, focus=True)
            return
        place = self._listing.places[event.option_index - 1]
        if place.is_folder:
            self._list(place.path, focus=True)
        else:
            self.dismiss(place.path)

    def _list(self, folder: Path, *, focus: bool) -> None:
        self._workshop.read(partial(list_folder, folder), partial(self._show, focus), self._say)

    def _show(self, focus: bool, listing: Listing) -> None:  # noqa: FBT001 (a callback's own argument)
        if not self.is_running:
            return
        self._listing = listing
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(map(Text, _lines(listing, self._site)))
        options.highlighted = min(1, len(listing.places))
        archives = sum(not place.is_folder for place in listing.places)
        cut = f"; only the first {MOST_ENTRIES:,} entries were looked at" if listing.cut else ""
        found = plural(archives, self._sort) if archives else f"no {self._sort} (*.zip, *.json)"
        self.query_one("#path-problem", Static).update(Text(f"{found} here{cut}. tab completes, enter opens"))
        if focus:
            field = self.query_one(PathInput)
            field.value = f"{listing.folder}".rstrip("/") + "/"
            field.cursor_position = len(field.value)
            options.focus()

    def _say(self, error: GreenroomError) -> None:
        if self.is_running:
            self.query_one("#path-problem", Static).update(Text(plain_lines(f"{error.message}: {error.hint}"), "bold"))


def _lines(listing: Listing, site: Site) -> list[str]:
    rows = [("../", "", "")]
    for place in listing.places:
        name = printable(place.path.name)
        if place.changed is None:
            rows.append((f"{name}/", "", ""))
        else:
            rows.append((name, size(place.size), f"{place.changed.astimezone(site.time_zone):%Y-%m-%d %H:%M}"))
    return aligned(rows, right=[1], indent=0)


class AdoptPreviewScreen(TextBox[bool]):
    """Given an archive's file, say what it is, and ask whether to take it in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="adopt.no", tooltip="Adopt nothing")
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, context: Context, workshop: Workshop, site: Site, file: Path) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site
        self._file = file

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(f"Adopt for {self._site.name}?", "bold"), classes="box-title", markup=False)
            with VerticalScroll(classes="box-text", can_focus=False):
                yield Static("Reading what the archive says of itself ...", id="adopt-text", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "cancel")
                yield Choice("Adopt", "go", disabled=True)

    def on_mount(self) -> None:
        self._workshop.read(partial(preview_adoption, self._core, self._site, self._file), self._show, self._refuse)

    def _show(self, preview: AdoptionPreview) -> None:
        if self.is_running:
            self.query_one("#adopt-text", Static).update(preview_text(preview, self._site))
            self.query_one("#go", Button).disabled = False

    def _refuse(self, error: GreenroomError) -> None:
        if self.is_running:
            text = plain_lines(f"It cannot be adopted: {error.message}\n\nWhat to do: {error.hint}")
            self.query_one("#adopt-text", Static).update(Text(text))

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        self.dismiss(result=True)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(result=False)


def preview_text(preview: AdoptionPreview, site: Site) -> Text:
    """Given what an archive says of itself, return it as text, with what adopting it means."""
    manifest, export = preview.manifest, preview.export
    rows = [("file", printable(str(preview.file))), ("name", printable(preview.name))]
    if manifest is not None:
        rows.append(("of the site", printable(manifest.site)))
    rows.append(("made", format_time(preview.created_at, site.time_zone)))
    rows.append(("size", size(preview.archive_bytes)))
    rows.append(("files", f"{preview.files:,}"))
    if manifest is not None:
        rows.append(("tables", _counts({table.name: table.rows for table in manifest.tables})))
        rows.append(("about", printable(manifest.description) or "-"))
    if export is not None:
        said = export.metadata
        rows.append(("models", _counts({model.label: model.records for model in export.models})))
        rows.append(("by", printable(said.created_by) or "-"))
        rows.append(("exported from", f"{said.database_engine}, Baby Buddy {said.babybuddy_version or 'unknown'}"))
    text = Text("\n".join(aligned(rows, indent=0)))
    for line in _warnings(preview, site):
        text.append(f"\n\n{line}", "bold")
    text.append("\n\nIt is copied into the storage, and the copy is read back whole. The file stays where it is.")
    return text


def _counts(rows: Mapping[str, int]) -> str:
    """What holds the most, and how many there are."""
    most = sorted(rows.items(), key=lambda one: -one[1])[:_MOST_TABLES]
    told = ", ".join(f"{printable(name)} {count(number)}" for name, number in most)
    more = f" and {len(rows) - _MOST_TABLES} more" if len(rows) > _MOST_TABLES else ""
    return f"{len(rows)}: {told}{more}" if rows else "none"


def _warnings(preview: AdoptionPreview, site: Site) -> list[str]:
    lines = []
    if preview.manifest is None:
        lines.append("FOREIGN: it carries no hashes, so nothing proves that it is what was backed up.")
    elif preview.manifest.site != site.name:
        lines.append(f"It was made of another site, {printable(preview.manifest.site)}, not of {site.name}.")
    if preview.name_is_taken:
        lines.append("That name is here already: the same archive is not taken in twice, another gets a suffix.")
    return lines
