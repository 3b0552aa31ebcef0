"""How things are made live: one transaction of the site's database, noted before its commit and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.databases.sessions import writing
from core.edits import journal
from core.edits.batch import Batch, Results, Share, write_batch
from core.edits.comparison import OnConflict
from core.edits.settling import settle
from core.edits.store import Edits
from core.errors import GreenroomError, PartlyDoneError
from core.forms import Form
from core.progress import Reporter
from core.recovery import refuse_half_restored
from core.restore.marker import marker_path, read_marker

_STAGED: Final = "a restore is staged for this site: applying it will replace this"


@dataclass
class Course:
    """One publication under way; `noted` once the file of edits knows its name."""

    edits: Edits
    results: Results
    name: str = field(default_factory=lambda: uuid4().hex)
    noted: bool = False


@contextmanager
def held(edits: Edits, verb: str, forms: Iterable[Form[Any]] = ()) -> Iterator[None]:
    """Hold the site for a change of its data, with what was cut off before settled; raise BusyError."""
    context, site = edits.context, edits.site
    context.require_writable(verb)
    with context.lock(site, verb):
        refuse_half_restored(context, site)
        settle(edits, forms)
        yield


def publish_tasks(
    edits: Edits,
    batches: Iterable[Batch],
    *,
    on_conflict: OnConflict,
    reporter: Reporter,
    also: Callable[[Session], None] | None = None,
    share: Share | None = None,
) -> Course:
    """With the site held, write all tasks in one transaction, or none where any is refused: the results say which.

    `also` writes in that transaction what no form reads, even where the tasks change nothing. `share` is as in
    Results.
    """
    context, site = edits.context, edits.site
    staged = (_STAGED,) if read_marker(marker_path(context, site)) else ()
    course = Course(edits, Results(on_conflict, staged))
    results = course.results
    results.share = share or results.share
    with _undone_where_it_fails(course) as commit, writing(site.database_url()) as session:
        for batch in batches:
            intents = write_batch(session, batch, results)
            if intents:
                course.noted = True
                journal.note_intents(edits.file, course.name, intents, by=context.actor, at=context.clock())
            reporter.advance(len(batch))
        if results.refused:
            session.rollback()
        elif course.noted or also:
            if also:
                also(session)
            reporter.check()
            commit(session)
    if results.refused:
        _discard(course)
    else:
        reporter.uncancellable().phase("writing the log", unit="steps")
        _finish(course)
    return course


@contextmanager
def _undone_where_it_fails(course: Course) -> Iterator[Callable[[Session], None]]:
    """Take the note of intent away where the block raises, but where nobody knows whether the site has committed."""
    in_doubt = asked = False

    def commit(session: Session) -> None:
        nonlocal in_doubt, asked
        asked = in_doubt = True
        try:
            course.edits.context.disk.commit(session)
        except DBAPIError as error:
            in_doubt = error.connection_invalidated
            raise
        in_doubt = False

    try:
        yield commit
    except BaseException as error:
        if course.noted and not asked:
            _discard(course)
        elif course.noted and not in_doubt:
            # The site itself tells; where it cannot be read now, the next publish asks it.
            with suppress(GreenroomError):
                settle(course.edits)
        elif in_doubt and isinstance(error, GreenroomError):
            raise GreenroomError(
                f"whether it was published is not known, for the connection was lost: {error.message}",
                hint="the next publish, revert or drop of a draft asks the site, and the log tells then",
            ) from error
        raise


def _discard(course: Course) -> None:
    if course.noted:
        journal.discard(course.edits.file, course.name)


def _finish(course: Course) -> None:
    """The site has it: say so in the log, and let go of the drafts."""
    if not course.noted:
        if course.results.unchanged:
            journal.drop_finished(course.edits.file, course.results.unchanged)
        return
    try:
        journal.finish(course.edits.file, course.name, course.results.unchanged)
    except GreenroomError as error:
        raise PartlyDoneError(
            f"the site has the change, but that could not be noted: {error.message}",
            hint=f"{error.hint}; the next publish, revert or drop of a draft notes it",
        ) from error
