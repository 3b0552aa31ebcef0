"""Who runs the loop, and when the next run is, in words: the same on all screens."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.text import Text

from core.catalog import ScheduleRecord
from core.runner.turn import Runner
from core.schedules.missed import GRACE
from core.words import printable

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DAYS_IN_HOURS = 2


def format_wait(wait: timedelta) -> str:
    """Given a time that is to come, return it in words: "in a minute", "in 5 min", "in 3 h", "in 12 days"."""
    seconds = int(wait.total_seconds())
    if seconds < 2 * _MINUTE:
        return "in a minute"
    if seconds < 2 * _HOUR:
        return f"in {seconds // _MINUTE} min"
    if seconds < _DAYS_IN_HOURS * _DAY:
        return f"in {seconds // _HOUR} h"
    return f"in {seconds // _DAY} days"


def format_instant(instant: datetime, zone: ZoneInfo) -> str:
    """Given an instant of a schedule, return it with its weekday and zone, to the minute: nothing is due between."""
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def who_words(runner: Runner | None, *, read_only: bool = False) -> str:
    """Say who runs the loop, with what to do where nobody does; an app that is read-only never runs it."""
    if runner is None and read_only:
        return "NOBODY RUNS IT: start `greenroom --daemon`; a read-only app does not run it"
    if runner is None:
        return "NOBODY RUNS IT: start `greenroom --daemon`, or leave this app open"
    if runner.pid == os.getpid():
        return "run by this app while open"
    if runner.kind == "daemon":
        return f"run by daemon process {runner.pid}"
    return f"run by another app, process {runner.pid} of {printable(runner.actor)}"


def who_would(runner: Runner | None, *, read_only: bool = False) -> str:
    """As `who_words`, of a schedule that is off: nothing is run."""
    if runner is None:
        here = "" if read_only else ", or this app left open"
        return f"to run one that is on takes `greenroom --daemon`{here}"
    if runner.pid == os.getpid():
        who = "this app, while open,"
    elif runner.kind == "daemon":
        who = f"daemon process {runner.pid}"
    else:
        who = f"another app, process {runner.pid} of {printable(runner.actor)},"
    return f"{who} would run one that is on"


def schedule_line(
    record: ScheduleRecord | None,
    runner: Runner | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    read_only: bool,
    here: bool = False,
) -> Text:
    """Say in a line when the next run is and who sees to it, what is wrong first; `here` is where it is set."""
    if record is None or not record.settings.enabled:
        state = f"{'no schedule' if record is None else 'the schedule is OFF'}: nothing is backed up by itself"
        if here:
            return Text(f"{state}; {who_would(runner, read_only=read_only)}")
        return Text(state if read_only else f"{state}; 4 {'sets one' if record is None else 'sets it on'}")
    text = next_run_text(record, now, zone)
    text.append("; ")
    text.append(who_words(runner, read_only=read_only), "bold" if runner is None else "")
    return text


def next_run_text(record: ScheduleRecord, now: datetime, zone: ZoneInfo) -> Text:
    """Given the schedule of a site, enabled, say when its next run is; one that should have been is OVERDUE."""
    state = record.state
    if state.running_for is not None and state.last_result == "failed" and state.retry_at is not None:
        when = max(min(state.retry_at, state.next_run or state.retry_at), now)
        return Text.assemble(("the last run FAILED", "bold"), f", tried again {format_wait(when - now)}")
    if state.next_run is None:
        return Text("NO RUN EVER COMES: look at the schedule", "bold")
    at = format_instant(state.next_run, zone)
    if state.next_run > now - GRACE:
        wait = format_wait(state.next_run - now) if state.next_run > now else "now"
        return Text(f"next run {wait}  ({at})")
    return Text.assemble(("OVERDUE", "bold"), f": a run was due {at}")
