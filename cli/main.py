"""The entry point of `greenroom`: runs a command, and turns how it ended into words and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import TracebackType

import click

from cli.options import Options
from cli.output import emit_json, error_object, take_loss, tell_error
from cli.root import root
from core.errors import CancelledError, ExitCode, GreenroomError, UsageError

DEBUG_NAME = "GREENROOM_DEBUG"


def main() -> None:
    """Run the command of this process, and end it."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name that is not in the terminal's encoding is shown escaped; it must not end a restore.
            stream.reconfigure(errors="backslashreplace")
    if not os.environ.get(DEBUG_NAME):
        # What nobody foresaw is a defect, and no handler may take it for an outcome: it passes everything on its
        # way out, the interpreter ends with 1, and only how it is shown is changed.
        sys.excepthook = _tell_defect
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Given the words after `greenroom`, run the command and return its exit code."""
    options = Options()
    with options.interrupts.caught():
        code = _invoke(arguments, options)
        lost = take_loss()
        if lost is None:
            return code
        tell_error(lost)
        return code or lost.exit_code  # how the command itself ended says more


def _invoke(arguments: Sequence[str], options: Options) -> int:
    try:
        code = root.main(list(arguments), prog_name="greenroom", standalone_mode=False, obj=options)
        return int(code or ExitCode.DONE)
    except GreenroomError as error:
        return _tell(error, options, arguments)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "greenroom"
        usage = UsageError(error.format_message(), hint=f"`{where} --help` says how it is used")
        return _tell(usage, options, arguments)
    except (KeyboardInterrupt, click.Abort):
        return _tell(CancelledError("cancelled"), options, arguments)


def _tell(error: GreenroomError, options: Options, arguments: Sequence[str]) -> int:
    if options.as_json or "--json" in arguments:  # an error in the words comes before the option is read
        emit_json(options, error_object(error))
    tell_error(error)
    return error.exit_code


def _open_what_is_closed() -> None:
    """Open the standard streams that the caller closed: a file would get their numbers.

    What goes to standard output then is lost, and told as that: it cannot be written.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _tell_defect(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    tell_error(
        GreenroomError(
            f"this should not have happened: {kind.__name__}: {error}",
            hint=f"{DEBUG_NAME}=1 in the environment shows where; please report it with that",
        )
    )
