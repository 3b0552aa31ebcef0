"""What the screen of the users asks of the core in one call, each in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.config import Settings, Site
from core.context import Context
from core.databases.sessions import reading
from core.errors import CancelledError, GreenroomError
from core.library.library import has_users
from core.library.transfer import Copy, ImportReport, UserRow, copies, users
from core.library.users import (
    Done,
    Exported,
    Note,
    copies_folder,
    export_file,
    import_file,
    plan_undo,
    preview_file,
    restore_file,
    switch_backup,
    undo_restore,
)
from core.library.users.note import read_note
from core.progress import Reporter
from core.reports import format_time
from core.words import plural, printable
from tui.calls import Stamp, stamp

if TYPE_CHECKING:
    from core.library.enrichment import EnrichmentReport, FilmReport

Way = Literal["import", "restore", "merge", "undo"]
_SECONDS_A_MINUTE = 60


Trace = tuple[int, tuple[Stamp | None, ...]]


@dataclass(frozen=True, slots=True)
class UsersView:
    """The users of a library, with the newest daily copy of each, and how many films wait for metadata.

    `undoable` names the users of whom something can be taken back, each with what it is in words. `trace` changes
    whenever the database or the folder of the copies does, as far as files tell, and each minute: ages grow, and of a
    server no file tells anything.
    """

    users: tuple[UserRow, ...]
    copies: dict[str, Copy]
    undoable: dict[str, str]
    waiting: int
    now: datetime
    trace: Trace


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done to a user's library, with which file; `agreed` is what an undo would take back."""

    site: Site
    user: UserRow
    way: Way
    path: Path
    agreed: Note | None = None

    @property
    def name(self) -> str:
        return name_of(self.user)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of a wish; `about` says more of it, where there is more to say."""

    wish: Wish
    report: ImportReport
    about: str = ""


def name_of(user: UserRow) -> str:
    """Return what a user is called on the screen: by the id where the name is nothing that can be seen."""
    return printable(user.username).strip() or printable(user.id)


def found_users(users: Sequence[UserRow], words: str) -> tuple[UserRow, ...]:
    """Return those of whom the name, the email and the id hold each of these words, in any case."""
    sought = words.casefold().split()
    if not sought:
        return tuple(users)
    return tuple(user for user in users if _holds(user, sought))


def _holds(user: UserRow, sought: Sequence[str]) -> bool:
    text = f"{name_of(user)}\n{printable(user.email)}\n{user.id}".casefold()
    return all(word in text for word in sought)


def has_key(settings: Settings) -> bool:
    """Return whether the configuration names a key of TMDB; whether it is a good one only TMDB knows."""
    own = settings.enrichment
    return bool(own.tmdb_key or own.tmdb_key_file or own.tmdb_key_command)


def read_users(
    context: Context, site: Site, known: UsersView | None = None, *, only_changes: bool = False
) -> UsersView | None:
    """Return the users of a site; with `only_changes` None where nothing happened since `known`. Raise GreenroomError.

    Of a site that has none, there are none.
    """
    trace = _trace(context, site, known.users if known is not None else ())
    if only_changes and known is not None and trace == known.trace:
        return None
    if not has_users(site.database_url()):
        return UsersView((), {}, {}, 0, context.clock(), trace)
    with reading(site.database_url()) as session:
        found, waiting = tuple(users(session)), _enrichment().waiting_count(session)
    folder = copies_folder(context, site)
    newest = {user.id: copy for user in found if (copy := _newest(folder, user)) is not None}
    undoable = {user.id: words for user in found if (words := _undoable(context, site, user)) is not None}
    return UsersView(found, newest, undoable, waiting, context.clock(), _trace(context, site, found))


def read_copies(context: Context, site: Site, user: UserRow) -> list[Copy]:
    """Return all copies of a user's library, the newest first; raise GreenroomError."""
    return copies(copies_folder(context, site), user.id)


def switch(context: Context, site: Site, user: UserRow, reporter: Reporter) -> UserRow:
    """Turn the daily copies of a user on or off, and return the user as it is then; raise GreenroomError."""
    reporter.check()
    return switch_backup(context, site, user.id, enabled=not user.backup_enabled)


def export(context: Context, site: Site, user: UserRow, place: Path, reporter: Reporter) -> Exported:
    """Write a user's library into a new file; raise GreenroomError."""
    return export_file(context, site, user.id, place, reporter)


def preview(context: Context, wish: Wish, reporter: Reporter) -> Preview:
    """Return what would come of a wish; nothing is changed. Raise GreenroomError."""
    merge = wish.way in ("import", "merge")
    return Preview(wish, preview_file(context, wish.site, wish.user.id, wish.path, reporter, merge=merge))


def preview_undo(context: Context, site: Site, user: UserRow, reporter: Reporter) -> Preview:
    """Return what an undo of the last restore would do; raise UsageError where there was none."""
    plan = plan_undo(context, site, user.id, reporter)
    found = preview(context, Wish(site, user, "undo", plan.copy.path, plan.note), reporter)
    doubt = "" if plan.doubt is None else printable(f": {plan.doubt}")
    return replace(found, about=f"{_what_was_done(plan.note, site)}{doubt}")


def perform(context: Context, seen: Preview, reporter: Reporter) -> Done:
    """Do what was looked at, all of it and nothing else, or nothing; raise GreenroomError."""
    wish, agreed = seen.wish, seen.report
    site, user = wish.site, wish.user
    if wish.way == "undo":
        return undo_restore(context, site, user, reporter, of=wish.agreed, agreed=agreed)
    if wish.way == "restore":
        return restore_file(context, site, user, wish.path, reporter, agreed=agreed)
    return import_file(context, site, user, wish.path, reporter, agreed=agreed)


def fetch(context: Context, site: Site, ids: Sequence[str] | None, reporter: Reporter) -> EnrichmentReport:
    """Fetch the metadata of films, of all that wait where none is named; raise GreenroomError.

    The error says how many films are done: they stay so.
    """
    done: list[FilmReport] = []
    try:
        report: EnrichmentReport = _enrichment().enrich(context, site, ids, reporter=reporter, each=done.append)
    except GreenroomError as error:
        kept = f"{plural(len(done), 'film')} had been asked for, and what was found is kept"
        kind = CancelledError if isinstance(error, CancelledError) else GreenroomError
        raise kind(f"{error.message}; {kept if done else 'nothing was fetched'}", hint=error.hint) from error
    return report


def _enrichment() -> Any:
    """What asks services of the web is imported in a thread: it takes a tenth of a second."""
    return import_module("core.library.enrichment")


def _newest(folder: Path, user: UserRow) -> Copy | None:
    return next((copy for copy in copies(folder, user.id) if copy.day is not None), None)


def _undoable(context: Context, site: Site, user: UserRow) -> str | None:
    """Say what undo would take back, None where that is nothing; a damaged note is told when it is needed."""
    try:
        note = read_note(context, site, user.id)
    except GreenroomError:
        return "what was done last"
    return None if note is None else _what_was_done(note, site)


def _what_was_done(note: Note, site: Site) -> str:
    return printable(f"the {note.action} from {note.source}, made {format_time(note.at, site.time_zone)} by {note.by}")


def _trace(context: Context, site: Site, found: Sequence[UserRow]) -> Trace:
    folder = copies_folder(context, site)
    watched = [folder, *(folder / user.id for user in found)]
    if site.sqlite_path is not None:
        watched += [site.sqlite_path, site.sqlite_path.with_name(f"{site.sqlite_path.name}-wal")]
    return int(context.clock().timestamp()) // _SECONDS_A_MINUTE, tuple(map(stamp, watched))
