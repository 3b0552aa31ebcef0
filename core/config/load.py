"""Reads greenroom.toml: finds it, trusts it or not, checks all of it, and makes Settings of it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.config.checks import doubly_told, idle_passwords
from core.config.document import SiteTable, check_document
from core.config.find import SYSTEM_FOLDER, find_config_file, read_trusted_file
from core.config.model import AlarmSettings, DaemonSettings, EnrichmentSettings, LibrarySettings, Settings, Site
from core.config.places import Place, Use, overlaps, place, site_places
from core.config.problems import InvalidConfigError
from core.config.tables import AlarmsTable, DaemonTable, EnrichmentTable
from core.config.urls import absolute_path, engine_of, sqlite_file, sqlite_url
from core.durations import parse_duration
from core.errors import ConfigError

READ_ONLY_NAME = "GREENROOM_READ_ONLY"
_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def load_settings(
    explicit: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    system_folder: Path = SYSTEM_FOLDER,
) -> Settings:
    """Return the settings of the first configuration file found, or of `explicit`.

    Raise ConfigError where there is none, where others could have written it, or with all that is wrong in it.
    """
    source = find_config_file(explicit, environ, _folder(cwd), system_folder)
    document = parse_toml(read_trusted_file(source), source)
    checked = check_document(document)
    sites = {name: _site(name, table, source.parent) for name, table in checked.sites.items()}
    top = {
        key: absolute_path(value, source.parent)
        for key, value in checked.top.items()
        if key in {"state", "storage", "catalog_password_file"}
    }
    catalog = _absolute_url(checked.top["catalog"], source.parent) if "catalog" in checked.top else None
    problems = [
        *checked.problems,
        *doubly_told(document),
        *idle_passwords(checked),
        *overlaps(_places(source, top, catalog, sites)),
    ]
    if problems:
        raise InvalidConfigError(source, problems)
    return Settings(
        source=source,
        state=top["state"],
        storage=top["storage"],
        sites=sites,
        catalog=catalog,
        catalog_password_file=top.get("catalog_password_file"),
        catalog_password_command=checked.top.get("catalog_password_command"),
        read_only=read_only_requested(environ),
        daemon=_daemon(checked.daemon),
        alarms=_alarms(checked.alarms, source.parent),
        enrichment=_enrichment(checked.enrichment, source.parent),
        library=LibrarySettings(checked.library.daily),
    )


def read_only_requested(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether $GREENROOM_READ_ONLY asks for it; raise ConfigError where it says neither yes nor no."""
    value = environ.get(READ_ONLY_NAME, "").strip().lower()
    if value in _YES | _NO:
        return value in _YES
    raise ConfigError(f"${READ_ONLY_NAME} is neither yes nor no", hint="allowed: 1, true, yes, on; 0, false, no, off")


def parse_toml(content: bytes, source: Path) -> dict[str, Any]:
    """Given a file's content, return its table; raise ConfigError naming the line where it is not TOML."""
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8 text (at line {line})"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = f"is not valid TOML: {error}"
    raise ConfigError(f"{source} {reason}", hint="correct that line; https://toml.io shows how TOML is written")


def system_zone(localtime: Path = Path("/etc/localtime")) -> ZoneInfo:
    """Return the zone that the system is set to, or UTC where it does not say which."""
    name = os.path.realpath(localtime).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _folder(cwd: Path | None) -> Path:
    try:
        return (cwd or Path()).absolute()
    except FileNotFoundError as error:
        raise ConfigError("the current folder no longer exists", hint="change to another one") from error


def _site(name: str, table: SiteTable, folder: Path) -> Site:
    return Site(
        name=name,
        database=_absolute_url(table.database, folder),
        files={key: absolute_path(path, folder) for key, path in table.files.items()},
        exclude=tuple(table.exclude),
        exclude_tables=tuple(table.exclude_tables),
        time_zone=ZoneInfo(table.time_zone) if table.time_zone else system_zone(),
        version=table.version,
        version_command=table.version_command,
        max_archive_bytes=table.max_archive_bytes,
        max_upload_bytes=table.max_upload_bytes,
        password_file=absolute_path(table.password_file, folder) if table.password_file else None,
        password_command=table.password_command,
        tools=absolute_path(table.tools, folder) if table.tools else None,
        ping_url=table.ping_url,
        max_age=parse_duration(table.max_age) if table.max_age else None,
        folder=folder,
    )


def _daemon(table: DaemonTable) -> DaemonSettings:
    return DaemonSettings(
        apply_at_start=table.apply_at_start,
        on_stop=table.on_stop,
        log=table.log,
        retry_minutes=tuple(table.retry_minutes),
        parallel_runs=table.parallel_runs,
    )


def _alarms(table: AlarmsTable, folder: Path) -> AlarmSettings:
    return AlarmSettings(
        apprise=tuple(table.apprise),
        command=table.command,
        low_space=table.low_space,
        shrunk_percent=table.shrunk_percent,
        repeat_hours=table.repeat_hours,
        textfile=absolute_path(table.textfile, folder) if table.textfile else None,
    )


def _enrichment(table: EnrichmentTable, folder: Path) -> EnrichmentSettings:
    return EnrichmentSettings(
        tmdb_key=table.tmdb_key,
        tmdb_key_file=absolute_path(table.tmdb_key_file, folder) if table.tmdb_key_file else None,
        tmdb_key_command=table.tmdb_key_command,
        omdb_key=table.omdb_key,
        omdb_key_file=absolute_path(table.omdb_key_file, folder) if table.omdb_key_file else None,
        omdb_key_command=table.omdb_key_command,
        tmdb_url=table.tmdb_url.rstrip("/"),
        tmdb_image_url=table.tmdb_image_url.rstrip("/"),
        omdb_url=table.omdb_url,
        regions=tuple(table.regions),
        languages=tuple(table.languages),
        requests_per_second=table.requests_per_second,
        timeout_seconds=table.timeout_seconds,
    )


def _absolute_url(url: str, folder: Path) -> str:
    return sqlite_url(absolute_path(sqlite_file(url), folder)) if engine_of(url) == "sqlite" else url


def _places(source: Path, top: Mapping[str, Path], catalog: str | None, sites: Mapping[str, Site]) -> Iterator[Place]:
    yield place(Use.CONFIG, "greenroom.toml", source)
    for key, use in (("state", Use.STATE), ("storage", Use.STORAGE)):
        if key in top:
            yield place(use, key, top[key])
    if catalog is not None and engine_of(catalog) == "sqlite":
        yield place(Use.CATALOG, "catalog", Path(sqlite_file(catalog)))
    for site in sites.values():
        yield from site_places(site)
