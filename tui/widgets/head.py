"""The head of the first screen: which site, how old its last good backup is, and what a person must know first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from core.config import Site
from core.errors import GreenroomError
from core.locks import LockHolder
from core.overdue import overdue_words
from core.reports import format_age, format_time
from core.restore.marker import Marker, Phase
from core.status import SiteStatus
from core.words import printable
from tui.calls import SiteView
from tui.format import plain_lines, size
from tui.runner_words import schedule_line
from tui.widgets.title_line import TitleLine

_READ_ONLY = "READ-ONLY: nothing can be changed here; v verifies and notes nothing"


class SiteHead(Vertical):
    """Given what was read of a site, say it; given an error, say that instead, and that it is tried again."""

    def compose(self) -> ComposeResult:
        yield TitleLine()
        yield Static("looking ...", id="head-lines", markup=False)

    def show_site(self, site: Site, number: int, sites: int) -> None:
        """Name the site, and which of several it is."""
        which = f"  ({number} of {sites})" if sites > 1 else ""
        self.query_one(TitleLine).say(f"greenroom  {site.name}{which}", f"{site.name}{which}", site.name)

    def show_view(self, view: SiteView, site: Site, *, read_only: bool) -> None:
        """Say how the site is."""
        free = f"{size(view.free_bytes)} free" if view.free_bytes is not None else "storage: ERROR"
        self.query_one(TitleLine).say_beside(free)
        self.query_one("#head-lines", Static).update(Text("\n").join(_lines(view, site, read_only=read_only)))

    def show_error(self, error: GreenroomError) -> None:
        """Say why nothing can be told of the site now."""
        hint = f"\n{plain_lines(error.hint)}" if error.hint else ""
        self.query_one(TitleLine).say_beside("")
        self.query_one("#head-lines", Static).update(
            Text.assemble(
                (f"CANNOT LOOK: {plain_lines(error.message)}", "bold"),
                f"{hint}\nLooking again every 2 seconds; what is shown below may be out of date.",
            )
        )


def _lines(view: SiteView, site: Site, *, read_only: bool) -> Iterator[Text]:
    status = view.status
    yield from _last_good(view, site)
    yield schedule_line(view.schedule, view.runner, view.now, site.time_zone, read_only=read_only)
    yield from _lost(status)
    if view.storage_problem is not None:
        yield _alarm("STORAGE", f"{view.storage_problem.message}. {view.storage_problem.hint}")
    if view.database_problem is not None:
        yield _alarm("DATABASE", view.database_problem)
    if status.damaged is not None:
        yield _alarm("DAMAGED MARKER", status.damaged)
    if status.pending is not None:
        yield _pending(status.pending, site)
    if status.failed_restore is not None:
        yield _alarm(
            "FAILED RESTORE",
            f"{status.failed_restore.action} of {status.failed_restore.backup_filename}: "
            f"{status.failed_restore.error or 'no reason was noted'}. The site is as it was before. "
            f"`greenroom restore-cancel {site.name}` removes what was staged",
        )
    if status.last_failure is not None:
        failure = status.last_failure
        yield _alarm("LAST BACKUP FAILED", f"{format_age(view.now - failure.created_at)}: {failure.error or ''}")
    if status.holder is not None and status.holder.pid != os.getpid():
        yield Text(f"at work: {printable(_holder(status.holder, site))}")
    if read_only:
        yield Text(_READ_ONLY, "bold")


def _lost(status: SiteStatus) -> Iterator[Text]:
    if status.missing is not None:
        yield _alarm("ARCHIVE GONE", status.missing)
    if status.schedule_lost:
        yield _alarm("SCHEDULE LOST", "the catalog was rebuilt, and knows no schedule: 4 sets it again")


def _last_good(view: SiteView, site: Site) -> Iterator[Text]:
    overdue, last, age = view.status.overdue, view.status.last_good, view.status.age
    if overdue is not None:
        yield _alarm("OVERDUE", overdue_words(overdue))
    if last is not None and age is not None:
        when = f"  ({format_time(last.created_at, site.time_zone)})"
        yield Text.assemble((f"last good backup {format_age(age)}", "bold"), when)
    elif overdue is None:
        yield Text("NO GOOD BACKUP YET", "bold")


def _pending(marker: Marker, site: Site) -> Text:
    if marker.changed_site:
        return _alarm(
            "INTERRUPTED RESTORE",
            f"do not start the application; `greenroom apply {site.name}` finishes the {marker.action} "
            f"of {marker.backup_filename}",
        )
    if marker.phase is Phase.STAGING:
        return Text(f"being staged: {printable(marker.backup_filename)}; nothing of the site is changed yet")
    when = format_time(marker.requested_at, site.time_zone)
    return _alarm(
        "PENDING RESTORE",
        f"{marker.action} of {marker.backup_filename}, staged {when} by {marker.requested_by}. "
        f"`greenroom apply {site.name}` carries it out, `greenroom restore-cancel {site.name}` takes it back",
    )


def _holder(holder: LockHolder, site: Site) -> str:
    """Who works on the site; the lock tells the time in UTC, and nothing for the instant before it is written."""
    try:
        since = format_time(datetime.fromisoformat(holder.since), site.time_zone)
    except ValueError:
        since = holder.since
    return f"{holder.actor}, {holder.verb}, process {holder.pid}, since {since}"


def _alarm(word: str, text: str) -> Text:
    return Text.assemble((f"{word}: ", "bold"), printable(text))
