"""What no backup holds, no restore takes away: excluded and special files get a second name in the new folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.filesystem import Filesystem
from core.restore.marker import Target
from core.restore.unpack import give
from core.tree import EntryKind, TreeEntry, walk_tree


def carry_over(target: Target, exclude: Sequence[str], disk: Filesystem) -> int:
    """Link the excluded and special files of the old folder into the new one; return how many. Can be repeated."""
    old = target.old if target.by == "entries" else target.old / target.live.name
    if target.kind != "folder" or old.is_symlink() or not old.is_dir() or not target.live.is_dir():
        return 0
    carried = 0
    for entry in _left_alone(old, exclude):
        place = target.live / entry.relative
        _make_parents(old, target.live, entry.relative, disk)
        if entry.path.is_dir() and not entry.path.is_symlink():
            if not place.is_dir() or place.is_symlink():
                disk.unlink(place)
                _make_like(entry.path, place, disk)
            continue
        if os.path.lexists(place):
            if os.path.samestat(place.lstat(), entry.status):
                carried += 1
                continue
            _remove(place, disk)
        disk.link(entry.path, place)
        carried += 1
    return carried


def _left_alone(root: Path, exclude: Sequence[str]) -> Iterator[TreeEntry]:
    for entry in walk_tree(root, exclude):
        if entry.kind is EntryKind.SPECIAL:
            yield entry
        elif entry.kind is EntryKind.EXCLUDED:
            yield entry
            if entry.path.is_dir() and not entry.path.is_symlink():
                for below in walk_tree(entry.path):
                    relative = f"{entry.relative}/{below.relative}"
                    yield TreeEntry(relative, below.path, below.kind, below.status)


def _make_parents(old: Path, new: Path, relative: str, disk: Filesystem) -> None:
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        below = "/".join(parts[:depth])
        place = new / below
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            disk.unlink(place)
        if not place.exists():
            _make_like(old / below, place, disk)


def _make_like(source: Path, place: Path, disk: Filesystem) -> None:
    status = source.stat()
    disk.make_folder(place)
    give(place, status.st_mode, status.st_uid, status.st_gid)
    shutil.copystat(source, place)


def _remove(place: Path, disk: Filesystem) -> None:
    if place.is_dir() and not place.is_symlink():
        disk.remove_folder(place)
    else:
        disk.unlink(place)
