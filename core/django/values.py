"""A value as Django writes it into JSON, as a line of rows has it for the column that it goes into."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from core.databases.lines import json_value
from core.databases.schema import Column, Kind, Table

Encode = Callable[[Raw], Any]  # raises ValueError

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_UUID_DIGITS = re.compile(r"char\(32\)", re.IGNORECASE)
_INTEGER = re.compile(r"-?[0-9]{1,40}")
_CLOCK_DURATION = re.compile(r"(?:(-?\d{1,9}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_ISO_DURATION = re.compile(r"(-?)P(\d{1,9})DT(\d\d)H(\d\d)M(\d\d)(?:\.(\d{1,6}))?S")
_MICROSECOND = timedelta(microseconds=1)
_as_text = msgspec.json.Decoder(str).decode
_as_truth = msgspec.json.Decoder(bool).decode
_as_integer = msgspec.json.Decoder(int | str).decode
_as_number = msgspec.json.Decoder(int | float).decode
_as_plain = msgspec.json.Decoder(int | float | str).decode


def encoder(table: Table, column: Column, engine: str) -> Encode | None:
    """Return how values go into a column of the target; None where Django's form of them is not known."""
    if is_json(table, column):
        return _json(column)
    maker = _MAKERS.get(column.type.kind)
    return None if maker is None else _or_nothing(maker(column, engine))


def is_json(table: Table, column: Column) -> bool:
    """Whether a column holds JSON: by its type, or by the check that Django adds where there is no such type."""
    if column.type.kind == "json":
        return True
    pattern = rf"json_valid\(\s*[\"`]?{re.escape(column.name)}[\"`]?\s*\)"
    return column.type.kind == "text" and any(re.search(pattern, one.sql, re.IGNORECASE) for one in table.checks)


def _or_nothing(encode: Encode) -> Encode:
    return lambda raw: None if bytes(raw) == b"null" else encode(raw)


def _json(column: Column) -> Encode:
    """JSON in Django's own spelling, by which it compares; null is no value, or where there must be one, JSON's."""
    is_text = column.type.kind == "text"

    def encode(raw: Raw) -> Any:
        if bytes(raw) == b"null" and column.nullable:
            return None
        text = json.dumps(json.loads(bytes(raw)), allow_nan=False)
        return text if is_text else json_value(text)

    return encode


def _text(column: Column, _engine: str) -> Encode:
    """Where an engine has no UUID, Django keeps one as 32 digits."""
    if not _UUID_DIGITS.fullmatch(column.type.native):
        return _as_text

    def encode(raw: Raw) -> str:
        text = _as_text(raw)
        return text.replace("-", "").lower() if _UUID.fullmatch(text) else text

    return encode


def _integer(_column: Column, _engine: str) -> Encode:
    """Where an engine has no interval, Django keeps a duration as microseconds."""

    def encode(raw: Raw) -> int:
        value = _as_integer(raw)
        if isinstance(value, int):
            return value
        return int(value) if _INTEGER.fullmatch(value) else _duration(value) // _MICROSECOND

    return encode


def _boolean(_column: Column, _engine: str) -> Encode:
    return _as_truth


def _decimal(_column: Column, _engine: str) -> Encode:
    def encode(raw: Raw) -> str:
        text = bytes(raw).decode()
        if text.startswith('"'):
            return _as_text(raw)
        _as_number(raw)
        return text

    return encode


def _float(_column: Column, _engine: str) -> Encode:
    return _as_number


def _bytes(_column: Column, _engine: str) -> Encode:
    def encode(raw: Raw) -> str:
        try:
            return base64.b64decode(_as_text(raw), validate=True).hex()
        except binascii.Error as error:
            raise ValueError("no bytes in Base64") from error

    return encode


def _time(_column: Column, engine: str) -> Encode:
    def encode(raw: Raw) -> Any:
        text = _as_text(raw)
        found = time.fromisoformat(text)
        if found.tzinfo is not None:
            raise ValueError(f"the time {text[:40]} has a zone")
        return _with_seconds(f"{found:%H:%M:%S}", found.microsecond, "", engine)

    return encode


def _timestamp(column: Column, engine: str) -> Encode:
    """A column without a zone holds UTC, as Django has it there; a time that names no zone is what it is."""
    zoned = column.type.zoned

    def encode(raw: Raw) -> Any:
        text = _as_text(raw)
        found = datetime.fromisoformat(text)
        if "T" not in text and " " not in text:
            raise ValueError(f"{text[:40]!r} is a day and no time of it")
        if found.tzinfo is not None:
            try:
                found = found.astimezone(UTC)
            except OverflowError as error:
                raise ValueError(f"{text[:40]} is out of range") from error
        elif zoned:
            raise ValueError(f"{text[:40]} names no zone, and the column keeps one: which is meant is not known")
        whole = found.replace(microsecond=0, tzinfo=None).isoformat(" ")
        return _with_seconds(whole, found.microsecond, "+00" if zoned else "", engine)

    return encode


def _with_seconds(whole: str, microseconds: int, zone: str, engine: str) -> Any:
    """Django compares times in SQLite as texts, which have all six digits there, or none."""
    if not microseconds:
        return whole + zone
    if engine == "sqlite":
        return {"$text": f"{whole}.{microseconds:06}{zone}"}
    return f"{whole}.{microseconds:06}".rstrip("0") + zone


def _interval(_column: Column, _engine: str) -> Encode:
    """As PostgreSQL writes it, of days and a time that is not negative, as Django's driver sends it."""

    def encode(raw: Raw) -> str:
        found = _duration(_as_text(raw))
        minutes, seconds = divmod(found.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        fraction = f".{found.microseconds:06}".rstrip("0") if found.microseconds else ""
        day = f"{found.days}D" if found.days else ""
        parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        parts += f"{seconds}{fraction}S" if seconds or fraction else ""
        if not day and not parts:
            return "PT0S"
        return f"P{day}T{parts}" if parts else f"P{day}"

    return encode


def _duration(text: str) -> timedelta:
    plain, iso = _CLOCK_DURATION.fullmatch(text), _ISO_DURATION.fullmatch(text)
    if plain is not None:
        sign, (days, hours, minutes, seconds, fraction) = "", plain.groups()
    elif iso is not None:
        sign, days, hours, minutes, seconds, fraction = iso.groups()
    else:
        raise ValueError(f"{text[:40]!r} is neither a whole number nor a duration")
    try:
        found = timedelta(
            days=int(days or 0),
            hours=int(hours),
            minutes=int(minutes),
            seconds=int(seconds),
            microseconds=int((fraction or "").ljust(6, "0")),
        )
        return -found if sign else found
    except OverflowError as error:
        raise ValueError(f"{text[:40]} is out of range") from error


def _uuid(_column: Column, _engine: str) -> Encode:
    def encode(raw: Raw) -> str:
        text = _as_text(raw)
        if not _UUID.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is no UUID")
        return str(UUID(text))

    return encode


def _plain_text(_column: Column, _engine: str) -> Encode:
    return _as_text


def _any(_column: Column, _engine: str) -> Encode:
    return _as_plain


_MAKERS: dict[Kind, Callable[[Column, str], Encode]] = {
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "bytes": _bytes,
    "date": _plain_text,
    "time": _time,
    "timestamp": _timestamp,
    "interval": _interval,
    "uuid": _uuid,
    "enum": _plain_text,
    "any": _any,
}
