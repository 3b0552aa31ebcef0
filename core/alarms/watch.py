"""The doors of the alarms: what the loop calls before and after a run, and about once a minute.

Nothing here raises GreenroomError or OSError: an alarm that cannot be given is told, and never breaks a backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from core.alarms.alarm import Alarm, Ping, Signal, shortened
from core.alarms.book import ONE_AT_A_TIME, Book, change_book, read_book
from core.alarms.conditions import Report, What
from core.alarms.course import Judgement, advance
from core.alarms.delivery import attempt, send_waiting
from core.alarms.look import Judged, judge_house, judge_site, site_facts
from core.alarms.outbox import Parcel, put
from core.alarms.ways import alarm_ways, ping_way
from core.config import Site
from core.context import Context
from core.errors import BusyError, CancelledError, GreenroomError
from core.events import Event, Tell

_Reports = tuple[Report, ...]


def begin_run(context: Context, site: Site, tell: Tell, what: What = "backup") -> None:
    """Tell the site's ping address that a backup begins; other runs are not told of, and nothing is tried twice."""
    way = ping_way(site)
    if context.read_only or way is None or what != "backup":
        return
    with _told(tell, site):
        trouble = read_book(context).box.trouble(way.name)
        if trouble is not None and context.clock() < trouble.retry_at:
            return  # it hung or refused a moment ago: the backup need not wait for that
        error = attempt(way, Ping("start", "", context.clock()))
        if error is not None:
            tell(Event("warning", "alarm_not_sent", f"not sent: ping start: {error.message}", site.name))


def end_run(context: Context, site: Site, what: What, error: GreenroomError | None, tell: Tell) -> None:
    """Note how a run ended, give the alarms that follow, ping, and send what waits.

    One that was cancelled neither failed nor went well: somebody wanted it so.
    """
    if context.read_only or isinstance(error, CancelledError):
        return
    with _told(tell, site):
        now = context.clock()
        report = (
            None if error is None else Report(what, site.name, shortened(error.message), shortened(error.hint), now)
        )

        def note(reports: _Reports) -> _Reports:
            others = tuple(one for one in reports if (one.what, one.site) != (what, site.name))
            return others if report is None else (*others, report)

        with ONE_AT_A_TIME:  # a look of `watch` that began before may not come after this one
            judged = _look(context, site, note(read_book(context).reports), tell)
            _advance(context, judged, tell, note, _ping_of(site, what, error, judged, context))
    deliver_waiting(context, tell)


def watch(context: Context, tell: Tell) -> None:
    """Look at all sites and the storage, give the alarms that follow, and send what waits."""
    if context.read_only:
        return
    with _told(tell), ONE_AT_A_TIME:
        _advance(context, _look(context, None, read_book(context).reports, tell), tell)
    deliver_waiting(context, tell)


def deliver_waiting(context: Context, tell: Tell) -> None:
    """Send what waits to be sent, for about twenty seconds at most."""
    if context.read_only:
        return
    with _told(tell):
        send_waiting(context, tell)


@contextmanager
def _told(tell: Tell, site: Site | None = None) -> Iterator[None]:
    try:
        yield
    except GreenroomError as error:
        message = f"alarms failed: {error.message}" + (f" ({error.hint})" if error.hint else "")
        tell(Event("error", "alarms_failed", message, site.name if site is not None else None))
    except OSError as error:
        tell(Event("error", "alarms_failed", f"alarms failed: {error}", site.name if site is not None else None))


def _look(context: Context, only: Site | None, reports: _Reports, tell: Tell) -> Judged:
    """Judge a site, or all, and the house. What cannot be looked at is not judged: that is a condition of its own."""
    judged: Judged = {}
    troubles: list[GreenroomError] = []
    free: int | None = None
    with _collected(troubles):
        free = context.store.free_bytes()
    for site in context.settings.sites.values() if only is None else (only,):
        with _collected(troubles):
            judged |= judge_site(site_facts(context, site, reports), context.settings)
    busy = [one for one in troubles if isinstance(one, BusyError)]  # the next look will do
    for one in busy:
        tell(Event("warning", "alarms_failed", f"not all was looked at: {one.message}"))
    serious = next((one for one in troubles if one not in busy), None)
    told = any(one.kind == "low_space" for one in read_book(context).active)
    judged |= judge_house(context.settings, free, serious, space_told=told)
    if serious is None and (busy or only is not None):
        del judged["blind", None]  # what was not looked at may be as it was
    return judged


@contextmanager
def _collected(troubles: list[GreenroomError]) -> Iterator[None]:
    try:
        yield
    except GreenroomError as error:
        troubles.append(error)
    except OSError as error:
        troubles.append(GreenroomError(str(error)))


def _advance(
    context: Context,
    judged: Judgement,
    tell: Tell,
    note: Callable[[_Reports], _Reports] = lambda reports: reports,
    ping: tuple[str, Ping] | None = None,
) -> None:
    """Note what was judged, and put the alarms that follow into the outbox: all of it in one step, or nothing."""
    now = context.clock()
    sites = context.settings.sites
    ways = [way.name for way in alarm_ways(context.settings)]

    def change(book: Book) -> tuple[Book, tuple[tuple[Alarm, ...], tuple[Parcel, ...]]]:
        known = (one for one in book.active if one.site is None or one.site in sites)
        active, alarms = advance(known, judged, now, timedelta(hours=context.settings.alarms.repeat_hours))
        box = book.box
        gone: tuple[Parcel, ...] = ()
        for alarm in alarms:
            box, dropped = put(box, alarm, ways, now)
            gone += dropped
        if ping is not None:
            box, _ = put(box, ping[1], (ping[0],), now)
        reports = tuple(one for one in note(book.reports) if one.site in sites)
        return replace(book, active=active, reports=reports, box=box), (alarms, gone)

    alarms, gone = change_book(context, tell, change)
    for alarm in alarms:
        tell(_event(alarm))
    if gone:
        message = f"{len(gone)} alarms that could not be sent had to make room for newer ones"
        tell(Event("error", "alarm_given_up", message))


def _ping_of(
    site: Site, what: What, error: GreenroomError | None, judged: Judgement, context: Context
) -> tuple[str, Ping] | None:
    """What the ping address is told when a run ended: success of backups alone, failure of any run."""
    way = ping_way(site)
    if way is None:
        return None
    finding = judged.get(("drill_failed", site.name)) if what == "drill" else None
    message = error.message if error is not None else finding.message if finding is not None else None
    if message is None and what != "backup":
        return None
    signal: Signal = "success" if message is None else "fail"
    words = f"{what} of {site.name}: {message or 'completed'}"
    return way.name, Ping(signal, shortened(words), context.clock())


def _event(alarm: Alarm) -> Event:
    fields: dict[str, str | int | float | bool | None] = {"kind": alarm.kind, "recovered": alarm.recovered}
    message = f"{alarm.message} ({alarm.advice})" if alarm.advice else alarm.message
    name = "alarm_over" if alarm.recovered else "alarm"
    return Event("info" if alarm.recovered else "error", name, message, alarm.site, fields)
