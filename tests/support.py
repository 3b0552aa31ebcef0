"""A small real site, its states, and a disk that kills the process at a chosen step."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from core.config import Settings, Site
from core.context import Context, open_context
from core.filesystem import Committable, Filesystem
from core.progress import Reporter
from core.recovery import tidy
from core.tree import is_ours

_A_USER = 65534
START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


class SteppingClock:
    """Every look at it is a second later: no two times are equal, and none is the wall's."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Place:
    """A site named `app` under one folder, and the context to work on it."""

    root: Path
    context: Context
    site: Site

    @property
    def database(self) -> Path:
        return self.root / "srv" / "app.db"

    @property
    def uploads(self) -> Path:
        return self.root / "srv" / "uploads"

    def reporter(self) -> Reporter:
        return Reporter()

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def settle(self) -> None:
        """What every verb that takes the site's lock does first."""
        with self.context.lock(self.site, "test"):
            tidy(self.context, self.site)

    def state(self) -> dict[str, object]:
        return {"database": database_state(self.database), "uploads": tree_state(self.uploads)}


def make_place(
    root: Path,
    *,
    journal_mode: str = "wal",
    disk: Filesystem | None = None,
    clock: Callable[[], datetime] | None = None,
    exclude: tuple[str, ...] = (),
    version: str | None = None,
) -> Place:
    """Make the site on the disk, with its catalog initialised."""
    srv = root / "srv"
    (srv / "uploads" / "sub").mkdir(parents=True)
    (srv / "uploads" / "empty").mkdir()
    (srv / "uploads" / "a.txt").write_text("first\n")
    (srv / "uploads" / "sub" / "b.bin").write_bytes(bytes(range(256)) * 20)
    (srv / "uploads" / "link").symlink_to("sub/b.bin")
    with closing(sqlite3.connect(srv / "app.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL)")
        connection.execute("CREATE TABLE notes (film INTEGER, body TEXT)")
        connection.executemany("INSERT INTO films (title) VALUES (?)", [(f"film {n}",) for n in range(20)])
        connection.execute("INSERT INTO notes VALUES (1, 'good')")
    place = open_place(root, disk=disk, clock=clock, exclude=exclude, version=version)
    (root / "state").mkdir(mode=0o700)
    (root / "backups").mkdir(mode=0o700)
    place.context.catalog.initialise()
    return place


def open_place(
    root: Path,
    *,
    disk: Filesystem | None = None,
    clock: Callable[[], datetime] | None = None,
    exclude: tuple[str, ...] = (),
    version: str | None = None,
    read_only: bool = False,
) -> Place:
    """Open the site that `make_place` made, as another process would."""
    site = Site(
        name="app",
        database=f"sqlite:///{root / 'srv' / 'app.db'}",
        files={"": root / "srv" / "uploads"},
        exclude=exclude,
        version=version,
        folder=root,
    )
    settings = Settings(
        source=root / "greenroom.toml", state=root / "state", storage=root / "backups", sites={"app": site}
    )
    context = open_context(settings, disk=disk, clock=clock or SteppingClock(), read_only=read_only)
    return Place(root, context, site)


def change_place(place: Place) -> None:
    """Make the present differ from what was backed up: rows and files gone, changed and new."""
    place.execute(
        "DELETE FROM films WHERE id > 5",
        "INSERT INTO films (title) VALUES ('new one')",
        "DROP TABLE notes",
        "CREATE TABLE extra (x)",
    )
    (place.uploads / "a.txt").write_text("changed since\n")
    (place.uploads / "sub" / "b.bin").unlink()
    (place.uploads / "new.txt").write_text("new\n")


def database_state(path: Path) -> object:
    """All of a database as text, whatever journal it has; its raw bytes where it is damaged; None where missing."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
            return tuple(connection.iterdump())
    except sqlite3.DatabaseError:
        return path.read_bytes()


def tree_state(root: Path) -> object:
    """Every name below a folder with its kind, mode, time and content, greenroom's own work folders left out."""
    return dict(_tree(root, root)) if root.is_dir() else None


def _tree(root: Path, folder: Path) -> Iterator[tuple[str, object]]:
    for path in sorted(folder.iterdir()):
        if folder == root and is_ours(path.name):
            continue
        status = path.lstat()
        name = str(path.relative_to(root))
        if path.is_symlink():
            yield name, ("link", os.fspath(path.readlink()))
        elif path.is_dir():
            yield name, ("folder", stat.S_IMODE(status.st_mode))
            yield from _tree(root, path)
        elif path.is_file():
            yield name, ("file", stat.S_IMODE(status.st_mode), int(status.st_mtime), path.read_bytes())
        else:
            yield name, ("special", stat.S_IFMT(status.st_mode))


class CrashingFilesystem(Filesystem):
    """Counts the steps of greenroom's protocol, and kills the process at one of them.

    A write is cut in half by the kill; every other step is killed before it happens, so that the next
    number is the kill after it.
    """

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps: list[str] = []

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        if len(self.steps) + 1 == self.at:
            super().write(file, bytes(data)[: len(data) // 2])
            file.flush()
        self._step("write")
        super().write(file, data)

    def fsync(self, file: IO[bytes]) -> None:
        self._step("fsync")
        super().fsync(file)

    def fsync_folder(self, path: Path) -> None:
        self._step("fsync_folder")
        super().fsync_folder(path)

    def sync_filesystem(self, path: Path) -> None:
        self._step("sync_filesystem")
        super().sync_filesystem(path)

    def rename(self, source: Path, target: Path) -> None:
        self._step(f"rename {source.name} {target.name}")
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._step(f"unlink {path.name}")
        super().unlink(path)

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        self._step(f"make_folder {path.name}")
        super().make_folder(path, mode)

    def remove_folder(self, path: Path) -> None:
        self._step(f"remove_folder {path.name}")
        super().remove_folder(path)

    def symlink(self, target: str, path: Path) -> None:
        self._step("symlink")
        super().symlink(target, path)

    def commit(self, transaction: Committable) -> None:
        self._step("commit")
        super().commit(transaction)


def as_a_user(root: Path, work: Callable[[], object]) -> None:
    """Run `work` as a user who is not root; to be that, root is one in a process of its own, and `root` is theirs."""
    if os.geteuid() != 0:
        work()
        return
    for parent in root.parents:
        if parent.stat().st_uid == 0 and parent not in (Path("/"), Path("/tmp")):
            parent.chmod(parent.stat().st_mode | 0o011)
    for below, folders, names in os.walk(root):
        for name in (".", *folders, *names):
            os.chown(Path(below, name), _A_USER, _A_USER, follow_symlinks=False)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(_A_USER)
            os.setuid(_A_USER)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def run_until_killed(work: Callable[[CrashingFilesystem], object], at: int) -> bool:
    """Run `work` in a process of its own that is killed at step `at`; return whether it got that far."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(CrashingFilesystem(at))
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, f"the work failed by itself at step {at}"
    return False
