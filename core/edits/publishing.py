"""Data made live, taken back, or tried: the verbs that write into a site's database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any

from core.batches import in_batches
from core.config import Site
from core.context import Context
from core.databases.sessions import writing
from core.documents import difference
from core.edits import journal
from core.edits.batch import found_thing
from core.edits.comparison import Comparison, OnConflict, differing
from core.edits.course import held, publish_tasks
from core.edits.drafts import made_draft, no_draft
from core.edits.records import Draft, EntryHead
from core.edits.store import Edits, open_edits
from core.edits.task import AnyTask, Reversal, Task, comparison_of
from core.errors import GreenroomError, UsageError
from core.forms import Answers, Form, Json, Source, Subject, Written
from core.progress import Reporter
from core.words import plural

A_BATCH = 350  # of fifty films all seven categories
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would do, exactly: it was written in a transaction that was rolled back."""

    comparison: Comparison
    written: Written


@dataclass(frozen=True, slots=True)
class Published:
    """What was published, and its entry in the log; None where nothing differed."""

    entry: EntryHead | None
    written: Written


@dataclass(frozen=True, slots=True)
class PublishedMany:
    """What was published of each subject, in the order of the jobs: no changes where nothing differed."""

    fields: Mapping[Subject, tuple[str, ...]]
    notes: Mapping[Subject, tuple[str, ...]]

    @property
    def changed(self) -> int:
        """How many subjects changed."""
        return sum(1 for fields in self.fields.values() if fields)


class NotPublishedError(GreenroomError):
    """Some of many cannot be published, so none was; `by_subject` holds what is wrong with each."""

    def __init__(self, by_subject: Mapping[Subject, GreenroomError]) -> None:
        self.by_subject = dict(by_subject)
        told = [f"{subject}: {error.message}" for subject, error in list(self.by_subject.items())[:_MOST_TOLD]]
        more = len(self.by_subject) - len(told)
        lines = [f"{plural(len(self.by_subject), 'draft')} cannot be published:", *told]
        super().__init__(
            "\n  ".join(lines if more <= 0 else [*lines, f"and {more:,} more"]),
            hint="nothing was written; mend or drop these, or publish the others without them",
        )


def preview(
    context: Context,
    site: Site,
    form: Form[Any],
    key: str,
    data: Json,
    *,
    merge_lists: bool = False,
    answers: Answers | None = None,
    base: Json | None = None,
    base_revision: str | None = None,
) -> Preview:
    """Return what publishing would change, written and rolled back; in a conflict, what `ours` would.

    Raise InvalidDataError or AmbiguousError with all that is wrong or open. Nothing is changed, read-only or not.
    """
    draft = made_draft(
        context, form, key, data, merge_lists=merge_lists, base_revision=base_revision, base=base, answers=answers
    )
    draft = _with_base(open_edits(context, site), draft)
    with writing(site.database_url()) as session:
        thing = found_thing(session, form, key)
        live = form.read(thing)
        found = comparison_of(form, live, draft)
        merged = found.conflict and found.base_known
        written = form.write(
            session,
            thing,
            differing(live, found.after) if merged else data,
            merge_lists=merge_lists and not merged,
            answers=answers,
        )
        after = form.read(thing)
        session.rollback()
    return Preview(replace(found, after=after, changes=difference(live, after, form.key_of)), written)


def publish(
    context: Context,
    site: Site,
    form: Form[Any],
    key: str,
    *,
    on_conflict: OnConflict = "stop",
    answers: Answers | None = None,
) -> Published:
    """Make the draft of a subject live, and log it; the draft goes.

    Raise UsageError without a draft, ConflictError, InvalidDataError or AmbiguousError, BusyError where the site is
    held or its database changed at that moment: then nothing was written and the draft stays.
    """
    subject = Subject(form.name, key)

    def tasks(edits: Edits) -> list[AnyTask]:
        [found] = _drafted(edits, [(form, key)])
        if isinstance(found, tuple):
            raise found[1]
        draft = replace(found.draft, answers={**found.draft.answers, **(answers or {})})
        return [replace(found, draft=draft)]

    return _publish_one(open_edits(context, site), form, subject, tasks, "publish", on_conflict)


def publish_data(
    context: Context,
    site: Site,
    form: Form[Any],
    key: str,
    data: Json,
    *,
    merge_lists: bool = False,
    answers: Answers | None = None,
    base: Json | None = None,
    base_revision: str | None = None,
    on_conflict: OnConflict = "stop",
    source: Source = "manual",
    instead_of_draft: bool = False,
) -> Published:
    """Make data live without a draft, as `publish` does; a draft of the subject goes with it `instead_of_draft`."""
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

    def tasks(edits: Edits) -> list[AnyTask]:
        kept = edits.numbered_drafts([draft.subject]) if instead_of_draft else []
        return [Task(form, _with_base(edits, draft), kept[0][0] if kept else None)]

    return _publish_one(open_edits(context, site), form, draft.subject, tasks, "publish", on_conflict)


def revert(
    context: Context, site: Site, form: Form[Any], entry_id: int, *, on_conflict: OnConflict = "stop"
) -> Published:
    """Take back what an entry of the log changed, and log that; what was changed since besides it stays.

    Raise ConflictError where the same was changed again: with "ours" the state before the entry wins there, with
    "theirs" what is live. UsageError where there is no such entry of this form; else as `publish`.
    """
    edits = open_edits(context, site)
    entry = edits.entry(entry_id)
    subject = entry.head.subject
    if subject.form != form.name:
        raise UsageError(f"entry {entry_id} is one of {subject.form}, not of {form.name}", hint="look at the log")

    def tasks(edits: Edits) -> list[AnyTask]:
        draft = made_draft(context, form, subject.key, {})
        return [Reversal(form, draft, edits.entry(entry_id), journal.sources_before(edits.file, entry_id))]

    return _publish_one(edits, form, subject, tasks, "revert", on_conflict)


def publish_many(
    context: Context,
    site: Site,
    jobs: Iterable[tuple[Form[Any], str]],
    *,
    on_conflict: OnConflict = "stop",
    reporter: Reporter,
) -> PublishedMany:
    """Make the drafts of many subjects live, all or none, in one transaction of the site.

    Raise NotPublishedError with what is wrong with each; else as `publish`. Jobs of the same thing are quickest one
    after the other.
    """
    edits = open_edits(context, site)
    total = len(jobs) if isinstance(jobs, Sized) else None
    with held(edits, "publish"):
        reporter.phase("publishing", total, "steps")
        batches = (_drafted(edits, some) for some in in_batches(jobs, A_BATCH))
        course = publish_tasks(edits, batches, on_conflict=on_conflict, reporter=reporter)
    results = course.results
    if results.refused:
        raise NotPublishedError(results.refused)
    return PublishedMany(
        {subject: written.updated_fields for subject, written in results.written.items()},
        {subject: written.notes for subject, written in results.written.items() if written.notes},
    )


def _publish_one(
    edits: Edits,
    form: Form[Any],
    subject: Subject,
    tasks: Callable[[Edits], Sequence[AnyTask]],
    verb: str,
    on_conflict: OnConflict,
) -> Published:
    with held(edits, verb, [form]):
        course = publish_tasks(edits, [tasks(edits)], on_conflict=on_conflict, reporter=Reporter())
    if course.results.refused:
        raise course.results.refused[subject]
    entries = journal.entries_of(edits.file, course.name)
    return Published(entries[0] if entries else None, course.results.written[subject])


def _drafted(edits: Edits, jobs: Sequence[tuple[Form[Any], str]]) -> list[Task | tuple[Subject, GreenroomError]]:
    """Return the drafts of a batch as tasks, or that there is none."""
    subjects = [Subject(form.name, key) for form, key in jobs]
    found = {draft.subject: (number, draft) for number, draft in edits.numbered_drafts(subjects)}
    tasks: list[Task | tuple[Subject, GreenroomError]] = []
    for (form, _), subject in zip(jobs, subjects, strict=True):
        if subject in found:
            number, draft = found[subject]
            tasks.append(Task(form, draft, number))
        else:
            tasks.append((subject, no_draft(subject)))
    return tasks


def _with_base(edits: Edits, draft: Draft) -> Draft:
    if draft.base is not None or draft.base_revision is None:
        return draft
    return replace(draft, base=edits.base(draft.subject, draft.base_revision))
