"""Dates and times, exactly as those that another column is to hold, or a ValueError."""

from __future__ import annotations

import re

from core.databases.decode import Convert
from core.databases.schema import ColumnType
from core.databases.together import Together, all_match

_DAY = r"(?:[0-9]{4,6}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"
_CLOCK = r"(-?[0-9]{2,3}:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,6}))?"
_DATE = re.compile(rf"{_DAY}(?: BC)?|-?infinity|0000-00-00")
_TIME = re.compile(rf"{_CLOCK}([+-][0-9]{{2}}(?::[0-9]{{2}}){{0,2}})?")
_TIMESTAMP = re.compile(rf"((?:{_DAY}|0000-00-00) ){_CLOCK}(\+00)?( BC)?")


def to_date(_source: ColumnType, _target: ColumnType) -> Convert:
    def convert(value: str) -> str:
        if not _DATE.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is no date")
        return value

    return Together(convert, all_match(_DAY))


def _seconds(clock: str, fraction: str | None, digits: int) -> str:
    kept = (fraction or "").rstrip("0")
    if len(kept) > digits:
        raise ValueError(f"{clock}.{kept} has more than {digits} digits behind the seconds")
    return f"{clock}.{kept}" if kept else clock


def _digits_of(type_: ColumnType) -> int:
    return 6 if type_.precision is None else type_.precision


def to_time(_source: ColumnType, target: ColumnType) -> Convert:
    def convert(value: str) -> str:
        found = _TIME.fullmatch(value)
        if found is None:
            raise ValueError(f"{value[:40]!r} is no time")
        clock, fraction, zone = found.groups()
        if bool(zone) != target.zoned:
            raise ValueError(f"{value} {'has' if zone else 'lacks'} a zone")
        return _seconds(clock, fraction, _digits_of(target)) + (zone or "")

    return convert


def to_timestamp(_source: ColumnType, target: ColumnType) -> Convert:
    """One without a zone is taken as UTC where the target keeps a zone."""
    digits = _digits_of(target)
    zone = "+00" if target.zoned else ""
    fraction = rf"(?:\.[0-9]{{0,{digits - 1}}}[1-9])?" if digits else ""
    settled = rf"{_DAY} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]{fraction}{re.escape(zone)}"
    as_it_is = re.compile(settled).fullmatch

    def convert(value: str) -> str:
        if as_it_is(value):
            return value
        found = _TIMESTAMP.fullmatch(value)
        if found is None:
            if value in {"infinity", "-infinity"}:
                return value
            raise ValueError(f"{value[:40]!r} is no point in time")
        day, clock, part, _, era = found.groups()
        return day + _seconds(clock, part, digits) + zone + (era or "")

    return Together(convert, all_match(settled))


def from_date(source: ColumnType, target: ColumnType) -> Convert:
    checked, as_timestamp = to_date(source, target), to_timestamp(source, target)
    return lambda value: as_timestamp(f"{checked(value)} 00:00:00")
