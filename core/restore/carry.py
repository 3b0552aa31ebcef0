"""What no backup holds, no restore takes away: excluded and special files move from the old folder to the new one."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from core.filesystem import Filesystem
from core.restore.marker import Target
from core.restore.unpack import give
from core.tree import EntryKind, TreeEntry, free_name, is_ours, walk_tree


def carry_over(target: Target, exclude: Sequence[str], disk: Filesystem) -> list[str]:
    """Move the excluded and special names of the old folder into the new one, as they are. Can be repeated.

    What the backup holds under such a name gives way: `exclude` says now that it is not greenroom's. Where the
    backup holds a file in place of the folder that it lay in, it goes to `unexpected/`. Return what had to be left
    in the old folder, a sentence each: what this user may not read or move.
    """
    old = old_folder(target)
    if target.kind != "folder" or old.is_symlink() or not old.is_dir() or not target.live.is_dir():
        return []
    left: list[str] = []
    if target.by == "rename" and os.access(old, os.R_OK | os.X_OK):
        for ours in sorted(old.iterdir()):  # what was set aside inside the folder when it was a mount point
            if is_ours(ours.name) and not os.path.lexists(target.live / ours.name):
                disk.rename(ours, target.live / ours.name)
    for entry in walk_tree(old, exclude, skip=lambda error: left.append(error.message)):
        if entry.kind in (EntryKind.EXCLUDED, EntryKind.SPECIAL):
            try:
                _carry(entry, old, target, disk)
            except PermissionError as error:
                left.append(f"{entry.relative} could not be moved: {error.strerror}")
    return left


def old_folder(target: Target) -> Path:
    """Where the old content of a folder lies after the switch."""
    return target.old if target.by == "entries" else target.old / target.live.name


def _carry(entry: TreeEntry, old: Path, target: Target, disk: Filesystem) -> None:
    with ExitStack() as opened:
        if _make_parents(old, target.live, entry.relative, disk, opened):
            place = target.live / entry.relative
            opened.enter_context(_writable(place.parent))
            _remove(place, disk)
        else:
            if not target.unexpected.exists():
                disk.make_folder(target.unexpected)
            place = free_name(target.unexpected / entry.path.name)
        opened.enter_context(_writable(entry.path.parent))
        if stat.S_ISDIR(entry.status.st_mode):
            opened.enter_context(_writable(entry.path))
        disk.rename(entry.path, place)


def _make_parents(old: Path, new: Path, relative: str, disk: Filesystem, opened: ExitStack) -> bool:
    """Make the folders that an entry lay in where they are missing; return False where something else is there."""
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        below = "/".join(parts[:depth])
        place = new / below
        if not os.path.lexists(place):
            opened.enter_context(_writable(place.parent))
            _make_like(old / below, place, disk)
        elif place.is_symlink() or not place.is_dir():
            return False
    return True


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Let names in a folder be changed for the block, as its owner may; it may have moved in the meantime."""
    if os.access(folder, os.W_OK | os.X_OK):
        yield
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        by_descriptor = Path(f"/proc/self/fd/{descriptor}")
        by_descriptor.chmod(mode | stat.S_IRWXU)
        try:
            yield
        finally:
            by_descriptor.chmod(mode)
    finally:
        os.close(descriptor)


def _make_like(source: Path, place: Path, disk: Filesystem) -> None:
    status = source.stat()
    disk.make_folder(place)
    give(place, status.st_mode, status.st_uid, status.st_gid)
    shutil.copystat(source, place)


def _remove(place: Path, disk: Filesystem) -> None:
    if place.is_dir() and not place.is_symlink():
        disk.remove_folder(place)
    elif os.path.lexists(place):
        disk.unlink(place)
