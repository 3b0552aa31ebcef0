"""The scratch place of a drill: a folder and perhaps a database, noted before they are made, removed whatever happens.

One drill of a site runs at a time, by a lock of its own that dies with it. A note that stands with nobody holding that
lock says what a dead drill left; whoever next finds it clears that away.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.config import Site
from core.context import Context
from core.databases import scratch
from core.errors import BusyError, GreenroomError
from core.locks import hold_lock, lock_holder
from core.secrets import mask_url
from core.sizes import format_size

_LOCK = "drill.lock"
_NOTE = re.compile(r"drill-[0-9a-f]{12}\.json(\.partial)?")
_PREFIX = ".greenroom-drill-"


class Note(BaseModel):
    """What a drill made: folders and a database that have `token` in their names. `url` is the site's, masked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str = Field(pattern=r"\A[0-9a-f]{12}\z")
    url: str
    database: str | None = None


@contextmanager
def drill_lock(context: Context, site: Site, verb: str = "drill") -> Iterator[None]:
    """Be the one drill of a site; raise BusyError where there is another."""
    folder = context.site_folder(site)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise GreenroomError(
            f"cannot make {folder}: {error.strerror}", hint="greenroom must be able to write into the state folder"
        ) from error
    with ExitStack() as held:
        try:
            held.enter_context(hold_lock(folder / _LOCK, actor=context.actor, verb=verb, now=context.clock()))
        except BusyError as error:
            place = f"the scratch place of {site.name}"
            raise BusyError(error.message.replace("the site", place), hint=error.hint) from error
        yield


@contextmanager
def scratch_place(context: Context, site: Site, needed: int, *, on_server: bool) -> Iterator[tuple[Path, str | None]]:
    """With the drill lock held, yield a new folder and, `on_server`, the name of a database that may be made.

    Both are gone after the block, whatever happened in it; where the server cannot be reached then, the note stays.
    Raise GreenroomError where there is no space.
    """
    token = secrets.token_hex(6)
    database = scratch.scratch_name(site.database_url(), token) if on_server else None
    note = Note(token=token, url=mask_url(site.database), database=database)
    folder = _with_room(_folders(context, site, note), needed)
    path = context.site_folder(site) / f"drill-{token}.json"
    try:
        context.disk.replace_file(path, note.model_dump_json().encode())
        context.disk.make_folder(folder)
        yield folder, database
    finally:
        remove_left(context, site)


def remove_left(context: Context, site: Site) -> list[str]:
    """With the drill lock held, remove what drills left; return why some of it cannot be, a sentence each.

    What is left stays noted, and the next verb tries again.
    """
    left = []
    for path in _notes(context, site):
        note = _read(path)
        try:
            if note is not None:
                _remove(context, site, note)
            context.disk.unlink(path)
        except (GreenroomError, OSError) as error:
            left.append(str(error))
    return left


def remove_dead(context: Context, site: Site) -> None:
    """Remove what a dead drill left, unless one is alive; a server that is away keeps nobody from their work."""
    if _notes(context, site) and lock_holder(context.site_folder(site) / _LOCK) is None:
        with suppress(GreenroomError), drill_lock(context, site, "tidy"):
            remove_left(context, site)


def _remove(context: Context, site: Site, note: Note) -> None:
    for folder in _folders(context, site, note):
        if folder.is_dir():
            context.disk.remove_folder(folder)
    if note.database is None:
        return
    if mask_url(site.database) != note.url:
        raise GreenroomError(f"the scratch database {note.database} of an interrupted drill is left at {note.url}")
    if note.database == scratch.scratch_name(site.database_url(), note.token):
        scratch.drop(site.database_url(), note.database)


def _read(path: Path) -> Note | None:
    """It is written as a whole and synced: a part of one was never followed by anything."""
    if path.suffix == ".partial":
        return None
    try:
        return Note.model_validate_json(path.read_bytes())
    except ValidationError:
        return None


def _notes(context: Context, site: Site) -> list[Path]:
    return sorted(path for path in context.site_folder(site).glob("drill-*") if _NOTE.fullmatch(path.name))


def _folders(context: Context, site: Site, note: Note) -> tuple[Path, Path]:
    """Where the folder of a drill may be, in the order of trying."""
    name = f"{_PREFIX}{site.name}-{note.token}"
    return context.site_folder(site) / name, context.settings.storage / name


def _with_room(folders: tuple[Path, ...], needed: int) -> Path:
    """Return the first whose file system has room."""
    most = 0
    for folder in folders:
        free = shutil.disk_usage(folder.parent).free
        if needed <= free:
            return folder
        most = max(most, free)
    raise GreenroomError(
        f"no space for the drill: about {format_size(needed)} needed, {format_size(most)} free",
        hint="free some space in the state folder or in the storage",
    )
