"""Reads an archive's files in a thread of its own, a little ahead of whoever writes them somewhere."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from core.archive.directory import Entry
from core.archive.reader import Archive
from core.archive.zipformat import Kind

_BATCH_BYTES = 1 << 20  # handed over at once: small files one by one would cost more than they gain
_BATCH_PIECES = 64
_MOST_BATCHES = 8
_SECONDS_BETWEEN_LOOKS = 0.1


class _Piece(NamedTuple):
    """A part of an entry's content; a folder and a link have one empty piece."""

    entry: Entry
    block: bytes
    last: bool


_Batch = list[_Piece] | None


@contextmanager
def reading_ahead(archive: Archive) -> Iterator[Iterator[tuple[Entry, Iterator[bytes]]]]:
    """Yield the entries of an open archive, each with the content of a file as `Archive.read` yields it.

    The content must be taken before the next entry is. What is wrong with the archive is raised where it is met.
    """
    batches: queue.Queue[_Batch] = queue.Queue(_MOST_BATCHES)
    stopped = threading.Event()
    with ThreadPoolExecutor(1, "reading ahead") as executor:
        reader = executor.submit(_read, archive, batches, stopped)
        try:
            yield _entries(_pieces(batches, reader))
        finally:
            stopped.set()


def _read(archive: Archive, batches: queue.Queue[_Batch], stopped: threading.Event) -> None:
    try:
        for batch in _batches(_all_pieces(archive)):
            if not _put(batches, batch, stopped):
                return
    finally:
        _put(batches, None, stopped)


def _batches(pieces: Iterator[_Piece]) -> Iterator[list[_Piece]]:
    batch: list[_Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.block)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_PIECES:
            yield batch
            batch, size = [], 0
    yield batch


def _all_pieces(archive: Archive) -> Iterator[_Piece]:
    for entry in archive.entries:
        held = b""
        if entry.kind is Kind.FILE:
            for block in archive.read(entry):
                if held:
                    yield _Piece(entry, held, last=False)
                held = block
        yield _Piece(entry, held, last=True)


def _put(batches: queue.Queue[_Batch], batch: _Batch, stopped: threading.Event) -> bool:
    """Return whether it was put in before nobody wanted it any more."""
    while not stopped.is_set():
        try:
            batches.put(batch, timeout=_SECONDS_BETWEEN_LOOKS)
        except queue.Full:
            continue
        return True
    return False


def _pieces(batches: queue.Queue[_Batch], reader: Future[None]) -> Iterator[_Piece]:
    while (batch := batches.get()) is not None:
        yield from batch
    reader.result()  # raises what the reader met


def _entries(pieces: Iterator[_Piece]) -> Iterator[tuple[Entry, Iterator[bytes]]]:
    for piece in pieces:
        yield piece.entry, _content(piece, pieces)


def _content(piece: _Piece, following: Iterator[_Piece]) -> Iterator[bytes]:
    if piece.block:
        yield piece.block
    while not piece.last:
        piece = next(following)
        yield piece.block
