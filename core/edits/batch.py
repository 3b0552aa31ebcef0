"""Tasks written into a session, some hundreds at a time: found together, written one by one, read back together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.orm import Session

from core.documents import said_value, same
from core.edits.comparison import OnConflict
from core.edits.journal import Intent
from core.edits.task import AnyTask
from core.errors import CancelledError, GreenroomError, UsageError
from core.forms import Form, Json, Source, Subject, Written

NOTHING: Final = Written((), ())
Share = Callable[[Form[Any], Session], Any]
Batch = Sequence[AnyTask | tuple[Subject, GreenroomError]]


@dataclass
class Results:
    """What the batches of one publication came to; `unchanged` are the numbers of drafts in which nothing differed.

    `share` gives the writes of a form what they share, as the form's own `shared` does.
    """

    on_conflict: OnConflict
    notes: tuple[str, ...]
    share: Share = lambda form, session: form.shared(session)
    written: dict[Subject, Written] = field(default_factory=dict)
    refused: dict[Subject, GreenroomError] = field(default_factory=dict)
    unchanged: list[int] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Done:
    task: AnyTask
    before: Json
    written: Written


def write_batch(session: Session, batch: Batch, results: Results) -> list[Intent]:
    """Write the tasks of a batch, and return what they changed as it is read back; what cannot be is `refused`.

    A pair in the batch was refused already. The session holds nothing of it afterwards.
    """
    tasks: list[AnyTask] = []
    for task in batch:
        if isinstance(task, tuple):
            results.refused[task[0]] = task[1]
        else:
            tasks.append(task)
    things = _found(session, tasks)
    done = []
    for task in tasks:
        try:
            one = _write(session, task, things.get(task.draft.subject), results)
        except CancelledError:
            raise
        except GreenroomError as error:
            results.refused[task.draft.subject] = error
        else:
            done += [one] if one else []
    session.flush()
    session.expunge_all()
    if results.refused:  # then all of it is rolled back
        return []
    things = _found(session, [one.task for one in done])
    intents = [_intent(session, one, things.get(one.task.draft.subject)) for one in done]
    session.expunge_all()
    return intents


def found_thing(session: Session, form: Form[Any], key: str) -> Any:
    """Return the thing that has this key; raise UsageError where there is none."""
    thing = form.find(session, key)
    if thing is None:
        raise UsageError(
            f"{form.title}: the site has nothing with the key {said_value(key)}", hint="look whether it was removed"
        )
    return thing


def _found(session: Session, tasks: Iterable[AnyTask]) -> dict[Subject, Any]:
    """Return the things of those forms that have `find_many`: it finds some hundreds quicker than one by one."""
    keys: dict[str, list[str]] = {}
    forms: dict[str, Any] = {}
    for task in tasks:
        if hasattr(task.form, "find_many"):
            forms[task.form.name] = task.form
            keys.setdefault(task.form.name, []).append(task.draft.subject.key)
    return {
        Subject(name, key): thing
        for name, wanted in keys.items()
        for key, thing in forms[name].find_many(session, wanted).items()
    }


def _write(session: Session, task: AnyTask, thing: Any, results: Results) -> _Done | None:
    form, draft, known = task.form, task.draft, results.known
    if thing is None:
        thing = found_thing(session, form, draft.subject.key)
    before = form.read(thing)
    wanted = task.wanted(before, results.on_conflict)
    written = NOTHING
    if wanted.data:
        if form.name not in known:
            known[form.name] = results.share(form, session)
        written = form.write(
            session,
            thing,
            wanted.data,
            merge_lists=wanted.merge_lists,
            answers=draft.answers,
            known=known[form.name],
        )
    if not written.changes:
        results.written.setdefault(draft.subject, NOTHING)
        results.unchanged += [] if task.number is None else [task.number]
        return None
    written = Written(written.changes, (*written.notes, *results.notes))
    results.written[draft.subject] = written
    return _Done(task, before, written)


def _intent(session: Session, done: _Done, thing: Any) -> Intent:
    """Return what is noted of a task: what the database has now, for that is what settles it after a kill."""
    task, before = done.task, done.before
    if thing is None:
        thing = found_thing(session, task.form, task.draft.subject.key)
    after = task.form.read(thing)
    fields = tuple(name for name, value in after.items() if name not in before or not same(before[name], value))
    sources = task.sources(fields, after)
    return Intent(
        subject=task.draft.subject,
        before=before,
        after=after,
        source=task.draft.source,
        sources=sources,
        fields=fields,
        notes=(*done.written.notes, *_of_omdb(sources, task.draft.source)),
        draft=task.number,
        reverts=task.reverts,
    )


def _of_omdb(sources: Mapping[str, Source | None], told: Source) -> list[str]:
    """Return a note of the keys that are from OMDb, in an entry that tells of another source."""
    names = [name for name, source in sources.items() if source == "omdb" != told]
    return [f"from OMDb: {', '.join(names)}"] if names else []
