"""schedule show, set, enable, disable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any, get_args
from zoneinfo import ZoneInfo

import click

from cli.opening import open_ready, the_site
from cli.options import Options, Verb, VerbGroup, pass_options
from cli.output import emit, emit_json, fields, remark, warn
from core.catalog import DrillPlan, Frequency, Kind, Missed, ScheduleRecord, ScheduleSettings, ScheduleState
from core.config import Site
from core.context import Context
from core.errors import UsageError
from core.reports import format_age, format_time
from core.runner.turn import who_runs
from core.scheduler import decide, upcoming
from core.schedules.instants import find_zone
from core.schedules.reports import schedule_report, statistics_report, upcoming_report
from core.schedules.settings import (
    InvalidScheduleError,
    SettingProblem,
    check_settings,
    current_settings,
    default_settings,
    disable_schedule,
    enable_schedule,
    set_schedule,
    statistics,
)
from core.schedules.words import in_words, oddities
from core.sizes import format_size
from core.words import plural

_NEXT = 5
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY = 3
_USED_BY = {
    "time": ("hourly", "daily", "weekly", "monthly"),
    "weekday": ("weekly",),
    "month_day": ("monthly",),
    "cron": ("cron",),
}
_KEEPS = ("hourly", "daily", "weekly", "monthly", "yearly")


def _limit(text: str) -> int | str:
    """Read a number, or `none` for no limit, which is told from an option that was not given."""
    if text == "none":
        return text
    try:
        return int(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither a number nor `none`") from error


def _weekday(text: str) -> int:
    """Read the name of a day, or its number from 0 for Monday."""
    if text in {"0", "1", "2", "3", "4", "5", "6"}:
        return int(text)
    name = text.lower()
    found = [number for number, day in enumerate(_DAYS) if len(name) >= _SHORTEST_DAY and day.startswith(name)]
    if not found:
        raise click.BadParameter(f"{text!r} is no day: monday to sunday, or 0 to 6")
    return found[0]


class _SetVerb(Verb):
    """Takes `--enabled true` and `--enabled false` too, as the Backup System API writes it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        said = {"true": "--enabled", "false": "--no-enabled"}
        words: list[str] = []
        for word in args:
            if words and words[-1] == "--enabled" and word in said:
                words[-1] = said[word]
            else:
                words.append(said.get(word.removeprefix("--enabled="), word) if "=" in word else word)
        return super().parse_args(ctx, words)


@click.group(cls=VerbGroup, no_args_is_help=False)
def schedule() -> None:
    """When a site is backed up by itself, and how much of that is kept."""


@schedule.command()
@click.argument("site", required=False)
@pass_options
def show(options: Options, site: str | None) -> None:
    """Show the schedule of SITE: when it runs next, how it ran last, and its backups in numbers."""
    context = open_ready(options)
    its_site = the_site(context, site)
    _tell(options, context, its_site, context.catalog.schedule(its_site.name))


def _choice(kind: object) -> click.Choice[str]:
    return click.Choice(get_args(kind))


_SETTINGS: tuple[Callable[[Any], Any], ...] = (
    click.option("--enabled/--no-enabled", default=None, help="Whether it runs; `--enabled true|false` will do, too."),
    click.option("--frequency", type=_choice(Frequency), help="How often."),
    click.option("--time", metavar="HH:MM", help="When, on the clock of the zone; of hourly the minute counts."),
    click.option("--weekday", type=_weekday, metavar="DAY", help="The day of weekly: monday to sunday, or 0 to 6."),
    click.option("--month-day", type=int, metavar="N", help="The day of monthly; a shorter month has it at its end."),
    click.option("--cron", metavar="EXPRESSION", help="Five fields in quotes: '30 2 * * 1-5'."),
    click.option("--time-zone", metavar="ZONE", help="Such as Europe/Berlin; without it the site's own."),
    click.option("--kind", type=_choice(Kind), help="The kind of backup."),
    click.option("--missed", type=_choice(Missed), help="What becomes of a missed run: made up once, or skipped."),
    click.option("--drill", type=_choice(DrillPlan), help="How often the newest backup is restored to prove it."),
    click.option("--retention-days", type=_limit, metavar="N", help="Keep all that are younger; or none."),
    click.option("--max-backups", type=_limit, metavar="N", help="Keep no more than so many; or none."),
    *(
        click.option(f"--keep-{name}", type=int, metavar="N", help=f"Keep the newest of each of N {unit}.")
        for name, unit in zip(_KEEPS, ("hours", "days", "weeks", "months", "years"), strict=True)
    ),
    click.option("--keep-minimum", type=int, metavar="N", help="Never leave fewer."),
)


def _setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@schedule.command("set", cls=_SetVerb)
@click.argument("site", required=False)
@_setting_options
@pass_options
def set_(options: Options, /, site: str | None, **given: Any) -> None:
    """Change the schedule of SITE: only what is named; the rest stays as it is.

    One that is newly enabled, or comes at other times than before, runs at its next time, never at once.
    """
    context = open_ready(options)
    its_site = the_site(context, site)
    context.require_writable("change a schedule")
    changes: dict[str, Any] = {
        name: None if value == "none" else value for name, value in given.items() if value is not None
    }
    if not changes:
        raise UsageError("nothing was named that should change", hint="`greenroom schedule set --help` lists it")
    if "cron" in changes:
        changes.setdefault("frequency", "cron")
    settings = replace(current_settings(context, its_site), **changes)
    _refuse_wrong(changes, settings)
    _tell_set(options, context, its_site, set_schedule(context, its_site, settings))


@schedule.command()
@click.argument("site", required=False)
@pass_options
def enable(options: Options, site: str | None) -> None:
    """Let the schedule of SITE run, from its next time on."""
    context = open_ready(options)
    its_site = the_site(context, site)
    _tell_set(options, context, its_site, enable_schedule(context, its_site))


@schedule.command()
@click.argument("site", required=False)
@pass_options
def disable(options: Options, site: str | None) -> None:
    """Let the schedule of SITE rest. What was set stays."""
    context = open_ready(options)
    its_site = the_site(context, site)
    _tell(options, context, its_site, disable_schedule(context, its_site))


def _refuse_wrong(changes: dict[str, Any], settings: ScheduleSettings) -> None:
    """Tell all that is wrong at once. Whoever names a day wants it to count."""
    idle = [
        SettingProblem(
            name,
            f"has no meaning for a schedule that is {settings.frequency}",
            f"only with --frequency {', or '.join(used_by)}",
        )
        for name, used_by in _USED_BY.items()
        if name in changes and settings.frequency not in used_by
    ]
    if idle:
        raise InvalidScheduleError([*idle, *check_settings(settings)])


def _tell_set(options: Options, context: Context, site: Site, record: ScheduleRecord) -> None:
    """Show it as it is now, and what is still to be done so that it runs."""
    _tell(options, context, site, record)
    if not record.settings.enabled:
        remark(options, f"it is disabled: `greenroom schedule enable {site.name}` lets it run")
    elif who_runs(context) is None:
        remark(options, "nobody runs the schedules now: `greenroom --daemon` does, and the app while it is open")


def _tell(options: Options, context: Context, site: Site, record: ScheduleRecord | None) -> None:
    settings = record.settings if record is not None else default_settings(site)
    wrong = check_settings(settings)
    now = context.clock()
    coming = [] if wrong or not settings.enabled else list(islice(upcoming(settings, now), _NEXT))
    totals = statistics(context, site)
    if options.as_json:
        emit_json(
            options,
            {
                "site": site.name,
                "schedule": schedule_report(settings, record),
                "statistics": statistics_report(totals),
                "upcoming": upcoming_report(settings, coming),
                "problems": [{"key": one.field, "wrong": one.wrong, "allowed": one.allowed} for one in wrong],
            },
        )
        return
    zone = site.time_zone if wrong else find_zone(settings.time_zone)
    last = format_time(totals.last_at, zone) + f" ({format_age(now - totals.last_at)})" if totals.last_at else "none"
    numbers = f"{totals.scheduled} by schedule, {totals.manual} by hand"
    emit(
        *fields(
            [
                ("site", site.name),
                ("schedule", "DAMAGED" if wrong else _schedule_words(settings)),
                ("makes", settings.kind),
                ("a missed run", "is made up once" if settings.missed == "once" else "is skipped"),
                ("drill", settings.drill),
                ("keeps", _keep_words(settings)),
                ("last run", _last_words(record, zone)),
                ("due", "" if wrong or record is None else _due_words(record, context, zone)),
                ("backups", f"{totals.count} ({numbers}), {format_size(totals.total_bytes)}"),
                ("last backup", last),
                ("set by", f"{record.updated_by}, {format_time(record.updated_at, zone)}" if record else "nobody yet"),
            ]
        )
    )
    for one in wrong:
        warn(f"warning: {one}")
    if coming:
        rows = [(format_time(instant, zone), oddities(settings, instant)) for instant in coming]
        emit("", "next runs:", *(f"  {when}{words and '  ' + words}" for when, words in rows))


def _schedule_words(settings: ScheduleSettings) -> str:
    return f"{in_words(settings)}, {'enabled' if settings.enabled else 'DISABLED'}"


def _keep_words(settings: ScheduleSettings) -> str:
    days = settings.retention_days
    rules = ", ".join(f"{getattr(settings, f'keep_{name}')} {name}" for name in _KEEPS)
    most = "" if settings.max_backups is None else f"at most {settings.max_backups}, "
    young = "all, however old" if days is None else f"all younger than {plural(days, 'day')}, and {rules}"
    return f"{young}; {most}at least {settings.keep_minimum}"


def _last_words(record: ScheduleRecord | None, zone: ZoneInfo) -> str:
    state = None if record is None else record.state
    if state is None or state.last_run is None:
        return "none"
    why = f": {state.last_error}" if state.last_result == "failed" and state.last_error else ""
    return f"{format_time(state.last_run, zone)}, {state.last_result or 'at work, or it was interrupted'}{why}"


def _due_words(record: ScheduleRecord, context: Context, zone: ZoneInfo) -> str:
    """Say what should be running: where that stays, no runner is at work."""
    decision = decide(record, context.clock())
    if decision.action == "reset":
        return "the clock was far ahead once: it goes on from now as soon as a runner looks"
    if decision.instant is None:
        return _retry_words(record.state, zone)
    what = "is to be skipped" if decision.action == "skip" else f"is to be made, attempt {decision.attempt}"
    return f"the run of {format_time(decision.instant, zone)} {what}"


def _retry_words(state: ScheduleState, zone: ZoneInfo) -> str:
    if state.running_for is None or state.retry_at is None or state.last_result != "failed":
        return ""
    run, again = format_time(state.running_for, zone), format_time(state.retry_at, zone)
    return f"the run of {run} failed, and is tried again at {again}, unless the next one comes first"
