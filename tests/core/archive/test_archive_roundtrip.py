"""What goes into an archive comes out of it, by greenroom and by the tools that everybody has."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.archive import ArchiveWriter, Attributes, DatabaseEntry, Kind, Manifest, Verified, file_sha256, open_archive
from core.errors import GreenroomError, VerificationError
from core.filesystem import Filesystem
from core.progress import Progress, Reporter
from tests.core.archive.conftest import LIMITS, MOMENT, OURS, manifest, write_site


@pytest.fixture
def archive(tmp_path: Path, site: Path) -> Path:
    path = tmp_path / "backup.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        write_site(writer, site / "app.db", ("", site / "uploads"))
    return path


def test_everything_comes_back(archive: Path, site: Path) -> None:
    uploads = site / "uploads"
    with open_archive(archive, LIMITS) as opened:
        found = {entry.relative: entry for entry in opened.entries if entry.folder is not None}
        originals = {str(path.relative_to(uploads)): path for path in uploads.rglob("*")}
        assert found.keys() == originals.keys() | {""}
        for relative, original in {"": uploads, **originals}.items():
            entry = found[relative]
            assert entry.attributes == Attributes.of(original.lstat())
            if original.is_symlink():
                assert (entry.kind, opened.read_link(entry)) == (Kind.LINK, os.fspath(original.readlink()))
            elif original.is_dir():
                assert entry.kind is Kind.FOLDER
            else:
                assert b"".join(opened.read(entry)) == original.read_bytes()
        (database,) = [entry for entry in opened.entries if entry.name == "database.db"]
        assert b"".join(opened.read(database)) == (site / "app.db").read_bytes()


def test_the_manifest_comes_back_and_its_hash_is_known(archive: Path, site: Path) -> None:
    with open_archive(archive, LIMITS) as opened:
        assert opened.manifest is not None
        assert not opened.foreign
        assert opened.bare is None
        (folder,) = opened.manifest.files
        assert (folder.key, folder.path, folder.files, folder.folders, folder.links) == (
            "",
            str(site / "uploads"),
            12,
            3,
            3,
        )
        assert opened.manifest.created_at == MOMENT
        assert opened.manifest.description == "before the upgrade\nto 2.0 \N{SNOWFLAKE}"
        with zipfile.ZipFile(archive) as stock:
            content = stock.read("metadata.json")
        assert opened.manifest_sha256 == hashlib.sha256(content).hexdigest()
        assert Manifest.model_validate_json(content) == opened.manifest
        assert opened.manifest.to_bytes() == content


def test_verifying_reads_everything_and_reports_it(archive: Path) -> None:
    told: list[Progress] = []
    moments = iter(range(10_000))
    reporter = Reporter(told.append, monotonic=lambda: next(moments))
    with open_archive(archive, LIMITS) as opened:
        assert opened.verify(reporter) == Verified(files=15, bytes=opened.total_bytes, hashed=True)
        links = sum(entry.size for entry in opened.entries if entry.kind is Kind.LINK)
        assert told[-1] == Progress("reading back", opened.total_bytes - links, opened.total_bytes, "bytes")


def test_the_same_site_makes_the_same_manifest(tmp_path: Path, site: Path, archive: Path) -> None:
    with ArchiveWriter(tmp_path / "again.zip", Filesystem(), Reporter()) as writer:
        again = write_site(writer, site / "app.db", ("", site / "uploads"))
    with open_archive(archive, LIMITS) as opened:
        assert opened.manifest_sha256 == again


def test_a_change_of_content_changes_the_manifest(tmp_path: Path, site: Path, archive: Path) -> None:
    poster = site / "uploads" / "poster.png"
    times = poster.stat()
    poster.write_bytes(os.urandom(5_000))
    os.utime(poster, ns=(times.st_atime_ns, times.st_mtime_ns))
    with ArchiveWriter(tmp_path / "again.zip", Filesystem(), Reporter()) as writer:
        again = write_site(writer, site / "app.db", ("", site / "uploads"))
    with open_archive(archive, LIMITS) as opened:
        assert opened.manifest_sha256 != again


def test_the_archive_is_private(archive: Path) -> None:
    assert archive.stat().st_mode & 0o7777 == 0o600


def test_stock_unzip_and_sha256sum_agree(tmp_path: Path, archive: Path, site: Path) -> None:
    target = tmp_path / "by hand"
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(["unzip", "-tq", archive], check=True, env=environment, capture_output=True)
    subprocess.run(["unzip", "-q", "-K", archive, "-d", target], check=True, env=environment, capture_output=True)
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "checksums.sha256"], check=True, cwd=target)
    for original in (site / "uploads").rglob("*"):
        copy = target / "files" / original.relative_to(site / "uploads")
        assert copy.is_symlink() == original.is_symlink()
        if original.is_symlink():
            assert copy.readlink() == original.readlink()
            continue
        assert copy.stat().st_mode == original.stat().st_mode
        assert int(copy.stat().st_mtime) == int(original.stat().st_mtime)
        if original.is_file():
            assert copy.read_bytes() == original.read_bytes()


def test_python_reads_it(archive: Path, site: Path) -> None:
    with zipfile.ZipFile(archive) as stock:
        assert stock.testzip() is None
        assert stock.read("files/Größe \N{SNOWFLAKE} 日本.txt").decode() == "Größe \N{SNOWFLAKE} 日本.txt"
        names = stock.namelist()
        assert names[0] == "database.db"
        assert names[-2:] == ["metadata.json", "checksums.sha256"]


def test_several_folders_round_trip(tmp_path: Path, site: Path) -> None:
    path = tmp_path / "several.zip"
    (site / "media").mkdir()
    (site / "media" / "film.mkv").write_bytes(b"film")
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        write_site(writer, site / "app.db", ("uploads", site / "uploads"), ("media", site / "media"))
    with open_archive(path, LIMITS) as opened:
        assert opened.verify(Reporter()).hashed
        assert opened.manifest is not None
        assert [folder.prefix for folder in opened.manifest.files] == ["files/uploads/", "files/media/"]


def test_a_leaving_link_is_kept_and_needs_consent_to_open(tmp_path: Path, site: Path) -> None:
    (site / "uploads" / "out").symlink_to("/etc/passwd")
    path = tmp_path / "leaving.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        write_site(writer, site / "app.db", ("", site / "uploads"))
    with pytest.raises(VerificationError, match="leaves its folder"):
        open_archive(path, LIMITS)
    with open_archive(path, LIMITS, allow_leaving_links=True) as opened:
        assert opened.verify(Reporter()).hashed


def test_targets_that_are_not_utf8_come_back(tmp_path: Path, site: Path) -> None:
    target = os.fsdecode(b"caf\xe9")
    (site / "uploads" / "latin").symlink_to(target)
    path = tmp_path / "latin.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        write_site(writer, site / "app.db", ("", site / "uploads"))
    with open_archive(path, LIMITS) as opened:
        (entry,) = [entry for entry in opened.entries if entry.relative == "latin"]
        assert opened.read_link(entry) == target


@pytest.mark.parametrize(
    "mtime", [-2_000_000_000, -1, 0, 1, 2_147_483_647, 2_147_483_648, 9_999_999_999, -9_999_999_999]
)
def test_times_outside_1970_to_2038_come_back(
    new_writer: Callable[[], ArchiveWriter], tmp_path: Path, mtime: int
) -> None:
    attributes = Attributes(0o640, 0, 0, mtime)
    with new_writer() as writer:
        written = writer.add_file("database.db", [b"data"], OURS)
        section = writer.open_folder("", "/srv", attributes)
        section.add_file("x", [b"x"], attributes)
        entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
        writer.finish(manifest(entry, (section.entry(),)))
    with open_archive(tmp_path / "backup.zip.partial", LIMITS) as opened:
        assert [entry.attributes for entry in opened.entries if entry.folder == ""] == [attributes] * 2


def test_many_small_files(tmp_path: Path, site: Path) -> None:
    many = site / "many"
    for number in range(3_000):
        folder = many / f"{number % 40:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.json").write_text(f'{{"number": {number}}}' * (number % 50))
    path = tmp_path / "many.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        write_site(writer, site / "app.db", ("", many))
    with open_archive(path, LIMITS) as opened:
        assert opened.verify(Reporter()).files == 3_003
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)


def test_more_entries_than_16_bits_count(tmp_path: Path) -> None:
    path = tmp_path / "wide.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        written = writer.add_file("database.db", [b"data"], OURS)
        section = writer.open_folder("", "/srv", OURS)
        for number in range(66_000):
            section.add_folder(f"{number}", OURS)
        entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
        writer.finish(manifest(entry, (section.entry(),)))
    with open_archive(path, LIMITS) as opened:
        assert opened.manifest is not None
        assert opened.manifest.files[0].folders == 66_000
    with zipfile.ZipFile(path) as stock:
        assert len(stock.namelist()) == 66_004


@pytest.mark.long
def test_content_longer_than_32_bits_count(tmp_path: Path) -> None:
    """5 GiB that shrink to nothing, then 4.1 GiB that do not shrink, so that offsets outgrow 32 bits too."""
    path = tmp_path / "huge.zip"
    noise = os.urandom(1 << 20)
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        written = writer.add_file("database.db", (bytes(1 << 20) for _ in range(5 << 10)), OURS)
        section = writer.open_folder("", "/srv", OURS)
        section.add_file("noise", (noise for _ in range(4200)), OURS)
        section.add_file("small", [b"behind 4 GiB"], OURS)
        entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
        writer.finish(manifest(entry, (section.entry(),)))
    assert written.bytes == 5 << 30
    with open_archive(path, LIMITS) as opened:
        opened.verify(Reporter())
        (small,) = [entry for entry in opened.entries if entry.relative == "small"]
        assert small.offset > 1 << 32
        assert b"".join(opened.read(small)) == b"behind 4 GiB"
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)
    with zipfile.ZipFile(path) as stock:
        assert stock.getinfo("database.db").file_size == 5 << 30


def write_bare(path: Path, site: Path) -> None:
    """As FastCMS does it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stock:
        stock.write(site / "app.db", "database.db")
        for file in (site / "uploads").rglob("*"):
            if file.is_file():
                stock.write(file, f"files/{file.relative_to(site / 'uploads')}")
        metadata = '{"created_at": "2025-01-15T10:00:00.5", "app_version": "0.2.0", "backup_name": "backup_x"}'
        stock.writestr("metadata.json", metadata)


def test_a_bare_archive_is_foreign_and_readable(tmp_path: Path, site: Path) -> None:
    path = tmp_path / "bare.zip"
    write_bare(path, site)
    with open_archive(path, LIMITS) as opened:
        assert opened.foreign
        assert opened.manifest is None
        assert opened.bare is not None
        assert opened.bare.created_at == dt.datetime(2025, 1, 15, 10, 0, 0, 500_000, tzinfo=dt.UTC)
        assert (opened.bare.app_version, opened.bare.backup_name) == ("0.2.0", "backup_x")
        assert opened.verify(Reporter()) == Verified(files=16, bytes=opened.total_bytes, hashed=False)
        content = {entry.name: b"".join(opened.read(entry)) for entry in opened.entries}
    assert content["database.db"] == (site / "app.db").read_bytes()
    assert content["files/-rf"] == b"-rf"


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip is not installed")
def test_a_bare_archive_made_by_zip_is_readable(tmp_path: Path, site: Path) -> None:
    shutil.copy(site / "app.db", tmp_path / "database.db")
    shutil.copytree(site / "uploads", tmp_path / "files", symlinks=True)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["zip", "-qry", "made.zip", "database.db", "files"]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    with open_archive(tmp_path / "made.zip", LIMITS) as opened:
        assert opened.foreign
        assert opened.bare is None
        opened.verify(Reporter())
        found = {entry.relative: entry for entry in opened.entries if entry.folder is not None}
        assert opened.read_link(found["link"]) == "deep/er/one.txt"
        assert b"".join(opened.read(found["Größe \N{SNOWFLAKE} 日本.txt"])).decode() == "Größe \N{SNOWFLAKE} 日本.txt"
        assert found["-rf"].attributes == Attributes.of((tmp_path / "files" / "-rf").stat())


def test_without_isal_it_writes_and_reads_the_same(tmp_path: Path, site: Path, archive: Path) -> None:
    """In a process of its own, in which ISA-L cannot be imported."""
    script = """
import sys
from pathlib import Path
sys.modules["isal"] = None
from core.archive import ArchiveWriter, open_archive
from core.filesystem import Filesystem
from core.progress import Reporter
from tests.core.archive.conftest import LIMITS, write_site
site, made, other = map(Path, sys.argv[1:])
with ArchiveWriter(made, Filesystem(), Reporter()) as writer:
    print(write_site(writer, site / "app.db", ("", site / "uploads")))
with open_archive(other, LIMITS) as opened:
    opened.verify(Reporter())
"""
    made = tmp_path / "by-zlib.zip"
    command = [sys.executable, "-c", script, str(site), str(made), str(archive)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    with open_archive(made, LIMITS) as opened, open_archive(archive, LIMITS) as first:
        assert opened.verify(Reporter()).hashed
        assert opened.manifest_sha256 == ran.stdout.strip() == first.manifest_sha256


def test_the_hash_of_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"short", os.urandom((2 << 20) + 1)):
        path.write_bytes(content)
        told: list[Progress] = []
        reporter = Reporter(told.append, monotonic=iter(range(1, 99)).__next__)
        assert file_sha256(path, reporter) == hashlib.sha256(content).hexdigest()
        assert [one.done for one in told[-1:]] == ([len(content)] if content else [])


def test_a_missing_archive_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match="cannot open"):
        open_archive(tmp_path / "none.zip", LIMITS)
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(VerificationError, match="not a regular file"):
        open_archive(tmp_path / "pipe.zip", LIMITS)
