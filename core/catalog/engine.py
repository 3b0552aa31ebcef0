"""How the catalog's database is reached: any engine by its URL, SQLite as a file of greenroom's own."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from core.catalog.faults import ADDRESS_HINT
from core.errors import ConfigError
from core.sqlite_files import open_file


def parse_address(address: str | Path) -> URL:
    """Given the catalog's address, or the path of an SQLite one, return its URL; raise ConfigError."""
    if isinstance(address, Path):
        return URL.create("sqlite", database=str(address))
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:  # its text may hold the password
        raise ConfigError("`catalog` is not the address of a database", hint=ADDRESS_HINT) from error
    if url.get_backend_name() == "sqlite":
        name = url.database or ":memory:"
        if name == ":memory:" or name.startswith("file:") or "?" in address:
            raise ConfigError(
                "an SQLite catalog is a file, written as its plain path: not in memory, and without options",
                hint='for example catalog = "sqlite:////var/lib/greenroom/catalog.db"',
            )
    return url


def catalog_file(url: URL) -> Path | None:
    """Given the catalog's URL, return the file of an SQLite one, None for a server's."""
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def shown_place(url: URL, file: Path | None) -> str:
    """Return where the catalog is, as a person is told: without user, password and options."""
    return str(file) if file else f"{url.get_backend_name()}://{url.host or ''}/{url.database or ''}"


def open_engine(url: URL, file: Path | None, patience: float) -> Engine:
    """Return an engine; nothing is connected, and no file created, before its first use.

    `patience` is how many seconds a writer of SQLite waits for another.
    """
    return create_engine(url, pool_pre_ping=True) if file is None else open_file(file, patience)
