"""A dump in a scratch database of MariaDB: loaded without its events, and whose fault it is where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.databases.connect import beside, database_of
from core.databases.mysql.parts import drop_parts
from core.databases.mysql.restore import NEEDED, load_into, missing_rights
from core.databases.mysql.server import CLIENT, connect, server_version, tool_version
from core.databases.mysql.snapshot import read_header, restore_problems
from core.databases.mysql.swap import administer, create_like, drop_database
from core.databases.mysql.trial import try_tables
from core.databases.scratch import Trial
from core.databases.tools import ToolFailedError
from core.errors import GreenroomError, VerificationError
from core.progress import Reporter

_NUMBER = re.compile(r"ERROR (\d+)")
# Rights, definers, connections, space, engines, character sets, plugins and settings that the server lacks.
_OF_THE_SERVER = frozenset(
    {3, 28, 1021, 1030, 1037, 1038, 1040, 1041, 1044, 1045, 1053, 1114, 1115, 1126, 1127, 1142, 1143, 1153, 1193, 1203}
    | {1205, 1213, 1226, 1227, 1235, 1273, 1286, 1290, 1317, 1370, 1418, 1419, 1449, 1524, 1558, 1969, 1970}
    | set(range(2000, 2100))
)
_EVENTS = b"\n-- Dumping events for database "
_AFTER_EVENTS = re.compile(
    rb"\n(?=-- Dumping routines for database |-- Final view structure |/\*!\d+ SET TIME_ZONE=@OLD_TIME_ZONE)"
)
_LONGEST_MARK = 80


def find_problems(url: str, name: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot be restored into the database `name`."""
    tool_version(CLIENT, tools)
    with administer(url) as connection:
        version = server_version(connection)
        problems = restore_problems(read_header(first), version)
        if "mariadb" not in version.lower():
            problems.append(f"the server is {version}, and snapshots of MySQL are not restored yet")
        return problems + missing_rights(connection, name, NEEDED.split(", "))


def load(
    url: str, name: str, blocks: Iterable[bytes], expected: dict[str, int], reporter: Reporter, tools: Path | None
) -> None:
    with administer(url) as connection:
        create_like(connection, database_of(url), name, anew=True)
    try:
        load_into(beside(url, name), without_events(blocks), expected, reporter, tools)
    except ToolFailedError as error:
        number = _NUMBER.search(error.message)
        if number is None or int(number[1]) in _OF_THE_SERVER:
            raise GreenroomError(
                f"the server did not take the dump: {error.message}", hint="what it says is missing here"
            ) from error
        with administer(url):  # a server that is gone says nothing about the dump
            pass
        raise VerificationError(
            f"the dump does not restore: {error.message}", hint="use another backup, and make a new one"
        ) from error


def try_out(url: str, name: str, reporter: Reporter) -> Trial:
    with administer(url) as connection:
        drop_parts(connection, name, ("TRIGGER",))  # which may reach out of here
    with connect(beside(url, name)) as connection:
        return try_tables(connection, reporter)


def drop(url: str, name: str) -> None:
    with administer(url) as connection:
        drop_database(connection, name)


def without_events(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Leave the events of a dump out, for they would begin to run, on these tables and on those of the site."""
    rest, inside = b"", False
    for block in blocks:
        data = rest + block
        if not inside and (begin := data.find(_EVENTS)) >= 0:
            yield data[:begin]
            data, inside = data[begin + 1 :], True
        if inside and (end := _AFTER_EVENTS.search(data)):
            data, inside = data[end.start() :], False
        keep = max(0, len(data) - _LONGEST_MARK)
        if not inside and keep:
            yield data[:keep]
        rest = data[keep:]
    if not inside:
        yield rest
