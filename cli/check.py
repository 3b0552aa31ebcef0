"""check: is all well, in words, as JSON, or on one line for a monitor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from cli.opening import open_ready, the_sites
from cli.options import Options, Verb, pass_options
from cli.output import Json, emit, emit_document, emit_json, warn
from core.checkup import Checkup, Level, Problem, SiteChecked, Thresholds, check_up
from core.durations import parse_duration
from core.errors import ExitCode, GreenroomError, UsageError
from core.reports import format_age
from core.sizes import format_size
from core.words import plural, printable

_LONGEST_LINE = 2000
_NAGIOS = "--nagios"


class _Age(click.ParamType[timedelta]):
    """An age on the command line: "36 h", "3 days"."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return value if isinstance(value, timedelta) else parse_duration(str(value))
        except ValueError as error:
            self.fail(f"{value}: {error}", param, ctx)


class Monitored(Verb):
    """A command whose words, where they are wrong, a monitor learns of in its own form too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, list(args))
        except click.UsageError as error:
            if _NAGIOS not in args:
                raise
            ctx.exit(_tell_monitor(Level.UNKNOWN, error.format_message()))


@click.command(cls=Monitored)
@click.argument("site", required=False)
@click.option(_NAGIOS, is_flag=True, help="One line and the exit codes that Nagios, Icinga and others know.")
@click.option("--warning", type=_Age(), metavar="AGE", help="Warn when the last good backup is older: 36 h, 3 days.")
@click.option("--critical", type=_Age(), metavar="AGE", help="The age that is critical, instead of the configured one.")
@pass_options
def check(
    options: Options, site: str | None, *, nagios: bool, warning: timedelta | None, critical: timedelta | None
) -> int:
    """Look at the sites, or one, and the storage: what is wrong, and how bad it is. Exits 1 where something is.

    With --nagios the exit codes are 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    wanted = Thresholds(warning, critical)
    if nagios:
        return _for_monitor(options, site, wanted)
    checkup = _look(options, site, wanted)
    if options.as_json:
        emit_json(options, _json(checkup))
    else:
        _show(checkup)
    return ExitCode.DONE if checkup.level is Level.OK else ExitCode.FAILED


def _look(options: Options, site: str | None, wanted: Thresholds) -> Checkup:
    if wanted.warning is not None and wanted.critical is not None and wanted.warning > wanted.critical:
        raise UsageError("--warning is more than --critical", hint="a warning comes first")
    context = open_ready(options)
    return check_up(context, the_sites(context, site), wanted)


def _for_monitor(options: Options, site: str | None, wanted: Thresholds) -> int:
    if options.as_json:
        return _tell_monitor(Level.UNKNOWN, "--nagios and --json are two forms of the same")
    try:
        checkup = _look(options, site, wanted)
    except GreenroomError as error:
        return _tell_monitor(Level.UNKNOWN, error.message)
    except Exception as error:  # noqa: BLE001  # any other ending of the process would be taken for a state of the sites
        return _tell_monitor(Level.UNKNOWN, f"this should not have happened: {type(error).__name__}: {error}")
    said = "; ".join(one.message for one in checkup.problems) or ", ".join(_in_short(one) for one in checkup.sites)
    return _tell_monitor(checkup.level, said, _performance(checkup))


def _tell_monitor(level: Level, said: str, figures: str = "") -> int:
    """Print the one line; a bar in it would begin the figures."""
    line = printable(" ".join(said.replace("|", "/").split()))
    line = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."
    emit_document(f"GREENROOM {level.name} - {line}" + (f" | {figures}" if figures else ""))
    return int(level)


def _in_short(one: SiteChecked) -> str:
    if one.last_good is None or one.age is None:
        return f"{one.site}: no good backup"
    return f"{one.site}: last good backup {format_age(one.age)}, {format_size(one.last_good.file_size or 0)}"


def _performance(checkup: Checkup) -> str:
    """Return the figures in the form of the monitoring plugins: LABEL=VALUE[UNIT];WARNING;CRITICAL;LEAST."""
    figures = []
    for one in checkup.sites:
        if one.age is not None:
            limits = f"{_seconds(one.thresholds.warning)};{_seconds(one.thresholds.critical)}"
            figures.append(f"{one.site}_age={int(one.age.total_seconds())}s;{limits};0")
        if one.last_good is not None and one.last_good.file_size is not None:
            figures.append(f"{one.site}_size={one.last_good.file_size}B;;;0")
    if checkup.free_bytes is not None:
        figures.append(f"free={checkup.free_bytes}B;{checkup.low_space}:;;0")
    return " ".join(figures)


def _seconds(span: timedelta | None) -> str:
    return "" if span is None else str(int(span.total_seconds()))


def _show(checkup: Checkup) -> None:
    for one in checkup.sites:
        emit(_in_short(one))
    for problem in checkup.problems:
        warn(f"{problem.level.name}: {problem.message}", *([f"  {problem.advice}"] if problem.advice else []))
    emit("all is well" if not checkup.problems else f"{plural(len(checkup.problems), 'problem')} found")


def _json(checkup: Checkup) -> Json:
    return {
        "state": checkup.level.name.lower(),
        "problems": [_problem_json(one) for one in checkup.problems],
        "sites": [_site_json(one) for one in checkup.sites],
        "free_bytes": checkup.free_bytes,
    }


def _problem_json(one: Problem) -> Json:
    return {
        "level": one.level.name.lower(),
        "kind": one.kind,
        "site": one.site,
        "message": one.message,
        "advice": one.advice,
    }


def _site_json(one: SiteChecked) -> Json:
    warning, critical = one.thresholds.warning, one.thresholds.critical
    return {
        "site": one.site,
        "last_good_at": one.last_good.created_at.isoformat() if one.last_good is not None else None,
        "age_seconds": int(one.age.total_seconds()) if one.age is not None else None,
        "size_bytes": one.last_good.file_size if one.last_good is not None else None,
        "warning_seconds": int(warning.total_seconds()) if warning is not None else None,
        "critical_seconds": int(critical.total_seconds()) if critical is not None else None,
    }
