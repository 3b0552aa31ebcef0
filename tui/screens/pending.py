"""A restore that waits, was interrupted or failed: said before anything else, and what can be done about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Static

from core.context import Context
from core.errors import GreenroomError
from core.progress import Reporter
from core.reports import format_age, format_time
from core.restore.inspect import Preview, change_words, inspect_restore
from core.restore.marker import Marker, Phase, RowOrder
from core.words import plural, printable
from tui.format import aligned, plain_lines, section, size
from tui.history_calls import Waiting, apply, take_back
from tui.rows import order_words
from tui.screens.ask import ConsentScreen, error_screen
from tui.screens.restoring import RestoringScreen
from tui.widgets.choice import Choice
from tui.widgets.job_line import JobLine
from tui.widgets.outcome import RestoreTask
from tui.widgets.preview import changes_text
from tui.widgets.steady_footer import SteadyFooter
from tui.work import Job, Workshop

_PHASES = {
    Phase.STAGING: "its staging was interrupted; nothing of the site is changed",
    Phase.STAGED: "staged and waiting; nothing of the site is changed yet",
    Phase.SWITCHING: "interrupted in the middle of the switch: part of the site may be old, part new",
    Phase.SWITCHED: "the new state is in place; what remains is the log and tidying up",
    Phase.REVERTING: "interrupted on the way back to the old state",
}


class PendingScreen(Screen[None]):
    """Given what waits of a site, offer what may be done; Later has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", "Later", tooltip="Leave it as it is; it is said again"),
        Binding("up", "scroll(-1)", "Scroll", key_display="up/down"),
        Binding("down", "scroll(1)", "Scroll", show=False, key_display="down"),
        Binding("pageup", "turn(-1)", show=False),
        Binding("pagedown", "turn(1)", show=False),
    ]
    AUTO_FOCUS = "#later"

    def __init__(self, context: Context, workshop: Workshop, waiting: Waiting) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._waiting = waiting
        self._with_details = False
        self._changes = Text()
        self._comparing: Job | None = None

    def compose(self) -> ComposeResult:
        yield Static(Text(f"{self._waiting.site.name}: {_head(self._waiting)}"), id="title", markup=False)
        with VerticalScroll(id="result", can_focus=False):
            yield Static(id="result-text", markup=False)
        yield JobLine(self._workshop)
        with Vertical(id="consent"):
            yield Static(id="objection", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Later", "later")
                yield Choice("Details", "more")
                yield Choice(self._apply_label, "apply")
                yield Choice(self._remove_label, "remove")
        yield SteadyFooter()

    def on_mount(self) -> None:
        apply_objection, remove_objection = self._apply_objection(), self._remove_objection()
        self.query_one("#apply", Button).disabled = apply_objection is not None
        self.query_one("#remove", Button).disabled = remove_objection is not None
        self.query_one("#apply").display = self._waiting.pending is not None
        self.query_one("#remove").display = self.query_one("#more").display = self._waiting.marker is not None
        reasons = dict.fromkeys(reason for reason in (apply_objection, remove_objection) if reason)
        self.query_one("#objection", Static).update(Text(printable("  ".join(reasons))))
        self._show()

    @property
    def _apply_label(self) -> str:
        return "Finish it now" if self._waiting.is_urgent else "Apply now"

    @property
    def _remove_label(self) -> str:
        return "Take it back" if self._waiting.failed is None else "Remove what it left"

    def _apply_objection(self) -> str | None:
        pending = self._waiting.pending
        if pending is None:
            return None
        if self._core.read_only:
            return "Nothing can be done about it here: greenroom is read-only."
        if pending.phase is Phase.STAGING:
            return "Apply is off: it was not staged whole."
        return None

    def _remove_objection(self) -> str | None:
        if self._core.read_only:
            return "Nothing can be done about it here: greenroom is read-only."
        pending = self._waiting.pending
        if pending is not None and pending.changed_site:
            return "Take it back is off: it must be finished first; undo goes back then."
        return None

    # What is said

    def _show(self) -> None:
        text = Text("\n").join([*_lines(self._waiting, self._core)])
        if self._with_details and self._waiting.marker is not None:
            text.append("\n\n")
            text.append_text(self._changes)
            text.append_text(_details(self._waiting.marker))
        self.query_one("#result-text", Static).update(text)

    @on(Button.Pressed, "#more")
    def _toggle_details(self) -> None:
        self._with_details = not self._with_details
        self._compare()
        self._show()

    def _compare(self) -> None:
        """Look what a staged restore would take away, where that was not looked at yet."""
        pending, backup = self._waiting.pending, self._waiting.backup
        if self._changes or pending is None or pending.phase is not Phase.STAGED or backup is None:
            return
        if self._workshop.job is None:
            self._changes = Text("Comparing the backup with the site ...\n\n")
            site, order = self._waiting.site, _asked_order(pending)

            def verb(reporter: Reporter) -> Preview:
                return inspect_restore(self._core, site, backup, reporter, order)

            self._comparing = self._workshop.start(
                f"preview of {backup.name}", verb, self._compared, self._not_compared
            )

    def _compared(self, preview: Preview) -> None:
        self._tell_changes(changes_text(preview, self._waiting.site))

    def _not_compared(self, error: GreenroomError) -> None:
        self._tell_changes(Text(plain_lines(f"What would change cannot be told: {error.message}\n\n")))

    def _tell_changes(self, changes: Text) -> None:
        self._comparing = None
        self._changes = changes
        if self.is_running:
            self._show()

    def on_unmount(self) -> None:
        """Nobody waits for the comparison any more."""
        if self._comparing is not None:
            self._comparing.token.cancel()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#result", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_turn(self, pages: int) -> None:
        pane = self.query_one("#result", VerticalScroll)
        pane.scroll_relative(y=pages * pane.size.height, animate=False)

    # What is done

    @on(Button.Pressed, "#apply")
    def _apply(self) -> None:
        pending, site = self._waiting.pending, self._waiting.site
        if pending is None or self._is_busy():
            return
        if pending.changed_site:
            self._apply_now(answer=True)
            return
        lost = Text.assemble(
            ("WHAT IS LOST", "bold"),
            f"\n{change_words(pending.rows)} since {self._made()}.\n",
            "It is kept first, in a safety backup, and undo brings it back.\n\n",
            "The application must be stopped.",
        )
        title = printable(f"Apply the {pending.action} of {pending.backup_filename}?")
        self.app.push_screen(ConsentScreen(title, lost, site=site.name, yes="Apply now"), self._consented)

    def _consented(self, answer: bool | None) -> None:  # noqa: FBT001 - called by Textual with the answer
        self._apply_now(answer=bool(answer))

    def _apply_now(self, *, answer: bool) -> None:
        marker, site = self._waiting.pending, self._waiting.site
        if answer and marker is not None and not self._is_busy():
            name, how = marker.backup_filename.removesuffix(".zip"), order_words(marker.rows)
            task = RestoreTask("apply", site, name, of=site.name, how=how)
            verb = partial(apply, self._core, site)
            self.app.switch_screen(RestoringScreen(self._core, self._workshop, task, verb))

    @on(Button.Pressed, "#remove")
    def _remove(self) -> None:
        if not self._is_busy():
            verb = partial(take_back, self._core, self._waiting.site)
            name = f"taking back the restore of {self._waiting.site.name}"
            self._workshop.start(name, verb, self._removed, self._kept)

    def _removed(self, removed: str) -> None:
        self.app.notify(f"removed: {printable(removed)}; nothing of the site was changed", markup=False)
        if self.is_current:
            self.dismiss()

    def _kept(self, error: GreenroomError) -> None:
        self.app.push_screen(error_screen(error))

    @on(Button.Pressed, "#later")
    def action_later(self) -> None:
        self.dismiss()

    def _is_busy(self) -> bool:
        job = self._workshop.job
        if job is not None:
            self.notify(f"{printable(job.title)} is at work: wait until it is done", severity="warning", markup=False)
        return job is not None

    def _made(self) -> str:
        backup = self._waiting.backup
        return "that backup" if backup is None else format_time(backup.created_at, self._waiting.site.time_zone)


def _head(waiting: Waiting) -> str:
    if waiting.error is not None:
        return "A RESTORE IS MARKED, AND THE MARK CANNOT BE READ"
    if waiting.pending is None:
        return "A RESTORE FAILED"
    return "INTERRUPTED RESTORE" if waiting.pending.changed_site else f"A {waiting.pending.action.upper()} IS PENDING"


def _lines(waiting: Waiting, context: Context) -> Iterator[Text]:
    site, marker = waiting.site, waiting.marker
    if waiting.is_urgent:
        yield Text(f"DO NOT START THE APPLICATION of {site.name}.\n", "bold")
    if waiting.error is not None:
        yield Text(plain_lines(f"{waiting.error.message}\n\nWhat to do: {waiting.error.hint}"))
    if marker is None:
        return
    asked = format_time(marker.requested_at, site.time_zone)
    facts = [
        ("what", f"{marker.action} of {marker.backup_filename.removesuffix('.zip')}"),
        *_made_lines(waiting, context),
        *_how_lines(marker),
        ("asked", f"{asked}, {format_age(context.clock() - marker.requested_at)}"),
        ("by", marker.requested_by),
        ("state", "the site is exactly as it was before" if waiting.pending is None else _PHASES[marker.phase]),
    ]
    yield from map(Text, aligned([(name, printable(words)) for name, words in facts], indent=0))
    if waiting.pending is None:
        yield Text(plain_lines(f"\nWhy it failed: {marker.error or 'no reason was noted'}"))
    if waiting.holder is not None and waiting.holder.pid != os.getpid():
        yield Text(printable(f"at work on it now: {waiting.holder}"))
    yield Text()
    yield from map(Text, _what_to_do(waiting))


def _made_lines(waiting: Waiting, context: Context) -> Iterator[tuple[str, str]]:
    backup = waiting.backup
    if backup is not None:
        made = format_time(backup.created_at, waiting.site.time_zone)
        yield "backup", f"made {made}, {format_age(context.clock() - backup.created_at)}"
        if backup.description:
            yield "about", backup.description


def _how_lines(marker: Marker) -> Iterator[tuple[str, str]]:
    how = order_words(marker.rows)
    if how:
        yield "how", how
    if marker.rows is not None and marker.rows.of_site is not None:
        yield "from", f"another site, {marker.rows.of_site}"


def _asked_order(pending: Marker) -> RowOrder | None:
    """What was asked for when it was staged: a database that is exchanged is no choice of a person."""
    return pending.rows if order_words(pending.rows) else None


def _what_to_do(waiting: Waiting) -> Iterator[str]:
    name, pending = waiting.site.name, waiting.pending
    if pending is None:
        yield "It is not tried again by itself. Clear the cause, then restore again."
        yield f"Remove what it left: deletes its staged copy, as `greenroom restore-cancel {name}` does."
    elif pending.changed_site:
        yield f"Finish it now: goes on where it stopped, as `greenroom apply {name}` does,"
        yield "and says whether the site is the old or the new one. It needs no typing: nothing else is safe."
    else:
        yield f"Apply now: asks once more, then does what `greenroom apply {name}` does at the next start."
        yield f"Take it back: deletes the staged copy, as `greenroom restore-cancel {name}` does; the site stays."
    yield "Later: leaves it as it is."


def _details(marker: Marker) -> Text:
    text = section("Targets", _targets(marker), indent=0)
    facts = [("restore", marker.restore_id), ("staged in", str(marker.staging_path))]
    if marker.safety_name is not None:
        facts.append(("safety backup", marker.safety_name))
    if marker.moves:
        done = sum(move.done for move in marker.moves)
        facts.append(("renames", f"{done} of {len(marker.moves)} done"))
    text.append_text(
        section("Journal", aligned([(name, printable(words)) for name, words in facts], indent=0), indent=0)
    )
    text.rstrip()
    return text


def _targets(marker: Marker) -> list[str]:
    rows = []
    for target in marker.targets:
        wanted = marker.expected.get(target.name)
        if wanted is None:
            held = "nothing staged"
        elif wanted.tables is not None:
            held = f"{plural(len(wanted.tables), 'table')}, {plural(sum(wanted.tables.values()), 'row')}"
        else:
            held = f"{plural(wanted.files, 'file')}, {size(wanted.size_bytes)}"
        rows.append((target.name, printable(str(target.live)), held))
    return aligned(rows, indent=0)
