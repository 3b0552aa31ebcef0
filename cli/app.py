"""The command without a command: opens the terminal app."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from cli.opening import open_ready
from cli.options import Options
from core.errors import UsageError

_COMMANDS = "use a command: `greenroom status`, `greenroom list`, `greenroom backup`; `greenroom --help` has all"
_NO_SCREEN = ("dumb", "unknown")


def open_app(options: Options, *, mouse: bool = True) -> int:
    """Open the app on the sites and return its exit code; raise UsageError where there is no terminal."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "the app needs a terminal, and this is none",
            hint=_COMMANDS,
        )
    if os.environ.get("TERM") in _NO_SCREEN:
        raise UsageError(
            f"the app needs a terminal with a screen, and TERM={os.environ['TERM']} has none",
            hint=_COMMANDS,
        )
    context = open_ready(options)
    with options.interrupts.released():
        # Only now: Textual takes a third of a second to import, and no command needs it.
        return int(import_module("tui.app").run_app(context, mouse=mouse))
