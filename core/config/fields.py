"""The kinds of value that greenroom.toml holds: how each is checked, and what is said where it is wrong."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.commands import split_command
from core.config.problems import quote, suggestion
from core.config.urls import ENGINES, SITE_ENGINES, SQLITE_FORMS, checked_path, engine_of, sqlite_file
from core.durations import UNITS as SPANS
from core.durations import parse_duration
from core.errors import ConfigError
from core.secrets import check_references, parse_url
from core.sizes import UNITS, parse_size

LONGEST_VERSION = 200
_MAX_BYTES = 2**63 - 1
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")
_NAMES = "a-z, 0-9, _ and -, beginning with a letter or digit, at most 63"
_HERE = {"localhost", "127.0.0.1", "::1"}
_SERVER_FORM = "ENGINE://USER:PASSWORD@HOST:PORT/NAME with special characters encoded (@ is %40)"
_SITE_URLS = f"{SQLITE_FORMS}, or a server of {', '.join(SITE_ENGINES[1:])}"
_SPANS = f"a number and a unit ({', '.join(SPANS)}), such as 36 h"
_SIZES = f"bytes, or a number and a unit ({', '.join(UNITS)}), such as 20 GiB"
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def refuse(wrong: str, allowed: str = "") -> NoReturn:
    """Raise the error that becomes a Problem."""
    raise PydanticCustomError("greenroom", "{wrong}", {"wrong": wrong, "allowed": allowed})


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        refuse("is not a name that can be used for a folder", _NAMES)
    return value


def _folder_key(value: str) -> str:
    return _name(value) if value else value


def _path(value: str) -> str:
    try:
        return checked_path(value)
    except ValueError as error:
        refuse(f"the path {quote(value)} {error}", "a path: absolute, relative to this file, or below ~/")


def _folders(value: object) -> object:
    """A list of one folder has the key "", which a table may not use."""
    if isinstance(value, list):
        if len(value) > 1:
            refuse(
                f"lists {len(value)} folders without naming them",
                'one folder in a list, or several with names: files = {uploads = "...", media = "..."}',
            )
        return {"": value[0]} if value else {}
    if not isinstance(value, dict):
        refuse("is neither a list nor a table", 'files = ["folder"], or files = {uploads = "...", media = "..."}')
    if "" in value:
        refuse("has a folder without a name", _NAMES)
    return value


def _site_database(value: str) -> str:
    try:
        engine = engine_of(value)
    except ValueError as error:
        refuse(str(error), SQLITE_FORMS)
    if engine not in SITE_ENGINES:
        wrong = ENGINES.get(engine, quote(engine))
        refuse(f"{wrong} is not a supported kind of database{suggestion(engine, SITE_ENGINES)}", _SITE_URLS)
    return _database_url(value, key="database", allowed=_SITE_URLS)


def _catalog(value: str) -> str:
    return _database_url(value, key="catalog", allowed=f"a database URL, such as {SQLITE_FORMS}")


def _database_url(value: str, *, key: str, allowed: str) -> str:
    try:
        if engine_of(value) == "sqlite":
            checked_path(sqlite_file(value))
        else:
            check_references(value)
            parse_url(value, key=key)
    except ValueError as error:
        refuse(str(error), allowed)
    except ConfigError:
        refuse("is not a database URL that SQLAlchemy knows", f"{SQLITE_FORMS}, or {_SERVER_FORM}")
    return value


def _pattern(value: str) -> str:
    allowed = 'a pattern on the path below the folder, or on the last name of it: "*.tmp", "cache", "thumbs/*"'
    if not value or not value.isprintable():
        refuse("is empty or holds characters that cannot be printed", allowed)
    if value.startswith(("/", "./")) or value.endswith("/"):
        refuse(f"{quote(value)} would never match: no path begins with / or ./, or ends with /", allowed)
    return value


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        refuse("is empty or holds characters that cannot be printed", "text on one line")
    return value


def _version(value: str) -> str:
    if len(_text(value)) > LONGEST_VERSION:
        refuse(f"is longer than {LONGEST_VERSION} letters", 'a version, such as "1.4"')
    return value


def _command(value: str) -> str:
    _text(value)
    try:
        split_command(value)
    except ValueError as error:
        refuse(f"is no command: {error}".lower(), "a program and its arguments, quoted as in a shell; no shell runs it")
    return value


def _time_zone(value: str) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        refuse(f"{quote(value)} is not a known time zone{suggestion(value, known)}", "such as Europe/Berlin, or UTC")
    return value


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("is not a size", _SIZES)
    try:
        size = parse_size(value) if isinstance(value, str) else value
    except ValueError:
        refuse(f"{quote(str(value))} is not a size", _SIZES)
    if not 0 < size <= _MAX_BYTES:
        refuse("is out of range", f"from 1 byte to {_MAX_BYTES} bytes")
    return size


def _day_time(value: str) -> str:
    return value if _TIME.fullmatch(value) else refuse("is not a time of a day", "hours and minutes, as in 03:00")


def _span(value: str) -> str:
    try:
        parse_duration(value)
    except ValueError as error:
        refuse(f"{quote(value)} {error}" if str(error).startswith("is") else f"{quote(value)} is no span", _SPANS)
    return value


def _web_url(value: str) -> str:
    allowed = "SCHEME://..., secrets as ${NAME} of the environment"
    if not _SCHEME.match(_text(value)) or any(letter.isspace() for letter in value):
        refuse("is no URL", allowed)
    try:
        check_references(value)
    except ValueError as error:
        refuse(str(error), allowed)
    return value


def _ping_url(value: str) -> str:
    if not _web_url(value).lower().startswith(("https://", "http://")):
        refuse("is not an address of the web", "https://HOST/PATH")
    return value


def _service_url(value: str) -> str:
    allowed = "https://HOST/PATH; http:// only on this machine, for a key goes along"
    try:
        parts = urlsplit(_text(value))
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.query or parts.fragment or parts.username or any(letter.isspace() for letter in value):
        refuse("is not the address of a service", allowed)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _HERE):
        refuse("is not an address of the web that hides what is sent", allowed)
    return value


def _key(value: str) -> str:
    allowed = "a key of letters and digits without spaces, better as ${NAME} of the environment"
    if not value or not value.isascii() or any(letter.isspace() or not letter.isprintable() for letter in value):
        refuse("is no key", allowed)
    try:
        check_references(value)
    except ValueError as error:
        refuse(str(error), allowed)
    return value


def _checked(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(check)


Name = Annotated[str, _checked(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})]
PathText = Annotated[str, _checked(_path)]
Folders = Annotated[
    dict[Annotated[str, _checked(_folder_key)], PathText],
    BeforeValidator(_folders),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "maxItems": 1},
                {
                    "type": "object",
                    "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
                    "additionalProperties": {"type": "string"},
                },
            ],
        },
    ),
]
SiteDatabase = Annotated[str, _checked(_site_database)]
CatalogUrl = Annotated[str, _checked(_catalog)]
Pattern = Annotated[str, _checked(_pattern)]
TableName = Annotated[str, _checked(_text)]
VersionText = Annotated[str, _checked(_version)]
Command = Annotated[str, _checked(_command)]
Span = Annotated[str, _checked(_span)]
DayTime = Annotated[str, _checked(_day_time), WithJsonSchema({"type": "string", "pattern": f"^(?:{_TIME.pattern})$"})]
WebUrl = Annotated[str, _checked(_web_url)]
ServiceUrl = Annotated[str, _checked(_service_url)]
ServiceKey = Annotated[str, _checked(_key)]
PingUrl = Annotated[str, _checked(_ping_url)]
TimeZoneName = Annotated[str, _checked(_time_zone)]
Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}),
]
