"""What `undo` goes back to, noted for each user: STATE/sites/NAME/users/USER_ID.json."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, PlainSerializer, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.library.transfer import export_library, open_library
from core.library.transfer.daily import folder_of
from core.library.users.places import Action, copies_folder
from core.progress import Reporter
from core.sqlite_files import make_folders
from core.words import printable

_MAX_BYTES = 64 << 10
_Said = Annotated[str, PlainSerializer(printable)]
"""Text from outside, a file name of any bytes too, written as it is shown."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was done last to a user's library as a whole, by whom and when; `safety` names the copy from before.

    It is written right before that is committed, and again as `done` right behind. `previous` is what holds where the
    commit was not reached.
    """

    safety: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+\.json$", max_length=100)]
    action: Action
    source: _Said
    at: AwareDatetime
    by: _Said
    done: bool = False
    previous: Note | None = None
    version: Literal[1] = 1


_ADAPTER = TypeAdapter(Note)


def standing_note(context: Context, site: Site, session: Session, user_id: str, reporter: Reporter) -> Note | None:
    """Return the note of what was really done, or may have been where that is not known: then it is not `done`.

    Where it is not known to be done, and the library is still as it was before, that is the previous one. Raise
    GreenroomError where the note is damaged.
    """
    note = read_note(context, site, user_id)
    if note is None or note.done:
        return note
    path = folder_of(copies_folder(context, site), user_id) / note.safety
    return note.previous if path.is_file() and _is_as(session, user_id, path, reporter) else note


def _is_as(session: Session, user_id: str, path: Path, reporter: Reporter) -> bool:
    """Whether a user's library is what a copy says: an export has the same bytes for the same content."""
    written_at = open_library(path, reporter).exported_at
    export = export_library(session, user_id, now=written_at or 0.0, reporter=reporter, quick_keys=True)
    present = sha256()
    for block in export.blocks:
        present.update(block)
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest() == present.digest()


def read_note(context: Context, site: Site, user_id: str) -> Note | None:
    """Return what is noted of a user, None where nothing was done yet; raise GreenroomError where it is damaged."""
    path = _path(context, site, user_id)
    try:
        with path.open("rb") as file:
            return _ADAPTER.validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise GreenroomError(
            f"{path} cannot be read, so nobody knows what to go back to",
            hint="the copies themselves are not touched by that: `greenroom library backups USER`, then `restore`",
        ) from error


def write_note(context: Context, site: Site, user_id: str, note: Note | None) -> None:
    """Note what was done to a user's library, durably; None forgets it. Raise GreenroomError where that fails."""
    path = _path(context, site, user_id)
    try:
        if note is None:
            context.disk.unlink(path)
        else:
            make_folders(path.parent, context.disk)
            context.disk.replace_file(path, _ADAPTER.dump_json(note, indent=1))
    except OSError as error:
        raise GreenroomError(
            f"cannot write {path}: {error.strerror or error}",
            hint="there must be space, and permission to write there",
        ) from error


def _path(context: Context, site: Site, user_id: str) -> Path:
    return context.site_folder(site) / "users" / f"{user_id}.json"
