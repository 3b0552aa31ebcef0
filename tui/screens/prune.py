"""Asks whether to prune: what goes, each with why and how large it is, and how many stay."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.prune import PrunePreview, preview_prune
from core.words import plural, printable
from tui.format import aligned, plain_lines, size
from tui.screens.ask import TextBox
from tui.widgets.choice import Choice
from tui.work import Workshop

_MOST_LINES = 500


class PruneScreen(TextBox[frozenset[str] | None]):
    """Given a site, show what its policy removes; the names of what a person agrees to lose, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="prune.cancel", tooltip="Remove nothing")
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, context: Context, workshop: Workshop, site: Site) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site
        self._names: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide-box"):
            yield Static(Text(f"Prune {self._site.name}?", "bold"), classes="box-title", markup=False)
            yield Static("Looking at what is kept ...", id="prune-head", markup=False)
            with VerticalScroll(classes="box-text", id="prune-list", can_focus=False):
                yield Static(id="prune-text", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "cancel")
                yield Choice("Prune", "go", disabled=True)

    def on_mount(self) -> None:
        self._workshop.read(partial(preview_prune, self._core, self._site), self._show, self._refuse)

    def _show(self, preview: PrunePreview) -> None:
        if not self.is_running:
            return
        self.query_one("#prune-head", Static).update(prune_head(preview))
        self.query_one("#prune-text", Static).update(Text("\n".join(prune_lines(preview, self._site))))
        if preview.removed and preview.refusal is None:
            self._names = frozenset(one.backup.name for one in preview.removed)
            self.query_one("#go", Button).disabled = False

    def _refuse(self, error: GreenroomError) -> None:
        if self.is_running:
            text = plain_lines(f"It cannot be said what goes: {error.message}\n{error.hint}")
            self.query_one("#prune-head", Static).update(Text(text))

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        self.dismiss(self._names)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


def prune_head(preview: PrunePreview) -> Text:
    """Say how many go and how many stay, or why none goes."""
    if preview.refusal is not None:
        return Text(plain_lines(f"NOTHING IS REMOVED: {preview.refusal}"), "bold")
    gone = len(preview.removed)
    kept = len(preview.verdicts) - gone
    if not gone:
        return Text(f"Nothing to remove: {plural(kept, 'backup')}, and a reason to keep each of them.")
    lost = f"LOST for good: {plural(gone, 'backup')}, {size(preview.freed_bytes)}"
    return Text.assemble((lost, "bold"), f"; {kept:,} stay. The site itself is not touched.\n")


def prune_lines(preview: PrunePreview, site: Site) -> Iterator[str]:
    """Yield a line for each backup that goes, the oldest first as they are removed."""
    going = preview.removed
    rows = [
        (
            f"{one.backup.created_at.astimezone(site.time_zone):%Y-%m-%d %H:%M}",
            size(one.backup.file_size),
            ", ".join(one.reasons),
            printable(one.backup.description),
        )
        for one in going[:_MOST_LINES]
    ]
    yield from aligned(rows, right=[1], indent=0)
    if len(going) > _MOST_LINES:
        yield f"and {len(going) - _MOST_LINES:,} more"
