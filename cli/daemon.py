"""`greenroom --daemon`: the loop without a screen, its events as log lines, signals, and systemd told how it stands."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TextIO

from cli.daemon_log import Log
from cli.opening import open_anyhow
from cli.options import Options
from core.context import Context
from core.errors import CancelledError, ExitCode, GreenroomError
from core.events import Event
from core.progress import CancelToken, Progress, Reporter
from core.progress_words import percent
from core.runner.complaints import error_event
from core.runner.jobs import Job, in_a_thread
from core.runner.loop import Loop
from core.runner.notify import Notifier
from core.runner.start import apply_waiting, tidy_all
from core.runner.turn import hold_daemon

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_AT_THE_END = 0.1
_SECONDS_BETWEEN_PROGRESS = 30.0
_SECONDS_BETWEEN_EXTENSIONS = 5.0
_SECONDS_MORE = 60.0
_SECONDS_TO_CANCEL = 300.0
_SECONDS_FOR_THE_LOG = 1.0


def run_daemon(options: Options) -> int:
    """Run schedules until a signal asks to end; return 0 then, and 1 where the loop has ended by itself."""
    environ = dict(os.environ)
    os.environ.pop("NOTIFY_SOCKET", None)  # it is this process that is watched, not the commands that it runs
    with options.interrupts.released():
        return Daemon(partial(open_anyhow, options), sys.stdout, environ=environ, quiet=options.quiet).run()


class Daemon:
    """The daemon around the loop. `opening` reads the configuration, at the start and for each reload."""

    def __init__(
        self,
        opening: Callable[[], Context],
        stream: TextIO,
        *,
        environ: Mapping[str, str] = os.environ,
        pace: float = 1.0,
        quiet: bool = False,
    ) -> None:
        self._opening = opening
        self._pace = pace
        self._quiet = quiet
        self._context = opening()
        self._log = Log(stream, self._context.clock, self._context.settings.daemon.log)
        self._notifier = Notifier(environ)
        self._signals: SimpleQueue[signal.Signals] = SimpleQueue()  # the one queue that a signal handler may use
        self._spoken: dict[str, float] = {}
        self._alive_at = self._extended_at = 0.0

    def run(self) -> int:
        """Run until a signal; raise what keeps it from its start: not initialised, read-only, another daemon."""
        context = self._context
        context.require_writable("run as a daemon")
        context.catalog.require_ready()
        with self._caught(), self._logging(), hold_daemon(context):
            self._log(_started(context))
            tidy_all(context, self._log)
            if not self._apply_waiting(context):
                return ExitCode.DONE
            loop = Loop(context, self._log, "daemon", pace=self._pace)
            loop.start()
            self._notifier.ready(_status(loop))
            self._serve(loop)
            code = self._finish(loop)
            self._log(Event("info", "daemon_ended", "the daemon has ended", None, {"exit_code": code}))
        return code

    def _serve(self, loop: Loop) -> None:
        """Look after the loop until a signal asks to end, or the loop ended."""
        pause = min(_SECONDS_BETWEEN_LOOKS, (self._notifier.watchdog_seconds or _SECONDS_BETWEEN_LOOKS) / 4)
        while loop.failure is None:
            number = self._next_signal(pause)
            if number in (signal.SIGTERM, signal.SIGINT):
                return
            if number is signal.SIGHUP:
                self._reload(loop)
            self._say_alive(loop)
            self._tell_progress(loop.jobs)
            self._notifier.status(_status(loop))

    def _finish(self, loop: Loop) -> ExitCode:
        how = self._context.settings.daemon.on_stop
        words = f"what is at work is to {how}" if loop.jobs else "nothing is at work"
        self._log(Event("info", "daemon_stopping", words, None, {"at_work": len(loop.jobs)}))
        self._notifier.stopping(words)
        loop.stop(how)
        patience = math.inf if how == "finish" else time.monotonic() + _SECONDS_TO_CANCEL
        while not loop.wait(_SECONDS_AT_THE_END):
            if self._next_signal(0.0) in (signal.SIGTERM, signal.SIGINT):
                self._log(Event("warning", "daemon_hurried", "asked to end a second time: work is cancelled"))
                loop.stop("cancel")
                patience = time.monotonic() + _SECONDS_TO_CANCEL
            self._say_alive(loop)
            if time.monotonic() < patience:  # what hangs on a dead disk is the manager's to kill
                self._extend()
            self._tell_progress(loop.jobs)
        return ExitCode.DONE if loop.failure is None else ExitCode.FAILED

    def _apply_waiting(self, context: Context) -> bool:
        """Apply what is staged, where the settings say so; return False where a signal asked to end meanwhile."""
        if not context.settings.daemon.apply_at_start:
            return True
        token = CancelToken()
        applying = in_a_thread("greenroom-apply", partial(apply_waiting, context, Reporter(token=token), self._log))
        while not applying.done():
            if self._next_signal(_SECONDS_AT_THE_END) in (signal.SIGTERM, signal.SIGINT):
                token.cancel("the daemon was stopped")
            self._extend()
        try:
            applying.result()
        except CancelledError as error:
            self._log(error_event("apply_cancelled", error))
        except (GreenroomError, OSError) as error:
            self._log(error_event("apply_failed", error))
        return not token.cancelled

    def _reload(self, loop: Loop) -> None:
        self._notifier.reloading()
        try:
            context = self._opening()
            _refuse_other_house(self._context, context)
            loop.use(context)
        except GreenroomError as error:
            self._log(error_event("reload_failed", error))
        else:
            self._context = context
            self._log.form = context.settings.daemon.log
            words = f"{context.settings.source} is read anew"
            self._log(Event("info", "reloaded", words, None, {"sites": ",".join(context.settings.sites)}))
        self._notifier.ready(_status(loop))

    def _say_alive(self, loop: Loop) -> None:
        span = self._notifier.watchdog_seconds
        now = time.monotonic()
        if span is None or now - self._alive_at < span / 2 - _SECONDS_AT_THE_END:
            return
        if loop.alive(within=max(span / 2, 3 * self._pace)):
            self._alive_at = now
            self._notifier.alive()

    def _extend(self) -> None:
        now = time.monotonic()
        if now - self._extended_at >= _SECONDS_BETWEEN_EXTENSIONS:
            self._extended_at = now
            self._notifier.extend(_SECONDS_MORE)

    def _tell_progress(self, jobs: tuple[Job, ...]) -> None:
        now = time.monotonic()
        self._spoken = {job.site: self._spoken.get(job.site, now) for job in jobs}
        for job in jobs:
            if now - self._spoken[job.site] >= _SECONDS_BETWEEN_PROGRESS:
                self._spoken[job.site] = now
                if not self._quiet:
                    self._log(_progress(job))

    def _next_signal(self, seconds: float) -> signal.Signals | None:
        try:
            return self._signals.get(timeout=seconds)
        except Empty:
            return None

    @contextmanager
    def _caught(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def _logging(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._log.close(_SECONDS_FOR_THE_LOG)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put(signal.Signals(number))


def _refuse_other_house(before: Context, now: Context) -> None:
    if now.settings.state != before.settings.state:
        raise GreenroomError("the state folder cannot change while the daemon runs", hint="restart the daemon")


def _started(context: Context) -> Event:
    settings = context.settings
    fields: dict[str, str | int] = {
        "process": os.getpid(),
        "configuration": str(settings.source),
        "sites": ",".join(settings.sites),
    }
    return Event("info", "daemon_started", "the daemon begins", None, fields)


def _status(loop: Loop) -> str:
    """How it stands, in a line."""
    jobs = loop.jobs
    if jobs:
        return "at work: " + ", ".join(f"{job.site} ({job.what})" for job in jobs)
    if not loop.mine:
        return f"waiting: the schedules are run by {loop.blocked_by}" if loop.blocked_by else "waiting for its turn"
    runs = loop.next_runs
    if not runs:
        return "no schedule is enabled"
    site = min(runs, key=lambda name: runs[name])
    return f"next: {site} at {runs[site]:%Y-%m-%d %H:%M:%S} UTC"


def _progress(job: Job) -> Event:
    now: Progress = job.progress
    words = f"{job.what}: {now.phase}"
    part = percent(now) if now.total and now.done else None
    fields: dict[str, str | int | None] = {"done": now.done, "total": now.total, "unit": now.unit, "part": part}
    return Event("info", "progress", words, job.site, fields)
