"""The terminal app: wires screens, keys, workers and signals; what they do is theirs and the core's."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.scrollbar import ScrollBar
from textual.worker import Worker

from core.context import Context
from core.errors import ExitCode
from core.words import printable
from tui.screens.ask import AskScreen, TellScreen, help_screen
from tui.screens.backups import BackupsScreen
from tui.terminal import LastingDriver, WholeCells
from tui.work import JobProgressed, Workshop

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class GreenroomApp(App[None]):
    """Given a context, and the site to begin with, shows the backups of the site."""

    CSS_PATH = Path(__file__).resolve().parent.parent / "screens.tcss"
    TITLE = "greenroom"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+q", "quit", "Quit", show=False),
    ]

    def __init__(self, context: Context, site_name: str | None = None) -> None:
        super().__init__(driver_class=LastingDriver)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
        settings = context.settings
        self._core = context
        self._site = settings.site(site_name) if site_name is not None else next(iter(settings.sites.values()))
        self._leaving: int | None = None
        self._hung_up = False
        self.workshop = Workshop(self)
        ScrollBar.renderer = WholeCells
        if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
            self.animation_level = "none"

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, partial(self._signalled, number))
        self.push_screen(BackupsScreen(self._core, self.workshop, self._site))

    def _signalled(self, number: signal.Signals) -> None:
        self._hung_up = self._hung_up or number is signal.SIGHUP
        self.leave(f"cancelled by {number.name}")

    def on_hung_up(self) -> None:
        self._hung_up = True
        self.leave("cancelled, the terminal is gone")

    def on_job_progressed(self, message: JobProgressed) -> None:
        self.workshop.progressed(message)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place where a thread's end comes by, its errors too."""
        job = self.workshop.job
        self.workshop.settle(event.worker, event.state)
        if self._leaving is not None and job is not None and job.ended:
            ending = Text(f"{printable(job.title)}: {printable(job.ending)}")
            self.exit(return_code=self._leaving, message=None if self._hung_up else ending)

    def action_help(self) -> None:
        if not isinstance(self.screen, TellScreen):
            self.push_screen(help_screen())

    async def action_quit(self) -> None:
        job = self.workshop.job
        if job is None:
            self.exit()
        elif not isinstance(self.screen, AskScreen):
            lines = [
                f"{printable(job.title)} is at work.",
                "Quitting cancels it, in good order, and waits for its end.",
            ]
            self.push_screen(AskScreen("Quit?", lines, no="Stay", yes="Cancel it and quit"), self._quit)

    def _quit(self, answer: object) -> None:
        if answer:
            self.leave("cancelled by quitting", ExitCode.DONE)

    def leave(self, reason: str, return_code: int = ExitCode.CANCELLED) -> None:
        """Exit, once the work that runs has stopped in good order."""
        job = self.workshop.job
        if job is None:
            self.exit(return_code=return_code)
        elif self._leaving is None:
            self._leaving = return_code
            job.token.cancel(reason)
            self.workshop.changed.publish(job)


def run_app(context: Context, site_name: str | None = None) -> int:
    """Open the app on a site, the first one where none is named; return the exit code of the process."""
    app = GreenroomApp(context, site_name)
    app.run()
    return app.return_code or 0
