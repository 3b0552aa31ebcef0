"""Drafts put, in bulk too, and dropped: nothing of the site changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.batches import in_batches
from core.config import Site
from core.context import Context
from core.documents import same
from core.edits.records import Draft, DraftHead
from core.edits.rows import AT_ONCE, about_any, find_draft, from_draft, to_draft_head
from core.edits.settling import settle_if_open
from core.edits.store import Edits, open_edits
from core.edits.tables import DRAFTS
from core.errors import UsageError
from core.forms import Answers, Form, InvalidDataError, Json, Source, Subject
from core.progress import Reporter

Replaced = Callable[[DraftHead], None]


def made_draft(
    context: Context,
    form: Form[Any],
    key: str,
    data: Json,
    *,
    merge_lists: bool = False,
    source: Source = "manual",
    base_revision: str | None = None,
    base: Json | None = None,
    answers: Answers | None = None,
) -> Draft:
    """Return data as a draft of who asks, made now; nothing is kept."""
    return Draft(
        subject=Subject(form.name, key),
        data=data,
        merge_lists=merge_lists,
        source=source,
        base_revision=base_revision,
        base=base,
        updated_by=context.actor,
        updated_at=context.clock(),
        answers=dict(answers or {}),
    )


def put_draft(
    context: Context,
    site: Site,
    form: Form[Any],
    key: str,
    data: Json,
    *,
    merge_lists: bool = False,
    source: Source = "manual",
    base_revision: str | None = None,
    base: Json | None = None,
    answers: Answers | None = None,
    replaced: Replaced = lambda _: None,
) -> Draft:
    """Keep data as the draft of a subject, in place of the one before, and return it.

    `replaced` is called with the one before where it said something else. Without `base` what is remembered of
    `base_revision` is taken. Raise InvalidDataError with all that is wrong.
    """
    problems = form.check(data).problems
    if problems:
        raise InvalidDataError(problems)
    draft = made_draft(
        context,
        form,
        key,
        data,
        merge_lists=merge_lists,
        source=source,
        base_revision=base_revision,
        base=base,
        answers=answers,
    )
    context.require_writable("keep drafts")
    edits = open_edits(context, site)
    [draft] = _with_bases(edits, [draft])
    with edits.file.writing() as connection:
        _put(connection, [draft], replaced)
    return draft


def put_drafts(
    context: Context,
    site: Site,
    drafts: Iterable[Draft],
    reporter: Reporter,
    *,
    replaced: Replaced = lambda _: None,
) -> int:
    """Keep many drafts whose data was checked, all or none, and return how many; `drafts` may be made on the way."""
    context.require_writable("keep drafts")
    edits = open_edits(context, site)
    reporter.phase("keeping drafts", unit="steps")
    count = 0
    with edits.file.writing() as connection:
        for some in in_batches(drafts, AT_ONCE):
            _put(connection, _with_bases(edits, some), replaced)
            count += len(some)
            reporter.advance(len(some))
    return count


def drop_draft(context: Context, site: Site, subject: Subject) -> Draft:
    """Remove the draft of a subject and return it; raise UsageError where there is none."""
    context.require_writable("drop drafts")
    edits = open_edits(context, site)
    settle_if_open(edits, "drop")
    if edits.draft(subject) is None:
        raise no_draft(subject)
    with edits.file.writing() as connection:
        found = find_draft(connection, subject)
        if found is None:
            raise no_draft(subject)
        number, draft = found
        connection.execute(delete(DRAFTS).where(DRAFTS.c.id == number))
    return draft


def no_draft(subject: Subject) -> UsageError:
    """Return the error that a subject has no draft."""
    return UsageError(f"there is no draft of {subject}", hint="an import makes one")


def _put(connection: Connection, drafts: list[Draft], replaced: Replaced) -> None:
    """Write drafts, and tell of those before that said something else; what is merged goes into the one before."""
    coming = {draft.subject: draft for draft in drafts if not draft.merge_lists}
    if coming:
        for row in connection.execute(select(DRAFTS).where(about_any(DRAFTS, list(coming)))):
            head = to_draft_head(row)
            if not same(row.data, coming[head.subject].data):
                replaced(head)
    connection.execute(insert(DRAFTS).prefix_with("OR REPLACE"), [from_draft(draft) for draft in drafts])


def _with_bases(edits: Edits, drafts: list[Draft]) -> list[Draft]:
    """Return the drafts with the states that they were made from, as far as those are remembered."""
    wanted = [(draft.subject, draft.base_revision) for draft in drafts if draft.base is None and draft.base_revision]
    bases = edits.bases(wanted) if wanted else {}
    return [
        draft if draft.base is not None else replace(draft, base=bases.get((draft.subject, draft.base_revision or "")))
        for draft in drafts
    ]
