"""Times whole processes: wall seconds, and the peak memory of the largest of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

GREENROOM = Path(sys.executable).with_name("greenroom")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: `seconds` of wall time, `peak_bytes` of resident memory."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of runs in turn, and the median of their ratios."""

    ours: float
    peer: float
    ratio: float


def run(command: Sequence[str | Path]) -> Run:
    """Run a command to its end; raise RuntimeError where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command}: exit code {process.returncode}: {said.decode()[-2000:]}")
    return Run(seconds, usage.ru_maxrss * 1024)


def shell(script: str, *arguments: str | Path) -> Run:
    """Run lines of sh; `$1` and so on are the arguments."""
    return run(["sh", "-euc", script, "sh", *arguments])


def in_turn(rounds: int, ours: Callable[[], Run], peer: Callable[[], Run]) -> Pair:
    """Measure two things in turn, so that a machine whose speed drifts is unjust to neither."""
    pairs = [(ours().seconds, peer().seconds) for _ in range(rounds)]
    return Pair(
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(one / other for one, other in pairs),
    )
