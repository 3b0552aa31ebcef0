"""A disk that loses power: what was not made durable is undone after the kill, by a seeded choice.

What is modelled: the names of greenroom's protocol (create, rename, unlink, folders made and removed, links), each
lost unless its folder, or the one that it came from, was synced since; and the data of files written and not synced,
cut anywhere. In order, a journalling file system loses only the last of them; out of order, any of them, as far as
the others leave it possible. A name that another, durable one rests on is durable too.

What is not: SQLite's own files (its commits are trusted), the copy of a database that SQLite writes into a partial
file (nothing counts on it before the archive is synced), modes, owners and times (set before the staging is synced).
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tests.support import CrashingFilesystem


@dataclass(frozen=True)
class Operation:
    """A change of names that is not durable yet; `kept` is where what it removed lies."""

    what: str
    path: str
    source: str = ""
    kept: str = ""

    @property
    def folders(self) -> set[str]:
        return {str(Path(one).parent) for one in (self.path, self.source) if one}


class VolatileFilesystem(CrashingFilesystem):
    """Remembers what a power loss may undo, and writes it down before it kills the process."""

    def __init__(self, at: int, aside: Path) -> None:
        super().__init__(at)
        self._aside = aside
        self._aside.mkdir()
        self._pending: list[Operation] = []
        self._unsynced: set[str] = set()
        self._paths: dict[int, str] = {}

    def _step(self, name: str) -> None:
        if len(self.steps) + 1 == self.at:
            lost = {"pending": [asdict(one) for one in self._pending], "unsynced": sorted(self._unsynced)}
            (self._aside / "lost.json").write_text(json.dumps(lost))
        super()._step(name)

    def _keep(self, path: Path) -> str:
        """Keep what stands at a path, for it goes now."""
        kept = self._aside / f"{len(self.steps)}_{len(self._pending)}"
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, kept, symlinks=True)
        elif os.path.lexists(path):
            os.link(path, kept, follow_symlinks=False)
        else:
            return ""
        return str(kept)

    def fsync(self, file: IO[bytes]) -> None:
        super().fsync(file)
        self._unsynced.discard(self._paths.get(file.fileno(), ""))

    def fsync_folder(self, path: Path) -> None:
        super().fsync_folder(path)
        self._pending = [one for one in self._pending if str(path) not in one.folders]

    def sync_filesystem(self, path: Path) -> None:
        super().sync_filesystem(path)
        self._pending.clear()
        self._unsynced.clear()

    def rename(self, source: Path, target: Path) -> None:
        kept = self._keep(target) if not target.is_dir() else ""
        super().rename(source, target)
        self._pending.append(Operation("rename", str(target), str(source), kept))
        if str(source) in self._unsynced:
            self._unsynced.remove(str(source))
            self._unsynced.add(str(target))

    def unlink(self, path: Path) -> None:
        kept = self._keep(path)
        super().unlink(path)
        self._unsynced.discard(str(path))
        if kept:
            self._pending.append(Operation("remove", str(path), kept=kept))

    def remove_folder(self, path: Path) -> None:
        kept = self._keep(path)
        super().remove_folder(path)
        if kept:
            self._pending.append(Operation("remove", str(path), kept=kept))

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        super().make_folder(path, mode)
        self._pending.append(Operation("make", str(path)))

    def symlink(self, target: str, path: Path) -> None:
        super().symlink(target, path)
        self._pending.append(Operation("make", str(path)))

    @contextmanager
    def create(self, path: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
        with super().create(path, mode) as file:
            self._pending.append(Operation("make", str(path)))
            self._unsynced.add(str(path))
            self._paths[file.fileno()] = str(path)
            yield file


def lose_power(aside: Path, seed: int, *, in_order: bool) -> int:
    """Undo a part of what was not durable when the process was killed; return how much that was."""
    choice = random.Random(seed)
    log = aside / "lost.json"
    if not log.exists():
        return 0
    lost = json.loads(log.read_text())
    for name in lost["unsynced"]:
        path = Path(name)
        if path.is_file() and not path.is_symlink():
            os.truncate(path, choice.randint(0, path.stat().st_size))
    pending = [Operation(**one) for one in lost["pending"]]
    if in_order:
        undone = pending[choice.randint(0, len(pending)) :]
    else:
        undone = [one for one in pending if choice.random() < 0.5]
    return sum(map(_undo, reversed(undone)))


def _undo(one: Operation) -> bool:
    """Take one change of names back, where nothing that stayed rests on it."""
    path = Path(one.path)
    if one.what == "make":
        return _unmake(path)
    if one.what == "remove":
        return _bring_back(Path(one.kept), path)
    source = Path(one.source)
    if not os.path.lexists(path) or os.path.lexists(source) or not source.parent.is_dir():
        return False
    path.rename(source)
    if one.kept:
        _bring_back(Path(one.kept), path)
    return True


def _unmake(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        if any(path.iterdir()):
            return False
        path.rmdir()
        return True
    path.unlink(missing_ok=True)
    return True


def _bring_back(kept: Path, path: Path) -> bool:
    if os.path.lexists(path) or not path.parent.is_dir():
        return False
    if kept.is_dir() and not kept.is_symlink():
        shutil.copytree(kept, path, symlinks=True)
    else:
        os.link(kept, path, follow_symlinks=False)
    return True
