"""What is known of a database or of a dump of it, in the same words for every engine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.errors import VerificationError

MARKER = "greenroom_restore"  # the table that says, in the target itself, which restore made it what it is
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a copy of a database holds: the engine's version, and rows by table."""

    engine_version: str
    tables: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dump:
    """A database as its engine's own tool writes it.

    `blocks` is the dump itself, to be read to its end; `facts` then gives what it holds, as of the same moment.
    `client_version` is the tool's. `problems`, to be said to a person, are what keeps it from being of one moment, or
    from coming back by the same tools.
    """

    client_version: str
    blocks: Iterator[bytes]
    facts: Callable[[], DatabaseFacts]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherConnection:
    """Somebody else who is connected to a database; `address` is empty for a local socket."""

    pid: int
    user: str
    application: str
    address: str


def name_beside(name: str, role: str, longest: int) -> str:
    """Given a database's name, return that of the database which greenroom keeps beside it in a role: `new`, `old`.

    A name that would get longer than `longest` bytes is cut, and told apart by a digest of the whole.
    """
    ending = f"_greenroom_{role}"
    whole = name + ending
    if len(whole.encode()) <= longest:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = name.encode()[: longest - len(ending) - len(digest) - 1].decode(errors="ignore")
    return f"{kept}_{digest}{ending}"


def checked_id(restore_id: str) -> str:
    """Return a restore's id, which is written into SQL; raise ValueError where it is more than a word."""
    if not _ID.fullmatch(restore_id):
        raise ValueError(f"{restore_id!r} is no id of a restore")
    return restore_id


def count_differences(expected: dict[str, int], found: dict[str, int]) -> list[str]:
    """Return where the rows of tables are not as many as expected, a line each."""
    lines = []
    for table in sorted(expected.keys() | found.keys()):
        wanted, there = expected.get(table), found.get(table)
        if wanted != there:
            said = "no such table" if there is None else f"{there} rows"
            lines.append(f"{table}: {said}, expected {'none' if wanted is None else f'{wanted} rows'}")
    return lines


def expect_counts(expected: dict[str, int], found: dict[str, int]) -> None:
    """Raise VerificationError where a restored dump does not hold the rows that the backup counted."""
    wrong = count_differences(expected, found)
    if wrong:
        raise VerificationError(
            "the restored database does not hold the rows of the backup: " + "; ".join(wrong[:5]),
            hint="nothing was changed; verify the backup, and look at the messages of the server",
        )
