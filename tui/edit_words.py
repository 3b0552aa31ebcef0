"""What the editor says of a text and of what it would change: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from core.documents import Change, Path, Problem, said_change, said_meeting, said_path
from core.edits import Comparison, EntryHead
from core.forms import MOST_TOKENS, Written
from core.forms.schemas import allowed_words, schema_at
from core.reports import format_age, format_time
from core.words import plural, printable
from tui.edit_calls import Examined, SheetView
from tui.format import section

MOST_LINES = 400
READ_ONLY = "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"


def problem_words(problem: Problem) -> str:
    """Return a problem on one line: where, what was found, what is allowed."""
    return printable(str(problem))


def difference_lines(comparison: Comparison | None, most: int = MOST_LINES) -> list[str]:
    """Return what publishing would change, a line each; of a conflict what both sides changed."""
    if comparison is None:
        return ["not known before the text is JSON"]
    if comparison.conflict and comparison.meetings:
        lines = [line for meeting in islice(comparison.meetings, most) for line in said_meeting(meeting)]
        more = len(comparison.meetings) - most
    else:
        return change_lines(comparison.changes, most) or ["nothing: it is as it is live"]
    return [*map(printable, lines), *([f"and {more:,} more"] if more > 0 else [])]


def change_lines(changes: Sequence[Change], most: int = MOST_LINES) -> list[str]:
    """Return changes, a line each."""
    lines = [printable(said_change(change)) for change in islice(changes, most)]
    return lines + ([f"and {len(changes) - most:,} more"] if len(changes) > most else [])


def difference_title(comparison: Comparison | None) -> str:
    """Return how much would change, for the head of the list."""
    if comparison is None:
        return "What would change"
    if comparison.conflict and comparison.base_known:
        return "CHANGED BY SOMEBODY ELSE TOO: here, and live"
    if comparison.conflict:
        return f"{plural(len(comparison.changes), 'change')}; MADE FROM AN UNKNOWN STATE"
    changes = len(comparison.changes)
    return f"{plural(changes, 'change')} to what is live" if changes else "No change to what is live"


def state_line(
    view: SheetView, *, is_unsaved: bool, has_problems: bool, moved: bool, read_only: bool, now: datetime
) -> Text:
    """Return in a line where the text stands: changed, draft, live."""
    text = Text()
    if is_unsaved:
        keys = "mend what is wrong first" if has_problems else "ctrl+s keeps a draft, ctrl+g publishes"
        text.append("CHANGED, not saved", "bold")
        text.append(" and cannot be" if read_only else f": {keys}")
    elif view.draft is not None:
        draft = view.draft
        text.append("DRAFT", "bold")
        text.append(f" of {printable(draft.updated_by)}, {format_age(now - draft.updated_at)}")
        text.append("" if read_only else ": ctrl+g publishes it")
    else:
        text.append("LIVE", "bold")
        text.append(", as the site has it")
    if moved:
        text.append("; SOMEBODY ELSE CHANGED WHAT IS LIVE", "bold")
    if read_only:
        text.append("; READ-ONLY", "bold")
    return text


def measure_line(view: SheetView, examined: Examined | None, source: str) -> Text:
    """Return in a line how many problems and changes a text has, and how large it is for a language model."""
    if examined is None:
        return Text("looking ...")
    problems = len(examined.problems)
    parts = [Text(plural(problems, "problem").upper(), "bold") if problems else Text("no problem")]
    if examined.comparison is not None:
        large = examined.tokens > MOST_TOKENS
        words = f"about {examined.tokens:,} tokens" + (f", over {MOST_TOKENS:,}: split on export" if large else "")
        parts.append(Text(words))
    origin = view.origin
    if source:
        parts.append(Text(f"live from {source}"))
    if origin.last_updated is not None and origin.updated_by is not None:
        parts.append(Text(f"last by {printable(origin.updated_by)}"))
    return Text("; ").join(parts)


def taken_line(examined: Examined | None) -> Text:
    """Return in a line what the text was taken for, and what was mended in it; nothing where it is as it should be."""
    said = examined.understood.said if examined is not None else ()
    return Text.assemble(("TAKEN SO: ", "bold"), printable("; ".join(said))) if said else Text()


def field_words(schema: Mapping[str, Any], path: Path) -> Text:
    """Return what the field at a path of the data means and allows; of nothing known, nothing."""
    part = schema_at(schema, path)
    described, allowed = str(part.get("description", "")), allowed_words(part)
    where = said_path(path)
    if not where or not (described or allowed):
        return Text()
    text = Text.assemble((printable(where), "bold"))
    if described:
        text.append(f": {printable(described)}")
    if allowed:
        text.append(f" Allowed: {printable(allowed)}.")
    return text


def written_lines(written: Written) -> list[str]:
    """Return who and what is created or matched."""
    return [printable(note) for note in written.notes]


def entry_text(entry: EntryHead, changes: Sequence[Change], zone: ZoneInfo) -> Text:
    """Return an entry of the log whole: who, when, from which source, and all that it changed."""
    lines = [f"{format_time(entry.at, zone)} by {printable(entry.by)}, source {entry.source}"]
    if entry.status == "uncertain":
        lines.append("UNCERTAIN: it was cut off, and what is live is neither the state before nor the one after it")
    if entry.reverts is not None:
        lines.append(f"took back entry {entry.reverts}")
    if entry.reverted_by is not None:
        lines.append(f"taken back by entry {entry.reverted_by}")
    text = Text("\n".join(lines) + "\n\n")
    text.append_text(section("It changed", change_lines(changes)))
    return text.append_text(section("Besides", map(printable, entry.notes)))


def lost_lines(titles: Sequence[str]) -> list[str]:
    """Return what would be lost by leaving, a line each."""
    return [f"the text of {printable(title)}" for title in titles]
