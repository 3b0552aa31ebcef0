"""Writes an archive: members one after the other, then the manifest, the checksums and the directory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Self

from core.archive.checksums import checksum_line
from core.archive.deflate import BLOCK, crc32
from core.archive.listing import NOTHING_SHA256, FolderListing
from core.archive.manifest import FolderEntry, Manifest, folder_prefix
from core.archive.names import problem_with_name, problem_with_target, shown
from core.archive.pipeline import Member, Pipeline, new_spool
from core.archive.zipformat import Attributes, Kind, end_records
from core.errors import GreenroomError
from core.filesystem import PRIVATE_FILE, Filesystem
from core.progress import Reporter

_HINT = "rename it, or leave it out with `exclude`"


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it went into the archive."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole archive: its length, and the SHA-256 of its manifest, which is its identity."""

    bytes: int
    manifest_sha256: str


class ArchiveWriter:
    """Writes a new archive at `path`; nothing counts before `finish` returned.

    Leaving the context without `finish` leaves a useless file at `path`, for the caller to remove. An error
    of the disk while writing is a GreenroomError; errors of the content's source are passed on as they are.
    """

    def __init__(self, path: Path, disk: Filesystem, reporter: Reporter) -> None:
        self._path = path
        self._disk = disk
        self._reporter = reporter
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Create the file, private to its owner; an existing one is a GreenroomError."""
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(self._disk.create(self._path, PRIVATE_FILE))
            except OSError as error:
                raise GreenroomError(f"cannot create {self._path}: {error.strerror}") from error
            self._pipeline = Pipeline(self._path, self._file, self._disk)
            stack.callback(self._pipeline.close)
            self._checksums = stack.enter_context(new_spool(self._path))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add_file(self, name: str, chunks: Iterable[bytes], attributes: Attributes) -> Written:
        """Add a file with the content that `chunks` yields; return its length and hash.

        Where `chunks` raises, the archive is again as it was before, so that the file can be tried again.
        """
        return self._add_file(name, chunks, attributes, self._reporter)

    def add_folder(self, name: str, attributes: Attributes) -> None:
        """Add a folder; its name ends with `/`."""
        self._pipeline.put_only(Member(_checked(name), Kind.FOLDER, attributes), b"")

    def add_link(self, name: str, target: str, attributes: Attributes) -> Written:
        """Add a symbolic link, wherever its target leads."""
        problem = problem_with_target(target)
        if problem:
            raise GreenroomError(f"cannot back up the link {shown(name)}: its target {problem}", hint=_HINT)
        content = os.fsencode(target)
        member = Member(_checked(name), Kind.LINK, attributes, crc32(content), len(content))
        self._pipeline.put_only(member, content)
        return Written(len(content), hashlib.sha256(content).hexdigest())

    def open_folder(self, key: str, path: str, attributes: Attributes) -> FolderSection:
        """Begin a folder of files, from `path`, with its root's attributes; the section takes the rest."""
        return FolderSection(self, key, path, attributes)

    def finish(self, manifest: Manifest) -> Finished:
        """Write manifest, checksums and directory, and make the file durable under the name it has."""
        ours = Attributes.ours(manifest.created_at)
        content = manifest.to_bytes()
        metadata = self._add_file("metadata.json", [content], ours, None)
        self._checksums.seek(0)
        self._add_file("checksums.sha256", _chunks(self._checksums), ours, None)
        self._write_directory()
        return Finished(self._pipeline.position, metadata.sha256)

    def _add_file(
        self, name: str, chunks: Iterable[bytes], attributes: Attributes, reporter: Reporter | None
    ) -> Written:
        member = Member(_checked(name), Kind.FILE, attributes)
        digest = hashlib.sha256()
        try:
            held: bytes | None = None
            many = False
            for block in _blocks(chunks):
                if held is not None:
                    self._pipeline.put_block(member, held, last=False)
                    many = True
                digest.update(block)
                member.crc32 = crc32(block, member.crc32)
                member.size += len(block)
                held = block
                if reporter is not None:
                    reporter.advance(len(block))
        except BaseException:
            self._pipeline.take_back(member)
            raise
        if many and held is not None:
            self._pipeline.put_block(member, held, last=True)
        else:
            self._pipeline.put_only(member, held or b"")
        sha256 = digest.hexdigest()
        self._checksums.write(checksum_line(sha256, name))
        return Written(member.size, sha256)

    def _write_directory(self) -> None:
        pipeline = self._pipeline
        pipeline.drain()
        start = pipeline.position
        pipeline.directory.seek(0)
        for chunk in _chunks(pipeline.directory):
            pipeline.write(chunk)
        pipeline.write(end_records(pipeline.entries, pipeline.position - start, start))
        try:
            self._disk.fsync(self._file)
        except OSError as error:
            raise pipeline.write_error(error) from error


class FolderSection:
    """One folder of files in an archive that is being written; paths are relative to its root."""

    def __init__(self, writer: ArchiveWriter, key: str, path: str, attributes: Attributes) -> None:
        self._writer = writer
        self._key = key
        self._path = path
        self._prefix = folder_prefix(key)
        self._listing = FolderListing()
        self.add_folder("", attributes)

    def add_file(self, relative: str, chunks: Iterable[bytes], attributes: Attributes) -> Written:
        """Add a file, as ArchiveWriter.add_file does."""
        written = self._writer.add_file(self._prefix + relative, chunks, attributes)
        self._listing.add(relative, Kind.FILE, attributes, written.bytes, written.sha256)
        return written

    def add_folder(self, relative: str, attributes: Attributes) -> None:
        """Add a folder; it comes before its content."""
        self._writer.add_folder(f"{self._prefix}{relative}/" if relative else self._prefix, attributes)
        self._listing.add(relative, Kind.FOLDER, attributes, 0, NOTHING_SHA256)

    def add_link(self, relative: str, target: str, attributes: Attributes) -> None:
        """Add a symbolic link, wherever its target leads."""
        written = self._writer.add_link(self._prefix + relative, target, attributes)
        self._listing.add(relative, Kind.LINK, attributes, written.bytes, written.sha256)

    def entry(self) -> FolderEntry:
        """Return what the manifest says of the folder, with all that was added to it so far."""
        return self._listing.entry(self._key, self._path)


def _checked(name: str) -> bytes:
    problem = problem_with_name(name)
    if problem:
        raise GreenroomError(f"cannot back up {shown(name)}: the name {problem}", hint=_HINT)
    return name.encode()


def _chunks(file: SpooledTemporaryFile[bytes] | IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(BLOCK):
        yield chunk


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut or join chunks so that all blocks but the last are of one length."""
    parts: list[bytes] = []
    length = 0
    for chunk in chunks:
        parts.append(chunk)
        length += len(chunk)
        if length >= BLOCK:
            whole = parts[0] if len(parts) == 1 else b"".join(parts)
            for start in range(0, length - BLOCK + 1, BLOCK):
                yield whole if length == BLOCK else whole[start : start + BLOCK]
            rest = whole[length - length % BLOCK :]
            parts, length = ([rest], len(rest)) if rest else ([], 0)
    if length:
        yield b"".join(parts)
