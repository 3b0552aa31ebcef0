"""alarm test: does somebody hear it."""

from __future__ import annotations

import click

from cli.opening import open_anyhow
from cli.options import Options, VerbGroup, pass_options
from cli.output import emit, emit_json, error_object, tell_error
from core.alarms import try_ways
from core.errors import ExitCode


@click.group(cls=VerbGroup, no_args_is_help=False)
def alarm() -> None:
    """Try the ways that alarms go."""


@alarm.command("test")
@pass_options
def test(options: Options) -> int:
    """Send a test alarm by each way that greenroom.toml names, and tell how each went.

    Exits 1 where none was taken, 3 where some were not. Ping addresses get /log, which makes up no run.
    """
    tested = try_ways(open_anyhow(options))
    failed = [one for one in tested if one.error is not None]
    if options.as_json:
        results = [
            {
                "way": one.way,
                "delivered": one.error is None,
                "seconds": round(one.seconds, 3),
                "error": error_object(one.error) if one.error is not None else None,
            }
            for one in tested
        ]
        emit_json(options, {"results": results})
    for one in tested:
        if one.error is not None:
            tell_error(one.error)
        elif not options.as_json:
            emit(f"{one.way}: taken after {one.seconds:.1f} s")
    if not failed:
        return ExitCode.DONE
    return ExitCode.FAILED if len(failed) == len(tested) else ExitCode.PARTLY_DONE
