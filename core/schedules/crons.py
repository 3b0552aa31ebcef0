"""Cron expressions of five fields, as the package cronsim reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

LONGEST_CRON = 100
_FORM = "minute hour day month weekday, such as 30 2 * * 1-5"
_LETTERS = re.compile(r"[0-9A-Za-z*,/#\- ]*")
# An expression that comes only on 29 February on a Monday comes within 40 years of any day.
_SAMPLE = datetime(2026, 1, 1)  # noqa: DTZ001 - a time on a clock without a zone: only whether there is a next one counts
_DAY = timedelta(days=1)


def cron_problem(text: str) -> tuple[str, str] | None:
    """Given a cron expression, return what is wrong and what is allowed, or None where it can be used."""
    if not text.strip():
        return "is empty", _FORM
    if len(text) > LONGEST_CRON:
        return f"is longer than {LONGEST_CRON} letters", _FORM
    if not _LETTERS.fullmatch(text):
        return "has letters that no cron expression has", f"{_FORM}; digits, names, and * , - / #"
    if len(text.split()) != 5:
        return f"has {len(text.split())} fields", f"five fields: {_FORM}"
    try:
        found = next(CronSim(text, _SAMPLE), None)
    except CronSimError as error:
        return f"has a {str(error).lower()}", _FORM
    return ("never comes", "an expression that comes at least once in 50 years") if found is None else None


def cron_labels(text: str, after: datetime) -> Iterator[datetime]:
    """Yield the naive times after a naive one that the expression asks for, on a clock that is never changed."""
    return CronSim(text, after)


def cron_words(text: str) -> str:
    """Given an expression that was checked, return it in words: "at 02:30 on Monday through Friday"."""
    words = CronSim(text, _SAMPLE).explain()
    return words[0].lower() + words[1:]


def cron_instants(text: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield in UTC the instants of the expression strictly after one, ascending; ends where 50 years hold none."""
    place: tzinfo = UTC if zone.key == "UTC" else zone
    last = after
    # Begun between two readings of one hour, cronsim takes another way through it than on its way from the day before.
    begin = after if (after - _DAY).astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset() else after - _DAY
    for local in CronSim(text, begin.astimezone(place)):
        instant = local.astimezone(UTC)
        if instant > last:
            last = instant
            yield instant
