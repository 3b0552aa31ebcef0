"""What no backup holds, no restore takes away: excluded and special files move from the old folder to the new one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from core.filesystem import Filesystem
from core.restore.marker import Target
from core.restore.unpack import give
from core.tree import OUR_PREFIXES, EntryKind, walk_tree


def carry_over(target: Target, exclude: Sequence[str], disk: Filesystem) -> None:
    """Move the excluded and special names of the old folder into the new one, as they are. Can be repeated.

    What the backup holds under such a name gives way: `exclude` says now that it is not greenroom's.
    """
    old = target.old if target.by == "entries" else target.old / target.live.name
    if target.kind != "folder" or old.is_symlink() or not old.is_dir() or not target.live.is_dir():
        return
    if target.by == "rename":
        for ours in sorted(old.iterdir()):  # what was set aside inside the folder when it was a mount point
            if ours.name.startswith(OUR_PREFIXES) and not os.path.lexists(target.live / ours.name):
                disk.rename(ours, target.live / ours.name)
    for entry in walk_tree(old, exclude):
        if entry.kind in (EntryKind.EXCLUDED, EntryKind.SPECIAL):
            place = target.live / entry.relative
            _make_parents(old, target.live, entry.relative, disk)
            _remove(place, disk)
            disk.rename(entry.path, place)


def _make_parents(old: Path, new: Path, relative: str, disk: Filesystem) -> None:
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        below = "/".join(parts[:depth])
        place = new / below
        if place.is_symlink() or not place.is_dir():
            disk.unlink(place)
            _make_like(old / below, place, disk)


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
