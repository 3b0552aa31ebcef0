"""The bytes of an archive on disk, read from any place; what is not there is an error."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from core.errors import GreenroomError, VerificationError
from core.progress import Reporter

_CHUNK = 1 << 20


class Source:
    """An open file that is only read, and never past the length that it had when it was opened."""

    def __init__(self, path: Path) -> None:
        """Open a regular file; raise GreenroomError where there is none or it cannot be read."""
        self.path = path
        try:
            # without O_NONBLOCK a FIFO of that name would wait for a writer
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise GreenroomError(f"cannot open {path}: {error.strerror}") from error
        status = os.fstat(self._descriptor)
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise VerificationError(f"{path} is not a regular file")

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes; raise VerificationError where the file does not have them."""
        if offset + length > self.size:
            raise VerificationError(f"{self.path} is truncated: a part of it lies behind its end")
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise GreenroomError(f"cannot read {self.path}: {error.strerror}") from error
        if len(data) < length:
            raise VerificationError(f"{self.path} changed while it was read")
        return data

    def close(self) -> None:
        os.close(self._descriptor)


def file_sha256(path: Path, reporter: Reporter) -> str:
    """Return the SHA-256 of a whole file, counting its bytes; raise GreenroomError where it cannot be read."""
    source, digest = Source(path), hashlib.sha256()
    try:
        for offset in range(0, source.size, _CHUNK):
            chunk = source.read_at(offset, min(_CHUNK, source.size - offset))
            digest.update(chunk)
            reporter.advance(len(chunk))
    finally:
        source.close()
    return digest.hexdigest()
