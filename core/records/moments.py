"""Times as people write them in JSON, by ISO 8601, and as engines do."""

from __future__ import annotations

import datetime as dt
import re

_CLOCK = r"(\d{2,3}:\d{2}:\d{2})(?:\.(\d+))?"
_TIMESTAMP = re.compile(rf"(\d{{4,6}}-\d{{2}}-\d{{2}})[ T]{_CLOCK}(\+00)?( BC)?")
_TIME = re.compile(rf"(-?){_CLOCK}(.*)")
_ZONE = re.compile(r"(Z|[+-]\d{2}(?::?\d{2})?)\Z")
ENDLESS = ("infinity", "-infinity")


def _fraction(digits: str | None) -> str:
    kept = (digits or "").rstrip("0")
    return f".{kept}" if kept else ""


def shown_timestamp(text: str) -> str:
    """Given a time as an engine writes it, in UTC where it has a zone, return it as ISO 8601."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return text
    day, clock, digits, zone, era = found.groups()
    return f"{day}T{clock}{_fraction(digits)}{'+00:00' if zone else ''}{era or ''}"


def shown_time(text: str) -> str:
    """Given a time of day as an engine writes it, return it without needless zeros."""
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    minus, clock, digits, zone = found.groups()
    return f"{minus}{clock}{_fraction(digits)}{zone}"


def line_of_timestamp(text: str, *, zoned: bool) -> str:
    """Given ISO 8601, return it as the lines of a portable backup have it; raise ValueError.

    Of a time with a zone, that is UTC; one with none is refused where the column has one, and the other way round.
    """
    if text in ENDLESS or text.endswith(" BC"):
        return text.replace("T", " ", 1).replace("+00:00", "+00")
    day, _, clock = text.replace("T", " ", 1).partition(" ")
    zone = _ZONE.search(clock)
    if not clock:
        raise ValueError("a day, where the time is missing")
    if bool(zone) != zoned:
        raise ValueError("with a zone" if zone else "without a zone")
    if len(day) > len("2026-01-01"):
        return f"{day} {clock}".replace("+00:00", "+00")
    moment = dt.datetime.fromisoformat(f"{day}T{clock}")
    digits = _more_digits(clock)
    if zone is None:
        return f"{day} {moment:%H:%M:%S}{digits}"
    moment = moment.astimezone(dt.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}{digits}+00".rjust(len("2026-01-01 00:00:00+00") + len(digits), "0")


def _more_digits(clock: str) -> str:
    found = re.search(r"\.(\d+)", clock)
    if found is None:
        return ""
    if len(found[1].rstrip("0")) > 6:
        raise ValueError("with more than 6 digits behind the seconds")
    return _fraction(found[1])


def checked_day(text: str) -> str:
    """Return a day that there is; raise ValueError. Years of more than four digits, and BC, the server checks."""
    if text not in ENDLESS and len(text) == len("2026-01-01"):
        dt.date.fromisoformat(text)
    return text
