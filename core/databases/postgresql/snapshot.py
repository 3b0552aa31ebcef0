"""A PostgreSQL database as pg_dump writes it, with the rows that it holds, and what the dump says of itself."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from core.databases.facts import DatabaseFacts, Dump
from core.databases.postgresql.server import connect, facts_of, server_version, tool_command, tool_version
from core.databases.tools import read_tool, version_numbers
from core.errors import GreenroomError, VerificationError
from core.progress import Reporter

MAGIC = b"PGDMP"
HEADER_BYTES = 4096

# Nothing may end our transaction while it waits for pg_dump.
_SETTINGS = (
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET TRANSACTION READ ONLY",
    "SET LOCAL statement_timeout = 0",
)
_WITH_COMPRESSION_BYTE = (1, 15)
_NUMBERS_OF_THE_TIME = 7
_KNOWS_TRANSACTION_TIMEOUT = 17


@dataclass(frozen=True, slots=True)
class DumpHeader:
    """What a dump says of itself: the server that it was made of, and the pg_dump that made it."""

    server_version: str
    client_version: str


@contextmanager
def open_dump(url: str, reporter: Reporter, *, tools: Path | None = None) -> Iterator[Dump]:
    """Dump a database as it is now, in pg_dump's custom format without compression.

    One transaction of ours gives pg_dump its snapshot and counts the rows after it, so both are of one moment.
    Leaving the block ends a pg_dump that still runs. Raise GreenroomError before anything runs where pg_dump is older
    than the server; reading the blocks raises where it ends badly or writes no whole dump.
    """
    client = tool_version("pg_dump", tools)
    with connect(url) as connection:
        for setting in _SETTINGS:
            connection.execute(text(setting))
        server = server_version(connection)
        for problem in dump_problems(server, client):
            raise GreenroomError(problem, hint="install the client of the server's version, or name its folder")
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        command = tool_command(
            "pg_dump", tools, url, "--format=custom", "--compress=0", f"--snapshot={snapshot}"
        )  # the archive compresses
        blocks = _whole(read_tool(command, reporter))
        try:
            yield Dump(client, blocks, lambda: _facts(connection, blocks, reporter), tuple(_too_new(server, client)))
        finally:
            blocks.close()


def dump_problems(server: str, client: str) -> list[str]:
    """Given the versions of a server and of pg_dump, return why it cannot dump that server."""
    if _major(client) < _major(server):
        return [f"pg_dump {client} is older than the server, which is PostgreSQL {server}"]
    return []


def restore_problems(header: DumpHeader, server: str, client: str) -> list[str]:
    """Given a dump's header and the versions of target and pg_restore, return why the dump may not be restored."""
    problems = []
    if _major(client) < _major(header.client_version):
        problems.append(f"pg_restore {client} is older than the pg_dump {header.client_version} that made the dump")
    if _major(server) < _major(header.server_version):
        problems.append(f"the server is PostgreSQL {server}, the dump is of a newer {header.server_version}")
    return problems + _too_new(server, client)


def _too_new(server: str, client: str) -> list[str]:
    if _major(server) < _KNOWS_TRANSACTION_TIMEOUT <= _major(client):
        return [f"pg_restore {client} sets transaction_timeout, which PostgreSQL {server} does not know"]
    return []


def read_header(first: bytes) -> DumpHeader:
    """Given the first HEADER_BYTES of a dump, return its header; raise VerificationError where it is no such dump."""
    try:
        return _header(first)
    except (IndexError, UnicodeDecodeError) as error:
        raise VerificationError(
            "the dump does not begin as one of pg_dump's custom format", hint="the backup is damaged; use another one"
        ) from error


def _header(data: bytes) -> DumpHeader:
    if not data.startswith(MAGIC):
        raise IndexError("no magic")
    version = (data[5], data[6])
    width, position = data[8], 11
    position += 1 if version >= _WITH_COMPRESSION_BYTE else 1 + width
    position += _NUMBERS_OF_THE_TIME * (1 + width)
    texts = []
    for _ in range(3):  # the database, the version of its server, that of pg_dump
        length = int.from_bytes(data[position + 1 : position + 1 + width], "little")
        position += 1 + width
        if position + length > len(data):
            raise IndexError("cut")
        texts.append(data[position : position + length].decode())
        position += length
    return DumpHeader(texts[1].split()[0], texts[2].split()[0])


def _whole(blocks: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Yield the blocks; raise VerificationError where they are none of a dump, though pg_dump ended well."""
    begun = b""
    for block in blocks:
        if len(begun) < len(MAGIC):
            begun += block[: len(MAGIC)]
        yield block
    if not begun.startswith(MAGIC):
        raise VerificationError("pg_dump ended well but wrote no dump", hint="try it by hand: pg_dump --format=custom")


def _facts(connection: Connection, blocks: Iterator[bytes], reporter: Reporter) -> DatabaseFacts:
    if next(blocks, None) is not None:
        raise ValueError("a dump has facts when its blocks were read to the end")
    return facts_of(connection, reporter)


def _major(version: str) -> int:
    return version_numbers(version)[0]
