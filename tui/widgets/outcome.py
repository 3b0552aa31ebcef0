"""How a restore came out, in words: what the site is now, why, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from core.config import Site
from core.errors import CancelledError, GreenroomError
from core.restore.finish import Outcome
from core.restore.marker import Marker
from core.words import plural, printable
from tui.calls import Restored
from tui.format import plain_lines

Kind = Literal["restore", "stage", "undo", "apply"]
_NOUNS: dict[Kind, str] = {"restore": "restore", "stage": "staging", "undo": "undo", "apply": "apply"}


@dataclass(frozen=True)
class RestoreTask:
    """What is done to which site, with which backup."""

    kind: Kind
    site: Site
    backup_name: str

    @property
    def title(self) -> str:
        return f"{_NOUNS[self.kind]} of {self.backup_name}"


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
    pending, error = restored.pending, restored.error
    if pending is not None and pending.changed_site:
        return f"INTERRUPTED: do not start the application, `greenroom apply {pending.site}` finishes it"
    if pending is not None:
        return f"the site was not changed, the {pending.action} is staged and pending: `greenroom apply {pending.site}`"
    return f"the site is as it was before: {error.message if error else 'nothing was pending any more'}"


def _unknown(error: GreenroomError, task: RestoreTask) -> tuple[str, list[str]]:
    if task.kind == "stage" or isinstance(error, CancelledError):
        return _ended(error)
    head = f"NOT KNOWN whether {task.site.name} is the old or the new one. Do not start the application."
    look = f"`greenroom status` says what is pending, and `greenroom apply {task.site.name}` finishes that."
    return head, [*_error_lines(error), "", look]


def _words(restored: Restored, task: RestoreTask) -> tuple[str, list[str]]:
    error, pending, outcome = restored.error, restored.pending, restored.outcome
    if outcome is not None:
        return _outcome_words(outcome, task)
    if pending is not None:
        return _pending_words(pending, error, task)
    if error is None:
        return "Nothing was pending any more. The site was not changed.", []
    return _ended(error)


def _ended(error: GreenroomError) -> tuple[str, list[str]]:
    if isinstance(error, CancelledError):
        return "CANCELLED. The site was not changed.", ["", "Nothing is staged."]
    return "NOT RESTORED. The site is as it was before.", list(_error_lines(error))


def _pending_words(pending: Marker, error: GreenroomError | None, task: RestoreTask) -> tuple[str, list[str]]:
    name = task.site.name
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
    name = task.site.name
    if outcome.state != "new":
        head = f"OLD: {name} is exactly as it was before."
        return head, ["", plain_lines(f"Why: {outcome.error}"), *_found(outcome)]
    counts = ((outcome.tables, "table"), (outcome.records, "row"), (outcome.files, "file"))
    counted = ", ".join(plural(number, word) for number, word in counts)
    lines = ["", f"Restored:  {counted}. They were counted and agree with the backup.", ""]
    if outcome.safety_name is not None:
        lines.append(f"What was there before is kept in the safety backup {printable(outcome.safety_name)}.")
    if outcome.set_aside:
        lines.append("What was there before was set aside as it was:")
        lines += [f"  {printable(str(path))}" for path in outcome.set_aside]
    lines += [
        f"To undo:  History (2), then u; or `greenroom undo {name}`",
        "",
        "The application can be started again.",
        *_found(outcome),
    ]
    again = "again what it was before" if outcome.action == "undo" else f"now as in {printable(outcome.backup_name)}"
    return f"NEW: {name} is {again}.", lines


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
