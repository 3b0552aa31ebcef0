"""Sends what waits in the outbox, all ways at once, so that one that hangs or fails is in no other's way."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from core.alarms.alarm import Alarm, Ping, shortened
from core.alarms.book import change_box, folder_of
from core.alarms.outbox import (
    GIVEN_UP_AFTER,
    Outbox,
    Parcel,
    Trouble,
    due,
    failed,
    for_ways,
    sent,
    without_the_hopeless,
)
from core.alarms.ways import Way, all_ways, deliver
from core.context import Context
from core.errors import BusyError, GreenroomError, UsageError
from core.events import Event, Tell
from core.locks import hold_lock

_AT_ONCE = 4
# A round ends when what was begun within this time has ended, which takes ten seconds more at most.
_SECONDS_OF_A_ROUND = 10.0


@dataclass(frozen=True, slots=True)
class WayTried:
    """How a test went: by which way, how many seconds it took, and what was wrong."""

    way: str
    seconds: float
    error: GreenroomError | None


def send_waiting(context: Context, tell: Tell) -> None:
    """Send what is due, and note what was taken and when to try the rest again.

    Where another process is sending, that one does it.
    """
    with ExitStack() as held:
        try:
            path = folder_of(context) / "sending"
            held.enter_context(hold_lock(path, actor=context.actor, verb="alarms", now=context.clock()))
        except BusyError:
            return
        except GreenroomError as error:  # the folder cannot be written: what is kept in memory goes out all the same
            tell(Event("warning", "alarms_unwritten", error.message))
        _send(context, tell)


def try_ways(context: Context) -> list[WayTried]:
    """Send a test by all ways now. Pings are of the kind that is only logged, so that no run is made up.

    Raise UsageError where there is no way, or greenroom is read-only.
    """
    context.require_writable("send alarms")
    ways = all_ways(context.settings)
    if not ways:
        raise UsageError(
            "alarms go nowhere", hint=f"name `apprise` or `command` in [alarms] of {context.settings.source}"
        )
    message = f"this is a test of the alarms of greenroom, sent by {context.actor}; nothing is wrong"
    alarm = Alarm("test", None, shortened(message), "", context.clock())
    ping = Ping("log", alarm.message, alarm.when)

    def send(way: Way) -> WayTried:
        began = time.monotonic()
        error = attempt(way, ping if way.by == "ping" else alarm)
        return WayTried(way.label, time.monotonic() - began, error)

    with ThreadPoolExecutor(_AT_ONCE) as executor:
        return list(executor.map(send, ways))


def attempt(way: Way, content: Alarm | Ping) -> GreenroomError | None:
    """Send something by a way; return why it was not taken, or None."""
    try:
        deliver(way, content)
    except GreenroomError as error:
        return error
    except OSError as error:
        return GreenroomError(f"{way.label}: {error.strerror or error}")
    return None


def _send(context: Context, tell: Tell) -> None:
    ways = {way.name: way for way in all_ways(context.settings)}
    box = change_box(context, tell, partial(_for_ways, ways))
    work = [(way, parcels) for name, way in ways.items() if (parcels := due(box, name, context.clock()))]
    if not work:
        return
    events: list[Event] = []  # told when the threads are done: who listens need not expect them
    until = time.monotonic() + _SECONDS_OF_A_ROUND
    with ThreadPoolExecutor(_AT_ONCE) as executor:
        for one in [executor.submit(_send_by, context, way, parcels, until, events.append) for way, parcels in work]:
            one.result()
    for event in events:
        tell(event)
    for parcel in change_box(context, tell, partial(without_the_hopeless, now=context.clock())):
        way = ways.get(parcel.way)
        if way is None:  # of a process with another configuration
            continue
        message = f"{way.label}: given up after {GIVEN_UP_AFTER.days} days, never sent: {_about(parcel)}"
        tell(Event("error", "alarm_given_up", message, _site_of(way, parcel)))


def _send_by(context: Context, way: Way, parcels: Sequence[Parcel], until: float, tell: Tell) -> None:
    """Send by one way until something is not taken, or time is up."""
    for parcel in parcels:
        if time.monotonic() > until:
            return
        error = attempt(way, parcel.content)
        if error is not None:
            tell(_not_sent(way, parcel, error, change_box(context, tell, partial(_failed, parcel, context.clock()))))
            return
        change_box(context, tell, partial(_sent, parcel))


def _sent(parcel: Parcel, box: Outbox) -> tuple[Outbox, None]:
    return sent(box, parcel.number), None


def _failed(parcel: Parcel, now: datetime, box: Outbox) -> tuple[Outbox, Trouble | None]:
    box = failed(box, parcel.number, now)
    return box, box.trouble(parcel.way)


def _not_sent(way: Way, parcel: Parcel, error: GreenroomError, trouble: Trouble | None) -> Event:
    message = f"not sent: {_about(parcel)}: {error.message}" + (f" ({error.hint})" if error.hint else "")
    if trouble is not None:
        message += f"; tried again at {trouble.retry_at:%Y-%m-%d %H:%M:%S} UTC"
    fields: dict[str, str | int | float | bool | None] = {"way": way.label, "tries": parcel.tries + 1}
    return Event("warning", "alarm_not_sent", shortened(message), _site_of(way, parcel), fields)


def _site_of(way: Way, parcel: Parcel) -> str | None:
    return parcel.content.site if isinstance(parcel.content, Alarm) else way.site


def _about(parcel: Parcel) -> str:
    content = parcel.content
    return content.title if isinstance(content, Alarm) else f"ping {content.signal}"


def _for_ways(ways: Collection[str], box: Outbox) -> tuple[Outbox, Outbox]:
    box = for_ways(box, ways)
    return box, box
