"""The engines that portable backups are measured on, and what a person would type on each without greenroom."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import URL, make_url, text

from benchmarks.process import Run, shell
from benchmarks.shop import SHOP, make_shop
from core.databases.connect import open_server

_TICKS = os.sysconf("SC_CLK_TCK")
_SERVER_OF = {"postgresql": "GREENROOM_TEST_POSTGRESQL", "mysql": "GREENROOM_TEST_MYSQL"}
_FIRST = {"postgresql": "postgres", "mysql": ""}
_SOCKETS = {"postgresql": "host", "mysql": "unix_socket"}


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: `backup` and `restore` are lines of sh, `$1` a file, the rest how the tool finds the database."""

    name: str
    folder: Path
    backup_tool: str
    backup: str
    restore_tool: str
    restore: str
    unpack: str = ":"

    def url(self, database: str) -> str:
        if self.name == "sqlite":
            return f"sqlite:///{self.folder / database}.db"
        return os.environ[_SERVER_OF[self.name]].replace("DATABASE", database)

    def empty(self, database: str) -> str:
        """Make an empty database, in the place of one that is there, and return its URL."""
        self.drop(database)
        url = self.url(database)
        if self.name == "sqlite":
            with closing(sqlite3.connect(str(make_url(url).database))) as connection:
                connection.execute("VACUUM")
        else:
            self._administer(f"CREATE DATABASE {database}")
        return url

    def drop(self, database: str) -> None:
        if self.name == "sqlite":
            Path(str(make_url(self.url(database)).database)).unlink(missing_ok=True)
        else:
            self._administer(f"DROP DATABASE IF EXISTS {database}")

    def fill(self, database: str, rows: int) -> str:
        """Make a database with about so many rows, or with none, and return its URL."""
        url = self.empty(database)
        server = open_server(url)
        with server.connect() as connection:
            if rows:
                make_shop(connection, rows)
            else:
                SHOP.create_all(connection)
                connection.commit()
        server.dispose()
        return url

    def measured(self, work: Callable[[], Run]) -> Run:
        """Run something, and count what the server did for it."""
        before = self._server_cpu()
        done = work()
        return replace(done, cpu=done.cpu + self._server_cpu() - before)

    def native_backup(self, url: str, file: Path) -> Run:
        return self.measured(lambda: shell(self.backup, file, *_place(make_url(url))))

    def native_restore(self, url: str, file: Path) -> Run:
        return self.measured(lambda: shell(self.restore, file, *_place(make_url(url))))

    def _administer(self, statement: str) -> None:
        server = open_server(self.url(_FIRST[self.name]))
        with server.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
        server.dispose()

    def _server_cpu(self) -> float:
        """The seconds that the server and its children of the past have computed; 0 where that cannot be known."""
        path = None if self.name == "sqlite" else _socket(make_url(self.url("x")))
        if path is None:
            return 0.0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            process, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS


def engines(folder: Path) -> list[Engine]:
    """Return SQLite, and the servers that the environment names."""
    found = [
        Engine(
            "sqlite",
            folder,
            "`sqlite3 .dump \\| gzip`",
            'sqlite3 "$2" .dump | gzip > "$1"',
            "`sqlite3 <`",
            'sqlite3 "$2" < "$1"',
            'gunzip -c "$1" > "$2"',
        ),
        Engine(
            "postgresql",
            folder,
            "`pg_dump -Fc`",
            'pg_dump -Fc -f "$1" -d "$2"',
            "`pg_restore`",
            'pg_restore --no-owner -d "$2" "$1"',
            'cp "$1" "$2"',
        ),
        Engine(
            "mysql",
            folder,
            "`mariadb-dump \\| gzip`",
            'file="$1"; shift; mariadb-dump --single-transaction "$@" | gzip > "$file"',
            "`mariadb <`",
            'file="$1"; shift; mariadb "$@" < "$file"',
            'gunzip -c "$1" > "$2"',
        ),
    ]
    return [one for one in found if one.name == "sqlite" or os.environ.get(_SERVER_OF[one.name])]


def _place(url: URL) -> list[str]:
    """How the engine's own tools are told of a database."""
    if url.drivername.startswith("sqlite"):
        return [str(url.database)]
    if url.drivername.startswith("postgresql"):
        return [url.render_as_string(hide_password=False)]
    options = {"--user": url.username, "--host": url.host, "--port": url.port, "--password": url.password}
    unix = _socket(url)
    words = [f"{name}={value}" for name, value in options.items() if value]
    return [*words, *([f"--socket={unix}"] if unix else []), str(url.database)]


def _socket(url: URL) -> Path | None:
    named = url.query.get(_SOCKETS.get(url.drivername.partition("+")[0], ""))
    if not isinstance(named, str):
        return None
    return Path(named) if url.drivername.startswith("mysql") else Path(named) / f".s.PGSQL.{url.port or 5432}"


def clear_folder(folder: Path) -> Path:
    """Make a folder that is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
