"""The marker `.restore_pending`: the announcement of a staged restore, and the journal of its switch.

docs/atomicity.md says what each phase means and what a start after a crash does with it.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.filesystem import Filesystem
from core.tree import WORK_FOLDER_PREFIX, free_name

MARKER = ".restore_pending"
FAILED_MARKER = ".restore-failed"
FORMAT_VERSION = 1
DATABASE = "database.db"
UNEXPECTED_PREFIX = f"{WORK_FOLDER_PREFIX}unexpected-"


class Phase(StrEnum):
    """How far a restore is; see the tables of docs/atomicity.md."""

    STAGING = "staging"
    STAGED = "staged"
    SWITCHING = "switching"
    SWITCHED = "switched"
    REVERTING = "reverting"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_Frozen):
    """One thing that a restore replaces: where it lives, and the work folder on the same file system.

    `by` tells how: by renaming it as a whole, or, where it cannot be renamed, entry by entry.
    """

    kind: Literal["database", "folder"]
    key: str
    live: Path
    work: Path
    by: Literal["rename", "entries"]

    @property
    def name(self) -> str:
        """As the archive calls it: `database.db`, `files`, `files/KEY`."""
        if self.kind == "database":
            return DATABASE
        return f"files/{self.key}" if self.key else "files"

    @property
    def new(self) -> Path:
        return self.work / "new"

    @property
    def old(self) -> Path:
        return self.work / "old"

    @property
    def unexpected(self) -> Path:
        return self.work / "unexpected"

    @property
    def staged(self) -> Path:
        """The staged thing itself: the folder whose entries are swapped, or what takes the live name."""
        return self.new if self.by == "entries" else self.new / self.live.name

    def kept(self, purpose: str) -> Path:
        """The name under which the work folder, or a part of it, stays when the restore is over."""
        return self.work.with_name(self.work.name.replace(WORK_FOLDER_PREFIX, purpose, 1))


class Move(_Frozen):
    """One rename of the switch: a live name out to `old/`, or a staged name in.

    The side in the work folder is this restore's alone, so its existence tells whether the move is done.
    `keep_free` are the live names at which nothing else may stand once the move is through or taken back;
    what does goes to `unexpected`.
    """

    way: Literal["out", "in"]
    live: Path
    private: Path
    keep_free: tuple[Path, ...]
    unexpected: Path

    @property
    def done(self) -> bool:
        return os.path.lexists(self.private) == (self.way == "out")


class Expected(_Frozen):
    """What a target must hold after the switch; `digest` covers names, modes and content.

    `restored` are the rows that come to each table, where that is not all that the database then holds.
    """

    digest: str = ""
    tables: dict[str, int] | None = None
    restored: dict[str, int] | None = None
    entries: int = 0
    files: int = 0
    size_bytes: int = 0


class RowOrder(_Frozen):
    """What is done with a database that is no file: with the rows of some tables of a portable backup, or of all.

    `clear` removes all present rows of these tables first; `merge` overwrites those with the same primary key, and
    others stay. A snapshot of a server is restored whole: `exchange` puts a database that was loaded beside it into its
    place, `replace` what is in it into the place of what the role owns. `of_site` and `manifest_sha256` say which
    archive was meant, once it is staged.
    """

    mode: Literal["clear", "merge", "exchange", "replace"] = "clear"
    tables: tuple[str, ...] = ()
    of_site: str | None = None
    manifest_sha256: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is a snapshot's, and not about the rows of tables."""
        return self.mode in ("exchange", "replace")


class Marker(_Frozen):
    """The whole journal of one restore. The first three fields are what a reader of the file looks for first.

    `database` is the URL of a database on a server, its password masked; None where the database is a target.
    """

    backup_filename: str
    requested_at: AwareDatetime
    staging_path: Path
    format_version: int = FORMAT_VERSION
    restore_id: str
    site: str
    action: Literal["restore", "undo"]
    backup_id: int | None
    requested_by: str
    phase: Phase
    targets: tuple[Target, ...]
    database: str | None = None
    rows: RowOrder | None = None
    expected: dict[str, Expected] = {}
    moves: tuple[Move, ...] = ()
    taken_back: bool = False
    safety_name: str | None = None
    safety_id: int | None = None
    set_aside: bool = False
    fingerprints: dict[str, str] = {}
    error: str | None = None

    def but(self, **changes: object) -> Marker:
        """Return a copy with some fields changed."""
        return self.model_copy(update=changes)

    @property
    def changed_site(self) -> bool:
        """Whether the site may be mixed until an `apply` has finished."""
        return self.phase in (Phase.SWITCHING, Phase.SWITCHED, Phase.REVERTING)


def marker_path(context: Context, site: Site) -> Path:
    return context.site_folder(site) / MARKER


def failed_marker_path(context: Context, site: Site) -> Path:
    return context.site_folder(site) / FAILED_MARKER


def read_marker(path: Path) -> Marker | None:
    """Return the marker at `path`, or None where there is none; raise GreenroomError where it cannot be trusted."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GreenroomError(
            f"cannot read {path}: {error.strerror}", hint="check who may read the state folder"
        ) from error
    try:
        marker = Marker.model_validate_json(text)
    except ValidationError as error:
        raise GreenroomError(
            f"{path} is not a marker that greenroom wrote: {error.errors()[0]['msg']}",
            hint="do not start the application; keep the file and look at docs/operations.md, a damaged marker",
        ) from error
    if marker.format_version > FORMAT_VERSION:
        raise GreenroomError(f"{path} was written by a newer greenroom", hint="finish the restore with that version")
    return marker


def write_marker(context: Context, path: Path, marker: Marker) -> Marker:
    """Make `marker` durable; return it."""
    context.disk.replace_file(path, marker.model_dump_json(indent=2).encode() + b"\n")
    return marker


def as_staged(marker: Marker) -> Marker:
    """Given a restore whose switch was begun, return it as it was before: staged, to be applied anew."""
    expected = {name: one for name, one in marker.expected.items() if marker.rows is None or name != DATABASE}
    return marker.but(
        phase=Phase.STAGED,
        moves=(),
        set_aside=False,
        safety_id=None,
        safety_name=None,
        fingerprints={},
        expected=expected,
    )


def keep_unexpected(target: Target, disk: Filesystem) -> Path | None:
    """Keep what was found where nothing should have been, when the staging goes; return where, or None."""
    if not target.unexpected.exists():
        return None
    kept = free_name(target.kept(UNEXPECTED_PREFIX))
    disk.rename(target.unexpected, kept)
    disk.fsync_folder(kept.parent)
    return kept


def remove_marker(context: Context, path: Path) -> None:
    context.disk.unlink(path)
    context.disk.fsync_folder(path.parent)
