"""Progress in words, the same in both faces: how much, how fast, how long still."""

from __future__ import annotations

from core.progress import Progress
from core.sizes import format_size

_SECONDS_BEFORE_RATE = 1.0


def percent(progress: Progress) -> str:
    """Given progress, return the part that is done, "50 %"; nothing where the total is not known."""
    return f"{min(100, progress.done * 100 // progress.total)} %" if progress.total else ""


def progress_figures(progress: Progress, seconds: float) -> list[str]:
    """Given progress and the seconds of its phase, return amount, rate and time left, as far as they are known."""
    done, total = progress.done, progress.total
    if not done or progress.unit == "steps":
        return []
    is_bytes = progress.unit == "bytes"
    figures = [format_size(done) if is_bytes else f"{done:,} {progress.unit}"]
    if seconds >= _SECONDS_BEFORE_RATE:
        rate = done / seconds
        figures.append(f"{format_size(int(rate))}/s" if is_bytes else f"{rate:,.0f}/s")
        if total and done < total:
            figures.append(f"{clock(int((total - done) / rate))} left")
    return figures


def clock(seconds: int) -> str:
    """Given seconds, return minutes and seconds: 0:07, 12:30."""
    return f"{seconds // 60}:{seconds % 60:02d}"
