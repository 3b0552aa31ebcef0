"""What publishing would change, and whether somebody else changed the same since: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.documents import Change, Meeting, conflicts, difference, merge, said_changes, said_meeting, same, three_way
from core.errors import GreenroomError
from core.forms import Form, Json, Subject, applied, revision_of

OnConflict = Literal["stop", "ours", "theirs"]

_MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Comparison:
    """Data beside what is live.

    `after` is the live data as publishing would leave it, as far as that is known without writing it; in a conflict,
    what `ours` would give. `changes` lead from live to it. `conflict` says that somebody else changed the thing since
    the state that the data was made from, or that nobody knows that state; `meetings` then tell both sides' changes
    where `base_known`.
    """

    live: Json
    after: Json
    changes: tuple[Change, ...]
    meetings: tuple[Meeting, ...]
    conflict: bool
    base_known: bool


class ConflictError(GreenroomError):
    """Somebody else changed the same since; nothing was written. `comparison` tells both sides."""

    def __init__(self, subject: Subject, comparison: Comparison, *, message: str = "") -> None:
        self.subject = subject
        self.comparison = comparison
        super().__init__(
            "\n  ".join([message or _why(subject, comparison), *_told(comparison)]),
            hint="nothing was written; look at both, then publish with --on-conflict ours (this data wins) or theirs "
            "(what is live wins)",
        )


def compare(
    form: Form[Any],
    live: Json,
    data: Json,
    *,
    merge_lists: bool = False,
    base: Json | None = None,
    base_revision: str | None = None,
) -> Comparison:
    """Return what data would make of what is live; `base` is the state that it was made from, where that is known."""
    plain = applied(form, live, data, merge_lists=merge_lists)
    changes = difference(live, plain, form.key_of)
    conflict = bool(changes) and base_revision != revision_of(live)
    if not conflict or base is None or base_revision is None:
        return Comparison(live, plain, changes, (), conflict, base_known=False if conflict else base is not None)
    mine = applied(form, base, data, merge_lists=merge_lists)
    meetings = three_way(base, mine, live, form.key_of)
    after = _object(merge(base, meetings, prefer="mine", key_of=form.key_of))
    changes = difference(live, after, form.key_of)
    return Comparison(live, after, changes, meetings, bool(changes), base_known=True)


def resolved(form: Form[Any], comparison: Comparison, base: Json | None, on_conflict: OnConflict) -> Json:
    """Return what all of a thing's data is to be, given how its conflict is decided: "ours" or "theirs"."""
    if on_conflict == "ours":
        return comparison.after
    if comparison.base_known and base is not None:
        return _object(merge(base, comparison.meetings, prefer="theirs", key_of=form.key_of))
    return {
        field: comparison.after[field] if value in (None, [], {}) and field in comparison.after else value
        for field, value in comparison.live.items()
    }


def taken_back(form: Form[Any], live: Json, before: Json, after: Json) -> Comparison:
    """Return what live would be without what led from `before` to `after`; `conflict` where both changed the same."""
    meetings = three_way(after, before, live, form.key_of)
    wanted = _object(merge(after, meetings, prefer="mine", key_of=form.key_of))
    changes = difference(live, wanted, form.key_of)
    return Comparison(live, wanted, changes, meetings, bool(conflicts(meetings)), base_known=True)


def differing(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """Return the keys of `wanted` whose values live does not have."""
    return {field: value for field, value in wanted.items() if field not in live or not same(live[field], value)}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _why(subject: Subject, comparison: Comparison) -> str:
    what = str(subject)
    if comparison.base_known:
        return f"{what} was changed by somebody else since this data was made:"
    return f"nobody knows which state of {what} this data was made from; publishing would change:"


def _told(comparison: Comparison) -> list[str]:
    if comparison.meetings:
        met = [meeting for meeting in comparison.meetings if meeting.verdict != "both"]
        lines = [line for meeting in met for line in said_meeting(meeting)]
    else:
        lines = said_changes(comparison.changes)
    more = len(lines) - _MOST_LINES
    return lines if more <= 0 else [*lines[:_MOST_LINES], f"and {more:,} more"]
