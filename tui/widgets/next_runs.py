"""The next runs of a schedule, in words and times, with what the clocks do to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from core.catalog import ScheduleSettings
from core.schedules.words import in_words, oddities
from tui.format import aligned
from tui.runner_words import format_instant, format_wait


def runs_text(settings: ScheduleSettings, runs: Sequence[datetime] | None, now: datetime) -> Text:
    """Given settings and their next runs, None where the times are wrong, return them in lines."""
    if runs is None:
        return Text("not known: something is wrong in the form")
    off = "" if settings.enabled else "OFF; were it on: "
    text = Text(f"{off}{in_words(settings)}")
    if not runs:
        return text.append("\nNO RUN EVER COMES", "bold")
    zone = ZoneInfo(settings.time_zone)
    lines = aligned([(format_instant(run, zone), format_wait(run - now)) for run in runs], indent=0)
    for line, run in zip(lines, runs, strict=True):
        text.append(f"\n{line}")
        odd = oddities(settings, run)
        if odd:
            text.append(f"\n    {odd}", "bold")
    return text
