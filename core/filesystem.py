"""The file operations that durability rests on, in one place, so that a test can make any of them crash."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_UNLINKERS = 2
_UNLINKED_AT_ONCE = 4096
_LIBC = ctypes.CDLL(None, use_errno=True)


class Committable(Protocol):
    """Anything with a transaction to commit: an SQLAlchemy session or connection."""

    def commit(self) -> None: ...


class Filesystem:
    """The steps of greenroom's own protocol: write, fsync, rename, unlink, commit."""

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        file.write(data)

    def fsync(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())

    def fsync_folder(self, path: Path) -> None:
        """Make the names in a folder durable: what was created, renamed or removed in it."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_filesystem(self, path: Path) -> None:
        """Make everything durable that was written to the file system of `path` (syncfs(2))."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            while _LIBC.syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                if number != errno.EINTR:  # which Python's own calls would have tried again, too
                    raise OSError(number, os.strerror(number), str(path))
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give `source` the name `target`, replacing a file of that name."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path, mode: int = PRIVATE_FOLDER) -> None:
        """Create one folder; an existing one is an error."""
        path.mkdir(mode=mode)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder and all in it, following no link; a missing one is fine."""
        if not path.exists():
            return
        with ThreadPoolExecutor(_UNLINKERS, "unlink") as executor:  # the kernel frees the space of several at once
            _empty(os.fspath(path), None, executor)
        shutil.rmtree(path)

    def symlink(self, target: str, path: Path) -> None:
        path.symlink_to(target)

    def commit(self, transaction: Committable) -> None:
        transaction.commit()

    @contextmanager
    def create(self, path: Path, mode: int = PRIVATE_FILE) -> Iterator[IO[bytes]]:
        """Open a new file for writing (and reading back); an existing one, or a link, is an error."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w+b") as file:
            yield file

    def replace_file(self, path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
        """Put `data` under the name `path` so that a crash leaves the old content or the new, never a part."""
        partial = path.with_name(path.name + ".partial")
        self.unlink(partial)
        with self.create(partial, mode) as file:
            self.write(file, data)
            self.fsync(file)
        self.rename(partial, path)
        self.fsync_folder(path.parent)


def _empty(name: str, parent: int | None, executor: Executor) -> None:
    """Remove all but the folders in a folder and in those below it, a batch at a time, for there may be very many."""
    descriptor = _open_folder(name, parent)
    try:
        with os.scandir(descriptor) as entries:
            while batch := list(islice(entries, _UNLINKED_AT_ONCE)):
                names = [entry.name for entry in batch if not entry.is_dir(follow_symlinks=False)]
                shares = (names[start::_UNLINKERS] for start in range(_UNLINKERS))
                deque(executor.map(partial(_unlink_all, descriptor), shares), maxlen=0)
                for entry in batch:
                    if entry.is_dir(follow_symlinks=False):
                        _empty(entry.name, descriptor, executor)
    finally:
        os.close(descriptor)


def _open_folder(name: str, parent: int | None) -> int:
    """Open a folder, and make it one that its owner may read and remove from."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        os.chmod(name, PRIVATE_FOLDER, dir_fd=parent)
        descriptor = os.open(name, flags, dir_fd=parent)
    if os.fstat(descriptor).st_mode & PRIVATE_FOLDER != PRIVATE_FOLDER:
        os.fchmod(descriptor, PRIVATE_FOLDER)
    return descriptor


def _unlink_all(folder: int, names: Iterable[str]) -> None:
    for name in names:
        os.unlink(name, dir_fd=folder)
