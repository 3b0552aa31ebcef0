"""An import, which merges a file into a user's library, and a restore, which makes the library what a file says.

Both work in the transaction of the session that they are given, and leave it to the caller to commit. Where nothing is
to be written they roll back.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.library.models import CustomList, Entry, Ranking, Recommender
from core.library.transfer.course import Course
from core.library.transfer.entries import Entries
from core.library.transfer.people import Lists, People
from core.library.transfer.rankings import Rankings
from core.library.transfer.removal import remove_absent
from core.library.transfer.report import Counts, ImportReport, report_of
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import Tally
from core.library.transfer.unsaid import unsaid
from core.library.transfer.users import require_user
from core.progress import Reporter


def import_library(
    session: Session,
    user_id: str,
    file: LibraryFile,
    *,
    now: float,
    reporter: Reporter,
    strict: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Merge a file into a user's library: by each record, the one that was changed later wins, the file's on a tie.

    A record that cannot be taken is told and stops nothing but itself, or everything with `strict`. Nothing that the
    file lacks goes. The caller commits where the report says `written`; a dry run is rolled back. Raise UsageError
    where the user is gone.
    """
    course = Course(session, user_id, Tally(now), reporter)
    _run(course, file)
    return _settled(course, file, strict=strict, dry_run=dry_run)


def restore_user(
    session: Session, user_id: str, file: LibraryFile, *, now: float, reporter: Reporter, dry_run: bool = False
) -> ImportReport:
    """Make a user's library what a file says, whatever was changed later; a file with any error changes nothing.

    What the file lacks goes, but for the quick recommenders, for entries of films that no export can name with what
    they refer to, and for kinds that the file has no list of at all, as older ones have no rankings. Films stay.
    """
    course = Course(session, user_id, Tally(now), reporter, overwrite=True)
    _run(course, file)
    return _settled(course, file, strict=True, dry_run=dry_run)


def _run(course: Course, file: LibraryFile) -> None:
    require_user(course.session, course.user_id)
    before = unsaid(course.session, course.user_id)
    for key in file.ignored:
        course.tally.ignore((key,))
    people, lists = People(course), Lists(course)
    people.take(file)
    lists.take(file)
    entries = Entries(course, people, lists)
    entries.take(file)
    rankings = Rankings(course, entries.seen if course.overwrite and "movies" in file.sections else None)
    rankings.take(file)
    if course.overwrite and not course.tally.errors.total:
        remove_absent(course, file, movies=entries.seen, rankings=rankings.seen, people=people, lists=lists.named)
    for words, times in (before - unsaid(course.session, course.user_id)).items():
        course.tally.notes[f"goes, and no copy holds it for an undo: {words}"] += times


def _settled(course: Course, file: LibraryFile, *, strict: bool, dry_run: bool) -> ImportReport:
    """Return the report; with the totals as they are once it is done or, for a dry run, as they would be."""
    stopped = strict and course.tally.errors.total > 0
    if stopped:
        course.session.rollback()
    totals = _totals(course)
    if dry_run:
        course.session.rollback()
    return report_of(course.tally, file, totals=totals, stopped=stopped, dry_run=dry_run)


def _totals(course: Course) -> Counts:
    mine = (Entry.user_id, Recommender.user_id, CustomList.user_id, Ranking.user_id)
    counted = (select(func.count()).where(owner == course.user_id).scalar_subquery() for owner in mine)
    movies, people, lists, rankings = course.session.execute(select(*counted)).one()
    return {"movies": movies, "people": people, "lists": lists, "rankings": rankings}
