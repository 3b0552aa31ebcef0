"""What the file system says when it cannot, put so that a person can act on it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import GreenroomError

_MISSING = "is the disk mounted? Create the folder, or correct `storage` in greenroom.toml"
_HINTS = {
    errno.ENOSPC: "make room there, or delete backups that are not needed",
    errno.EDQUOT: "the quota of this user is used up: make room, or raise it",
    errno.EACCES: "run greenroom as the user that the storage belongs to",
    errno.EPERM: "run greenroom as the user that the storage belongs to",
    errno.EROFS: "the file system is mounted read-only: look whether its disk is well",
    errno.EIO: "the disk reports errors: copy the backups to another one",
    errno.ENOENT: _MISSING,
    errno.ENOTDIR: "something that is not a folder is in the way: move it, or correct `storage` in greenroom.toml",
    errno.ELOOP: "a symbolic link is in the way, and greenroom follows none there",
}


@contextmanager
def faults_named(place: Path) -> Iterator[None]:
    """Turn an OSError of the block into a GreenroomError about the store at `place`."""
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or place
        raise GreenroomError(
            f"the storage cannot be used: {where}: {error.strerror}",
            hint=_HINTS.get(error.errno or 0, "look at the disk that it is on"),
        ) from error
