"""The demo site: whole, the same for the same seed, and never at the cost of what was there."""

from __future__ import annotations

import ast
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

import core
from core.config import load_settings
from core.errors import CancelledError, GreenroomError, UsageError
from core.filesystem import PRIVATE_FILE, Committable, Filesystem
from core.library.demo import MOST_MOVIES, DemoSite, write_demo
from core.library.facts import real_movies
from core.library.posters import POSTER_SIZE, SMALL_POSTER_SIZE
from core.library.rows import BASE_URL
from core.progress import CancelToken, Progress, Reporter

REAL = len(real_movies())
ROOT = Path(core.__file__).parent.parent


def make(folder: Path, **options: int) -> DemoSite:
    return write_demo(folder, disk=Filesystem(), reporter=Reporter(), **options)


def fingerprint(folder: Path) -> str:
    """A hash of the database's logical dump and of every file's name and content."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        for line in connection.iterdump():
            digest.update(line.encode() + b"\n")
    for path in sorted([folder / "greenroom.toml", *(folder / "uploads").rglob("*")]):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "demo"
    make(folder, movies=2000)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "deep" / "demo"
    make(folder)
    return folder


def test_the_configuration_is_one_that_greenroom_reads(plain: Path) -> None:
    settings = load_settings(plain / "greenroom.toml", environ={})
    site = settings.site("movies")
    assert (settings.state, settings.storage) == (plain / "state", plain / "backups")
    assert site.sqlite_path == plain / "app.db"
    assert site.files == {"": plain / "uploads"}
    assert (site.time_zone, site.version, site.exclude) == (ZoneInfo("Europe/Berlin"), "1.4", ("*.tmp",))


def test_the_demo_is_private(plain: Path) -> None:
    for path in [plain, *plain.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_there_is_nothing_but_the_site(plain: Path) -> None:
    assert {path.name for path in plain.iterdir()} == {"app.db", "uploads", "greenroom.toml"}
    assert list((plain / "uploads" / "imports").iterdir()) == []


@pytest.mark.parametrize("name", ["plain", "large"])
def test_the_database_is_sound_and_in_wal_mode(request: pytest.FixtureRequest, name: str) -> None:
    folder = request.getfixturevalue(name)
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_users_with_four_quick_recommenders_each(plain: Path) -> None:
    with closing(sqlite3.connect(plain / "app.db")) as connection:
        found = connection.execute(
            "SELECT username, count(quick_key) FROM users JOIN recommenders ON user_id = users.id GROUP BY 1"
        ).fetchall()
    assert found == [("jonas", 4), ("mira", 4)]
    for table in ("entries", "watch_history", "recommendations", "custom_lists", "rankings", "awards"):
        assert count(plain, table) > 0
    assert count(plain, "movies") == REAL


@pytest.mark.parametrize(("name", "movies"), [("plain", REAL), ("large", 2000)])
def test_every_address_of_a_picture_is_a_file(request: pytest.FixtureRequest, name: str, movies: int) -> None:
    folder = request.getfixturevalue(name)
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        addresses = connection.execute(
            "SELECT poster_url FROM movies UNION ALL SELECT backdrop_url FROM movies WHERE backdrop_url <> '' "
            "UNION ALL SELECT url FROM gallery_images"
        ).fetchall()
    named = {str(address).removeprefix(BASE_URL) for (address,) in addresses}
    files = {str(p.relative_to(folder / "uploads")) for p in (folder / "uploads").rglob("*") if p.is_file()}
    assert named == files
    assert sum(name.startswith("posters/") for name in named) == movies


def test_posters_open_and_have_the_right_size(large: Path) -> None:
    for path in sorted((large / "uploads" / "posters").iterdir())[::50]:
        with Image.open(path) as image:
            image.load()
            assert image.size == (POSTER_SIZE if path.name.startswith("tmdb-") else SMALL_POSTER_SIZE)


def test_a_large_demo_holds_the_real_movies_and_as_many_more(large: Path) -> None:
    assert count(large, "movies") == 2000
    with closing(sqlite3.connect(large / "app.db")) as connection:
        row = connection.execute("SELECT title, imdb_id FROM movies WHERE external_id = 'tmdb-550'").fetchone()
        made_up = connection.execute("SELECT count(DISTINCT title) FROM movies WHERE tmdb_id IS NULL").fetchone()[0]
        crewless = connection.execute(
            "SELECT count(*) FROM movies WHERE id NOT IN (SELECT movie_id FROM credits WHERE role = 'director')"
        ).fetchone()[0]
        entries = connection.execute("SELECT count(*) FROM entries WHERE movie_id > ?", (REAL,)).fetchone()[0]
    assert row == ("Fight Club", "tt0137523")
    assert made_up > 1500
    assert crewless == 0
    assert entries > 100


def test_the_same_seed_makes_the_same(large: Path, tmp_path: Path) -> None:
    make(tmp_path / "again", movies=2000)
    assert fingerprint(tmp_path / "again") == fingerprint(large)


def test_another_seed_makes_another(tmp_path: Path) -> None:
    make(tmp_path / "seven", movies=REAL + 20)
    make(tmp_path / "eight", movies=REAL + 20, seed=8)
    assert fingerprint(tmp_path / "seven") != fingerprint(tmp_path / "eight")


@pytest.mark.parametrize("hash_seed", ["1", "4711"])
def test_the_hash_seed_the_zone_and_the_umask_change_nothing(tmp_path: Path, hash_seed: str) -> None:
    make(tmp_path / "here", movies=REAL + 30)
    script = (
        "import os, sys; from pathlib import Path; os.umask(0);"
        "from core.filesystem import Filesystem; from core.library.demo import write_demo;"
        "from core.progress import Reporter;"
        f"write_demo(Path(sys.argv[1]), movies={REAL + 30}, disk=Filesystem(), reporter=Reporter())"
    )
    environment = {"PYTHONHASHSEED": hash_seed, "TZ": "Pacific/Auckland", "PYTHONPATH": str(ROOT), "PATH": os.defpath}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "there")], env=environment, check=True)
    assert fingerprint(tmp_path / "here") == fingerprint(tmp_path / "there")
    for path in (tmp_path / "there").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_the_same_demo_twice_changes_nothing(tmp_path: Path) -> None:
    first = make(tmp_path / "demo")
    with closing(sqlite3.connect(first.database)) as connection, connection:
        connection.execute("UPDATE movies SET title = 'Mine' WHERE id = 1")
    before = fingerprint(first.folder)
    assert make(tmp_path / "demo") == replace(first, created=False)
    assert fingerprint(first.folder) == before
    with pytest.raises(UsageError, match="holds another demo"):
        make(tmp_path / "demo", seed=8)
    assert fingerprint(first.folder) == before


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "app.db", "greenroom.toml", "uploads", "state"])
def test_a_folder_that_holds_something_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UsageError):
        make(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"mine"}


def test_a_file_and_a_dangling_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match=name):
            make(tmp_path / name)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()


def test_what_cannot_be_looked_at_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "greenroom.toml").mkdir()
    with pytest.raises(GreenroomError, match=r"cannot read .*greenroom\.toml"):
        make(tmp_path)
    with pytest.raises(GreenroomError, match="name too long"):
        make(tmp_path / ("x" * 300))


def test_an_empty_folder_and_the_unfinished_part_of_a_killed_run_are_taken(tmp_path: Path) -> None:
    (tmp_path / ".demo.partial").mkdir()
    (tmp_path / ".demo.partial" / "app.db").write_bytes(b"half")
    assert make(tmp_path).created
    assert not (tmp_path / ".demo.partial").exists()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.parametrize("movies", [-1, 0, REAL - 1, MOST_MOVIES + 1])
def test_an_impossible_number_of_movies_is_refused(tmp_path: Path, movies: int) -> None:
    with pytest.raises(UsageError, match=f"{movies} movies"):
        make(tmp_path / "demo", movies=movies)
    assert not (tmp_path / "demo").exists()


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    token, seen = CancelToken(), list[Progress]()
    ticks = iter(range(10**6))

    def listen(progress: Progress) -> None:
        seen.append(progress)
        if progress.done >= REAL + 100:
            token.cancel()

    reporter = Reporter(listen, token, monotonic=lambda: float(next(ticks)))
    with pytest.raises(CancelledError):
        write_demo(tmp_path / "a" / "demo", movies=5000, disk=Filesystem(), reporter=reporter)
    assert list(tmp_path.iterdir()) == []
    assert seen[-1].total == 5000
    assert seen[-1].done < 200


class DiskError(OSError):
    """What a disk says that fails at a step of a test's choice."""


class Dead(BaseException):
    """The process was killed: nothing that it would do afterwards happens."""


class FailingDisk(Filesystem):
    """Fails at one step, or at that and all after it, before the step is done."""

    def __init__(self, at: int, *, dies: bool = False) -> None:
        self.steps = 0
        self._at = at
        self._dies = dies

    def _step(self) -> None:
        self.steps += 1
        if self._dies and self.steps >= self._at:
            raise Dead
        if self.steps == self._at:
            raise DiskError(28, "No space left on device")

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self._step()
        super().write(file, data)

    def fsync(self, file: IO[bytes]) -> None:
        self._step()
        super().fsync(file)

    def fsync_folder(self, path: Path) -> None:
        self._step()
        super().fsync_folder(path)

    def sync_filesystem(self, path: Path) -> None:
        self._step()

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._step()
        super().unlink(path)

    def make_folder(self, path: Path, mode: int = PRIVATE_FILE) -> None:
        self._step()
        super().make_folder(path)

    def remove_folder(self, path: Path) -> None:
        self._step()
        super().remove_folder(path)

    def commit(self, transaction: Committable) -> None:
        self._step()
        super().commit(transaction)


def steps_of(act: Callable[[FailingDisk], object]) -> int:
    disk = FailingDisk(0)
    act(disk)
    return disk.steps


def interesting(steps: int) -> list[int]:
    """All steps of the beginning and the end, and some of the many pictures between them."""
    return sorted({*range(1, 12), *range(12, steps - 14, 12), *range(steps - 14, steps + 1)})


def test_a_disk_that_fails_at_any_step_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    def act(disk: Filesystem, name: str) -> None:
        write_demo(tmp_path / name, disk=disk, reporter=Reporter())

    steps = steps_of(lambda disk: act(disk, "whole"))
    for at in interesting(steps):
        with pytest.raises(GreenroomError, match="No space left") as failure:
            act(FailingDisk(at), "failed")
        assert isinstance(failure.value.__cause__, DiskError)
        assert not (tmp_path / "failed").exists(), at


def test_a_run_killed_at_any_step_leaves_no_half_demo_that_looks_whole(tmp_path: Path, plain: Path) -> None:
    def act(disk: Filesystem, name: str) -> None:
        write_demo(tmp_path / name, disk=disk, reporter=Reporter())

    steps = steps_of(lambda disk: act(disk, "whole"))
    whole, outcomes = fingerprint(plain), set[str]()
    for at in interesting(steps):
        folder = tmp_path / f"killed-{at}"
        with pytest.raises(Dead):
            act(FailingDisk(at, dies=True), folder.name)
        if (folder / "greenroom.toml").exists():
            assert fingerprint(folder) == whole
        outcome = tried_again(folder)
        outcomes.add(outcome)
        assert outcome == "refused" or fingerprint(folder) == whole
    assert outcomes == {"made", "there already", "refused"}


def tried_again(folder: Path) -> str:
    try:
        return "made" if make(folder).created else "there already"
    except UsageError as refusal:
        return "refused" if "interrupted" in refusal.message else refusal.message


def test_the_rest_of_the_core_does_not_need_the_library() -> None:
    """What does something for a library alone imports it when there is one."""
    importers = []
    for path in (ROOT / "core").rglob("*.py"):
        if (ROOT / "core" / "library") in path.parents:
            continue
        for node in ast.parse(path.read_text()).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            importers += [path.name for name in names if name.startswith("core.library")]
    assert importers == []
