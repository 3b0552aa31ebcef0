"""What a service knows, filled in where nobody else's values stand; logged, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.edits.batch import Share
from core.edits.course import held, publish_tasks
from core.edits.drafts import made_draft
from core.edits.origins import hash_of
from core.edits.publishing import NotPublishedError
from core.edits.store import open_edits
from core.edits.task import Filling
from core.forms import Answers, Form, Json, Source, Subject, Written
from core.progress import Reporter

Noted = Mapping[str, Source]
"""By key of the data: where its live value is from, as far as that was noted."""
Choose = Callable[[Json, Noted], Json]


def fill(
    context: Context,
    site: Site,
    key: str,
    choices: Sequence[tuple[Form[Any], Choose]],
    *,
    verb: str,
    source: Source = "tmdb",
    others: Mapping[str, Source] | None = None,
    answers: Answers | None = None,
    also: Callable[[Session], None],
    share: Share | None = None,
    reporter: Reporter,
) -> dict[str, Written]:
    """Write what each choice makes of the live data of one thing, all or nothing, and return it by the form's name.

    A choice is given the live data, and where its values are from as far as that was noted, values that were cleared
    too. All is of `source` but the keys of `others`. `also` writes in the same transaction what is no form's. `share`
    stands in for the form's own `shared`, and may keep what it gives for the next call. Raise NotPublishedError with
    what is wrong with each form, BusyError where the site is held; then nothing was written.
    """
    edits = open_edits(context, site)
    with held(edits, verb, [form for form, _ in choices]):
        noted = edits.origins([Subject(form.name, key) for form, _ in choices])

        def task(form: Form[Any], choose: Choose) -> Filling:
            fields = noted.get(Subject(form.name, key), {}).get("fields", {})
            draft = made_draft(context, form, key, {}, source=source, answers=answers)
            return Filling(form, draft, lambda live: choose(live, _still_so(fields, live)), others or {})

        tasks = [task(form, choose) for form, choose in choices]
        results = publish_tasks(edits, [tasks], on_conflict="stop", reporter=reporter, also=also, share=share).results
    if results.refused:
        raise NotPublishedError(results.refused)
    return {subject.form: written for subject, written in results.written.items()}


def _still_so(fields: Mapping[str, Sequence[Any]], live: Json) -> Noted:
    """Return where live values are from: one that stands where another was noted is of the person who wrote over it."""
    noted: dict[str, Source] = {}
    for name, (source, digest) in fields.items():
        if name in live and digest == hash_of(name, live[name]):
            noted[name] = source
        elif name in live and live[name] not in (None, "", []):
            noted[name] = "manual"
    return noted
