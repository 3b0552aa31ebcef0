"""How things are made live: one transaction of the site's database, noted before its commit and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable
from uuid import uuid4

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.databases.sessions import writing
from core.documents import said_value
from core.edits import journal
from core.edits.comparison import OnConflict
from core.edits.journal import Intent
from core.edits.settling import settle
from core.edits.store import Edits
from core.edits.task import AnyTask
from core.errors import CancelledError, GreenroomError, PartlyDoneError, UsageError
from core.forms import Form, Subject, Written
from core.progress import Reporter
from core.recovery import refuse_half_restored
from core.restore.marker import marker_path, read_marker

NOTHING: Final = Written((), ())
_STAGED: Final = "a restore is staged for this site: applying it will replace this"


@runtime_checkable
class FindsMany(Protocol):
    """A form that finds some hundreds of its things at once; not all do."""

    def find_many(self, session: Session, keys: Collection[str]) -> Mapping[str, Any]:
        """Return the things with these keys, by key."""


@dataclass
class Course:
    """One publication under way: what it has written, and what cannot be."""

    context: Context
    site: Site
    edits: Edits
    on_conflict: OnConflict
    name: str = field(default_factory=lambda: uuid4().hex)
    written: dict[Subject, Written] = field(default_factory=dict)
    refused: dict[Subject, GreenroomError] = field(default_factory=dict)
    noted: bool = False
    settled_drafts: list[int] = field(default_factory=list)
    notes: tuple[str, ...] = ()


@contextmanager
def held(context: Context, site: Site, edits: Edits, verb: str, forms: Iterable[Form[Any]]) -> Iterator[None]:
    """Hold the site for a change of its data, with what was cut off before settled; raise BusyError."""
    context.require_writable(verb)
    with context.lock(site, verb):
        refuse_half_restored(context, site)
        settle(edits, forms)
        yield


def publish_tasks(
    context: Context,
    site: Site,
    edits: Edits,
    batches: Iterable[Sequence[AnyTask | tuple[Subject, GreenroomError]]],
    *,
    on_conflict: OnConflict,
    reporter: Reporter,
) -> Course:
    """With the site held, write all tasks in one transaction, or none where any is refused.

    A pair in a batch is what was refused already. The course says what was written, or what was `refused`.
    """
    staged = (_STAGED,) if read_marker(marker_path(context, site)) else ()
    course = Course(context, site, edits, on_conflict, notes=staged)
    with _undone_where_it_fails(course) as committing, writing(site.database_url()) as session:
        known: dict[str, Any] = {}
        for batch in batches:
            intents = list(_intents(course, session, batch, known))
            if intents and not course.refused:
                course.noted = True
                journal.note_intents(edits.file, course.name, intents, by=context.actor, at=context.clock())
            session.flush()
            session.expunge_all()
            reporter.advance(len(batch))
        if course.refused:
            session.rollback()
        elif course.noted:
            reporter.check()
            committing(session)
    if course.refused:
        _discard(course)
    else:
        _finish(course)
    return course


def _intents(
    course: Course,
    session: Session,
    batch: Sequence[AnyTask | tuple[Subject, GreenroomError]],
    known: dict[str, Any],
) -> Iterator[Intent]:
    """Write each task of a batch, and yield what it changed."""
    found = _found(session, batch)
    for task in batch:
        if isinstance(task, tuple):
            subject, error = task
            course.refused[subject] = error
            continue
        subject = task.draft.subject
        try:
            intent = _write(course, session, task, found, known)
        except CancelledError:
            raise
        except GreenroomError as error:
            course.refused[subject] = error
        else:
            if intent is not None:
                yield intent
            else:
                course.written[subject] = NOTHING
                if task.number is not None:
                    course.settled_drafts.append(task.number)


def _found(session: Session, batch: Sequence[AnyTask | tuple[Subject, GreenroomError]]) -> dict[Subject, Any]:
    """Return the things of a batch, of those forms that find many at once quicker than one after the other."""
    keys: dict[str, list[str]] = {}
    many: dict[str, FindsMany] = {}
    for task in batch:
        if not isinstance(task, tuple) and isinstance(task.form, FindsMany):
            many[task.form.name] = task.form
            keys.setdefault(task.form.name, []).append(task.draft.subject.key)
    return {
        Subject(name, key): thing
        for name, wanted in keys.items()
        for key, thing in many[name].find_many(session, wanted).items()
    }


def _write(
    course: Course, session: Session, task: AnyTask, found: Mapping[Subject, Any], known: dict[str, Any]
) -> Intent | None:
    form, draft = task.form, task.draft
    thing = found.get(draft.subject) or found_thing(session, form, draft.subject.key)
    before = form.read(thing)
    wanted = task.wanted(before, course.on_conflict)
    if not wanted.data:
        return None
    if form.name not in known:
        known[form.name] = form.shared(session)
    written = form.write(
        session,
        thing,
        wanted.data,
        merge_lists=wanted.merge_lists,
        answers=draft.answers,
        known=known[form.name],
    )
    if not written.changes:
        return None
    written = Written(written.changes, (*written.notes, *course.notes))
    course.written[draft.subject] = written
    after = form.read(thing)
    return Intent(
        subject=draft.subject,
        before=before,
        after=after,
        source=draft.source,
        sources=task.sources(written, after),
        fields=written.updated_fields,
        notes=written.notes,
        draft=task.number,
        reverts=task.reverts,
    )


def found_thing(session: Session, form: Form[Any], key: str) -> Any:
    """Return the thing that has this key; raise UsageError where there is none."""
    thing = form.find(session, key)
    if thing is None:
        raise UsageError(
            f"{form.title}: the site has nothing with the key {said_value(key)}", hint="look whether it was removed"
        )
    return thing


@contextmanager
def _undone_where_it_fails(course: Course) -> Iterator[Callable[[Session], None]]:
    """Take the note of intent away where the block raises, but where nobody knows whether the site has committed."""
    in_doubt = asked = False

    def commit(session: Session) -> None:
        nonlocal in_doubt, asked
        asked = in_doubt = True
        try:
            course.context.disk.commit(session)
        except DBAPIError as error:
            in_doubt = error.connection_invalidated
            raise
        in_doubt = False

    try:
        yield commit
    except BaseException:
        if course.noted and not asked:
            _discard(course)
        elif course.noted and not in_doubt:
            # The site itself tells; where it cannot be read now, the next publish asks it.
            with suppress(GreenroomError):
                settle(course.edits)
        raise


def _discard(course: Course) -> None:
    if course.noted:
        journal.discard(course.edits.file, course.name)


def _finish(course: Course) -> None:
    """The site has it: say so in the log, and let go of the drafts."""
    if not course.noted:
        if course.settled_drafts:
            journal.drop_finished(course.edits.file, course.settled_drafts)
        return
    try:
        journal.finish(course.edits.file, course.name, course.settled_drafts)
    except GreenroomError as error:
        raise PartlyDoneError(
            f"the site has the change, but that could not be noted: {error.message}",
            hint=f"{error.hint}; the next publish, revert or drop of a draft notes it",
        ) from error
