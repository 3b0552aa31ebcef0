"""The writer under failure: of the source, of the disk, of the person who has enough."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from core.archive import ArchiveWriter, Attributes, DatabaseEntry, Written, open_archive
from core.errors import CancelledError, GreenroomError
from core.filesystem import Filesystem
from core.progress import CancelToken, Progress, Reporter
from tests.core.archive.conftest import LIMITS, OURS, manifest

NewWriter = Callable[[], ArchiveWriter]


class _SourceError(Exception):
    pass


def failing(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks
    raise _SourceError


def finish(writer: ArchiveWriter, database: Written) -> None:
    writer.finish(manifest(DatabaseEntry(member="database.db", bytes=database.bytes, sha256=database.sha256)))


@pytest.mark.parametrize("length", [0, 1, 100, 1 << 20, (1 << 20) + 1, 40 << 20], ids=lambda length: f"{length} bytes")
def test_a_file_whose_source_fails_can_be_tried_again(new_writer: NewWriter, tmp_path: Path, length: int) -> None:
    half, whole = os.urandom(length), b"the whole database"
    with new_writer() as writer:
        with pytest.raises(_SourceError):
            writer.add_file("database.db", failing(half), OURS)
        with pytest.raises(_SourceError):
            writer.add_file("database.db", failing(half, half[: 1 << 20]), OURS)
        finish(writer, writer.add_file("database.db", [whole], OURS))
    with open_archive(tmp_path / "backup.zip.partial", LIMITS) as archive:
        archive.verify(Reporter())
        assert [entry.name for entry in archive.entries] == ["database.db", "metadata.json", "checksums.sha256"]
        assert b"".join(archive.read(next(archive.entries))) == whole


def test_a_file_tried_again_leaves_its_neighbours_alone(new_writer: NewWriter, tmp_path: Path) -> None:
    with new_writer() as writer:
        database = writer.add_file("database.db", [b"data"], OURS)
        section = writer.open_folder("", "/srv", OURS)
        section.add_file("before", (bytes([number]) * (1 << 20) for number in range(20)), OURS)
        with pytest.raises(_SourceError):
            section.add_file("again", failing(bytes(30 << 20)), OURS)
        section.add_file("again", [b"whole"], OURS)
        section.add_file("behind", [b"x"], OURS)
        entry = DatabaseEntry(member="database.db", bytes=database.bytes, sha256=database.sha256)
        writer.finish(manifest(entry, (section.entry(),)))
    with open_archive(tmp_path / "backup.zip.partial", LIMITS) as archive:
        archive.verify(Reporter())
        sizes = {entry.relative: entry.size for entry in archive.entries if entry.folder == ""}
    assert sizes == {"": 0, "before": 20 << 20, "again": 5, "behind": 1}


@pytest.mark.parametrize(
    "sizes", [[0], [1], [1 << 20], [700_000] * 4, [1] * 5_000, [5 << 20, 0, 1], [(1 << 20) - 1, 2]]
)
def test_content_does_not_depend_on_how_it_is_cut(new_writer: NewWriter, tmp_path: Path, sizes: list[int]) -> None:
    chunks = [os.urandom(size) for size in sizes]
    with new_writer() as writer:
        finish(writer, writer.add_file("database.db", iter(chunks), OURS))
    with open_archive(tmp_path / "backup.zip.partial", LIMITS) as archive:
        assert b"".join(archive.read(next(archive.entries))) == b"".join(chunks)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("files/a\nb", "control character"),
        ("files/a\\b", "backslash"),
        (os.fsdecode(b"files/caf\xe9"), "is not UTF-8"),
        ("files/../x", "climbs out"),
        ("files/" + "x" * 256, "longer than a file system"),
    ],
)
def test_a_name_that_no_archive_can_hold_is_an_error_that_says_what_to_do(
    new_writer: NewWriter, name: str, problem: str
) -> None:
    with new_writer() as writer:
        for add in (
            lambda: writer.add_file(name, [b"x"], OURS),
            lambda: writer.add_folder(f"{name}/", OURS),
            lambda: writer.add_link(name, "target", OURS),
        ):
            with pytest.raises(GreenroomError, match=problem) as refusal:
                add()
            assert "exclude" in refusal.value.hint


@pytest.mark.parametrize(("target", "problem"), [("", "is empty"), ("x" * 4096, "is longer"), ("a\0b", "holds a NUL")])
def test_a_target_that_no_link_can_have_is_an_error(new_writer: NewWriter, target: str, problem: str) -> None:
    with new_writer() as writer, pytest.raises(GreenroomError, match=f"its target {problem}"):
        writer.add_link("files/l", target, OURS)


class _SmallDisk(Filesystem):
    """A disk that is full after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data)


class _InterruptedDisk(Filesystem):
    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        raise KeyboardInterrupt


class _UnsafeDisk(Filesystem):
    def fsync(self, file: IO[bytes]) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("room", [0, 10, 100, 3 << 20, 20 << 20])
def test_a_full_disk_is_a_clear_error_then_and_ever_after(tmp_path: Path, room: int) -> None:
    noise = os.urandom(1 << 20)

    def fill(writer: ArchiveWriter) -> None:
        for number in range(30):
            writer.add_file(f"files/{number}", [noise] * (number % 3), OURS)
        finish(writer, writer.add_file("database.db", [noise] * 10, OURS))

    with ArchiveWriter(tmp_path / "full.zip.partial", _SmallDisk(room), Reporter()) as writer:
        with pytest.raises(GreenroomError, match="No space left on device") as refusal:
            fill(writer)
        assert "free some space" in refusal.value.hint
        with pytest.raises(GreenroomError, match="an earlier write failed"):
            finish(writer, writer.add_file("database.db", [b"x"], OURS))


def test_an_interrupt_in_the_middle_of_a_write_passes(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        ArchiveWriter(tmp_path / "interrupted.zip.partial", _InterruptedDisk(), Reporter()) as writer,
    ):
        writer.add_file("database.db", (os.urandom(1 << 20) for _ in range(30)), OURS)


def test_a_failing_fsync_is_a_clear_error(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "unsafe.zip.partial", _UnsafeDisk(), Reporter()) as writer:
        database = writer.add_file("database.db", [b"x"], OURS)
        with pytest.raises(GreenroomError, match="Input/output error"):
            finish(writer, database)


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "there.zip"
    path.write_bytes(b"precious")
    with pytest.raises(GreenroomError, match="cannot create"), ArchiveWriter(path, Filesystem(), Reporter()):
        pass
    assert path.read_bytes() == b"precious"


def test_progress_counts_the_bytes_read_and_cancelling_stops(tmp_path: Path) -> None:
    told: list[Progress] = []
    token = CancelToken()
    moments = iter(range(10_000))
    reporter = Reporter(told.append, token, lambda: next(moments))

    def chunks() -> Iterator[bytes]:
        yield bytes(2 << 20)
        token.cancel("enough")
        yield bytes(1 << 20)

    with ArchiveWriter(tmp_path / "cancelled.zip", Filesystem(), reporter) as writer:
        writer.add_file("files/x", [bytes(1_500_000)], OURS)
        assert told[-1].done == 1_500_000
        with pytest.raises(CancelledError):
            writer.add_file("database.db", chunks(), OURS)


def test_no_thread_outlives_the_writer_or_the_reader(new_writer: NewWriter, tmp_path: Path) -> None:
    before = threading.active_count()
    with new_writer() as writer:
        finish(writer, writer.add_file("database.db", (os.urandom(1 << 20) for _ in range(4)), OURS))
    assert threading.active_count() == before
    with open_archive(tmp_path / "backup.zip.partial", LIMITS) as archive:
        next(archive.read(next(archive.entries)))
    assert threading.active_count() == before
    with pytest.raises(_SourceError), ArchiveWriter(tmp_path / "failed.zip", Filesystem(), Reporter()) as writer:
        writer.add_file("database.db", failing(bytes(40 << 20)), OURS)
    assert threading.active_count() == before


def test_a_fork_right_after_the_import_can_write_and_read(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from core.archive import ArchiveWriter, DatabaseEntry, open_archive
from core.filesystem import Filesystem
from core.progress import Reporter
from tests.core.archive.conftest import LIMITS, OURS, manifest
path = Path(sys.argv[1])
child = os.fork()
if child == 0:
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        written = writer.add_file("database.db", [bytes(1 << 20)] * 5, OURS)
        writer.finish(manifest(DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)))
    with open_archive(path, LIMITS) as archive:
        archive.verify(Reporter())
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "forked.zip")]
    subprocess.run(command, check=True, timeout=60, cwd=Path(__file__).parents[3])


def test_attributes_are_what_the_system_says(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    path.chmod(0o2641)
    os.utime(path, ns=(0, -1_500_000_000))
    status = path.stat()
    assert Attributes.of(status) == Attributes(0o2641, status.st_uid, status.st_gid, -2)
