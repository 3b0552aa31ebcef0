"""The files of a backup into a folder that belongs to no site: all of them, or no such folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.archive import Archive, FolderEntry
from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.marker import Target
from core.restore.unpack import unpack
from core.sizes import format_size

_PARTIAL = ".greenroom-partial"


def refuse_folder(folders: Sequence[FolderEntry], into: Path) -> None:
    """Raise UsageError where a backup's files cannot become the folder `into`."""
    if not folders:
        raise UsageError("the backup holds no files", hint="leave out --files-into")
    if os.path.lexists(into):
        raise UsageError(f"{into} is there already", hint="name a folder that is not: it is made")
    if not into.parent.is_dir():
        raise UsageError(f"there is no folder {into.parent}", hint="make it first")
    needed, free = sum(folder.bytes for folder in folders), shutil.disk_usage(into.parent).free
    if needed > free:
        raise UsageError(
            f"no space in {into.parent}: {format_size(needed)} needed, {format_size(free)} free",
            hint="name a folder elsewhere, or free some space",
        )


@contextmanager
def unpacked_beside(
    archive: Archive, folders: Sequence[FolderEntry], into: Path, disk: Filesystem, reporter: Reporter, *, trusted: bool
) -> Iterator[Callable[[], None]]:
    """Unpack and prove the files of an archive beside `into`; yield what gives them that name, in one step.

    A block that ends without it leaves nothing, and what a killed one left goes at the next. Each folder of several
    has its key as name. Raise VerificationError, UsageError, GreenroomError.
    """
    refuse_folder(folders, into)
    work = into.with_name(f".{into.name}{_PARTIAL}")
    whole = work / into.name
    try:
        disk.remove_folder(work)
        disk.make_folder(work)
        keys = [folder.key for folder in folders]
        if keys != [""]:
            disk.make_folder(whole)
            whole.chmod(0o755)
        targets = tuple(
            Target(kind="folder", key=key, live=whole / key if key else whole, work=work / str(number), by="rename")
            for number, key in enumerate(keys)
        )
        unpack(archive, targets, disk, reporter, trusted=trusted)
        for target in targets:
            disk.rename(target.staged, target.live)
        disk.sync_filesystem(work)
        yield lambda: _place(whole, into, disk)
    except OSError as error:
        raise GreenroomError(
            f"the files cannot be written to {into}: {error.strerror}", hint="see what is wrong with that folder"
        ) from error
    finally:
        disk.remove_folder(work)


def _place(whole: Path, into: Path, disk: Filesystem) -> None:
    try:
        disk.rename(whole, into)
        disk.fsync_folder(into.parent)
    except OSError as error:
        raise GreenroomError(
            f"the database is filled, but its files cannot become {into}: {error.strerror}",
            hint="drop what is in the database and try again, or unpack the files by hand: the archive is a ZIP",
        ) from error
