"""From what was asked for to what a verb works with: the context, the site, the backup."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.options import Options
from core.catalog import LATEST, BackupRecord
from core.config import Settings, Site, load_settings, read_only_requested
from core.config.find import find_config_file
from core.context import Context, open_context
from core.errors import ConfigError, UsageError


def open_settings(options: Options) -> Settings:
    """Return the settings; raise UsageError where another configuration is named in a read-only environment."""
    if options.config is not None and read_only_requested() and not _is_default(options.config):
        raise UsageError(
            f"greenroom is read-only: it does not use another configuration, {options.config}",
            hint="GREENROOM_READ_ONLY is set in the environment; a configuration names commands to run",
        )
    settings = load_settings(options.config)
    return replace(settings, read_only=settings.read_only or options.read_only)


def open_anyhow(options: Options) -> Context:
    """Return the context, whether the catalog is initialised or not."""
    settings = open_settings(options)
    return open_context(settings, read_only=settings.read_only)


def open_ready(options: Options) -> Context:
    """Return the context; raise CatalogNotReadyError before `init`."""
    context = open_anyhow(options)
    context.catalog.require_ready()
    return context


def refuse_read_only(options: Options, verb: str) -> None:
    """As `Context.require_writable`, for a verb that has no context."""
    if options.read_only or read_only_requested():
        raise UsageError(
            f"greenroom is read-only: it does not {verb}",
            hint="start it without --read-only and without GREENROOM_READ_ONLY",
        )


def the_site(context: Context, name: str | None) -> Site:
    """Given a site's name, or None, return it, or the only one; raise UsageError."""
    if name is not None:
        return context.settings.site(name)
    sites = list(context.settings.sites.values())
    if len(sites) > 1:
        raise UsageError("which site?", hint=f"name one of {', '.join(site.name for site in sites)}")
    return sites[0]


def the_sites(context: Context, name: str | None) -> list[Site]:
    """Given a site's name return that site, given None all of them."""
    return [context.settings.site(name)] if name is not None else list(context.settings.sites.values())


def known_site(context: Context, name: str | None) -> str | None:
    """Return the name of a site that is configured, or was once and has rows still; raise UsageError."""
    if name is not None and name not in context.settings.sites and name not in context.catalog.sites():
        context.settings.site(name)
    return name


def the_backup(context: Context, reference: str, site: str | None = None) -> BackupRecord:
    """Given how a person names a backup, return it; raise UsageError where none or several are meant.

    `latest` alone means that of the only site there is, and never one of several: what it means would change with the
    first backup of another site.
    """
    known_site(context, site)
    sites = list(context.settings.sites)
    if reference == LATEST and site is None:
        if len(sites) > 1:
            candidates = ", ".join(f"{name}/{LATEST}" for name in sites)
            raise UsageError(
                f"there are several sites, each with a {LATEST} backup: {candidates}",
                hint="name one of these, or give --site",
            )
        site = sites[0]
    return context.catalog.resolve(reference, site)


def backup_and_site(context: Context, reference: str, site: str | None) -> tuple[BackupRecord, Site]:
    """As `the_backup`, with its site; raise UsageError where that is not configured any more."""
    backup = the_backup(context, reference, site)
    return backup, context.settings.site(backup.site)


def zone_of(context: Context, site: str) -> ZoneInfo:
    """Return the zone in which the times of a site are shown, UTC for a site that is not configured any more."""
    known = context.settings.sites.get(site)
    return known.time_zone if known is not None else ZoneInfo("UTC")


def _is_default(path: Path) -> bool:
    try:
        default = find_config_file(None, os.environ, Path.cwd())
        return path.samefile(default)
    except (ConfigError, OSError):
        return False
