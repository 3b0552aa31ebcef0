"""Rows of edits.db as what they stand for, and how they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, false, or_, select

from core.edits.records import Draft, DraftHead, Entry, EntryHead, Unsaved
from core.edits.tables import DRAFTS, ENTRIES
from core.forms import Subject

T = TypeVar("T")

AT_ONCE: Final = 300  # subjects in one question, each with up to three values; an older SQLite takes 999

DRAFT_HEAD: Final = tuple(
    DRAFTS.c[name] for name in ("form", "key", "source", "base_revision", "updated_by", "updated_at")
)
ENTRY_HEAD: Final = tuple(
    ENTRIES.c[name]
    for name in ("id", "form", "key", "status", "source", "fields", "notes", "by", "at", "reverts", "reverted_by")
)


def about(table: Table, subject: Subject) -> ColumnElement[bool]:
    """Return the condition that a row of `table` is about this subject."""
    return and_(table.c.form == subject.form, table.c.key == subject.key)


def about_any(table: Table, subjects: Sequence[Subject]) -> ColumnElement[bool]:
    """Return the condition that a row of `table` is about one of at most AT_ONCE subjects.

    Form by form, for SQLite looks through the whole table for pairs.
    """
    keys: dict[str, list[str]] = {}
    for subject in subjects:
        keys.setdefault(subject.form, []).append(subject.key)
    return or_(false(), *(and_(table.c.form == form, table.c.key.in_(some)) for form, some in keys.items()))


def narrowed(query: Select[Any], table: Table, forms: Collection[str] | None) -> Select[Any]:
    """Return the query for rows of these forms only; None stands for all."""
    return query if forms is None else query.where(table.c.form.in_(list(forms)))


def find_draft(connection: Connection, subject: Subject) -> tuple[int, Draft] | None:
    """Return the draft of a subject with its number, or None."""
    row = connection.execute(select(DRAFTS).where(about(DRAFTS, subject))).one_or_none()
    return None if row is None else (row.id, to_draft(row))


def to_draft(row: Row[Any]) -> Draft:
    return Draft(
        subject=Subject(row.form, row.key),
        data=row.data,
        merge_lists=row.merge_lists,
        source=row.source,
        base_revision=row.base_revision,
        base=row.base,
        updated_by=row.updated_by,
        updated_at=row.updated_at,
        answers={(kind, wanted): chosen for kind, wanted, chosen in row.answers},
    )


def from_draft(draft: Draft) -> dict[str, Any]:
    """Return the values of a draft's row."""
    return {
        "form": draft.subject.form,
        "key": draft.subject.key,
        "data": draft.data,
        "merge_lists": draft.merge_lists,
        "source": draft.source,
        "base_revision": draft.base_revision,
        "base": draft.base,
        "answers": [[kind, wanted, chosen] for (kind, wanted), chosen in draft.answers.items()],
        "updated_by": draft.updated_by,
        "updated_at": draft.updated_at,
    }


def to_draft_head(row: Row[Any]) -> DraftHead:
    return DraftHead(Subject(row.form, row.key), row.source, row.base_revision, row.updated_by, row.updated_at)


def to_entry_head(row: Row[Any]) -> EntryHead:
    return EntryHead(
        id=row.id,
        subject=Subject(row.form, row.key),
        status=row.status,
        source=row.source,
        fields=tuple(row.fields),
        notes=tuple(row.notes),
        by=row.by,
        at=row.at,
        reverts=row.reverts,
        reverted_by=row.reverted_by,
    )


def to_entry(row: Row[Any]) -> Entry:
    return Entry(to_entry_head(row), row.before, row.after)


def to_unsaved(row: Row[Any], text: str) -> Unsaved:
    return Unsaved(Subject(row.form, row.key), text, row.base_revision, row.by, row.at)
