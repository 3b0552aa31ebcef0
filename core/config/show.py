"""The settings as they took effect, for people and scripts, with every secret masked."""

from __future__ import annotations

import json
from typing import Any

from core.config.model import EnrichmentSettings, Settings, Site
from core.config.problems import dotted
from core.config.urls import engine_of, sqlite_url
from core.durations import format_duration
from core.secrets import MASK, is_reference, mask_address, mask_url
from core.sizes import exact_size


def show(settings: Settings) -> dict[str, Any]:
    """Given settings, return them as JSON can hold them, in snake_case, secrets masked."""
    return {
        "source": str(settings.source),
        "read_only": settings.read_only,
        "state": str(settings.state),
        "storage": str(settings.storage),
        "catalog": mask_url(settings.catalog or sqlite_url(settings.state / "catalog.db")),
        "catalog_password_file": _text(settings.catalog_password_file),
        "catalog_password_command": _program(settings.catalog_password_command),
        "daemon": {
            "apply_at_start": settings.daemon.apply_at_start,
            "on_stop": settings.daemon.on_stop,
            "log": settings.daemon.log,
            "retry_minutes": list(settings.daemon.retry_minutes),
            "parallel_runs": settings.daemon.parallel_runs,
        },
        "alarms": {
            "apprise": [mask_address(url) for url in settings.alarms.apprise],
            "command": _program(settings.alarms.command),
            "low_space": settings.alarms.low_space,
            "shrunk_percent": settings.alarms.shrunk_percent,
            "repeat_hours": settings.alarms.repeat_hours,
            "textfile": _text(settings.alarms.textfile),
        },
        "enrichment": _show_enrichment(settings.enrichment),
        "library": {"daily": settings.library.daily},
        "sites": {name: _show_site(site) for name, site in settings.sites.items()},
    }


def show_text(settings: Settings) -> str:
    """Given settings, return them as greenroom.toml would say them, paths absolute, secrets masked."""
    top = show(settings)
    sites, daemon, alarms = top.pop("sites"), top.pop("daemon"), top.pop("alarms")
    enrichment, library = top.pop("enrichment"), top.pop("library")
    lines = [f"# {top.pop('source')}", f"# read-only: {'yes' if top.pop('read_only') else 'no'}"]
    lines += _lines(top)
    lines += ["", "[daemon]", *_lines(daemon)]
    lines += ["", "[alarms]", *_lines({**alarms, "low_space": exact_size(alarms["low_space"])})]
    lines += ["", "[enrichment]", *_lines(enrichment)]
    lines += ["", "[library]", *_lines(library)]
    for name, values in sites.items():
        for key in ("max_archive_bytes", "max_upload_bytes"):
            values[key] = exact_size(values[key])
        lines += ["", f"[{dotted(['sites', name])}]", *_lines(values)]
    return "\n".join(lines) + "\n"


def _show_enrichment(enrichment: EnrichmentSettings) -> dict[str, Any]:
    return {
        "tmdb_key": _masked_key(enrichment.tmdb_key),
        "tmdb_key_file": _text(enrichment.tmdb_key_file),
        "tmdb_key_command": _program(enrichment.tmdb_key_command),
        "omdb_key": _masked_key(enrichment.omdb_key),
        "omdb_key_file": _text(enrichment.omdb_key_file),
        "omdb_key_command": _program(enrichment.omdb_key_command),
        "tmdb_url": enrichment.tmdb_url,
        "tmdb_image_url": enrichment.tmdb_image_url,
        "omdb_url": enrichment.omdb_url,
        "regions": list(enrichment.regions),
        "languages": list(enrichment.languages),
        "requests_per_second": enrichment.requests_per_second,
        "timeout_seconds": enrichment.timeout_seconds,
    }


def _masked_key(key: str | None) -> str | None:
    """A key that is nothing but the name of a variable says no secret."""
    return key if key is None or is_reference(key) else MASK


def _show_site(site: Site) -> dict[str, Any]:
    folders: list[str] | dict[str, str] = {key: str(path) for key, path in site.files.items()}
    if set(site.files) <= {""}:
        folders = [str(path) for path in site.files.values()]
    return {
        "database": mask_url(site.database),
        "engine": engine_of(site.database),
        "files": folders,
        "exclude": list(site.exclude),
        "exclude_tables": list(site.exclude_tables),
        "time_zone": site.time_zone.key,
        "version": site.version,
        "version_command": site.version_command,
        "max_archive_bytes": site.max_archive_bytes,
        "max_upload_bytes": site.max_upload_bytes,
        "tools": _text(site.tools),
        "ping_url": None if site.ping_url is None else mask_address(site.ping_url),
        "max_age": None if site.max_age is None else format_duration(site.max_age),
        "password_file": _text(site.password_file),
        "password_command": _program(site.password_command),
    }


def _program(command: str | None) -> str | None:
    """The arguments of a command that prints a password can hold one."""
    if command is None:
        return None
    program, _, arguments = command.strip().partition(" ")
    return f"{program} {MASK}" if arguments else program


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _lines(values: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None and key != "engine"]


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{dotted([key])} = {_toml(one)}' for key, one in value.items())}}}"
    # JSON's strings, numbers and booleans are TOML's too.
    return json.dumps(value, ensure_ascii=False)
