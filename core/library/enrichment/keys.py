"""The keys of the services: taken from the environment, a file or a command when they are needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from core.commands import first_line_of
from core.config import Settings
from core.errors import ConfigError
from core.secrets import expand_references, read_password_file

_TABLE = "enrichment"


def service_key(
    settings: Settings, service: Literal["tmdb", "omdb"], environ: Mapping[str, str] = os.environ
) -> str | None:
    """Return the key of a service, or None where the configuration names none.

    Raise ConfigError where it cannot be had or is no key, GreenroomError where its command fails; never quoting it.
    """
    own = settings.enrichment
    name = f"{_TABLE}.{service}_key"
    written: str | None = getattr(own, f"{service}_key")
    file: Path | None = getattr(own, f"{service}_key_file")
    command: str | None = getattr(own, f"{service}_key_command")
    if file is not None:
        key = read_password_file(file, key=f"{name}_file")
    elif command is not None:
        key = first_line_of(command, what=f"{name}_command", folder=settings.source.parent)
    elif written is not None:
        key = expand_references(written, key=name, environ=environ, otherwise=f", or use {service}_key_file")
    else:
        return None
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{name}: what it gives is no key", hint="a key has letters and digits, and no spaces")
    return key


def tmdb_key(settings: Settings) -> str:
    """Return the key of TMDB; raise ConfigError where the configuration names none."""
    key = service_key(settings, "tmdb")
    if key is None:
        raise ConfigError(
            "there is no key of TMDB",
            hint=f'in {settings.source}: [enrichment] with tmdb_key = "${{TMDB_KEY}}", tmdb_key_file or '
            "tmdb_key_command; themoviedb.org gives one to each account",
        )
    return key
