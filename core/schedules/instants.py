"""Times on a zone's clock, and the instants at which they come; a clock may skip a time, or show it twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.config.problems import quote
from core.errors import GreenroomError

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


def find_zone(name: str) -> ZoneInfo:
    """Given the name of a time zone, return it; raise GreenroomError where it is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise GreenroomError(
            f"the time zone {quote(name)} is not known here",
            hint="`greenroom schedule set --time-zone ZONE` names another; new ones come with the package tzdata",
        ) from error


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Given an instant, return what the zone's clock shows then: naive, the fold left out."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instant_of(shown: datetime, zone: ZoneInfo) -> datetime:
    """Given a naive time on the zone's clock, return in UTC when it first comes, or when the gap that skips it ends."""
    instant = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if local_time(instant, zone) == shown:
        return instant
    # In a gap the two readings of the time lie on the two sides of its end.
    before, offset = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), instant.astimezone(zone).utcoffset()
    while instant - before > _SECOND:
        middle = before + (instant - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            instant = middle
        else:
            before = middle
    return instant


def comes_twice(instant: datetime, zone: ZoneInfo) -> int:
    """Return 1 or 2 where the zone's clock shows the time of the instant twice: which of them this is; else 0."""
    local = instant.astimezone(zone)
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return 0
    return local.fold + 1


def gap_before(instant: datetime, zone: ZoneInfo) -> datetime | None:
    """Return, naive, the first time that the clock skips just before the instant, or None where it skips none."""
    expected = local_time(instant - _SECOND, zone) + _SECOND
    return expected if expected < local_time(instant, zone) else None


def standard_minutes(instant: datetime, zone: ZoneInfo) -> int:
    """Return by how many minutes the zone's standard time is ahead of UTC at the instant: summer time left out."""
    local = instant.astimezone(zone)
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return standard // _MINUTE
