"""One number for a whole tree, whatever the order of reading: names, kinds, modes, sizes and content."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.progress import Reporter
from core.tree import EntryKind, walk_tree

_BLOCK = 1 << 20
_MODULUS = 1 << 256


@dataclass(slots=True)
class TreeDigest:
    """A sum of the hashes of all entries, with their number, that of files and links among them, and the bytes."""

    total: int = 0
    entries: int = 0
    files: int = 0
    size_bytes: int = 0

    def add(self, relative: str, mode: int, size: int, content: str) -> None:
        """Count one entry: `content` is the SHA-256 of a file, the target of a link, else empty."""
        if stat.S_ISLNK(mode):
            mode = stat.S_IFLNK  # a link's own permissions mean nothing and differ between systems
        line = f"{relative}\0{mode:o}\0{size}\0{content}"
        number = int.from_bytes(hashlib.sha256(line.encode(errors="surrogateescape")).digest(), "big")
        self.total = (self.total + number) % _MODULUS
        self.entries += 1
        self.files += not stat.S_ISDIR(mode)
        self.size_bytes += size

    @property
    def hex(self) -> str:
        return f"{self.total:064x}"


def digest_path(path: Path, reporter: Reporter) -> TreeDigest:
    """Read what lies at `path`, a file or a folder with all in it, and return its digest."""
    digest = TreeDigest()
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        digest.add("", status.st_mode, status.st_size, _content(os.fspath(path), status, reporter))
        return digest
    for entry in walk_tree(path):
        size = entry.status.st_size if entry.kind is EntryKind.FILE else 0
        digest.add(entry.relative, entry.status.st_mode, size, _content(entry.location, entry.status, reporter))
    return digest


def count_path(path: Path) -> TreeDigest:
    """Count what lies at `path` without reading any content: `entries` and `size_bytes` alone mean something."""
    counted = TreeDigest()
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return TreeDigest(entries=1, size_bytes=status.st_size)
    for entry in walk_tree(path):
        counted.entries += 1
        counted.size_bytes += entry.status.st_size if entry.kind is EntryKind.FILE else 0
    return counted


def _content(path: str, status: os.stat_result, reporter: Reporter) -> str:
    """`path` is no Path, for to make one a file costs more than the calls on it."""
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)  # noqa: PTH115 - see above
    if not stat.S_ISREG(status.st_mode):
        return ""
    hashed = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
        while block := file.read(_BLOCK):
            hashed.update(block)
            reporter.advance(len(block))
    return hashed.hexdigest()
