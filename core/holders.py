"""Who has a file open: the processes that `/proc` shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a file open."""

    pid: int
    command: str
    path: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


@dataclass(frozen=True, slots=True)
class Holders:
    """What a look at `/proc` found; `unseen` counts the processes that this user may not look into."""

    found: tuple[Holder, ...]
    unseen: int


def find_holders(paths: Iterable[Path]) -> Holders:
    """Given files, return the other processes that have one of them open, by device and inode, not by name."""
    wanted = {}
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        wanted[status.st_dev, status.st_ino] = str(path)
    found: list[Holder] = []
    unseen = 0
    for pid in _process_ids():
        if pid == os.getpid():
            continue
        try:
            held = _first_held(pid, wanted)
        except PermissionError:
            unseen += 1
            continue
        if held is not None:
            found.append(Holder(pid, _command(pid), held))
    return Holders(tuple(found), unseen)


def _process_ids() -> Iterator[int]:
    if not _PROC.is_dir():
        return
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            yield int(entry.name)


def _first_held(pid: int, wanted: dict[tuple[int, int], str]) -> str | None:
    try:
        with os.scandir(_PROC / str(pid) / "fd") as descriptors:
            for descriptor in descriptors:
                try:
                    status = descriptor.stat()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                held = wanted.get((status.st_dev, status.st_ino))
                if held is not None:
                    return held
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None


def _command(pid: int) -> str:
    """The process may have ended since; its name is only for people."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown"
    return b" ".join(words).decode(errors="replace").strip()[:120] or "unknown"
