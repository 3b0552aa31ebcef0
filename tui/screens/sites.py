"""The choice of a site, each with the age of its last good backup and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Static

from core.config import Site
from core.context import Context
from core.durations import format_duration
from core.errors import GreenroomError
from core.status import SiteStatus, site_status
from core.words import printable
from tui.format import plain_lines, short_age
from tui.screens.ask import Box
from tui.widgets.row_list import RowList
from tui.work import Workshop

Look = Sequence[SiteStatus | GreenroomError]


class SiteList(RowList):
    """The sites; enter chooses one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Choose", show=False, tooltip="Show this site, on all screens"),
    ]


class SitesScreen(Box[str | None]):
    """Given the present site, let a person choose another; None where they do not."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]
    AUTO_FOCUS = "#sites"

    def __init__(self, context: Context, workshop: Workshop, present: Site) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._present = present

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide-box"):
            yield Static(Text("Sites", "bold"), classes="box-title", markup=False)
            table = SiteList("sites")
            table.add_columns("Site", "Last good backup", "State")
            yield table
            yield Static(Text("enter chooses, esc goes back"), classes="box-foot", markup=False)

    def on_mount(self) -> None:
        names = list(self._core.settings.sites)
        table = self.query_one(SiteList)
        for name in names:
            table.add_row(Text(name), Text("looking ..."), Text(), key=name)
        table.move_cursor(row=names.index(self._present.name))
        self._workshop.read(partial(_look, self._core), self._show, self._failed)

    def _show(self, found: Look) -> None:
        if not self.is_running:
            return
        table = self.query_one(SiteList)
        row = table.cursor_row
        table.clear()
        for name, status in zip(self._core.settings.sites, found, strict=True):
            age, state = _words(status, self._core.clock())
            table.add_row(Text(name), Text(age), Text(state), key=name)
        table.move_cursor(row=row)

    def _failed(self, error: GreenroomError) -> None:
        if self.is_running:
            self.query_one(".box-foot", Static).update(Text(plain_lines(error.message)))

    @on(DataTable.RowSelected)
    def _chosen(self, event: DataTable.RowSelected) -> None:
        self.dismiss(event.row_key.value)

    def action_back(self) -> None:
        self.dismiss(None)


def _look(context: Context) -> Look:
    return [_look_at(context, site) for site in context.settings.sites.values()]


def _look_at(context: Context, site: Site) -> SiteStatus | GreenroomError:
    """One site that cannot be looked at does not hide the others."""
    try:
        return site_status(context, site)
    except GreenroomError as error:
        return error


def _words(status: SiteStatus | GreenroomError, now: datetime) -> tuple[str, str]:
    if isinstance(status, GreenroomError):
        return "not known", f"CANNOT LOOK: {printable(status.message)}"
    age = "NONE YET" if status.age is None else short_age(status.age)
    return age, ", ".join(_wrong(status, now)) or "in order"


def _wrong(status: SiteStatus, now: datetime) -> Iterator[str]:
    if status.pending is not None:
        yield "INTERRUPTED RESTORE" if status.pending.changed_site else f"{status.pending.action} pending"
    if status.failed_restore is not None:
        yield "a restore failed"
    if status.overdue is not None:
        yield f"OVERDUE: {format_duration(status.overdue.limit)} are allowed"
    elif status.last_good is None:
        yield "no good backup yet"
    if status.missing is not None:
        yield "ARCHIVE GONE"
    if status.schedule_lost:
        yield "SCHEDULE LOST"
    if status.last_failure is not None:
        yield f"last backup FAILED, {short_age(now - status.last_failure.created_at)}"
    if status.holder is not None and status.holder.pid != os.getpid():
        yield printable(f"at work: {status.holder.verb}")
