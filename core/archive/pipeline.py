"""Compresses the content of members on all cores and writes it in order, holding a few blocks."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from core.archive.deflate import END_OF_STREAM, deflate_block
from core.archive.zipformat import DEFLATED, STORED, Attributes, Kind, Sizes, central_header, local_header
from core.errors import GreenroomError
from core.filesystem import Filesystem

_THREADS = min(os.cpu_count() or 1, 4)
_MAX_BYTES_WAITING = 8 << 20
_MAX_PIECES_WAITING = 64
_SMALL = 32 << 10  # packed at once: to wake another thread would take longer
_SPOOL_IN_MEMORY = 4 << 20


def new_spool(path: Path) -> SpooledTemporaryFile[bytes]:
    """Return a nameless file beside `path`, kept in memory while it is short."""
    return SpooledTemporaryFile(_SPOOL_IN_MEMORY, dir=str(path.parent))


@dataclass(slots=True, eq=False)
class Member:
    """An entry on its way into the archive; `crc32` and `size` grow while its content is read."""

    name: bytes
    kind: Kind
    attributes: Attributes
    crc32: int = 0
    size: int = 0
    packed: int = 0
    offset: int | None = None  # where its header stands, once it was written
    method: int = STORED

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.crc32, self.packed, self.size)


@dataclass(slots=True)
class _Piece:
    """A block of a member: the only one (kept raw, in case it does not shrink), or one of many."""

    member: Member
    waiting: int
    packed: Future[bytes] | bytes
    raw: bytes = b""
    only: bool = False
    last: bool = False

    def is_packed(self) -> bool:
        return not isinstance(self.packed, Future) or self.packed.done()


class Pipeline:
    """Writes members to `file` in the order they are put in; all methods are for one thread."""

    def __init__(self, path: Path, file: IO[bytes], disk: Filesystem) -> None:
        self.position = 0
        self.entries = 0
        self.directory = new_spool(path)
        self._path = path
        self._file = file
        self._disk = disk
        self._queue = deque[_Piece]()
        self._waiting = 0
        self._is_broken = False
        self._pool = ThreadPoolExecutor(_THREADS, "deflate")

    def close(self) -> None:
        """Stop all threads, whatever was put in and not yet written."""
        self._pool.shutdown(cancel_futures=True)
        self.directory.close()

    def put_only(self, member: Member, content: bytes) -> None:
        """Put in a member whose whole content is here."""
        packed = deflate_block(content) if len(content) <= _SMALL else self._pool.submit(deflate_block, content)
        self._put(_Piece(member, len(content), packed, content, only=True, last=True))

    def put_block(self, member: Member, block: bytes, *, last: bool) -> None:
        """Put in one of the blocks of a member."""
        self._put(_Piece(member, len(block), self._pool.submit(deflate_block, block), last=last))

    def take_back(self, member: Member) -> None:
        """Forget a member whose last block was not put in, and all that was written of it."""
        while self._queue and self._queue[-1].member is member:
            piece = self._queue.pop()
            self._waiting -= piece.waiting
            if isinstance(piece.packed, Future):
                piece.packed.cancel()
        if self._is_broken:
            return
        self.drain()
        if member.offset is not None:
            self._seek(member.offset)
            self._file.truncate()

    def drain(self) -> None:
        """Wait until everything put in was written."""
        while self._queue:
            self._write_oldest()

    def write(self, data: bytes) -> None:
        """Write bytes at the end; raise GreenroomError where the disk fails, and ever after."""
        if self._is_broken:
            raise GreenroomError(f"cannot go on writing {self._path}: an earlier write failed")
        self._is_broken = True
        try:
            self._disk.write(self._file, data)
        except OSError as error:
            raise self.write_error(error) from error
        self._is_broken = False
        self.position += len(data)

    def write_error(self, error: OSError) -> GreenroomError:
        return GreenroomError(
            f"cannot write {self._path}: {error.strerror or error}",
            hint="free some space on that file system, or set another `storage`",
        )

    def _put(self, piece: _Piece) -> None:
        self._queue.append(piece)
        self._waiting += piece.waiting
        while self._queue and (self._is_full() or self._queue[0].is_packed()):
            self._write_oldest()

    def _is_full(self) -> bool:
        return self._waiting > _MAX_BYTES_WAITING or len(self._queue) > _MAX_PIECES_WAITING

    def _write_oldest(self) -> None:
        piece = self._queue.popleft()
        self._waiting -= piece.waiting
        packed = piece.packed.result() if isinstance(piece.packed, Future) else piece.packed
        member = piece.member
        if piece.only:
            self._write_whole(member, piece.raw, packed + END_OF_STREAM)
        else:
            self._write_part(member, packed, last=piece.last)
        if piece.last:
            self._note(member)

    def _write_whole(self, member: Member, raw: bytes, packed: bytes) -> None:
        member.offset = self.position
        member.method, content = (DEFLATED, packed) if len(packed) < len(raw) else (STORED, raw)
        member.packed = len(content)
        header = local_header(member.name, member.method, member.attributes, member.sizes, zip64=False)
        self.write(header + content)

    def _write_part(self, member: Member, packed: bytes, *, last: bool) -> None:
        if member.offset is None:
            member.offset, member.method = self.position, DEFLATED
            self.write(self._long_header(member, Sizes(0, 0, 0)))
        if last:
            packed += END_OF_STREAM
        self.write(packed)
        member.packed += len(packed)
        if last:
            end = self.position
            self._seek(member.offset)
            self.write(self._long_header(member, member.sizes))
            self._seek(end)

    @staticmethod
    def _long_header(member: Member, sizes: Sizes) -> bytes:
        return local_header(member.name, member.method, member.attributes, sizes, zip64=True)

    def _note(self, member: Member) -> None:
        if member.offset is not None:
            self.directory.write(
                central_header(
                    member.name, member.kind, member.method, member.attributes, member.sizes, offset=member.offset
                )
            )
            self.entries += 1

    def _seek(self, position: int) -> None:
        try:
            self._file.seek(position)  # flushes what was buffered
        except OSError as error:
            raise self.write_error(error) from error
        self.position = position
