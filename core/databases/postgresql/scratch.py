"""A dump in a scratch database of PostgreSQL: loaded without its owners, and whose fault it is where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from core.databases.connect import beside, database_of
from core.databases.postgresql.restore import WITHOUT_OWNERS, create_like, load_into, swap_problems
from core.databases.postgresql.server import connect, server_version, tool_version
from core.databases.postgresql.snapshot import read_header, restore_problems
from core.databases.postgresql.swap import administer, drop_database, look
from core.databases.postgresql.trial import Place, behind, try_tables
from core.databases.scratch import Trial
from core.databases.tools import ToolFailedError
from core.errors import GreenroomError, VerificationError
from core.progress import Reporter

# A subscription would begin to receive, and keep its database from being dropped. With more words it names the entry
# that the server refused, in no country's language.
_WORDS = (*WITHOUT_OWNERS, "--no-subscriptions", "--no-publications", "--verbose")
_ENTRY = re.compile(r"from TOC entry \d+; \d+ \d+ ([A-Z ]+[A-Z])")
_OF_THE_DUMP = frozenset(
    {
        "BLOBS",
        "CHECK CONSTRAINT",
        "CONSTRAINT",
        "FK CONSTRAINT",
        "INDEX",
        "LARGE OBJECT",
        "MATERIALIZED VIEW DATA",
        "SEQUENCE SET",
        "TABLE",
        "TABLE DATA",
    }
)
_UNREADABLE = re.compile(r"could not (?:read from|uncompress|find block)|end of file|did not find magic|input file")
_OF_THE_SERVER = re.compile(
    r"no space left|disk quota|out of (?:shared )?memory|permission denied|must be (?:superuser|owner|member)"
    r"|connection to server|server closed the connection|(?:terminating|lost) connection|the database system is"
    r"|too many (?:connections|clients)|canceling statement|could not (?:connect|extend|write|fsync|open|access|resize)"
    r"|could not load library|is not available|configuration parameter|role .* does not exist|deadlock|lock timeout",
    re.IGNORECASE,
)


def find_problems(url: str, name: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot be restored into the database `name`."""
    del name
    with administer(url) as connection:
        version = server_version(connection)
    found = restore_problems(read_header(first), version, tool_version("pg_restore", tools))
    return found + [problem for problem in swap_problems(url) if "CREATEDB" in problem]


def load(
    url: str, name: str, blocks: Iterable[bytes], expected: dict[str, int], reporter: Reporter, tools: Path | None
) -> None:
    with administer(url) as connection:
        create_like(connection, database_of(url), name, for_others=False)
    try:
        load_into(beside(url, name), blocks, expected, reporter, tools, _WORDS)
    except ToolFailedError as error:
        said = error.message.rpartition("pg_restore: error: ")[2].partition(" Command was:")[0]
        if not _is_the_dump(said, _ENTRY.search(error.message)):
            raise GreenroomError(
                f"the server did not take the dump: {said}",
                hint="what it says is missing here: an extension, a right, a version, space",
            ) from error
        with administer(url):  # a server that is gone says nothing about the dump
            pass
        raise VerificationError(
            f"the dump does not restore: {said}", hint="use another backup, and make a new one"
        ) from error


def try_out(url: str, name: str, reporter: Reporter) -> Trial:
    known: frozenset[Place] = frozenset()
    if look(url).site is not None:
        with connect(url) as connection:
            known = behind(connection)
    with connect(beside(url, name)) as connection:
        return try_tables(connection, known, reporter)


def drop(url: str, name: str) -> None:
    drop_database(url, name)


def _is_the_dump(said: str, entry: re.Match[str] | None) -> bool:
    """Whether what pg_restore said of an entry speaks against the dump: of a row or a rule, or it cannot be read."""
    if _OF_THE_SERVER.search(said):
        return False
    return entry[1] in _OF_THE_DUMP if entry else _UNREADABLE.search(said) is not None
