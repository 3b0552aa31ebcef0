"""A database that a person names by its URL: no site, but where a portable backup can go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from core.config.urls import SITE_ENGINES, absolute_path, checked_path, engine_of, sqlite_file
from core.errors import ConfigError, UsageError
from core.secrets import PasswordSource, check_references, file_url, holds_password, mask_url, resolve_url


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` may be printed; `name` is what a person types to agree; `file` is that of an SQLite database."""

    shown: str
    name: str
    url: URL = field(repr=False)
    file: Path | None = None


def parse_address(
    text: str, folder: Path, environ: Mapping[str, str] = os.environ, *, called: str = "--into"
) -> Address:
    """Given a database URL, an SQLite path relative to `folder`, return where it leads.

    `${NAME}` is filled in from the environment; a password as it is would be seen by others, who list processes or
    look at the screen. Messages say what it is `called`. Raise UsageError where it is no URL of a known engine,
    or holds a password.
    """
    try:
        engine = engine_of(text)
        if engine == "sqlite":
            file = absolute_path(checked_path(sqlite_file(text)), folder)
            return Address(f"sqlite:///{file}", file.name, file_url(file), file)
        check_references(text)
    except ValueError as error:
        raise UsageError(f"{called} {mask_url(text)} {error}", hint="ENGINE://USER@HOST:PORT/NAME") from error
    if engine not in SITE_ENGINES:
        raise UsageError(f"{called} names the engine {engine!a}", hint=f"known are {', '.join(SITE_ENGINES)}")
    if holds_password(text):
        raise UsageError(
            f"{called} holds a password, which others can read there: on the screen, or in the list of processes",
            hint="put it into a variable, and write ${NAME} in its place; in a shell, in single quotes",
        )
    try:
        url = resolve_url(text, PasswordSource(), key=called, environ=environ)
    except ConfigError as error:
        raise UsageError(error.message, hint=error.hint) from error
    if not url.database:
        raise UsageError(f"{called} names no database", hint="ENGINE://USER@HOST:PORT/NAME")
    return Address(mask_url(text), url.database, url)
