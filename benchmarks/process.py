"""Times whole processes: wall seconds, seconds of the processor, and the peak memory of the largest of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

GREENROOM = Path(sys.executable).with_name("greenroom")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: `seconds` of wall time, `cpu` seconds of the processor, `peak_bytes` of resident memory."""

    seconds: float
    peak_bytes: int
    cpu: float


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
silent = [(os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=silent)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - started
print(seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
"""


def run(command: Sequence[str | Path], output: Path | None = None) -> Run:
    """Run a command to its end, its output into a file or into none; raise RuntimeError where it fails."""
    starter = [sys.executable, "-S", "-c", _STARTER, str(output or os.devnull), *map(str, command)]
    ended = subprocess.run(starter, check=True, capture_output=True, text=True)
    seconds, peak, code, cpu = ended.stdout.split()
    if code != "0":
        raise RuntimeError(f"{command}: exit code {code}: {ended.stderr[-2000:]}")
    return Run(float(seconds), int(peak) * 1024, float(cpu))


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
