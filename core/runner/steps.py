"""How the state of a schedule changes with each step of a run; pure, so that what a crash leaves can be read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.catalog import ScheduleSettings, ScheduleState
from core.scheduler import next_after

_PAUSES_AFTER_A_KILL = (5,)


def begun(state: ScheduleState, instant: datetime, now: datetime, retry_minutes: Sequence[int]) -> ScheduleState:
    """An attempt begins: whoever finds this after a kill tries again at `retry_at`."""
    attempts = state.attempts + 1 if state.running_for == instant else 1
    pauses = retry_minutes or _PAUSES_AFTER_A_KILL
    # One that kills the process each time is given up as one that fails: until the next instant comes.
    retry_at = now + timedelta(minutes=pauses[attempts - 1]) if attempts <= len(pauses) else None
    return replace(
        state,
        running_for=instant,
        attempts=attempts,
        retry_at=retry_at,
        last_run=now,
        last_result=None,
        last_error=None,
    )


def completed(state: ScheduleState, settings: ScheduleSettings, instant: datetime, now: datetime) -> ScheduleState:
    """There is a backup for the instant."""
    return _settled(replace(state, last_result="completed", last_error=None), settings, instant, now)


def skipped(
    state: ScheduleState, settings: ScheduleSettings, instant: datetime, now: datetime, why: str
) -> ScheduleState:
    """There will be no backup for the instant: it was missed, or a person stopped it."""
    return _settled(replace(state, last_result="skipped", last_error=why), settings, instant, now)


def failed(
    state: ScheduleState,
    settings: ScheduleSettings,
    instant: datetime,
    now: datetime,
    error: str,
    retry_minutes: Sequence[int],
) -> ScheduleState:
    """The attempt failed: the next follows after its pause, and after the last one the next instant in turn."""
    noted = replace(state, last_result="failed", last_error=error)
    if state.running_for != instant or not has_retry(state, retry_minutes):
        return _settled(noted, settings, instant, now)
    retry_at = now + timedelta(minutes=retry_minutes[state.attempts - 1])
    again = replace(noted, retry_at=retry_at)
    return replace(again, next_run=next_run(settings, again, now))


def has_retry(state: ScheduleState, retry_minutes: Sequence[int]) -> bool:
    """Whether another attempt follows where the one that `state` notes has failed."""
    return state.attempts <= len(retry_minutes)


def taken_back(state: ScheduleState, instant: datetime, now: datetime) -> ScheduleState:
    """The attempt was stopped together with the runner: that is no failure, and it is due again at once."""
    if state.running_for != instant:
        return state
    attempts = max(state.attempts - 1, 1)  # without any the instant would be one that was missed, and may be skipped
    return replace(state, attempts=attempts, retry_at=now, next_run=now, last_result="cancelled")


def reset(state: ScheduleState, settings: ScheduleSettings, now: datetime) -> ScheduleState:
    """The clock was far ahead when the state was noted: what it says of times counts for nothing."""
    anew = replace(state, settled_until=now, running_for=None, attempts=0, retry_at=None)
    return replace(anew, next_run=next_run(settings, anew, now))


def next_run(settings: ScheduleSettings, state: ScheduleState, now: datetime) -> datetime | None:
    """Return when the next attempt is due, or None where none is: the schedule is disabled, or never comes."""
    if not settings.enabled:
        return None
    coming = next_after(settings, max(now, state.settled_until))
    if state.running_for is None or state.retry_at is None:
        return coming
    return state.retry_at if coming is None else min(state.retry_at, coming)


def _settled(state: ScheduleState, settings: ScheduleSettings, instant: datetime, now: datetime) -> ScheduleState:
    """A person may have set the schedule anew meanwhile, so nothing goes back behind what is settled."""
    done = replace(state, settled_until=max(state.settled_until, instant), running_for=None, attempts=0, retry_at=None)
    return replace(done, next_run=next_run(settings, done, now))
