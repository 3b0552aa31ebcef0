"""Publications that were cut off: the site itself tells whether they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from core.databases.sessions import reading
from core.edits import journal
from core.edits.store import Edits
from core.errors import UsageError
from core.forms import Form, Subject, revision_of

Verdict = Literal["done", "never", "uncertain"]

_ENOUGH: Final = 200  # subjects of one transaction that agree: the others went the same way
_UNCERTAIN: Final = "cut off while it was published: the site has neither the state before it nor the one after it"


@dataclass(frozen=True, slots=True)
class Settled:
    """How one publication that was cut off had ended, and what it was about."""

    verdict: Verdict
    subjects: tuple[Subject, ...]


def settle(edits: Edits, forms: Iterable[Form[Any]] = ()) -> list[Settled]:
    """With the site's lock held, decide each publication that was cut off.

    Where the site has what it was to become, it is done; where it has what was before, it never happened and its
    drafts stay; where it has neither, its entries are `uncertain` and its drafts stay. `forms` are those that the
    caller has; others are found by their names.
    """
    names = journal.unsettled(edits.file)
    if not names:
        return []
    known = {form.name: form for form in forms}
    with reading(edits.site.database_url()) as session:
        decided = [(name, *_decide(session, journal.intended(edits.file, name), known)) for name in names]
    for name, verdict, _ in decided:
        match verdict:
            case "done":
                journal.finish(edits.file, name)
            case "never":
                journal.discard(edits.file, name)
            case "uncertain":
                journal.leave_uncertain(edits.file, name, _UNCERTAIN)
    return [Settled(verdict, subjects) for _, verdict, subjects in decided]


def settle_if_open(edits: Edits, verb: str) -> None:
    """Settle what was cut off, under the site's lock, which is not asked for where there is nothing."""
    if edits.unsettled():
        with edits.context.lock(edits.site, verb):
            settle(edits)


def _decide(
    session: Session, entries: list[tuple[Subject, str, str]], known: Mapping[str, Form[Any]]
) -> tuple[Verdict, tuple[Subject, ...]]:
    """Return how a publication ended: all of it was one transaction, so every subject that tells, tells of all."""
    forms = dict(known)
    before = after = 0
    # The last entry of a subject has what it was to become, the first what it was.
    firsts = {subject: revision for subject, revision, _ in reversed(entries)}
    lasts = {subject: revision for subject, _, revision in entries}
    for subject, first in firsts.items():
        if first == lasts[subject]:
            continue
        live = _live_revision(session, subject, forms)
        before += live == first
        after += live == lasts[subject]
        if before + after >= _ENOUGH:
            break
    verdict: Verdict = "uncertain"
    if after and not before:
        verdict = "done"
    elif before and not after:
        verdict = "never"
    return verdict, tuple(firsts)


def _live_revision(session: Session, subject: Subject, forms: dict[str, Form[Any]]) -> str | None:
    """Return the revision of a subject's data now; None where the thing, or its form, is not there any more."""
    form = forms.get(subject.form) or _form_named(session, subject.form)
    if form is None:
        return None
    forms[subject.form] = form
    thing = form.find(session, subject.key)
    revision = None if thing is None else revision_of(form.read(thing))
    session.expunge_all()
    return revision


def _form_named(session: Session, name: str) -> Form[Any] | None:
    """Return the form that a name in the log stands for: a category of a library, or a table of any site.

    They are imported here, for a publication is hardly ever cut off, and nothing else needs them.
    """
    category: Form[Any] | None = import_module("core.library.categories.registry").find_category(name)
    if category is not None:
        return category
    records = import_module("core.records")
    try:
        form: Form[Any] = records.record_form(session, records.table_of(name))
    except UsageError:
        return None
    return form
