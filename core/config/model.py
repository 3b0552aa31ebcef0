"""The settings that the rest of greenroom works with: checked, absolute, unchangeable."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from core.config.urls import engine_of, sqlite_file
from core.errors import UsageError
from core.secrets import PasswordSource, file_url, resolve_url

if TYPE_CHECKING:
    from sqlalchemy.engine.url import URL

DEFAULT_MAX_ARCHIVE_BYTES = 100 * 2**30
DEFAULT_MAX_UPLOAD_BYTES = 100 * 2**20


@dataclass(frozen=True)
class DaemonSettings:
    """How schedules are run. `retry_minutes` are the pauses before a failed run is tried again, one after another."""

    apply_at_start: bool = False
    on_stop: Literal["cancel", "finish"] = "cancel"
    log: Literal["text", "json"] = "text"
    retry_minutes: tuple[int, ...] = (5, 15, 60)
    parallel_runs: int = 2


@dataclass(frozen=True)
class AlarmSettings:
    """Whom to tell when something is wrong, and what counts as wrong: `low_space` in bytes.

    `apprise` are URLs as written, `${NAME}` not filled in; they and the command can hold secrets, so the repr has
    neither.
    """

    apprise: tuple[str, ...] = field(default=(), repr=False)
    command: str | None = field(default=None, repr=False)
    low_space: int = 2**30
    shrunk_percent: int = 50
    repeat_hours: int = 24
    textfile: Path | None = None


@dataclass(frozen=True)
class EnrichmentSettings:
    """Where metadata of films comes from: TMDB and OMDb, their keys, and what is asked for.

    The keys are as written, `${NAME}` not filled in; they and the commands can hold secrets, so the repr has neither.
    `regions` are country codes, the first that has a certificate counts; `languages` such as `en-US`, the first is that
    of the texts. `timeout_seconds` is the longest that a service may say nothing.
    """

    tmdb_key: str | None = field(default=None, repr=False)
    tmdb_key_file: Path | None = None
    tmdb_key_command: str | None = field(default=None, repr=False)
    omdb_key: str | None = field(default=None, repr=False)
    omdb_key_file: Path | None = None
    omdb_key_command: str | None = field(default=None, repr=False)
    tmdb_url: str = "https://api.themoviedb.org/3"
    tmdb_image_url: str = "https://image.tmdb.org/t/p"
    omdb_url: str = "https://www.omdbapi.com/"
    regions: tuple[str, ...] = ("US",)
    languages: tuple[str, ...] = ("en-US",)
    requests_per_second: int = 20
    timeout_seconds: int = 10


@dataclass(frozen=True)
class LibrarySettings:
    """What is done by itself with users' libraries: `daily` is when they are copied, HH:MM in each site's zone."""

    daily: str = "03:00"


@dataclass(frozen=True)
class Site:
    """One application that greenroom looks after.

    `database` is the URL as written (for SQLite with the path made absolute), `files` the folders of uploaded files by
    key (`""` where there is just one), `tools` the folder of the engine's own, `folder` where the configuration lies:
    commands run there. `ping_url` is told of each run, `max_age` is the longest that may pass without a good backup.
    What can hold a password is not in the repr.
    """

    name: str
    database: str = field(repr=False)
    files: dict[str, Path] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    exclude_tables: tuple[str, ...] = ()
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    version: str | None = None
    version_command: str | None = field(default=None, repr=False)
    max_archive_bytes: int = DEFAULT_MAX_ARCHIVE_BYTES
    max_upload_bytes: int = DEFAULT_MAX_UPLOAD_BYTES
    password_file: Path | None = None
    password_command: str | None = field(default=None, repr=False)
    tools: Path | None = None
    ping_url: str | None = field(default=None, repr=False)
    max_age: timedelta | None = None
    folder: Path = Path("/")

    @property
    def engine(self) -> str:
        """The engine of the database as its URL calls it: `sqlite`, `postgresql`, `mysql` or `mariadb`."""
        return engine_of(self.database)

    @cached_property
    def sqlite_path(self) -> Path | None:
        """The database's file, or None where it is not SQLite."""
        return Path(sqlite_file(self.database)) if self.engine == "sqlite" else None

    def database_url(self, environ: Mapping[str, str] = os.environ) -> URL:
        """Return the URL for SQLAlchemy with its secrets, fetched now; raise ConfigError where one is missing."""
        if self.sqlite_path is not None:
            return file_url(self.sqlite_path)
        return resolve_url(
            self.database,
            PasswordSource(self.password_file, self.password_command, self.folder),
            key=f"sites.{self.name}.database",
            environ=environ,
        )


@dataclass(frozen=True)
class Settings:
    """What greenroom.toml says. `source` is that file; `catalog` a URL as written, or None for `STATE/catalog.db`."""

    source: Path
    state: Path
    storage: Path
    sites: dict[str, Site]
    catalog: str | None = field(default=None, repr=False)
    catalog_password_file: Path | None = None
    catalog_password_command: str | None = field(default=None, repr=False)
    read_only: bool = False
    daemon: DaemonSettings = field(default_factory=DaemonSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    enrichment: EnrichmentSettings = field(default_factory=EnrichmentSettings)
    library: LibrarySettings = field(default_factory=LibrarySettings)

    def site(self, name: str) -> Site:
        """Given its name, return the site; raise UsageError naming those that there are."""
        if name in self.sites:
            return self.sites[name]
        close = difflib.get_close_matches(name, self.sites, n=1)
        known = ", ".join(self.sites) or "none"
        raise UsageError(
            f"there is no site {name!r} in {self.source}",
            hint=f"did you mean {close[0]}? (sites: {known})" if close else f"sites: {known}",
        )

    @cached_property
    def catalog_path(self) -> Path | None:
        """The catalog's file, or None where the catalog is not SQLite."""
        if self.catalog is None:
            return self.state / "catalog.db"
        return Path(sqlite_file(self.catalog)) if engine_of(self.catalog) == "sqlite" else None

    def catalog_url(self, environ: Mapping[str, str] = os.environ) -> URL:
        """Return the catalog's URL for SQLAlchemy, with its secrets; raise ConfigError where one is missing."""
        if self.catalog_path is not None:
            return file_url(self.catalog_path)
        return resolve_url(
            self.catalog or "",
            PasswordSource(self.catalog_password_file, self.catalog_password_command, self.source.parent),
            key="catalog",
            environ=environ,
        )
