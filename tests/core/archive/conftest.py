"""A site in files, and the archive of it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.archive import ArchiveWriter, Attributes, DatabaseEntry, FolderEntry, Limits, Manifest
from core.filesystem import Filesystem
from core.progress import Reporter

MOMENT = dt.datetime(2026, 1, 31, 12, 0, tzinfo=dt.UTC)
LIMITS = Limits(max_bytes=1 << 40)
OURS = Attributes(0o640, 33, 34, 1_700_000_000)


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def manifest(database: DatabaseEntry, files: tuple[FolderEntry, ...] = ()) -> Manifest:
    return Manifest(
        name="backup_20260131_120000",
        site="app",
        kind="snapshot",
        scope="full",
        created_at=MOMENT,
        time_zone="Europe/Berlin",
        created_by="root",
        description="before the upgrade\nto 2.0 \N{SNOWFLAKE}",
        greenroom_version="0.1.0",
        application_version=None,
        engine="sqlite",
        engine_version="3.40.1",
        database=database,
        tables=(),
        files=files,
    )


def write_site(writer: ArchiveWriter, database: Path, *folders: tuple[str, Path]) -> str:
    """Write a database file and folders as an archive; return the hash of its manifest."""
    written = writer.add_file("database.db", blocks(database), Attributes.of(database.stat()))
    entries = []
    for key, root in folders:
        section = writer.open_folder(key, str(root), Attributes.of(root.stat()))
        for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).parts):
            relative, attributes = str(path.relative_to(root)), Attributes.of(path.lstat())
            if path.is_symlink():
                section.add_link(relative, os.fspath(path.readlink()), attributes)
            elif path.is_dir():
                section.add_folder(relative, attributes)
            else:
                section.add_file(relative, blocks(path), attributes)
        entries.append(section.entry())
    entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
    return writer.finish(manifest(entry, tuple(entries))).manifest_sha256


@pytest.fixture
def new_writer(tmp_path: Path) -> Callable[[], ArchiveWriter]:
    return lambda: ArchiveWriter(tmp_path / "backup.zip.partial", Filesystem(), Reporter())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a database and uploads of every sort that an archive holds."""
    site = tmp_path / "site"
    uploads = site / "uploads"
    (uploads / "empty folder").mkdir(parents=True)
    (uploads / "deep" / "er").mkdir(parents=True)
    (site / "app.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20_000)
    (uploads / "empty.txt").write_bytes(b"")
    (uploads / "poster.png").write_bytes(os.urandom(5_000))
    (uploads / "long.log").write_bytes(b"a line of the log\n" * 200_000)
    (uploads / "exactly.bin").write_bytes(os.urandom(1 << 20))
    (uploads / "deep" / "er" / "one.txt").write_bytes(b"1")
    odd_names = (
        "Größe \N{SNOWFLAKE} 日本.txt",
        "with 'quotes\" & $HOME `x`",
        "-rf",
        "Poster.png",
        " blank ",
        "*?[a]",
        "a:b",
    )
    for name in odd_names:
        (uploads / name).write_text(name)
    (uploads / "link").symlink_to("deep/er/one.txt")
    (uploads / "dangling").symlink_to("nowhere")
    (uploads / "deep" / "up").symlink_to("../poster.png")
    (uploads / "-rf").chmod(0o4711)
    (uploads / "deep").chmod(0o2750)
    for number, path in enumerate(sorted(uploads.rglob("*"))):
        os.utime(path, (0, 1_500_000_000 + number), follow_symlinks=False)
    return site
