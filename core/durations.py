"""Spans of time as people write and read them: "36 h", "3 days"."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"min": 60, "h": 3600, "day": 86400, "days": 86400, "week": 604800, "weeks": 604800}
_LONGEST = timedelta(days=3650)
_DURATION = re.compile(r"([0-9]{1,6}) ?([a-z]{1,5})")


def parse_duration(text: str) -> timedelta:
    """Given a span: "90 min", "36 h", "3 days", return it; raise ValueError where it is none, or over ten years."""
    match = _DURATION.fullmatch(text.strip(" "))
    seconds = UNITS.get(match[2]) if match else None
    if match is None or seconds is None:
        raise ValueError(f"not a span of time: write a number and a unit, such as 36 h (units: {', '.join(UNITS)})")
    span = timedelta(seconds=int(match[1]) * seconds)
    if not timedelta() < span <= _LONGEST:
        raise ValueError("is out of range: from 1 min to 3650 days")
    return span


def format_duration(span: timedelta) -> str:
    """Given a span, return it in the largest unit that it is whole in, as `parse_duration` reads it (to the minute)."""
    seconds = int(span.total_seconds())
    for unit, plural in (("day", "days"), ("h", "h")):
        count, rest = divmod(seconds, UNITS[unit])
        if count and not rest:
            return f"{count} {unit if count == 1 else plural}"
    return f"{seconds // UNITS['min']} min"
