"""Files of envelopes taken in: those of a ZIP file or a folder, checked before they are read; no link is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.archive.checks import Limits, survey
from core.archive.content import read_content
from core.archive.directory import Entry, find_directory, read_entries
from core.archive.source import Source
from core.archive.zipformat import Kind
from core.errors import GreenroomError, UsageError, VerificationError
from core.library.exchange.reading import MOST_BYTES
from core.words import plural

MOST_FILES = 100_000
MOST_UNPACKED = 2 << 30
ZIP_MAGIC = b"PK"

_LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}
_MAC = "__MACOSX"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file by its name within the ZIP or folder, `/` between the parts; reading it raises GreenroomError."""

    name: str
    read: Callable[[], bytes]


def is_zip(path: Path) -> bool:
    """Return whether a file begins as a ZIP file does; raise GreenroomError where it cannot be read.

    A pipe is none: what is read of it to see would be gone.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


@contextmanager
def open_files(path: Path) -> Iterator[list[FoundFile]]:
    """Open a ZIP file or a folder, and yield its files in the order of their names, to be read within the block.

    Raise VerificationError where it is no sound ZIP file, or holds more than MOST_FILES or MOST_UNPACKED bytes.
    """
    if path.is_dir():
        yield _of_folder(path)
        return
    with ExitStack() as closing:
        source = Source(path)
        closing.callback(source.close)
        yield _of_zip(source)


def _of_zip(source: Source) -> list[FoundFile]:
    try:
        directory = find_directory(source)
        survey(source, directory, Limits(MOST_UNPACKED, MOST_FILES))
    except VerificationError as error:
        most = f"at most {MOST_FILES:,} files of {MOST_UNPACKED >> 30} GiB together"
        raise VerificationError(error.message, hint=f"nothing was imported; a ZIP of categories has {most}") from error
    entries = [entry for entry in read_entries(source, directory) if not _is_noise(entry.name)]
    entries.sort(key=lambda entry: entry.name)
    return [FoundFile(entry.name, _reader(source, entry)) for entry in entries if entry.kind is not Kind.FOLDER]


def _reader(source: Source, entry: Entry) -> Callable[[], bytes]:
    def read() -> bytes:
        if entry.kind is not Kind.FILE:
            raise UsageError("it is a link, not a file")
        _refuse_what_is_not_json(entry.name, entry.size)
        return b"".join(read_content(source, entry, _no_thread))

    return read


def _no_thread() -> Executor:
    raise AssertionError("entries of such a ZIP have no hash")


def _of_folder(folder: Path) -> list[FoundFile]:
    found: list[FoundFile] = []
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    name = str(PurePosixPath(os.path.relpath(entry.path, folder)))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif not _is_noise(name):
                        found.append(FoundFile(name, _file_reader(Path(entry.path), name)))
                    if len(found) + len(waiting) > MOST_FILES:
                        raise UsageError(f"{folder} holds more than {plural(MOST_FILES, 'file')}")
        except OSError as error:
            raise GreenroomError(f"cannot look into {folder}: {error.strerror}") from error
    return sorted(found, key=lambda file: file.name)


def _file_reader(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise UsageError("it is no regular file")
            _refuse_what_is_not_json(name, status.st_size)
            return read_file(path)
        except OSError as error:
            raise GreenroomError(f"it cannot be read: {error.strerror}") from error

    return read


def read_file(path: Path) -> bytes:
    """Return the content of a file; raise UsageError where it is too long to be an envelope."""
    # Without O_NONBLOCK a FIFO of that name would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)  # one that writes into a pipe, as in <(command), may take its time
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    _refuse_what_is_too_long(len(data))
    return data


def _refuse_what_is_not_json(name: str, size: int) -> None:
    if not name.lower().endswith(".json"):
        raise UsageError("it is no .json file")
    _refuse_what_is_too_long(size)


def _refuse_what_is_too_long(size: int) -> None:
    if size > MOST_BYTES:
        raise UsageError(f"it is longer than {MOST_BYTES >> 20} MiB")


def _is_noise(name: str) -> bool:
    """Whether a file is one that an operating system leaves everywhere."""
    parts = name.rstrip("/").split("/")
    return _MAC in parts or parts[-1] in _LEFT_BY_SYSTEMS
