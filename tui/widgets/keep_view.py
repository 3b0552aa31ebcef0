"""What the retention keeps and what goes: the calendar, and why, of the backup under its cursor."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from core.retention import Verdict
from core.words import plural
from tui.format import size
from tui.keep_days import KeepDays
from tui.widgets.backup_table import state
from tui.widgets.keep_map import LEGEND, KeepMap


class KeepView(Container):
    """Given verdicts arranged, show them, and how much goes."""

    def __init__(self) -> None:
        super().__init__(id="keep")
        self._zone = ZoneInfo("UTC")
        self._refusal: str | None = None

    def compose(self) -> ComposeResult:
        yield KeepMap()
        with VerticalScroll(id="keep-side", can_focus=False):
            yield Static(LEGEND, id="keep-legend", markup=False)
            yield Static(id="keep-why", markup=False)

    def on_mount(self) -> None:
        self.border_title = "What is kept"

    def show(self, days: KeepDays, zone: ZoneInfo, going: int, freed: int, *, refusal: str | None) -> None:
        """Show these: so many of them go, and so many bytes with them, unless `refusal` says why none goes now."""
        self._zone = zone
        self.query_one(KeepMap).show(days)
        of = plural(len(days.verdicts), "backup")
        self.border_title = f"{going:,} of {of} would go, {size(freed)}" if going else f"{of}: all would be kept"
        self.border_subtitle = "NOT NOW: nothing is removed" if refusal else ""
        self._refusal = refusal
        self._say_why()

    def show_wrong(self) -> None:
        """Say that what stands here is not of the policy that is being typed."""
        self.query_one(KeepMap).hide("not known: something is wrong in the form")
        self.border_title, self.border_subtitle = "What would go: not known", ""
        self.query_one("#keep-why", Static).update(Text())

    def show_nothing(self, words: str) -> None:
        """Forget what is shown: another site's is being read."""
        self.query_one(KeepMap).forget()
        self.border_title, self.border_subtitle = words, ""
        self.query_one("#keep-why", Static).update(Text())

    @on(KeepMap.Highlighted)
    def _say_why(self) -> None:
        view = self.query_one(KeepMap)
        text = Text() if view.current is None else why_text(view.current, self._zone, *view.place_in_day)
        if self._refusal:
            text.append(f"\n\nNothing is removed now: {self._refusal}", "bold")
        self.query_one("#keep-why", Static).update(text)
        self.query_one("#keep-side").scroll_home(animate=False)


def why_text(verdict: Verdict, zone: ZoneInfo, number: int, of: int) -> Text:
    """Given a verdict and which of the backups of its day it is about, say it with its reasons."""
    backup = verdict.backup
    which = f", {number} of {of} that day" if of > 1 else ""
    return Text.assemble(
        (f"{backup.created_at.astimezone(zone):%a %Y-%m-%d %H:%M}", "bold"),
        f"{which}, {size(backup.file_size)}, {state(backup)}\n",
        ("is kept: " if verdict.keep else "GOES: ", "bold"),
        ", ".join(verdict.reasons),
    )
