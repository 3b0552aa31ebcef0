"""Which names may become folders and files of a store."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime
from itertools import count

from core.errors import UsageError

# With its longest suffix a name must fit into the 255 bytes that file systems allow.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_SITE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TIMED = re.compile(r"backup_([0-9]{8}_[0-9]{6})(?:_[0-9]+)?")


def is_name(name: str) -> bool:
    """Return whether a backup may be called so; one that ends as its file does would be taken for another."""
    return _NAME.fullmatch(name) is not None and not name.endswith(".zip")


def is_site(site: str) -> bool:
    """Return whether a site may be called so."""
    return _SITE.fullmatch(site) is not None


def checked_name(name: str) -> str:
    """Return the name of a backup; raise UsageError where it is not allowed."""
    if not is_name(name):
        raise UsageError(
            f"{name[:80]!a} is not allowed as the name of a backup",
            hint="letters, digits, `.`, `_` and `-`, at most 200, a letter or digit first, no `.zip` at the end",
        )
    return name


def checked_site(site: str) -> str:
    """Return the name of a site; raise UsageError where it is not allowed."""
    if not is_site(site):
        raise UsageError(
            f"{site[:80]!a} is not allowed as the name of a site",
            hint="small letters, digits, `_` and `-`, at most 63, the first one a letter or digit",
        )
    return site


def timed_name(created_at: datetime, taken: Container[str]) -> str:
    """Given the time of a backup, return `backup_YYYYMMDD_HHMMSS` in UTC, numbered from 2 on where it is taken."""
    if created_at.tzinfo is None:
        raise ValueError("the name of a backup needs a time with a zone")
    base = f"backup_{created_at.astimezone(UTC):%Y%m%d_%H%M%S}"
    if base not in taken:
        return base
    return next(name for name in (f"{base}_{number}" for number in count(2)) if name not in taken)


def named_time(name: str) -> datetime | None:
    """Given the name of a backup, return the time that `timed_name` made it of, or None where it is another one's."""
    match = _TIMED.fullmatch(name)
    try:
        return datetime.strptime(match[1], "%Y%m%d_%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
