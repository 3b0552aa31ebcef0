"""The switch: an ordered list of renames that can be gone through forward or backward, again and again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from core.databases.sqlite import SIDE_FILES, database_files
from core.filesystem import Filesystem
from core.restore.marker import Move, Target
from core.tree import free_name, is_ours


def plan_moves(targets: Iterable[Target]) -> tuple[Move, ...]:
    """Given the targets, return first every move of a live name out, then every move of a staged name in.

    What is there is looked at now, so call it with the site held.
    """
    targets = tuple(targets)
    outs = [_move("out", live, target.old / live.name, target) for target in targets for live in _live_names(target)]
    ins = [
        _move("in", _place(target) / staged.name, staged, target) for target in targets for staged in _names(target.new)
    ]
    return (*outs, *ins)


def move_out(moves: Sequence[Move], targets: Iterable[Target], disk: Filesystem) -> None:
    """Move every live name that is still there to `old/`."""
    for target in targets:
        if not target.old.exists():
            disk.make_folder(target.old)
    outs = [move for move in moves if move.way == "out"]
    for move in outs:
        if not move.done and os.path.lexists(move.live):
            _rename(move, move.live, move.private, _names_of(outs), disk)
    _sync_folders(outs, disk)


def move_in(moves: Sequence[Move], disk: Filesystem) -> None:
    """Move every staged name into its place; what stands there unexpectedly is kept in `unexpected/`."""
    ins = [move for move in moves if move.way == "in"]
    for move in ins:
        if not move.done:
            _clear_the_way(move, disk, leave=frozenset(other.live for other in ins if other.done))
            disk.rename(move.private, move.live)
    _sync_folders(ins, disk)


def move_back(moves: Sequence[Move], disk: Filesystem) -> None:
    """Take every move back: what came goes to the staging again, what went comes back. The old state."""
    outs, ins = ([move for move in moves if move.way == way] for way in ("out", "in"))
    untouched = frozenset(path for move in outs if not move.done for path in move.keep_free)
    for move in reversed(ins):
        if move.done and os.path.lexists(move.live):
            _rename(move, move.live, move.private, _names_of(ins) | untouched, disk)
        _clear_the_way(move, disk, leave=untouched)
    for move in outs:
        if move.done:
            _clear_the_way(move, disk, leave=untouched)
            _rename(move, move.private, move.live, _names_of(outs), disk)
    _sync_folders(moves, disk)


def unexpected_paths(target: Target) -> list[Path]:
    """Return what was found where nothing should have been, as it lies now."""
    return _names(target.unexpected)


def _move(way: Literal["out", "in"], live: Path, private: Path, target: Target) -> Move:
    keep_free = [live]
    if live == target.live and target.kind == "database":
        keep_free += [live.with_name(live.name + side) for side in SIDE_FILES]
    return Move(way=way, live=live, private=private, keep_free=tuple(keep_free), unexpected=target.unexpected)


def _live_names(target: Target) -> list[Path]:
    if target.kind == "database":
        return database_files(target.live)
    if target.by == "entries":
        return [path for path in _names(target.live) if not is_ours(path.name)]
    return [target.live] if os.path.lexists(target.live) else []


def _names(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _place(target: Target) -> Path:
    return target.live if target.by == "entries" else target.live.parent


def _names_of(moves: Iterable[Move]) -> frozenset[Path]:
    return frozenset(path for move in moves for path in (move.live, move.private))


def _rename(move: Move, source: Path, target: Path, others: frozenset[Path], disk: Filesystem) -> None:
    """Rename; a journal of the database that came since the moves were planned, so not of `others`, goes before it."""
    for live_side in move.keep_free[1:]:
        suffix = live_side.name.removeprefix(move.live.name)
        side = source.with_name(source.name + suffix)
        if side not in others and os.path.lexists(side):
            disk.rename(side, free_name(target.with_name(target.name + suffix)))
    disk.rename(source, target)


def _clear_the_way(move: Move, disk: Filesystem, leave: frozenset[Path]) -> None:
    for path in move.keep_free:
        if path in leave or not os.path.lexists(path):
            continue
        if not move.unexpected.exists():
            disk.make_folder(move.unexpected)
        disk.rename(path, free_name(move.unexpected / path.name))


def _sync_folders(moves: Iterable[Move], disk: Filesystem) -> None:
    for folder in sorted({path.parent for move in moves for path in (move.live, move.private)}):
        if folder.is_dir():
            disk.fsync_folder(folder)
