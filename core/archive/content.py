"""The content of one entry: inflated, measured and hashed while it is read."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

from core.archive.deflate import BLOCK, INFLATE_ERRORS, crc32, new_inflater
from core.archive.directory import Entry, content_offset
from core.archive.names import shown
from core.archive.source import Source
from core.archive.zipformat import STORED
from core.errors import VerificationError

_PACKED_CHUNK = 256 << 10
_MAX_CHUNKS_UNHASHED = 4


def read_content(source: Source, entry: Entry, hashing: Callable[[], Executor]) -> Iterator[bytes]:
    """Yield the content of a file or link in chunks, and never more than the entry's size.

    Only when the last chunk was taken is the content known to be right: raise VerificationError where it is
    shorter or longer than declared, or where CRC-32 or SHA-256 (if the entry has one) disagree. `hashing`
    gives the one thread that hashes beside the inflating, where there is enough content to be worth it.
    """
    digest = _Digest(hashing if entry.size > BLOCK else None) if entry.sha256 else None
    crc, size = 0, 0
    for chunk in _raw_content(source, entry):
        size += len(chunk)
        if size > entry.size:
            raise VerificationError(f"{shown(entry.name)} holds more than the {entry.size} bytes it declares")
        crc = crc32(chunk, crc)
        if digest is not None:
            digest.update(chunk)
        yield chunk
    if size < entry.size:
        raise VerificationError(f"{shown(entry.name)} holds {size} bytes and declares {entry.size}")
    if crc != entry.crc32:
        raise VerificationError(f"{shown(entry.name)} is damaged: its CRC-32 disagrees")
    if digest is not None and digest.hexdigest() != entry.sha256:
        raise VerificationError(f"{shown(entry.name)} is damaged: its SHA-256 disagrees")


class _Digest:
    """SHA-256, in another thread if there is one."""

    def __init__(self, hashing: Callable[[], Executor] | None) -> None:
        self._digest = hashlib.sha256()
        self._executor = hashing() if hashing else None
        self._pending = deque[Future[None]]()

    def update(self, chunk: bytes) -> None:
        if self._executor is None:
            self._digest.update(chunk)
            return
        self._pending.append(self._executor.submit(self._digest.update, chunk))
        if len(self._pending) > _MAX_CHUNKS_UNHASHED:
            self._pending.popleft().result()

    def hexdigest(self) -> str:
        while self._pending:
            self._pending.popleft().result()
        return self._digest.hexdigest()


def _raw_content(source: Source, entry: Entry) -> Iterator[bytes]:
    packed = _packed_content(source, entry)
    return packed if entry.method == STORED else _inflated(packed, entry)


def _packed_content(source: Source, entry: Entry) -> Iterator[bytes]:
    position = content_offset(source, entry)
    end = position + entry.packed
    while position < end:
        chunk = source.read_at(position, min(_PACKED_CHUNK, end - position))
        position += len(chunk)
        yield chunk


def _inflated(packed: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    """Inflate at most one byte more than the declared size, so that too much is noticed and never made."""
    inflater = new_inflater()
    data = b""
    left = entry.size + 1
    try:
        while not inflater.eof and left:
            data = data or next(packed, b"")
            had_input = bool(data)
            chunk = inflater.decompress(data, min(left, BLOCK))
            data = inflater.unconsumed_tail
            left -= len(chunk)
            if chunk:
                yield chunk
            elif not had_input:
                raise VerificationError(f"{shown(entry.name)} is truncated in the middle of its content")
    except INFLATE_ERRORS as error:
        raise VerificationError(f"{shown(entry.name)} is damaged: it cannot be inflated") from error
    if left and (data or inflater.unused_data or next(packed, b"")):
        raise VerificationError(f"{shown(entry.name)} is followed by bytes that are not part of it")
