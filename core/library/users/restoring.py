"""A user's library taken in from a file, brought back to what one says, and back again.

Each writes a copy of the present state, from the same transaction that then changes it; notes that copy, durably;
commits; and notes that it is done. Whoever finds the note without that after a kill goes back to a state that was
there: it is the present one where the commit was not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.databases.sessions import reading, writing
from core.errors import BusyError, CancelledError, GreenroomError, UsageError
from core.library.transfer import (
    Copy,
    ImportReport,
    LibraryFile,
    UserRow,
    find_copy,
    import_library,
    open_library,
    refused_records,
    restore_user,
    write_copy,
)
from core.library.transfer.daily import folder_of
from core.library.transfer.tally import Tally
from core.library.users.note import Note, standing_note, write_note
from core.library.users.places import Action, copies_folder, prune_safeties, safety_name
from core.progress import Reporter
from core.recovery import refuse_half_restored
from core.restore.marker import marker_path, read_marker
from core.words import plural

_STAGED: Final = "a restore is staged for this site: applying it will replace this"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a user's library; `safety` is the copy of it from before, None where nothing was changed.

    `notes` are what a person should know besides.
    """

    report: ImportReport
    safety: Copy | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would do: take back what is noted, by going back to the copy."""

    note: Note
    copy: Copy

    @property
    def doubt(self) -> str | None:
        """What is not known of that, in words; None where it was done."""
        if self.note.done:
            return None
        return (
            "greenroom was stopped at the commit and the library has changed since: whether it was restored is not "
            "known; undo goes back to the state before it"
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be done to whose library, with which file."""

    action: Action
    user: UserRow
    path: Path
    agreed: ImportReport | None
    strict: bool = False

    def run(self, session: Session, file: LibraryFile, now: float, reporter: Reporter) -> ImportReport:
        if self.action == "import":
            return import_library(session, self.user.id, file, now=now, reporter=reporter, strict=self.strict)
        return restore_user(session, self.user.id, file, now=now, reporter=reporter)


def preview_file(
    context: Context, site: Site, user_id: str, path: Path, reporter: Reporter, *, merge: bool, strict: bool = False
) -> ImportReport:
    """Return what an import (`merge`) or a restore would do, exactly: it is done, and rolled back.

    Raise GreenroomError where the site is half restored, or its database cannot be written.
    """
    refuse_half_restored(context, site)
    file = open_library(path, reporter)
    now = context.clock().timestamp()
    with writing(site.database_url()) as session:
        if merge:
            return import_library(session, user_id, file, now=now, reporter=reporter, strict=strict, dry_run=True)
        return restore_user(session, user_id, file, now=now, reporter=reporter, dry_run=True)


def import_file(
    context: Context,
    site: Site,
    user: UserRow,
    path: Path,
    reporter: Reporter,
    *,
    strict: bool = False,
    agreed: ImportReport | None = None,
) -> Done:
    """Merge a file into a user's library in one transaction; what is there now is kept in a copy.

    With `strict` one bad record keeps all of it back. Raise VerificationError where the file is no library, BusyError
    where somebody else works on the site, UsageError where something else would be done than a preview `agreed` to.
    """
    with _held(context, site, "import") as notes:
        return _done(context, site, _Task("import", user, path, agreed, strict=strict), reporter, notes)


def restore_file(
    context: Context,
    site: Site,
    user: UserRow,
    path: Path,
    reporter: Reporter,
    *,
    agreed: ImportReport | None = None,
) -> Done:
    """Make a user's library what a file says, or nothing where it has an error; what is there now is kept in a copy.

    Raise VerificationError where the file is no library, BusyError where somebody else works on the site, UsageError
    where something else would be done than a preview `agreed` to.
    """
    with _held(context, site, "restore of a user") as notes:
        return _done(context, site, _Task("restore", user, path, agreed), reporter, notes)


def plan_undo(context: Context, site: Site, user_id: str, reporter: Reporter) -> UndoPlan:
    """Return what an undo would take back; raise UsageError where nothing was done, or the copy is gone."""
    with reading(site.database_url()) as session:
        note = standing_note(context, site, session, user_id, reporter)
    if note is None:
        raise UsageError(
            "nothing was imported into this user's library or restored, so there is nothing to undo",
            hint="`greenroom library backups USER` lists the copies that can be restored",
        )
    return UndoPlan(note, find_copy(copies_folder(context, site), user_id, note.safety))


def undo_restore(
    context: Context,
    site: Site,
    user: UserRow,
    reporter: Reporter,
    *,
    of: Note | None = None,
    agreed: ImportReport | None = None,
) -> Done:
    """Go back to before the last import, restore or undo of a user's library; the present state is kept in a copy, too.

    Raise UsageError where there is nothing to undo, where that is not what `of` notes, or where something else would be
    done than a preview `agreed` to.
    """
    with _held(context, site, "undo of a user") as notes:
        plan = plan_undo(context, site, user.id, reporter)
        if of is not None and of != plan.note:
            raise UsageError(
                "somebody restored this library meanwhile: nothing was changed", hint="look, and try again"
            )
        doubts = () if plan.doubt is None else (plan.doubt,)
        return _done(context, site, _Task("undo", user, plan.copy.path, agreed), reporter, (*doubts, *notes))


@contextmanager
def _held(context: Context, site: Site, verb: str) -> Iterator[tuple[str, ...]]:
    """Hold the site for the block; yield what a person should know of it."""
    context.require_writable(verb)
    with context.lock(site, verb):
        refuse_half_restored(context, site)
        yield (_STAGED,) if read_marker(marker_path(context, site)) else ()


def _done(context: Context, site: Site, task: _Task, reporter: Reporter, notes: tuple[str, ...]) -> Done:
    file = open_library(task.path, reporter)
    now, user = context.clock(), task.user
    place = folder_of(copies_folder(context, site), user.id)
    context.store.prepare(site.name)
    note = Note(safety_name(task.action, now, place), task.action, task.path.name, now, context.actor)
    kept = place / note.safety
    with (
        _note_put_back(context, site, user.id) as put_back,
        _discarded_unless_noted(context, kept) as keep,
        writing(site.database_url()) as session,
    ):
        before = _note_or_none(context, site, session, user.id, reporter)
        safety = write_copy(session, user, kept, now=now.timestamp(), disk=context.disk, reporter=reporter).copy
        refused = refused_records(open_library(kept, reporter), reporter)
        report = task.run(session, file, now.timestamp(), reporter)
        if task.agreed is not None and task.agreed.outcome != report.outcome:
            session.rollback()
            raise UsageError(
                "the library or the file changed since the preview: nothing was changed",
                hint="look again at what would be done",
            )
        if not report.written or not (report.changes or report.films_filled):
            session.rollback()
            return Done(report)
        if not report.changes:  # what films got of a file is everybody's, and no undo takes it back
            context.disk.commit(session)
            return Done(report, notes=notes)
        keep()
        note = replace(note, previous=None if before is None else replace(before, previous=None))
        put_back(before)
        write_note(context, site, user.id, note)
        context.disk.commit(session)
    return Done(report, safety, (*notes, *_not_undoable(refused, safety), *_settled(context, site, user.id, note)))


def _settled(context: Context, site: Site, user_id: str, note: Note) -> Iterator[str]:
    """Behind the commit, note that it is done, and remove old copies; yield what fails of it, for the restore did not.

    Where the note stays as it is, whoever reads it looks at the library.
    """
    for step in (
        partial(write_note, context, site, user_id, replace(note, done=True)),
        partial(prune_safeties, context, site, user_id, note.safety),
    ):
        try:
            step()
        except GreenroomError as error:
            yield f"it is done, but {error.message}"


def _not_undoable(refused: Tally, safety: Copy) -> tuple[str, ...]:
    """Say where the copy from before holds what no restore takes, as the database of an application may."""
    if not refused.errors.total:
        return ()
    records = plural(sum(refused.refused.values()), "record")
    broken = f"undo cannot go back to it: {records} of what was there break the rules, first {refused.errors[0]}"
    return (f"{broken}; `library restore USER {safety.file_name} --merge` takes the others",)


def _note_or_none(context: Context, site: Site, session: Session, user_id: str, reporter: Reporter) -> Note | None:
    """Return what is noted of a user; a damaged note is about to be replaced, and keeps nobody from a restore."""
    try:
        return standing_note(context, site, session, user_id, reporter)
    except CancelledError:
        raise
    except GreenroomError:
        return None


@contextmanager
def _note_put_back(context: Context, site: Site, user_id: str) -> Iterator[Callable[[Note | None], None]]:
    """Where the database refuses the commit for somebody else's sake, note again what was yielded: nothing was done."""
    before: list[Note | None] = []
    try:
        yield before.append
    except BusyError:
        for note in before:
            write_note(context, site, user_id, note)
        raise


@contextmanager
def _discarded_unless_noted(context: Context, path: Path) -> Iterator[Callable[[], None]]:
    """Remove a safety copy after the block, unless what is yielded was called: then something was changed."""
    noted = False

    def keep() -> None:
        nonlocal noted
        noted = True

    try:
        yield keep
    finally:
        if not noted and path.exists():
            context.disk.unlink(path)
            context.disk.fsync_folder(path.parent)
