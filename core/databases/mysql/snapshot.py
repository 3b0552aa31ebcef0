"""A MariaDB or MySQL database as mariadb-dump writes it, with the rows that it holds, and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.databases.connect import database_of
from core.databases.facts import DatabaseFacts, Dump
from core.databases.mysql.counting import DumpCounter
from core.databases.mysql.server import DUMP, connect, not_in_a_dump, server_version, tool_command, tool_version
from core.databases.tools import read_tool, version_numbers
from core.errors import VerificationError
from core.progress import Reporter

HEADER_BYTES = 4096

_CLIENT_VERSION = re.compile(rb"-- (?:MariaDB|MySQL) dump [^\n]*?(?:Distrib |-)(\d+\.\d+\.\d+)")
_SERVER_VERSION = re.compile(rb"-- Server version\t([^\n]+)")


@dataclass(frozen=True, slots=True)
class DumpHeader:
    """What a dump says of itself: the server that it was made of, and the tool that made it."""

    server_version: str
    client_version: str


@contextmanager
def open_dump(url: str, reporter: Reporter, *, tools: Path | None = None) -> Iterator[Dump]:
    """Dump a database as it is now, with its triggers, routines and events.

    The rows are counted out of the dump, so they are of its moment. What is not of that moment or not in it, is in
    `problems`. Leaving the block ends a tool that still runs. Raise GreenroomError; reading the blocks raises where the
    tool ends badly or its last line is missing.
    """
    client = tool_version(DUMP, tools)
    with connect(url) as connection:
        problems = dump_problems(server_version(connection), client) + not_in_a_dump(connection)
    words = (
        "--single-transaction",
        "--quick",
        "--routines",
        "--triggers",
        "--events",
        "--max-allowed-packet=1G",
        "--no-tablespaces",  # MySQL's tool asks for a right of the whole server to look for them
        "--skip-add-locks",  # they would need a right of their own to come back
        "--default-character-set=utf8mb4",
        "--",
        database_of(url),
    )
    with tool_command(DUMP, tools, url, *words) as command:
        counter = DumpCounter()
        blocks = _counted(read_tool(command, reporter), counter)
        try:
            yield Dump(client, blocks, lambda: _facts(blocks, counter), tuple(problems))
        finally:
            blocks.close()


def restore_problems(header: DumpHeader, server: str) -> list[str]:
    """Given a dump's header and the version of the target, return why the dump may not be restored there."""
    problems = []
    if version_numbers(server)[:2] < version_numbers(header.server_version)[:2]:
        problems.append(f"the server is {server}, the dump is of a newer {header.server_version}")
    made_by_mariadb, is_mariadb = "mariadb" in header.server_version.lower(), "mariadb" in server.lower()
    if made_by_mariadb != is_mariadb:
        problems.append(f"the server is {server}, the dump is of {header.server_version}, another product")
    return problems


def dump_problems(server: str, client: str) -> list[str]:
    """Given the versions of a server and of the dump tool, return what may go wrong: an older tool may miss things."""
    if version_numbers(client)[:2] < version_numbers(server)[:2]:
        return [f"mariadb-dump {client} is older than the server {server}, and may not know all that it holds"]
    return []


def read_header(first: bytes) -> DumpHeader:
    """Given the first HEADER_BYTES of a dump, return its header; raise VerificationError where it is no such dump."""
    server, client = _SERVER_VERSION.search(first), _CLIENT_VERSION.search(first)
    if server is None or client is None:
        raise VerificationError(
            "the dump does not begin as one of mariadb-dump", hint="the backup is damaged; use another one"
        )
    return DumpHeader(server[1].decode(errors="replace").strip(), client[1].decode())


def _counted(blocks: Iterator[bytes], counter: DumpCounter) -> Generator[bytes, None, None]:
    for block in blocks:
        counter.take(block)
        yield block
    counter.finish()


def _facts(blocks: Iterator[bytes], counter: DumpCounter) -> DatabaseFacts:
    if next(blocks, None) is not None:
        raise ValueError("a dump has facts when its blocks were read to the end")
    return DatabaseFacts(counter.server_version, dict(sorted(counter.tables.items())))
