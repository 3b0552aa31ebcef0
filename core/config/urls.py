"""Database URLs as the configuration writes them: which engine, and for SQLite which file."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]*)(\+[A-Za-z][A-Za-z0-9_]*)?://")
_SQLITE_DRIVERS = ("", "+pysqlite", "+aiosqlite")
SQLITE_FORMS = "sqlite:///relative/to/this/file.db or sqlite:////absolute/file.db"
SITE_ENGINES = ("sqlite", "postgresql", "mysql", "mariadb")
ENGINES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "oracle": "Oracle",
    "mssql": "Microsoft SQL Server",
}


def engine_of(url: str) -> str:
    """Given a URL, return its engine in lower case (`sqlite`, `postgresql`, ...); raise ValueError if it is no URL."""
    match = _SCHEME.match(url)
    if match is None:
        raise ValueError("is not a database URL")
    return match[1].lower()


def sqlite_file(url: str) -> str:
    """Given an SQLite URL, return the path in it as written; raise ValueError where it names no file.

    The path is taken letter by letter: `%20` is not decoded, since SQLAlchemy's versions disagree about it.
    """
    match = _SCHEME.match(url)
    if match is None or match[1].lower() != "sqlite":
        raise ValueError("is not an SQLite URL")
    if (match[2] or "") not in _SQLITE_DRIVERS:
        raise ValueError(f"names the driver {(match[2] or '')[1:]}, which greenroom does not use")
    rest = url[match.end() :]
    path = rest[1:]
    if path in {"", ":memory:"} and rest in {"", "/", "/:memory:"}:
        raise ValueError("is a database in memory, which is gone when the application ends")
    if not rest.startswith("/"):
        raise ValueError("needs three slashes before a relative path, four before an absolute one")
    if "?" in path or path.startswith("file:"):
        raise ValueError("has options; write the URL of the plain file, without `?...` and `file:`")
    if "${" in path:
        raise ValueError("takes its path from the environment; ${...} is for passwords only")
    return path


def sqlite_url(path: Path) -> str:
    """Given an absolute path, return the URL as `sqlite_file` reads it."""
    return f"sqlite:///{path}"


def checked_path(text: str) -> str:
    """Given a path as written, return it; raise ValueError where it cannot be one."""
    if not text.strip():
        raise ValueError("is empty")
    if any(not letter.isprintable() for letter in text):
        raise ValueError("holds characters that cannot be printed")
    first = text.partition("/")[0]
    if first.startswith("~") and first != "~":
        raise ValueError("begins with another user's ~; only ~/ (your own home) is known")
    if first == "~":
        try:
            Path(text).expanduser()
        except RuntimeError:
            raise ValueError("begins with ~, and this user has no home folder") from None
    return text


def absolute_path(text: str, folder: Path) -> Path:
    """Given a path as written, return it absolute: `~` is the caller's home, the rest is relative to `folder`.

    Links stay as they are, unless a `..` follows: what that means depends on where the link leads.
    """
    path = folder / Path(text).expanduser()
    return Path(os.path.realpath(path)) if ".." in path.parts else path
