"""Days on which a schedule had a run due that nothing stands for: pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from core.catalog import ScheduleRecord, SpanCount

# A run that waits for another site, or has only just begun, is late and not missed.
GRACE = timedelta(minutes=15)
_AN_INSTANT = timedelta(microseconds=1)


def missed_days(
    schedule: ScheduleRecord | None,
    next_due: Callable[[datetime], datetime | None],
    bounds: Sequence[datetime],
    counts: Sequence[SpanCount],
    stood_for: Collection[datetime],
    now: datetime,
) -> tuple[bool, ...]:
    """Given a schedule, its next instant after a time, and days by their bounds, return of each whether it was missed.

    `counts` are the backups of each day, `stood_for` times for which there is or was one that is not counted on its
    day: it was made up for later, or is deleted meanwhile. A run that failed is no missed one.

    Only instants after the schedule was enabled, or its times were changed, count. What they were before nobody knows
    any more: the catalog keeps one row a site and no history. So a change of them forgets older missed days rather than
    inventing some.
    """
    if schedule is None or not schedule.settings.enabled:
        return (False,) * len(counts)
    since = schedule.state.since or schedule.updated_at
    until = now - GRACE
    if schedule.state.running_for is not None:
        until = min(until, schedule.state.running_for - _AN_INSTANT)
    stood = {bisect_right(bounds, time) - 1 for time in stood_for}

    def is_missed(day: int, begin: datetime, end: datetime) -> bool:
        if counts[day].good or counts[day].bad or day in stood or end <= since or begin > until:
            return False
        first = next_due(max(begin - _AN_INSTANT, since))
        return first is not None and first < end and first <= until

    return tuple(is_missed(day, begin, end) for day, (begin, end) in enumerate(pairwise(bounds)))
