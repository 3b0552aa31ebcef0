"""What is remembered of a site's edits: drafts, the log, where values are from, what was exported, unsaved texts."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from core.batches import in_batches
from core.config import Site
from core.context import Context
from core.edits.file import FILE, EditsFile
from core.edits.records import Draft, DraftHead, Entry, EntryHead, Unsaved
from core.edits.rows import (
    AT_ONCE,
    DRAFT_HEAD,
    ENTRY_HEAD,
    about,
    about_any,
    narrowed,
    to_draft,
    to_draft_head,
    to_entry,
    to_entry_head,
    to_unsaved,
)
from core.edits.tables import DRAFTS, ENTRIES, EXPORTS, OPEN, ORIGINS, UNSAVED
from core.errors import UsageError
from core.forms import Json, Subject, revision_of

_REMEMBERED: Final = timedelta(days=90)
_EXPORTS_AT_ONCE: Final = 2_000
_ENDED: Final = ("done", "uncertain")


class Edits:
    """The edits of one site. Nothing is created before the first write."""

    def __init__(self, context: Context, site: Site) -> None:
        self.context = context
        self.site = site
        self.file = EditsFile(context.site_folder(site) / FILE, context.disk)

    def draft(self, subject: Subject) -> Draft | None:
        """Return the draft of a subject, or None."""
        return next((draft for _, draft in self.numbered_drafts([subject])), None)

    def numbered_drafts(self, subjects: Collection[Subject]) -> list[tuple[int, Draft]]:
        """Return the drafts of these subjects with their numbers, each of which stands for one draft for ever."""
        with self.file.reading() as connection:
            if connection is None:
                return []
            return [
                (row.id, to_draft(row))
                for some in in_batches(subjects, AT_ONCE)
                for row in connection.execute(select(DRAFTS).where(about_any(DRAFTS, some)))
            ]

    def drafts(self, *, forms: Collection[str] | None = None, keys: Collection[str] | None = None) -> list[DraftHead]:
        """Return the drafts of these forms and keys, None for all, the newest first."""
        query = narrowed(select(*DRAFT_HEAD), DRAFTS, forms).order_by(DRAFTS.c.id.desc())
        with self.file.reading() as connection:
            if connection is None:
                return []
            if keys is None:
                return [to_draft_head(row) for row in connection.execute(query)]
            found = [
                row
                for some in in_batches(keys, AT_ONCE)
                for row in connection.execute(query.where(DRAFTS.c.key.in_(some)))
            ]
            return sorted(map(to_draft_head, found), key=lambda head: head.updated_at, reverse=True)

    def log(
        self,
        *,
        forms: Collection[str] | None = None,
        key: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[EntryHead]:
        """Return at most `limit` entries, those with numbers below `before`, the newest first."""
        query = select(*ENTRY_HEAD).where(ENTRIES.c.status.in_(_ENDED))
        if key is not None:
            query = narrowed(query, ENTRIES, forms).where(ENTRIES.c.key == key)
        elif forms is not None:
            # Not by the index of subjects: the newest are read in their order, until there are enough.
            query = query.where(ENTRIES.c.form.concat("").in_(list(forms)))
        if before is not None:
            query = query.where(ENTRIES.c.id < before)
        with self.file.reading() as connection:
            if connection is None:
                return []
            return [to_entry_head(row) for row in connection.execute(query.order_by(ENTRIES.c.id.desc()).limit(limit))]

    def entry(self, entry_id: int) -> Entry:
        """Return an entry of the log with its data; raise UsageError where there is none."""
        query = select(ENTRIES).where(ENTRIES.c.id == entry_id, ENTRIES.c.status.in_(_ENDED))
        with self.file.reading() as connection:
            row = connection.execute(query).one_or_none() if connection and abs(entry_id) < 2**63 else None
            if row is None:
                raise UsageError(f"the log of {self.site.name} has no entry {entry_id}", hint="`log` lists them")
            return to_entry(row)

    def unsettled(self) -> int:
        """Return how many publications are under way or were cut off; the next publish, revert or drop settles them."""
        query = select(func.count(ENTRIES.c.publication.distinct())).where(OPEN)
        with self.file.reading() as connection:
            return 0 if connection is None else int(connection.execute(query).scalar_one())

    def origins(self, subjects: Collection[Subject]) -> dict[Subject, dict[str, Any]]:
        """Return what was noted of these subjects: `fields` {key: [source, hash]}, `updated_by`, `updated_at`."""
        found: dict[Subject, dict[str, Any]] = {}
        with self.file.reading() as connection:
            if connection is None:
                return found
            for some in in_batches(subjects, AT_ONCE):
                for row in connection.execute(select(ORIGINS).where(about_any(ORIGINS, some))):
                    found[Subject(row.form, row.key)] = {
                        "fields": row.fields,
                        "updated_by": row.updated_by,
                        "updated_at": row.updated_at,
                    }
        return found

    def remember(self, items: Iterable[tuple[Subject, Json]]) -> None:
        """Keep data that was exported for 90 days, so that a conflict can be shown against it; read-only: nothing."""
        if self.context.read_only:
            return
        now = self.context.clock()
        statement = insert(EXPORTS)
        statement = statement.on_conflict_do_update(
            index_elements=["form", "key", "revision"], set_={"at": statement.excluded.at}
        )
        for some in in_batches(items, _EXPORTS_AT_ONCE):
            rows = [
                {"form": subject.form, "key": subject.key, "revision": revision_of(data), "data": data, "at": now}
                for subject, data in some
            ]
            with self.file.writing() as connection:
                connection.execute(statement, rows)
                connection.execute(delete(EXPORTS).where(EXPORTS.c.at < now - _REMEMBERED))

    def base(self, subject: Subject, revision: str) -> Json | None:
        """Return the data that had this revision, as far as it was exported or stands in the log; None elsewhere."""
        return self.bases([(subject, revision)]).get((subject, revision))

    def bases(self, wanted: Collection[tuple[Subject, str]]) -> Mapping[tuple[Subject, str], Json]:
        """Return the data of these revisions, of those that are known."""
        found: dict[tuple[Subject, str], Json] = {}
        sides = [
            (EXPORTS, EXPORTS.c.revision, EXPORTS.c.data),
            (ENTRIES, ENTRIES.c.before_revision, ENTRIES.c.before),
            (ENTRIES, ENTRIES.c.after_revision, ENTRIES.c.after),
        ]
        with self.file.reading() as connection:
            if connection is None:
                return found
            for table, revision, data in sides:
                query = select(table.c.form, table.c.key, revision.label("revision"), data.label("data"))
                missing = [one for one in wanted if one not in found]
                for some in in_batches(missing, AT_ONCE):
                    subjects = [subject for subject, _ in some]
                    matching = query.where(about_any(table, subjects), revision.in_(list({each for _, each in some})))
                    for row in connection.execute(matching):
                        found[Subject(row.form, row.key), row.revision] = row.data
        return found

    def keep_unsaved(self, unsaved: Unsaved) -> None:
        """Keep the text of an editor in place of the one before; where greenroom is read-only, nothing."""
        if self.context.read_only:
            return
        values = {
            "form": unsaved.subject.form,
            "key": unsaved.subject.key,
            "text": zlib.compress(unsaved.text.encode("utf-8", "surrogatepass"), 1),
            "base_revision": unsaved.base_revision,
            "by": unsaved.by,
            "at": unsaved.at,
        }
        with self.file.writing() as connection:
            connection.execute(insert(UNSAVED).values(values).prefix_with("OR REPLACE"))

    def unsaved(self) -> list[Unsaved]:
        """Return the texts that nobody has saved, the newest first."""
        with self.file.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(select(UNSAVED).order_by(UNSAVED.c.at.desc()))
            return [to_unsaved(row, _text_of(row.text)) for row in rows]

    def forget_unsaved(self, subject: Subject) -> None:
        """Let go of the text of a subject: it was saved, or is not wanted."""
        if self.context.read_only or not self._has_unsaved(subject):
            return
        with self.file.writing() as connection:
            connection.execute(delete(UNSAVED).where(about(UNSAVED, subject)))

    def _has_unsaved(self, subject: Subject) -> bool:
        with self.file.reading() as connection:
            query = select(UNSAVED.c.key).where(about(UNSAVED, subject))
            return connection is not None and connection.execute(query).first() is not None


def open_edits(context: Context, site: Site) -> Edits:
    """Return the edits of a site; nothing is created before the first write."""
    return Edits(context, site)


def _text_of(stored: bytes) -> str:
    try:
        return zlib.decompress(stored).decode("utf-8", "surrogatepass")
    except zlib.error as error:
        raise ValueError(f"a text that was kept cannot be unpacked: {error}") from error
