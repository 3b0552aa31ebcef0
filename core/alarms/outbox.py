"""What waits to be sent, by each way for itself. Pure: what is due, what becomes of it after an attempt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from core.alarms.alarm import Alarm, Ping

WAITING_A_WAY = 50
GIVEN_UP_AFTER = timedelta(days=3)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))

WayName = Annotated[str, StringConstraints(max_length=100)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One alarm or ping for one way; `number` tells it from all others."""

    number: Count
    way: WayName
    content: Alarm | Ping
    added: AwareDatetime
    tries: Count = 0


Parcels = tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way that failed: how often in a row, and when it is tried again."""

    way: WayName
    failures: Count
    retry_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """All that waits, in the order of its numbers, and the ways that failed last."""

    parcels: tuple[Parcel, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    next_number: Count = 1

    def trouble(self, way: str) -> Trouble | None:
        return next((one for one in self.troubles if one.way == way), None)


def put(box: Outbox, content: Alarm | Ping, ways: Iterable[str], now: datetime) -> tuple[Outbox, Parcels]:
    """Add something for each of the ways; return the outbox, and the older parcels that had to go for it.

    A ping takes the place of one that waits: what was the case before is of no interest any more.
    """
    gone: list[Parcel] = []
    parcels = list(box.parcels)
    number = box.next_number
    for way in ways:
        waiting = [one for one in parcels if one.way == way]
        keep = 0 if isinstance(content, Ping) else WAITING_A_WAY - 1
        over = waiting[: max(0, len(waiting) - keep)]
        gone += [one for one in over if isinstance(one.content, Alarm)]
        parcels = [one for one in parcels if one not in over]
        parcels.append(Parcel(number, way, content, now))
        number += 1
    return replace(box, parcels=tuple(parcels), next_number=number), tuple(gone)


def due(box: Outbox, way: str, now: datetime) -> Sequence[Parcel]:
    """Return what is to be sent by a way now: the least tried first, so that one it never takes is in nobody's way."""
    trouble = box.trouble(way)
    if trouble is not None and now < trouble.retry_at <= now + PAUSES[-1]:  # later only where the clock was set back
        return ()
    return sorted((one for one in box.parcels if one.way == way), key=lambda one: (one.tries, one.number))


def sent(box: Outbox, number: int) -> Outbox:
    """A parcel was taken: it goes, and its way works."""
    way = next((one.way for one in box.parcels if one.number == number), None)
    return replace(
        box,
        parcels=tuple(one for one in box.parcels if one.number != number),
        troubles=tuple(one for one in box.troubles if one.way != way),
    )


def failed(box: Outbox, number: int, now: datetime) -> Outbox:
    """A parcel was not taken: its way rests, longer with each failure in a row."""
    parcel = next((one for one in box.parcels if one.number == number), None)
    if parcel is None:  # something newer took its place meanwhile
        return box
    before = box.trouble(parcel.way)
    failures = 1 + (before.failures if before is not None else 0)
    trouble = Trouble(parcel.way, failures, now + PAUSES[min(failures, len(PAUSES)) - 1])
    return replace(
        box,
        parcels=tuple(replace(one, tries=one.tries + 1) if one.number == number else one for one in box.parcels),
        troubles=(*(one for one in box.troubles if one.way != parcel.way), trouble),
    )


def for_ways(box: Outbox, ways: Collection[str]) -> Outbox:
    """Return the outbox without what is for a way that is no more."""
    return replace(
        box,
        parcels=tuple(one for one in box.parcels if one.way in ways),
        troubles=tuple(one for one in box.troubles if one.way in ways),
    )


def without_the_hopeless(box: Outbox, now: datetime) -> tuple[Outbox, Parcels]:
    """Return the outbox without what was tried for too many days, and that.

    Days alone do not count: a machine that slept for a week has not tried yet.
    """
    old = tuple(one for one in box.parcels if now - one.added > GIVEN_UP_AFTER and _tried_enough(box, one))
    return replace(box, parcels=tuple(one for one in box.parcels if one not in old)), old


def _tried_enough(box: Outbox, parcel: Parcel) -> bool:
    trouble = box.trouble(parcel.way)
    return max(parcel.tries, trouble.failures if trouble is not None else 0) >= len(PAUSES)
