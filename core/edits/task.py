"""One thing to be made live: what is to be written, given what is live now, and what is noted of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.documents import same
from core.edits.comparison import Comparison, ConflictError, OnConflict, compare, differing, resolved, taken_back
from core.edits.records import Draft, Entry
from core.forms import Form, Json, Source


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form is to write: the keys, and whether their lists are merged with the present ones."""

    data: Json
    merge_lists: bool


@dataclass(frozen=True, slots=True)
class Task:
    """The data of a draft to be published; `number` is that of the draft, None where it was never kept."""

    form: Form[Any]
    draft: Draft
    number: int | None

    reverts = None

    def wanted(self, live: Json, on_conflict: OnConflict) -> Wanted:
        """Return what is to be written; raise ConflictError where somebody else changed the thing meanwhile."""
        draft = self.draft
        found = comparison_of(self.form, live, draft)
        if not found.conflict:
            return Wanted(draft.data if found.changes else {}, draft.merge_lists)
        if on_conflict == "stop":
            raise ConflictError(draft.subject, found)
        if on_conflict == "ours" and not found.base_known:
            return Wanted(draft.data, draft.merge_lists)
        return Wanted(differing(live, resolved(self.form, found, draft.base, on_conflict)), merge_lists=False)

    def sources(self, fields: Iterable[str], after: Json) -> dict[str, Source | None]:
        """Return where the keys that changed are from, now that they are as in `after`."""
        del after
        return dict.fromkeys(fields, self.draft.source)


@dataclass(frozen=True, slots=True)
class Reversal:
    """An entry of the log to be taken back; `sources_before` says where the values before it were from."""

    form: Form[Any]
    draft: Draft
    entry: Entry
    sources_before: Mapping[str, Source]

    number = None

    @property
    def reverts(self) -> int:
        return self.entry.head.id

    def wanted(self, live: Json, on_conflict: OnConflict) -> Wanted:
        """Return what is to be written; raise ConflictError where what the entry changed was changed again."""
        found = taken_back(self.form, live, self.entry.before, self.entry.after)
        if found.conflict and on_conflict == "stop":
            message = f"what entry {self.reverts} changed was changed again since:"
            raise ConflictError(self.draft.subject, found, message=message)
        result = resolved(self.form, found, self.entry.after, on_conflict) if found.conflict else found.after
        return Wanted(differing(live, result), merge_lists=False)

    def sources(self, fields: Iterable[str], after: Json) -> dict[str, Source | None]:
        """Return where the keys that changed are from: a value that is back from where it was, a mixed one by hand."""
        before = self.entry.before
        return {
            field: self.sources_before.get(field)
            if field in before and same(before[field], after.get(field))
            else "manual"
            for field in fields
        }


@dataclass(frozen=True, slots=True)
class Filling:
    """What services know of a subject; given what is live, `choose` says which keys get which values.

    The draft has its subject, source and answers, and no data; `others` are the keys of another source.
    """

    form: Form[Any]
    draft: Draft
    choose: Callable[[Json], Json]
    others: Mapping[str, Source]

    number = None
    reverts = None

    def wanted(self, live: Json, on_conflict: OnConflict) -> Wanted:
        """Return the keys that are to be another; there is no conflict, for it is decided by what is live."""
        del on_conflict
        return Wanted(differing(live, self.choose(live)), merge_lists=False)

    def sources(self, fields: Iterable[str], after: Json) -> dict[str, Source | None]:
        """Return where the keys that changed are from."""
        del after
        return {field: self.others.get(field, self.draft.source) for field in fields}


AnyTask = Task | Reversal | Filling


def comparison_of(form: Form[Any], live: Json, draft: Draft) -> Comparison:
    """Return what publishing a draft would change now."""
    return compare(
        form, live, draft.data, merge_lists=draft.merge_lists, base=draft.base, base_revision=draft.base_revision
    )
