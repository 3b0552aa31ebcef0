"""How a restore came out, in words: what the site is now, why, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from core.config import Site
from core.errors import CancelledError, GreenroomError
from core.restore.address import Address
from core.restore.elsewhere import ElsewhereOutcome
from core.restore.finish import Outcome
from core.restore.marker import Marker
from core.words import plural, printable
from tui.calls import Restored
from tui.format import plain_lines

Kind = Literal["restore", "stage", "undo", "apply"]
_NOUNS: dict[Kind, str] = {"restore": "restore", "stage": "staging", "undo": "undo", "apply": "apply"}


@dataclass(frozen=True)
class RestoreTask:
    """What is done to which site, or database that is none, with which backup; `of` is the site that was backed up.

    `how` says in words what a portable backup does with its rows.
    """

    kind: Kind
    into: Site | Address
    backup_name: str
    of: str
    how: str = ""

    @property
    def title(self) -> str:
        return f"{_NOUNS[self.kind]} of {self.backup_name}"

    @property
    def fills(self) -> bool:
        """Whether no site is changed."""
        return isinstance(self.into, Address)

    @property
    def place(self) -> str:
        """What may be changed, in words."""
        return f"the database {self.into.name}" if self.fills else f"the site {self.into.name}"


def result_text(restored: Restored | GreenroomError, task: RestoreTask) -> Text:
    """Given how a restore came out, return it as text; an error that the core did not foresee leaves all open."""
    head, lines = _unknown(restored, task) if isinstance(restored, GreenroomError) else _words(restored, task)
    text = Text(head, "bold")
    for line in lines:
        text.append(f"\n{line}", "not bold")
    return text


def result_line(restored: Restored) -> str:
    """As `result_text`, in a line, for a person who has left the app."""
    if restored.outcome is not None:
        return f"the site is {restored.outcome.state}"
    if restored.filled is not None:
        return f"{restored.filled.into.shown} is filled"
    pending, error = restored.pending, restored.error
    if pending is not None and pending.changed_site:
        return f"INTERRUPTED: do not start the application, `greenroom apply {pending.site}` finishes it"
    if pending is not None:
        return f"the site was not changed, the {pending.action} is staged and pending: `greenroom apply {pending.site}`"
    return f"the site is as it was before: {error.message if error else 'nothing was pending any more'}"


def _unknown(error: GreenroomError, task: RestoreTask) -> tuple[str, list[str]]:
    if task.kind == "stage" or isinstance(error, CancelledError):
        return _ended(error, task)
    if task.fills:
        head = f"NOT KNOWN what {task.place} holds now. No site was changed."
        return head, [*_error_lines(error), "", "Look into it; empty it before the next try."]
    head = f"NOT KNOWN whether {task.into.name} is the old or the new one. Do not start the application."
    look = f"`greenroom status` says what is pending, and `greenroom apply {task.into.name}` finishes that."
    return head, [*_error_lines(error), "", look]


def _words(restored: Restored, task: RestoreTask) -> tuple[str, list[str]]:
    error, pending, outcome = restored.error, restored.pending, restored.outcome
    if outcome is not None:
        return _outcome_words(outcome, task)
    if restored.filled is not None:
        return _filled_words(restored.filled, task)
    if pending is not None:
        return _pending_words(pending, error, task)
    if error is None:
        return "Nothing was pending any more. The site was not changed.", []
    return _ended(error, task)


def _ended(error: GreenroomError, task: RestoreTask) -> tuple[str, list[str]]:
    what = f"{task.place[0].upper()}{task.place[1:]}" if task.fills else "The site"
    if isinstance(error, CancelledError):
        return f"CANCELLED. {what} was not changed.", ["", "Nothing is staged."]
    return f"NOT RESTORED. {what} is as it was before.", list(_error_lines(error))


def _filled_words(filled: ElsewhereOutcome, task: RestoreTask) -> tuple[str, list[str]]:
    counted = f"{plural(filled.tables, 'table')}, {plural(filled.records, 'row')}"
    lines = [
        "",
        f"Restored:  {counted}. They were counted and compared with the backup.",
        f"How:       {task.how}",
        f"Into:      {printable(filled.into.shown)}",
        "",
        "No site was changed. It cannot be undone: what is there now stays until somebody drops it.",
    ]
    return f"FILLED: {task.place} holds {filled.backup.name} now.", lines


def _pending_words(pending: Marker, error: GreenroomError | None, task: RestoreTask) -> tuple[str, list[str]]:
    name = task.into.name
    if pending.changed_site:
        head = f"INTERRUPTED. Do not start the application of {name}."
        finish = f"`greenroom apply {name}` finishes it, and says whether the site is the old or the new one."
        return head, [*_error_lines(error), "", finish]
    waits = [
        "",
        f"The {pending.action} of {printable(pending.backup_filename)} is staged, and waits:",
        f"  `greenroom apply {name}` carries it out, as the application's unit does before it starts;",
        f"  `greenroom restore-cancel {name}` takes it back, as the button below does.",
    ]
    if isinstance(error, CancelledError):
        return "CANCELLED. The site was not changed.", waits
    if error is not None:
        return "NOT APPLIED. The site was not changed.", [*_error_lines(error), *waits]
    return "STAGED. The site is not changed yet.", waits


def _outcome_words(outcome: Outcome, task: RestoreTask) -> tuple[str, list[str]]:
    name = task.into.name
    if outcome.state != "new":
        head = f"OLD: {name} is exactly as it was before."
        return head, ["", plain_lines(f"Why: {outcome.error}"), *_found(outcome)]
    counts = ((outcome.tables, "table"), (outcome.records, "row"), (outcome.files, "file"))
    counted = ", ".join(plural(number, word) for number, word in counts)
    agreed = "were counted and compared" if task.how else "were counted and agree with the backup"
    lines = ["", f"Restored:  {counted}. They {agreed}.", *([f"How:       {task.how}"] if task.how else []), ""]
    if outcome.safety_name is not None:
        lines.append(f"What was there before is kept in the safety backup {printable(outcome.safety_name)}.")
    if outcome.set_aside:
        lines.append("What was there before was set aside as it was:")
        lines += [f"  {printable(str(path))}" for path in outcome.set_aside]
    lines += [
        f"To undo:  {_way_to_history(task)}; or `greenroom undo {name}`",
        "",
        "The application can be started again.",
        *_found(outcome),
    ]
    again = "again what it was before" if outcome.action == "undo" else f"now as in {printable(outcome.backup_name)}"
    return f"NEW: {name} is {again}.", lines


def _way_to_history(task: RestoreTask) -> str:
    return "History (2), then u" if task.into.name == task.of else f"choose {task.into.name} (s), History (2), then u"


def _found(outcome: Outcome) -> Iterator[str]:
    if outcome.unexpected:
        yield "Found where nothing should have been, and kept:"
        yield from (f"  {printable(str(path))}" for path in outcome.unexpected)
    yield from map(printable, outcome.notices)


def _error_lines(error: GreenroomError | None) -> Iterator[str]:
    if error is not None:
        yield ""
        yield plain_lines(error.message)
        if error.hint:
            yield ""
            yield f"What to do: {plain_lines(error.hint)}"
