"""The course of a condition: an alarm when it begins, again while it lasts, and one when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from core.alarms.alarm import Alarm, AlarmKind, SiteName, Words, shortened
from core.alarms.conditions import Finding

Key = tuple[AlarmKind, str | None]
Judgement = Mapping[Key, Finding | None]


@dataclass(frozen=True, slots=True)
class Active:
    """A condition that holds: in the words in which it was told last, `since` when, and when that was."""

    kind: AlarmKind
    site: SiteName | None
    message: Words
    advice: Words
    since: AwareDatetime
    told: AwareDatetime

    @property
    def key(self) -> Key:
        return self.kind, self.site


def advance(
    active: Iterable[Active], judged: Judgement, now: datetime, repeat: timedelta
) -> tuple[tuple[Active, ...], tuple[Alarm, ...]]:
    """Given what held until now and what was found, return what holds now and the alarms to give.

    What was not judged, because it could not be looked at, stays as it was.
    """
    before = {one.key: one for one in active}
    holds: list[Active] = [one for one in before.values() if one.key not in judged]
    alarms: list[Alarm] = []
    for key, finding in judged.items():
        known = before.get(key)
        if finding is None:
            alarms += [_over(known, now)] if known is not None else []
            continue
        current, alarm = _lasting(known, finding, now, repeat)
        holds.append(current)
        alarms += [alarm] if alarm is not None else []
    return tuple(holds), tuple(alarms)


def _lasting(known: Active | None, finding: Finding, now: datetime, repeat: timedelta) -> tuple[Active, Alarm | None]:
    message, advice = shortened(finding.message), shortened(finding.advice)
    if known is None:
        alarm = Alarm(finding.kind, finding.site, message, advice, now)
        return Active(finding.kind, finding.site, message, advice, since=now, told=now), alarm
    if known.told > now:  # the clock was set back
        return replace(known, since=min(known.since, now), told=now), None
    if now - known.told < repeat:
        return known, None  # in the words in which it was told, so that nothing is written until it is told again
    since = f"{message} (since {known.since:%Y-%m-%d %H:%M} UTC)"
    alarm = Alarm(finding.kind, finding.site, shortened(since), advice, now)
    return replace(known, message=message, advice=advice, told=now), alarm


def _over(known: Active, now: datetime) -> Alarm:
    return Alarm(known.kind, known.site, shortened(f"this is over: {known.message}"), "", now, recovered=True)
