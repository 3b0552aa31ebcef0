"""Passwords of databases: taken from the environment, a file or a command when needed, and masked wherever shown."""

from __future__ import annotations

import importlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from core.commands import first_line_of
from core.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy.engine.url import URL

MASK = "***"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CREDENTIALS = re.compile(r"^((?!sqlite)[^:/]*://[^:]*):(?P<password>.*)@", re.DOTALL | re.IGNORECASE)
_NAMED = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key|odbc_connect)[^=&]*=)[^&]*", re.IGNORECASE)
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_SEPARATORS = re.compile(r"[/:@,;#\s]+")
_SHORTEST_SECRET = 3
_MAX_PASSWORD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where the password comes from that a URL does not hold itself; at most one of the two."""

    file: Path | None = None
    command: str | None = None
    folder: Path = Path("/")


def mask_url(url: str) -> str:
    """Given a database URL as written, return it with its password, and options that look like one, as `***`.

    All up to the last `@` is masked: the rest of a password with an `@` not encoded would show.
    """
    return _NAMED.sub(rf"\1{MASK}", _CREDENTIALS.sub(rf"\1:{MASK}@", url))


def mask_address(url: str) -> str:
    """Given an address that alarms are sent to, return it with all behind its scheme masked but `${NAME}`.

    Services put their keys anywhere: into the user, the host, the path.
    """
    scheme, _, rest = url.partition("://")
    names = " ".join(found[0] for found in _REFERENCE.finditer(rest))
    return f"{scheme}://{MASK}{' ' + names if names else ''}"


def expand_address(url: str, *, key: str, environ: Mapping[str, str] = os.environ) -> str:
    """Given an address as written, return it with each `${NAME}` filled in, encoded as a part of a URL.

    Raise ConfigError naming the variables that are not set; `key` names the setting.
    """
    encoded = {name: quote(environ[name], safe=":") for name in _REFERENCE.findall(url) if name in environ}
    return expand_references(url, key=key, environ=encoded, otherwise="")


def redact(text: str, address: str) -> str:
    """Return what somebody said without the parts of an address: services put their keys anywhere into it."""
    text = _ANY_URL.sub(MASK, text)
    place, _, query = _SCHEME.sub("", address).partition("?")
    values = [one.partition("=")[2] for one in query.split("&")]
    pieces = {piece for part in (place, *values) for piece in _SEPARATORS.split(part)}
    pieces |= {unquote(piece) for piece in pieces}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= _SHORTEST_SECRET:
            text = re.sub(re.escape(piece), MASK, text, flags=re.IGNORECASE)
    return text


def has_password(url: str) -> bool:
    """Given a URL as written, tell whether it names a password, be it as `${NAME}`."""
    return any(_passwords_in(url))


def holds_password(url: str) -> bool:
    """Given a URL as written, tell whether a password itself stands in it: who reads the file knows it."""
    return any(_REFERENCE.sub("", one) for one in _passwords_in(url))


def is_reference(text: str) -> bool:
    """Tell whether a text is one `${NAME}` and nothing else: then it holds no secret itself."""
    return _REFERENCE.fullmatch(text) is not None


def check_references(text: str) -> None:
    """Return where every `${` in `text` begins a `${NAME}`; raise ValueError otherwise."""
    if "${" in _REFERENCE.sub("", text):
        raise ValueError("holds a ${ that is not ${NAME} of an environment variable")


def resolve_url(url: str, source: PasswordSource, *, key: str, environ: Mapping[str, str] = os.environ) -> URL:
    """Given a URL as written, return it for SQLAlchemy, its `${NAME}` and its password filled in.

    `key` names the setting in messages. Raise ConfigError where a variable is not set, the file of the
    password is unsafe, or the URL cannot be read; raise GreenroomError where the command fails.
    """
    made = parse_url(url, key=key)

    def expand(text: str) -> str:
        return expand_references(text, key=key, environ=environ)

    password = _sourced_password(source, key=key)
    if password is None and made.password is not None:
        password = expand(str(made.password))
    return made.set(
        username=_apply(expand, made.username),
        password=password,
        host=_apply(expand, made.host),
        database=_apply(expand, made.database),
        query={
            name: expand(value) if isinstance(value, str) else tuple(map(expand, value))
            for name, value in made.query.items()
        },
    )


def file_url(path: Path) -> URL:
    """Given the file of an SQLite database, return its URL for SQLAlchemy, whatever letters the path holds."""
    made: URL = importlib.import_module("sqlalchemy").URL.create("sqlite", database=str(path))
    return made


def parse_url(url: str, *, key: str) -> URL:
    """Given a URL as written, return its parts, no secret resolved; raise ConfigError, not quoting it, otherwise."""
    # SQLAlchemy costs 150 ms, which a site on SQLite need not pay.
    module = importlib.import_module("sqlalchemy")
    made: URL | None = None
    try:
        made = module.make_url(url)
        made.get_dialect()
    except (ValueError, module.exc.ArgumentError):
        made = None
    if made is None:  # raised outside of the except block: the error caught there may quote the URL
        raise ConfigError(
            f"{key}: is not a database URL",
            hint="allowed: ENGINE://USER:PASSWORD@HOST:PORT/NAME; encode special characters in it (@ is %40)",
        )
    return made


def expand_references(
    text: str, *, key: str, environ: Mapping[str, str] = os.environ, otherwise: str = ", or use password_file"
) -> str:
    """Given a text, return it with each `${NAME}` replaced; raise ConfigError naming the variables not set.

    `otherwise` ends its hint.
    """
    missing = sorted({name for name in _REFERENCE.findall(text) if name not in environ})
    if missing:
        raise ConfigError(
            f"{key}: the environment variable {', '.join(missing)} is not set",
            hint=f"set it for this command (systemd: Environment= or EnvironmentFile=){otherwise}",
        )
    return _REFERENCE.sub(lambda match: environ[match[1]], text)


def read_password_file(path: Path, *, key: str) -> str:
    """Given a file, return its first line; raise ConfigError where it is unreadable, unsafe or empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{key}: cannot read {path}: {error.strerror}") from error
    try:
        _refuse_unsafe(os.fstat(descriptor), path, key)
        content = os.read(descriptor, _MAX_PASSWORD_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MAX_PASSWORD_BYTES:
        raise ConfigError(f"{key}: {path} is too large for a password", hint="put the password on one line")
    line = content.split(b"\n", 1)[0].removesuffix(b"\r").decode(errors="replace")
    if not line or "\ufffd" in line:
        raise ConfigError(f"{key}: the first line of {path} is empty or not UTF-8 text")
    return line


def _sourced_password(source: PasswordSource, *, key: str) -> str | None:
    folder, dot, _ = key.rpartition(".")
    prefix = f"{folder}{dot}" if dot else f"{key}_"
    if source.file is not None:
        return read_password_file(source.file, key=f"{prefix}password_file")
    if source.command is not None:
        return first_line_of(source.command, what=f"{prefix}password_command", folder=source.folder)
    return None


def _refuse_unsafe(status: os.stat_result, path: Path, key: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{key}: {path} is not a regular file")
    if status.st_uid not in {0, os.geteuid()}:
        raise ConfigError(
            f"{key}: {path} belongs to uid {status.st_uid}, neither to you nor to root",
            hint=f"chown {os.geteuid()} {path}",
        )
    # A file of root's may be readable by the one group that needs it, as with private keys.
    forbidden = 0o037 if status.st_uid == 0 else 0o077
    if status.st_mode & forbidden:
        raise ConfigError(
            f"{key}: {path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"chmod 600 {path}",
        )


def _passwords_in(url: str) -> list[str]:
    match = _CREDENTIALS.match(url)
    found = [match["password"]] if match else []
    return found + [one[0].partition("=")[2] for one in _NAMED.finditer(url)]


def _apply(expand: Callable[[str], str], text: str | None) -> str | None:
    return None if text is None else expand(text)
