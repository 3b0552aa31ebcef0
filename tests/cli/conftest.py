"""Small real sites with their greenroom.toml, and the command line run on them."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from core.config import load_settings
from core.context import Context, open_context
from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.progress import Reporter
from tests.support import database_state, tree_state

GREENROOM = Path(sys.executable).parent / "greenroom"
_ENDS_OF_INPUT = b"\x04" * 3
_OURS = ("GREENROOM_", "XDG_CONFIG_HOME", "SUDO_USER")


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


class House:
    """A folder with sites, and its greenroom.toml."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "greenroom.toml"
        self._keys: dict[str, dict[str, str]] = {}

    def add_site(self, name: str, **keys: str) -> None:
        """Make a site on the disk; `keys` are more lines of its table, values as TOML."""
        srv = self.root / "srv" / name
        (srv / "uploads").mkdir(parents=True)
        (srv / "uploads" / "a.txt").write_text(f"of {name}\n")
        (srv / "uploads" / "b.txt").write_text("second\n")
        with closing(sqlite3.connect(srv / "app.db")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT)")
            connection.executemany("INSERT INTO films (title) VALUES (?)", [(f"{name} {n}",) for n in range(20)])
            connection.commit()
        self.set_site(name, **keys)

    def set_site(self, name: str, **keys: str) -> None:
        """Write the table of a site anew."""
        told = {
            "database": json.dumps(f"sqlite:///srv/{name}/app.db"),
            "files": json.dumps([f"srv/{name}/uploads"]),
            "time_zone": '"Europe/Berlin"',
        }
        self._keys[name] = {**told, **keys}
        lines = ['state = "state"', 'storage = "backups"']
        for site, table in self._keys.items():
            lines += ["", f"[sites.{site}]", *(f"{key} = {value}" for key, value in table.items())]
        self.config.write_text("\n".join(lines) + "\n")
        self.config.chmod(0o600)

    def database(self, site: str = "app") -> Path:
        return self.root / "srv" / site / "app.db"

    def uploads(self, site: str = "app") -> Path:
        return self.root / "srv" / site / "uploads"

    def archive(self, name: str, site: str = "app") -> Path:
        return self.root / "backups" / site / f"{name}.zip"

    def change(self, site: str = "app") -> None:
        """Lose rows and a file, and gain a file."""
        with closing(sqlite3.connect(self.database(site))) as connection:
            connection.execute("DELETE FROM films WHERE id > 5")
            connection.commit()
        (self.uploads(site) / "a.txt").unlink()
        (self.uploads(site) / "new.txt").write_text("new\n")

    def state(self, site: str = "app") -> object:
        return database_state(self.database(site)), tree_state(self.uploads(site))

    def context(self) -> Context:
        return open_context(load_settings(self.config, environ={}))

    def greenroom(self, *words: str) -> Ran:
        """Run a command in this process; standard input is no terminal."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["--config", str(self.config), *words])
        return Ran(code, out.getvalue(), err.getvalue())

    def done(self, *words: str) -> Ran:
        """Run a command that must end well."""
        ran = self.greenroom(*words)
        assert ran.code == 0, ran.err
        return ran

    def back_up(self, site: str = "app") -> str:
        """Make a backup and return its name."""
        return str(self.done("backup", site, "--json").json["backup"]["name"])

    def at_terminal(self, *words: str, answers: str = "") -> Ran:
        """Run a command in this process at a terminal into which `answers` are typed; stderr is what it shows.

        A question more than there are answers finds the end of the input.
        """
        master, slave = pty.openpty()
        shown: list[bytes] = []
        reader = threading.Thread(target=_read_all, args=(master, shown.append))
        out = io.StringIO()
        before = sys.stdin
        with os.fdopen(slave, "r") as keyboard:
            os.write(master, answers.encode() + _ENDS_OF_INPUT)
            reader.start()
            with os.fdopen(os.dup(slave), "w") as screen, redirect_stdout(out), redirect_stderr(screen):
                sys.stdin = keyboard
                try:
                    code = run(["--config", str(self.config), *words])
                finally:
                    sys.stdin = before
        reader.join()
        os.close(master)
        return Ran(code, out.getvalue(), b"".join(shown).decode().replace("\r\n", "\n"))

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [GREENROOM, "--config", self.config, *words],
            cwd=self.root,
            env=clean_environment(),
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def _read_all(terminal: int, keep: Callable[[bytes], None]) -> None:
    """A terminal that nobody has open any more gives an error instead of an end."""
    try:
        while block := os.read(terminal, 4096):
            keep(block)
    except OSError:
        return


@contextmanager
def opened_elsewhere(database: Path) -> Iterator[int]:
    """Let another process have a database open; yield its id."""
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM films').fetchone()\n"
    program += "print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.communicate()


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of this user's is found, and no variable of this user's counts."""
    for name in os.environ:
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bare_house(tmp_path: Path) -> House:
    """One site, before `init`."""
    house = House(tmp_path)
    house.add_site("app")
    return house


@pytest.fixture
def house(bare_house: House) -> House:
    """One site, initialised."""
    bare_house.done("init")
    return bare_house


@pytest.fixture
def two_sites(house: House) -> House:
    """Two sites, initialised."""
    house.add_site("shop")
    return house


@pytest.fixture(scope="session")
def demo_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo site, which nobody changes."""
    return write_demo(tmp_path_factory.mktemp("films") / "demo", disk=Filesystem(), reporter=Reporter()).folder


@pytest.fixture
def library(demo_films: Path, tmp_path: Path) -> House:
    """A copy of the demo: a house with one site, `movies`, before `init`."""
    root = tmp_path / "demo"
    root.mkdir(mode=0o700)
    for name in ("app.db", "greenroom.toml"):
        shutil.copy2(demo_films / name, root / name)
    (root / "uploads").mkdir()
    return House(root)
