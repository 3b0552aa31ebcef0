"""`python -m benchmarks.daemon`: what a daemon takes in a year of hourly backups, and while it has nothing to do.

The year is one of real backups, clean-ups and weekly drills of a tiny site; only its clock jumps, from each instant to
the next one, once the clean-up after a backup is done. The idle time is real.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.daemon import Daemon
from core.catalog import ScheduleSettings, ScheduleState
from core.context import Context, open_context, utc_now
from tests.support import make_place

_START = datetime(2026, 1, 1, tzinfo=UTC)
_HOURLY = ScheduleSettings(enabled=True, frequency="hourly", time="00:30", time_zone="Europe/Berlin", drill="weekly")
_DAILY = ScheduleSettings(enabled=True, frequency="daily", time="02:00", time_zone="Europe/Berlin")
_SAMPLES = 12


@dataclass
class Sample:
    """What the process has taken so far: resident bytes, seconds of the processor, open descriptors and threads."""

    runs: int
    rss_mb: float
    cpu: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.runs:>6} runs  {self.rss_mb:6.1f} MB  {self.cpu:8.2f} s CPU  "
            f"{self.descriptors:>3} descriptors  {self.threads:>2} threads"
        )


def sample(runs: int) -> Sample:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Sample(
        runs,
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        used.ru_utime + used.ru_stime,
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
    )


@dataclass
class Jumping(io.TextIOBase):
    """The daemon's log and its clock: once what follows a backup is told, the next instant comes."""

    wanted: int
    now: datetime = _START
    runs: int = 0
    troubles: list[str] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def write(self, text: str) -> int:
        if "level=error" in text or "level=warning" in text:
            self.troubles = [*self.troubles[:9], text]
        if "event=prune_completed" in text:
            self.runs += 1
            if self.runs in (1, self.wanted) or self.runs % max(1, self.wanted // _SAMPLES) == 0:
                print(sample(self.runs), flush=True)
            if self.runs >= self.wanted:
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                self.now += timedelta(hours=1)
        return len(text)


def year(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jumping = Jumping(runs)
        place = make_place(Path(folder), clock=jumping.clock)
        context = place.context
        context.catalog.save_schedule("app", _HOURLY, ScheduleState(settled_until=_START), "bench", _START)
        jumping.now += timedelta(minutes=31)
        code = Daemon(lambda: _opened(context, jumping.clock), jumping, environ={}, pace=0.01).run()
        left = context.catalog.count_backups("app")
        print(f"exit code {code}, {left} backups are left, until {jumping.now:%Y-%m-%d}, troubles: {jumping.troubles}")


def idle(seconds: float, sites: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = make_place(Path(folder), clock=utc_now)
        for number in range(sites):
            now = utc_now()
            name = "app" if number == 0 else f"site{number}"
            place.context.catalog.save_schedule(name, _DAILY, ScheduleState(settled_until=now), "bench", now)
        found: list[Sample] = []

        def look() -> None:
            found.append(sample(0))

        def end() -> None:
            look()
            os.kill(os.getpid(), signal.SIGTERM)

        for after, what in ((5.0, look), (5.0 + seconds, end)):
            threading.Timer(after, what).start()
        Daemon(lambda: _opened(place.context, utc_now), io.StringIO(), environ={}).run()
        begin, last = found
        cpu = last.cpu - begin.cpu
        print(begin, last, sep="\n")
        print(f"{cpu:.3f} s CPU in {seconds:.0f} s: {cpu / seconds * 3600:.1f} s in an hour, {cpu / seconds:.3%}")


def _opened(context: Context, clock: Callable[[], datetime]) -> Context:
    return open_context(context.settings, clock=clock)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daemon", description=__doc__)
    parser.add_argument("--runs", type=int, default=8760, help="hourly backups; 8760 are a year")
    parser.add_argument("--idle", type=float, default=60, help="seconds of having nothing to do")
    parser.add_argument("--only", choices=["year", "idle"], help="one part of it, in this process")
    arguments = parser.parse_args()
    if arguments.only == "year":
        year(arguments.runs)
    elif arguments.only == "idle":
        idle(arguments.idle, sites=5)
    else:
        for part in ("idle", "year"):  # each in a process of its own
            began = time.monotonic()
            words = [sys.executable, "-m", "benchmarks.daemon", "--only", part, "--runs", str(arguments.runs)]
            print(f"{part}:", flush=True)
            subprocess.run([*words, "--idle", str(arguments.idle)], check=True)
            print(f"took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
