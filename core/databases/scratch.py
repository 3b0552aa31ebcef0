"""A scratch database beside a site's on the same server: a dump is restored into it, tried, and it is dropped again.

Its name says whose it is: NAME_greenroom_drill_ and twelve digits that nobody else has. Where a dump is not what it
should be a VerificationError is raised; any other GreenroomError says that the scratch place lacks something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from sqlalchemy import URL

from core.databases.connect import driver_for
from core.databases.facts import name_beside
from core.progress import Reporter

_NAME = re.compile(r".+_greenroom_drill_[0-9a-f]{12}", re.DOTALL)
_LONGEST_NAME = {"postgresql": 63, "mysql": 64}


@dataclass(frozen=True, slots=True)
class Trial:
    """What a restored database was found to be: foreign keys that hold, and tables that took one more row.

    `problems` speak against the backup, a sentence each; `notices` are to be known, and were so in the source already.
    """

    foreign_keys: int = 0
    inserts: int = 0
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def scratch_name(url: URL, token: str) -> str:
    """Return the name of the scratch database that a drill makes beside a database; `token` is twelve hex digits."""
    return name_beside(url.database or "", f"drill_{token}", _LONGEST_NAME[_engine(url)])


def find_problems(url: URL, name: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot be restored into a scratch database: versions, rights missing."""
    return cast("list[str]", _part(url).find_problems(_text(url), _checked(name), first, tools))


def load(
    url: URL, name: str, blocks: Iterable[bytes], expected: dict[str, int], reporter: Reporter, tools: Path | None
) -> None:
    """Make the scratch database, restore a dump into it and compare its rows with those expected.

    Raise VerificationError where they differ or the dump is damaged, GreenroomError where the server lacks something.
    """
    _part(url).load(_text(url), _checked(name), blocks, expected, reporter, tools)


def try_out(url: URL, name: str, reporter: Reporter) -> Trial:
    """Check the restored database, and put a row into its tables that is rolled back. The site's is only read."""
    return cast("Trial", _part(url).try_out(_text(url), _checked(name), reporter))


def drop(url: URL, name: str) -> None:
    """Drop a scratch database; one that is gone is fine. Raise GreenroomError where the server cannot be asked."""
    _part(url).drop(_text(url), _checked(name))


def _checked(name: str) -> str:
    """Return the name of a scratch database; raise ValueError where greenroom gave none such."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no scratch database")
    return name


def _engine(url: URL) -> str:
    return driver_for(url.drivername).engine


def _part(url: URL) -> ModuleType:
    return import_module(f"core.databases.{_engine(url)}.scratch")


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
