"""Where greenroom.toml is looked for, and when it is trusted."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from core.errors import ConfigError

FILE_NAME = "greenroom.toml"
ENVIRONMENT_NAME = "GREENROOM_CONFIG"
SYSTEM_FOLDER = Path("/etc/greenroom")
MAX_FILE_BYTES = 1024 * 1024
_MAX_LINKS = 40


def find_config_file(
    explicit: Path | None, environ: Mapping[str, str], cwd: Path, system_folder: Path = SYSTEM_FOLDER
) -> Path:
    """Return the first configuration file that exists, absolute.

    Raise ConfigError where the one that was asked for does not exist, or none does.
    """
    asked = [(explicit, "--config")] if explicit is not None else []
    if not asked and environ.get(ENVIRONMENT_NAME):
        asked = [(Path(environ[ENVIRONMENT_NAME]), f"${ENVIRONMENT_NAME}")]
    for path, origin in asked:
        wanted = cwd / path
        if not _exists(wanted):
            raise ConfigError(f"{wanted} does not exist", hint=f"{origin} names it: correct that, or create the file")
        return wanted
    places = default_places(cwd, system_folder)
    for place in places:
        if _exists(place):
            return place
    looked = ", ".join(str(place) for place in places)
    raise ConfigError(
        f"there is no {FILE_NAME}; looked at {looked}",
        hint=f"write one, or name it by --config or ${ENVIRONMENT_NAME}; to try greenroom: `greenroom demo DIR`",
    )


def default_places(cwd: Path, system_folder: Path = SYSTEM_FOLDER) -> tuple[Path, ...]:
    """Return the files that are looked for when none is named, in order."""
    return (
        cwd / FILE_NAME,
        platformdirs.user_config_path("greenroom") / FILE_NAME,
        system_folder / FILE_NAME,
    )


def read_trusted_file(path: Path, caller: int | None = None) -> bytes:
    """Given a configuration file, return its content; raise ConfigError where someone else could have written it.

    It names commands to run and folders to replace, so only the caller (`caller`, a user id) and root may own
    it and the links to it, and nobody else may write to it. For root, only root's own.
    """
    caller = os.geteuid() if caller is None else caller
    real = _follow_links(path, caller)
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        _check_file(path, os.fstat(descriptor), caller)
        if caller == 0:
            _check_folder(real.parent)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_FILE_BYTES // 1024} KiB: this is no {FILE_NAME}")
    return content


def _exists(path: Path) -> bool:
    """A dangling link exists too: skipping it would read another file than the one meant."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return True


def _follow_links(path: Path, caller: int) -> Path:
    """Return the file behind `path`; raise ConfigError where a link on the way is somebody else's."""
    current = path
    for _ in range(_MAX_LINKS):
        try:
            # The folder's own links first, so that `current.parent` is where the name really is.
            current = Path(os.path.realpath(current.parent), current.name)
            status = current.lstat()
            if not stat.S_ISLNK(status.st_mode):
                return current
            _check_owner(current, status, caller)
            current = current.parent / current.readlink()
        except OSError as error:
            raise _unreadable(path, error) from error
    raise ConfigError(f"{path} is a link that leads in a circle")


def _check_file(path: Path, status: os.stat_result, caller: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a regular file", hint="the configuration must be a plain text file")
    _check_owner(path, status, caller)
    if status.st_mode & 0o022:
        raise ConfigError(
            f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"whoever writes it decides what greenroom runs: chmod go-w {path}",
        )


def _check_owner(path: Path, status: os.stat_result, caller: int) -> None:
    if status.st_uid in {0, caller}:
        return
    kind = "link" if stat.S_ISLNK(status.st_mode) else "file"
    allowed = "root" if caller == 0 else "you or root"
    change = f"chown -h {caller} {path}" if kind == "link" else f"chown {caller} {path}"
    raise ConfigError(
        f"{path} belongs to uid {status.st_uid}; the {kind} must belong to {allowed}",
        hint=f"it decides what greenroom runs as you: read it, and then {change}",
    )


def _check_folder(folder: Path) -> None:
    """Root's file in a folder where others may rename it is not root's; the sticky bit forbids the renaming."""
    status = folder.stat()
    by_group = status.st_mode & 0o020 and status.st_gid != 0
    if (by_group or status.st_mode & 0o002) and not status.st_mode & stat.S_ISVTX:
        raise ConfigError(
            f"others can write {folder} (mode {stat.S_IMODE(status.st_mode):04o}) and so replace {FILE_NAME}",
            hint=f"chmod go-w {folder}, or move the file to a folder of root's",
        )


def _unreadable(path: Path, error: OSError | ValueError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ConfigError(f"cannot read {path}: {reason}", hint="greenroom must be able to read its configuration")
