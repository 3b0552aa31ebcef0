"""Snapshots of a database on a server: what its engine's own tools write, and how that takes the database's place.

It is loaded beside the database, and the two exchanged; or, where the role may create none and the engine can undo all
of it, into the database itself, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Literal, cast

from sqlalchemy import URL

from core.databases.connect import driver_for
from core.databases.facts import Dump
from core.progress import Reporter

Member = Literal["database.dump", "database.sql"]
_IN_PLACE = ("postgresql",)
_MEMBERS: dict[str, Member] = {"postgresql": "database.dump", "mysql": "database.sql"}


def dump_member(url: URL) -> Member:
    """Return the name that a dump of this database has in an archive."""
    return _MEMBERS[_engine(url)]


def open_dump(url: URL, reporter: Reporter, tools: Path | None) -> AbstractContextManager[Dump]:
    """Dump a database as it is now; raise GreenroomError where its tool is missing, or cannot do it.

    `tools` is the folder of the engine's own; without it they are looked for on the PATH, here and below.
    """
    return cast("AbstractContextManager[Dump]", _part(url, "snapshot").open_dump(_text(url), reporter, tools=tools))


def find_problems(url: URL, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot take the place of the database: versions, and rights missing."""
    return cast("list[str]", _part(url, "restore").find_problems(_text(url), first, tools))


def goes_in_place(url: URL) -> bool:
    """Whether the role may not exchange databases, so that a dump takes the place of what it owns in the one it has."""
    return _engine(url) in _IN_PLACE and bool(_part(url, "restore").swap_problems(_text(url)))


def find_problems_in_place(url: URL, first: bytes, tools: Path | None) -> list[str]:
    """As `find_problems`, of a dump that goes into the database itself."""
    return cast("list[str]", _part(url, "inplace").find_problems(_text(url), first, tools))


def owned(url: URL) -> list[str]:
    """Return what a dump into the database itself takes the place of, each with its kind: `table public.film`."""
    return cast("list[str]", _part(url, "inplace").owned(_text(url)))


def prepared_in_place(
    url: URL,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    tools: Path | None,
) -> AbstractContextManager[Callable[[], None]]:
    """Load a dump into the database itself, in one transaction; yield its commit."""
    part = _part(url, "inplace")
    prepared = part.prepared_in_place(_text(url), restore_id, blocks, expected, reporter, tools=tools)
    return cast("AbstractContextManager[Callable[[], None]]", prepared)


def is_committed_in_place(url: URL, restore_id: str) -> bool:
    """Ask the server whether a dump was committed into the database itself."""
    return bool(_part(url, "inplace").committed(_text(url), restore_id))


def forget_in_place(url: URL) -> None:
    """Remove what tells so; can be repeated."""
    _part(url, "inplace").forget(_text(url))


def prepare(
    url: URL,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    tools: Path | None,
) -> None:
    """Restore a dump beside the database, which is not touched, and compare its rows with those expected."""
    _part(url, "restore").prepare(_text(url), restore_id, blocks, expected, reporter, tools=tools)


def is_exchanged(url: URL, restore_id: str) -> bool:
    """Ask the server whether the exchange was begun: then it can only be brought to its end."""
    return bool(_part(url, "swap").state(_text(url), restore_id) != "old")


def exchange(url: URL, restore_id: str) -> None:
    """Put what was prepared in the place of the database, from wherever an earlier try stopped."""
    _part(url, "swap").roll_forward(_text(url), restore_id)


def take_back(url: URL, restore_id: str) -> None:
    """Put the old database back, from wherever the exchange stopped, and drop what was prepared."""
    _part(url, "swap").roll_back(_text(url), restore_id)


def finish(url: URL, restore_id: str) -> None:
    """Drop the old database; can be repeated."""
    _part(url, "swap").finish(_text(url), restore_id)


def _engine(url: URL) -> str:
    return driver_for(url.drivername).engine


def _part(url: URL, name: str) -> ModuleType:
    return import_module(f"core.databases.{_engine(url)}.{name}")


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
