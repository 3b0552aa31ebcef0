"""greenroom's own folders: made private, and looked at for being less than that."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.config.model import Settings
from core.errors import GreenroomError
from core.filesystem import PRIVATE_FOLDER, Filesystem
from core.secrets import holds_password, is_reference

_PARENT_FOLDER = 0o755


def prepare_folders(settings: Settings, disk: Filesystem) -> None:
    """Create the state and storage folders (0700) where they are missing; raise GreenroomError where they cannot be.

    Folders that exist are left as they are: `loose_permissions` tells of those that others can read.
    """
    for key, folder in (("state", settings.state), ("storage", settings.storage)):
        try:
            _make(folder, PRIVATE_FOLDER, disk)
        except OSError as error:
            raise GreenroomError(
                f"cannot create the {key} folder {folder}: {error.strerror}",
                hint=f"create it for this user, or name another `{key}` in {settings.source}",
            ) from error
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise GreenroomError(
                f"the {key} folder {folder} cannot be written by this user",
                hint=f"run greenroom as its owner, or name another `{key}` in {settings.source}",
            )


def loose_permissions(settings: Settings) -> list[str]:
    """Given settings, return a sentence for each of greenroom's places that somebody else can read or change."""
    found = []
    for folder in (settings.state, settings.storage):
        if folder.is_dir():
            found += _looser(folder, folder.stat(), "700")
    urls = [site.database for site in settings.sites.values()] + [settings.catalog or ""]
    told = [*settings.alarms.apprise, *(site.ping_url or "" for site in settings.sites.values())]
    held = any(holds_password(url) for url in urls) or any("${" not in url for url in told if url)
    keys = (settings.enrichment.tmdb_key, settings.enrichment.omdb_key)
    held = held or any(key is not None and not is_reference(key) for key in keys)
    if settings.source.is_file() and held:
        found += [f"{one} (it holds a password)" for one in _looser(settings.source, settings.source.stat(), "600")]
    return found


def _make(folder: Path, mode: int, disk: Filesystem) -> None:
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        _make(folder.parent, _PARENT_FOLDER, disk)
    try:
        disk.make_folder(folder, mode)
    except FileExistsError:
        if not folder.is_dir():  # otherwise another process made it just now
            raise
        return
    disk.fsync_folder(folder.parent)


def _looser(path: Path, status: os.stat_result, mode: str) -> list[str]:
    found = []
    if status.st_uid not in {0, os.geteuid()}:
        found.append(f"{path} belongs to uid {status.st_uid}: chown {os.geteuid()} {path}")
    if status.st_mode & 0o077:
        found.append(f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o}): chmod {mode} {path}")
    return found
