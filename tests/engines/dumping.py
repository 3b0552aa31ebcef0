"""What the tests of dumps and swaps share: dumps of either engine, and the processes that run meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text
from sqlalchemy.engine.url import make_url

from core.databases.connect import open_server
from core.databases.facts import DatabaseFacts, Dump
from core.databases.mysql import server as mysql_server
from core.databases.mysql import snapshot as mysql
from core.databases.postgresql import server as postgresql_server
from core.databases.postgresql import snapshot as postgresql
from core.progress import Reporter
from tests.engines.conftest import run_sql
from tests.engines.servers import postgresql_tools

SERVERS = ("postgresql", "mysql")
TOOLS = {"postgresql": "pg_dump", "mysql": "mariadb-dump"}


def engine_of(url: str) -> str:
    return url.partition(":")[0]


def open_dump(url: str, reporter: Reporter | None = None, tools: Path | None = None) -> AbstractContextManager[Dump]:
    reporter = reporter or Reporter()
    if engine_of(url) == "postgresql":
        return postgresql.open_dump(url, reporter, tools=tools or postgresql_tools())
    return mysql.open_dump(url, reporter, tools=tools)


def dumped(url: str) -> tuple[bytes, DatabaseFacts]:
    with open_dump(url) as dump:
        return b"".join(dump.blocks), dump.facts()


def count(url: str) -> dict[str, int]:
    server = postgresql_server if engine_of(url) == "postgresql" else mysql_server
    return server.count_tables(url, Reporter()).tables


def make_rows(url: str, rows: int, width: int = 1000) -> None:
    """Make the tables a, with so many rows, and b, with none."""
    run_sql(url, "CREATE TABLE a (id INTEGER PRIMARY KEY, body TEXT);\nCREATE TABLE b (id INTEGER PRIMARY KEY)")
    if engine_of(url) == "postgresql":
        run_sql(url, f"INSERT INTO a SELECT n, repeat('x', {width}) FROM generate_series(1, {rows}) n")
    else:
        run_sql(url, f"INSERT INTO a SELECT seq, REPEAT('x', {width}) FROM seq_1_to_{rows}")


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    server = open_server(url)
    try:
        with server.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql.replace(":", r"\:")))]
    finally:
        server.dispose()


def run_each(url: str, *statements: str) -> None:
    """Run statements as they stand, whatever is in them."""
    server = open_server(url)
    with server.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    server.dispose()


def site_name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]


def interfere(act: Callable[[], object]) -> threading.Thread:
    """Do something as soon as a tool runs."""

    def wait() -> None:
        while not running_tools():
            pass
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def as_user(url: str, user: str, password: str | None = None) -> str:
    return make_url(url).set(username=user, password=password).render_as_string(hide_password=False)


def running_tools() -> dict[int, str]:
    """The command lines of our children by their process id."""
    ours = {}
    for pid, words in command_lines():
        stat = _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
        if stat and int(stat[1]) == os.getpid() and stat[0] != b"Z":
            ours[pid] = words
    return {
        pid: words
        for pid, words in ours.items()
        if "--datadir" not in words and any(tool in words for tool in ("pg_", "psql", "mariadb", "mysql"))
    }


def command_lines() -> Iterator[tuple[int, str]]:
    """The command lines of all processes, as everybody can read them."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            yield int(folder.name), _read(folder / "cmdline").decode(errors="replace").replace("\0", " ")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


class KilledError(BaseException):
    """Stands for the end of the process: nothing of greenroom catches it, and nothing can be done after it."""


@contextmanager
def killed_after(changes: int) -> Iterator[list[str]]:
    """Let so many changing statements reach the server, and then none at all; give those that did."""
    done: list[str] = []

    def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words = ("ALTER", "CREATE", "DROP", "RENAME", "COMMENT", "INSERT", "SET FOREIGN")
        if len(done) > changes:
            raise KilledError
        if statement.lstrip().upper().startswith(words):
            done.append(statement)
            if len(done) > changes:
                raise KilledError

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield done
    finally:
        event.remove(Engine, "before_cursor_execute", look)
