"""The daily copies of users' libraries: FOLDER/USER_ID/YYYY-MM-DD.json, kept for 14 days by the date in the name."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.errors import CancelledError, GreenroomError, UsageError, VerificationError
from core.filesystem import Filesystem
from core.library.transfer.export import export_library
from core.library.transfer.proof import refused_records
from core.library.transfer.source import open_library
from core.library.transfer.unsaid import NO_NUMBER
from core.library.transfer.users import UserRow, users, wants_backup
from core.progress import Reporter
from core.sqlite_files import make_folders
from core.words import plural, printable

KEPT_DAYS: Final = 14

_USER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_DATED = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.json")
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a user's library.

    `day` is that of its name, None where the name is no date; `created_at` is in Unix seconds.
    """

    path: Path
    day: date | None
    created_at: float
    size_bytes: int

    @property
    def file_name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that was made: of whom, with how many movies, and how much it cannot name; see `Export`."""

    user: UserRow
    copy: Copy
    movies: int
    left_out: int
    unsaid: Counter[str]


@dataclass(frozen=True, slots=True)
class Failed:
    """A user of whose library no copy was made, and why."""

    user: UserRow
    error: GreenroomError


@dataclass(frozen=True, slots=True)
class DailyReport:
    """What one run did: copies made, users who failed, copies removed for their age."""

    made: tuple[Made, ...]
    failed: tuple[Failed, ...]
    removed: tuple[Path, ...]


def folder_of(folder: Path, user_id: str) -> Path:
    """Return where a user's copies are; raise GreenroomError where the id is no name of a folder."""
    if not _USER_ID.fullmatch(user_id):
        raise GreenroomError(
            f"the user id {printable(user_id)!r} can be no name of a folder",
            hint="ids are UUIDs: letters, digits and hyphens",
        )
    return folder / user_id


def copies(folder: Path, user_id: str) -> list[Copy]:
    """Return a user's copies, the newest first: those with a date in the name, then the others.

    Raise GreenroomError where the folder is there and cannot be looked into.
    """
    if not _USER_ID.fullmatch(user_id):
        return []  # no copy can have been made
    place = folder / user_id
    try:
        found = [copy for path in _paths_in(place) if (copy := _copy_at(path)) is not None]
    except OSError as error:
        raise _failed(place, error) from error
    return sorted(found, key=lambda copy: (copy.day or date.min, copy.created_at, copy.file_name), reverse=True)


def find_copy(folder: Path, user_id: str, text: str) -> Copy:
    """Return a user's copy by its date or its file name; raise UsageError, naming the latest, where there is none."""
    found = copies(folder, user_id)
    for copy in found:
        if text in {copy.file_name, copy.file_name.removesuffix(".json")}:
            return copy
    known = ", ".join(printable(copy.file_name) for copy in found[:5]) or "none"
    raise UsageError(f"there is no copy {printable(text)!r} of this user's library", hint=f"copies: {known}")


def write_copy(
    session: Session, user: UserRow, path: Path, *, now: float, disk: Filesystem, reporter: Reporter
) -> Made:
    """Write a user's library to a file, so that a crash leaves the old content or the new; folders are made.

    The session must see one state of the database. Raise GreenroomError where it cannot be written.
    """
    partial = path.with_name(path.name + _PARTIAL)
    try:
        make_folders(path.parent, disk)
        disk.unlink(partial)
        export = export_library(session, user.id, now=now, reporter=reporter, quick_keys=True)
        with _discarded_on_failure(partial, disk):
            with disk.create(partial) as file:
                for block in export.blocks:
                    disk.write(file, block)
                disk.fsync(file)
            disk.rename(partial, path)
        disk.fsync_folder(path.parent)
        copy = _described(path, path.lstat())
    except OSError as error:
        raise _failed(path, error) from error
    return Made(user, copy, export.counts["movies"], export.left_out.total, export.unsaid)


def back_up_users(
    open_session: Callable[[], AbstractContextManager[Session]],
    folder: Path,
    *,
    day: date,
    now: float,
    disk: Filesystem,
    reporter: Reporter,
    only: Collection[str] | None = None,
) -> DailyReport:
    """Copy the library of each user who wants it, of those with the ids `only` if given, and remove their old copies.

    Each copy is read back as a restore reads it. `day` is today where the site is. A copy of the same day is replaced.
    Where one user fails the others go on, and that user's old copies all stay. Who is gone, or has switched it off, by
    the time that it is his or her turn is passed over. `open_session` gives a session for one
    user at a time, such as `lambda: reading(url)`. Raise GreenroomError where not even the users can be read,
    CancelledError where asked to stop: the copies made until then stay.
    """
    with open_session() as session:
        chosen = [row for row in users(session) if row.backup_enabled and (only is None or row.id in only)]
    made: list[Made] = []
    failed: list[Failed] = []
    removed: list[Path] = []
    for user in chosen:
        reporter.check()
        try:
            path = folder_of(folder, user.id) / f"{day.isoformat()}.json"
            with open_session() as session:
                if not wants_backup(session, user.id):
                    continue
                one = write_copy(session, user, path, now=now, disk=disk, reporter=reporter)
            _prove(one, reporter)
            made.append(one)
            removed += prune_copies(folder, user.id, day=day, disk=disk)
        except CancelledError:
            raise
        except GreenroomError as error:
            failed.append(Failed(user, error))
    return DailyReport(tuple(made), tuple(failed), tuple(removed))


def _prove(made: Made, reporter: Reporter) -> None:
    """Raise VerificationError where no restore of a copy brings back what was there; most of it is good: it stays."""
    path = made.copy.path
    if made.unsaid[NO_NUMBER]:
        raise VerificationError(
            f"the copy that was made, {path}, lacks {plural(made.unsaid[NO_NUMBER], 'value')} that no file can say: "
            f"{NO_NUMBER}",
            hint="mend what the database holds: `greenroom record` shows the row; until then older copies stay",
        )
    refused = refused_records(open_library(path, reporter), reporter)
    if refused.errors.total:
        raise VerificationError(
            f"a restore would refuse {plural(sum(refused.refused.values()), 'record')} of the copy that was made, "
            f"{path}: {refused.errors[0]}",
            hint="mend what the database holds: `greenroom record` shows the row; until then older copies stay",
        )


def prune_copies(folder: Path, user_id: str, *, day: date, disk: Filesystem) -> list[Path]:
    """Remove a user's copies of more than 14 days before `day`, and what an interrupted one left.

    Names that are no date stay, and so does the latest copy, however old.
    """
    place = folder_of(folder, user_id)
    dated = [copy for copy in copies(folder, user_id) if copy.day is not None]
    old = [copy.path for copy in dated[1:] if copy.day is not None and copy.day < day - timedelta(days=KEPT_DAYS)]
    try:
        left = [path for path in _partials(place) if path.is_file() and not path.is_symlink()]
        for path in (*old, *left):
            disk.unlink(path)
        if old or left:
            disk.fsync_folder(place)
    except OSError as error:
        raise _failed(place, error) from error
    return old


@contextmanager
def _discarded_on_failure(partial: Path, disk: Filesystem) -> Iterator[None]:
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            disk.unlink(partial)


def _partials(place: Path) -> Iterable[Path]:
    return [path for path in place.glob(f"*.json{_PARTIAL}") if _day_of(path.name.removesuffix(_PARTIAL))]


def _paths_in(place: Path) -> list[Path]:
    """Return what is in a folder, nothing where there is no folder; a link to one that is away is an error."""
    try:
        return list(place.iterdir())
    except FileNotFoundError:
        if place.is_symlink():
            raise
        return []


def _copy_at(path: Path) -> Copy | None:
    """Return the copy at a path; None where there is no file of its own with such a name, or none any more."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode) or path.suffix != ".json":
        return None
    return _described(path, found)


def _described(path: Path, found: os.stat_result) -> Copy:
    return Copy(path, _day_of(path.name), found.st_mtime, found.st_size)


def _day_of(file_name: str) -> date | None:
    dated = _DATED.fullmatch(file_name)
    try:
        return date.fromisoformat(dated[1]) if dated else None
    except ValueError:
        return None


def _failed(path: Path, error: OSError) -> GreenroomError:
    return GreenroomError(
        f"cannot write or look into {path}: {error.strerror or error}",
        hint="there must be space, and permission to write there",
    )
