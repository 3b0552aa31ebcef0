"""Times whole processes: wall seconds, and the peak memory of the largest of them."""

from __future__ import annotations

import statistics
import subprocess
import sys
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


# A process counts as its peak also what the one that started it held, so a small one starts what is measured.
_STARTER = """
import os, sys, time
started = time.perf_counter()
silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - started, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def run(command: Sequence[str | Path]) -> Run:
    """Run a command to its end; raise RuntimeError where it fails."""
    starter = [sys.executable, "-S", "-c", _STARTER, *map(str, command)]
    ended = subprocess.run(starter, check=True, capture_output=True, text=True)
    seconds, peak, code = ended.stdout.split()
    if code != "0":
        raise RuntimeError(f"{command}: exit code {code}: {ended.stderr[-2000:]}")
    return Run(float(seconds), int(peak) * 1024)


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
