"""A file in pieces, read several times: it must be the same one to the end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import GreenroomError, VerificationError

MOST_BYTES: Final = 4 << 30

_BLOCK = 256 << 10
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Pieces:
    """A file as it was when it was looked at first; `size` is in bytes."""

    path: Path
    stamp: _Stamp

    @classmethod
    def of(cls, path: Path) -> Pieces:
        """Look at a file; raise GreenroomError where there is none, VerificationError where it is too large."""
        try:
            found = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(found.st_mode):
            raise GreenroomError(f"{path} is no file", hint="name a file with a library")
        if found.st_size > MOST_BYTES:
            raise VerificationError(
                f"{path} has {found.st_size:,} bytes, and a library at most {MOST_BYTES:,}",
                hint="look where the file comes from",
            )
        return cls(path, _stamp_of(found))

    @property
    def size(self) -> int:
        return self.stamp[2]

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the file from a place on; a mark of the byte order at its beginning as blanks, so that places stay.

        Raise VerificationError where it is not what it was.
        """
        try:
            with self.path.open("rb") as file:
                self._compare(file.fileno())
                file.seek(start)
                while block := file.read(_BLOCK):
                    self._compare(file.fileno())
                    first = file.tell() == len(block)
                    yield b"   " + block[3:] if first and block.startswith(_BYTE_ORDER_MARK) else block
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _compare(self, descriptor: int) -> None:
        if _stamp_of(os.fstat(descriptor)) != self.stamp:
            raise VerificationError(f"{self.path} changed while it was read", hint="wait until it is complete")


def _stamp_of(found: os.stat_result) -> _Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> GreenroomError:
    return GreenroomError(f"cannot read {path}: {error.strerror}", hint="name a file with a library")
