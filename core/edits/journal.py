"""The log as it comes to be: intended before the site's commit, done after it, taken away where that never was.

Each function is one short transaction of edits.db, or a few; a publication is known by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from core.batches import in_batches
from core.edits.file import EditsFile
from core.edits.origins import hash_of, noted_fields
from core.edits.records import EntryHead
from core.edits.rows import AT_ONCE, ENTRY_HEAD, about_any, to_entry_head
from core.edits.tables import DRAFTS, ENTRIES, OPEN, ORIGINS
from core.forms import Json, Source, Subject, revision_of

_INTENDED: Final = "intended"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be done to one subject; `sources` says where each changed key is from from now on."""

    subject: Subject
    before: Json
    after: Json
    source: Source
    sources: dict[str, Source | None]
    fields: tuple[str, ...]
    notes: tuple[str, ...]
    draft: int | None
    reverts: int | None


def note_intents(file: EditsFile, publication: str, intents: Sequence[Intent], *, by: str, at: datetime) -> None:
    """Make intents durable, before the site's commit."""
    rows: list[dict[str, Any]] = [
        {
            "publication": publication,
            "status": _INTENDED,
            "form": intent.subject.form,
            "key": intent.subject.key,
            "source": intent.source,
            "sources": intent.sources,
            "sources_before": {},
            "fields": list(intent.fields),
            "notes": list(intent.notes),
            "by": by,
            "at": at,
            "reverts": intent.reverts,
            "draft": intent.draft,
            "before_revision": revision_of(intent.before),
            "after_revision": revision_of(intent.after),
            "before": intent.before,
            "after": intent.after,
        }
        for intent in intents
    ]
    with file.writing() as connection:
        noted = _noted(connection, [intent.subject for intent in intents])
        for row, intent in zip(rows, intents, strict=True):
            known = noted.get(intent.subject, {})
            row["sources_before"] = {
                name: known[name][0]
                for name in intent.fields
                if name in known and known[name][1] == hash_of(name, intent.before.get(name))
            }
        connection.execute(ENTRIES.insert(), rows)


def finish(file: EditsFile, publication: str, drafts: Iterable[int] = ()) -> None:
    """The site has it: its entries are done, its drafts gone, where values are from is noted.

    `drafts` are gone as well: those in which nothing differed.
    """
    ours = ENTRIES.c.publication == publication
    with file.writing() as connection:
        for some in in_batches(_open_entries(connection, publication), AT_ONCE):
            _note_origins(connection, some)
        for row in connection.execute(select(ENTRIES.c.id, ENTRIES.c.reverts).where(ours, ENTRIES.c.reverts > 0)).all():
            _note_revert(connection, row.id, row.reverts)
        connection.execute(delete(DRAFTS).where(DRAFTS.c.id.in_(select(ENTRIES.c.draft).where(ours))))
        _remove_drafts(connection, drafts)
        connection.execute(update(ENTRIES).where(ours).values(status="done"))
        connection.execute(delete(ENTRIES).where(ours, ENTRIES.c.before_revision == ENTRIES.c.after_revision))


def discard(file: EditsFile, publication: str) -> None:
    """It never happened: its entries go, its drafts stay."""
    with file.writing() as connection:
        connection.execute(delete(ENTRIES).where(ENTRIES.c.publication == publication))


def leave_uncertain(file: EditsFile, publication: str, note: str) -> None:
    """Nobody can tell whether it happened: its entries say so, its drafts stay."""
    ours = ENTRIES.c.publication == publication
    with file.writing() as connection:
        for row in connection.execute(select(ENTRIES.c.id, ENTRIES.c.notes).where(ours)).all():
            notes = [*row.notes, note]
            connection.execute(update(ENTRIES).where(ENTRIES.c.id == row.id).values(status="uncertain", notes=notes))


def drop_finished(file: EditsFile, drafts: Iterable[int]) -> None:
    """Remove the drafts with these numbers: what they say is live."""
    with file.writing() as connection:
        _remove_drafts(connection, drafts)


def unsettled(file: EditsFile) -> list[str]:
    """Return the publications that were noted and not ended, the oldest first."""
    query = select(ENTRIES.c.publication).where(OPEN).order_by(ENTRIES.c.id)
    with file.reading() as connection:
        return [] if connection is None else list(dict.fromkeys(connection.scalars(query)))


def intended(file: EditsFile, publication: str) -> list[tuple[Subject, str, str]]:
    """Return the subjects of a publication, with their revisions before and after."""
    columns = (ENTRIES.c.form, ENTRIES.c.key, ENTRIES.c.before_revision, ENTRIES.c.after_revision)
    query = select(*columns).where(ENTRIES.c.publication == publication).order_by(ENTRIES.c.id)
    with file.reading() as connection:
        rows = connection.execute(query) if connection else ()
        return [(Subject(row.form, row.key), row.before_revision, row.after_revision) for row in rows]


def entries_of(file: EditsFile, publication: str) -> list[EntryHead]:
    """Return the entries of a publication, in their order."""
    query = select(*ENTRY_HEAD).where(ENTRIES.c.publication == publication).order_by(ENTRIES.c.id)
    with file.reading() as connection:
        return [] if connection is None else [to_entry_head(row) for row in connection.execute(query)]


def sources_before(file: EditsFile, entry_id: int) -> dict[str, Source]:
    """Return where the values that an entry replaced were from, as far as that was noted."""
    with file.reading() as connection:
        query = select(ENTRIES.c.sources_before).where(ENTRIES.c.id == entry_id)
        found: dict[str, Source] = {} if connection is None else connection.execute(query).scalar_one_or_none() or {}
        return found


def _open_entries(connection: Connection, publication: str) -> Iterator[Row[Any]]:
    """Yield the entries of a publication in their order, a batch in memory."""
    last = 0
    query = select(ENTRIES).where(ENTRIES.c.publication == publication).order_by(ENTRIES.c.id)
    while rows := connection.execute(query.where(ENTRIES.c.id > last).limit(400)).all():
        yield from rows
        last = rows[-1].id


def _note_origins(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    subjects = list(dict.fromkeys(Subject(row.form, row.key) for row in rows))
    fields = _noted(connection, subjects)
    noted: dict[Subject, dict[str, Any]] = {}
    for row in rows:
        subject = Subject(row.form, row.key)
        fields[subject] = noted_fields(fields.get(subject, {}), row.sources, row.after)
        noted[subject] = {
            "form": row.form,
            "key": row.key,
            "fields": fields[subject],
            "updated_by": row.by,
            "updated_at": row.at,
        }
    connection.execute(insert(ORIGINS).prefix_with("OR REPLACE"), list(noted.values()))


def _noted(connection: Connection, subjects: Sequence[Subject]) -> dict[Subject, Any]:
    rows = connection.execute(select(ORIGINS).where(about_any(ORIGINS, subjects)))
    return {Subject(row.form, row.key): row.fields for row in rows}


def _note_revert(connection: Connection, entry_id: int, reverted: int | None) -> None:
    """Say of the entry taken back by whom; what that one had taken back itself counts again, and so on."""
    taken_back = True
    by: int | None = entry_id
    while reverted is not None:
        connection.execute(
            update(ENTRIES).where(ENTRIES.c.id == reverted).values(reverted_by=by if taken_back else None)
        )
        by, taken_back = reverted, not taken_back
        reverted = connection.execute(select(ENTRIES.c.reverts).where(ENTRIES.c.id == reverted)).scalar_one_or_none()


def _remove_drafts(connection: Connection, numbers: Iterable[int]) -> None:
    for some in in_batches(numbers, AT_ONCE):
        connection.execute(delete(DRAFTS).where(DRAFTS.c.id.in_(some)))
