"""What is said of schedules out of their form: who runs them, and what changed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from core.catalog import ScheduleSettings
from core.runner.turn import Runner
from tests.support import START
from tui.runner_words import schedule_line
from tui.schedule_fields import FIELDS, changed_lines

_ZONE = ZoneInfo("UTC")
_NOW = START.astimezone(UTC)
_OURS = Runner("app", os.getpid(), "ada", "")


@pytest.mark.parametrize(
    ("runner", "read_only", "words"),
    [
        (None, False, "to run one that is on takes `greenroom --daemon`, or this app left open"),
        (None, True, "to run one that is on takes `greenroom --daemon`"),
        (_OURS, False, "this app, while open, would run one that is on"),
        (Runner("daemon", 7, "ada", ""), False, "daemon process 7 would run one that is on"),
        (Runner("app", 7, "ada", ""), True, "another app, process 7 of ada, would run one that is on"),
    ],
)
def test_of_no_schedule_is_said_who_would_run_it_and_that_nobody_does(
    runner: Runner | None, *, read_only: bool, words: str
) -> None:
    line = schedule_line(None, runner, _NOW, _ZONE, read_only=read_only, here=True).plain
    assert line == f"no schedule: nothing is backed up by itself; {words}"
    elsewhere = schedule_line(None, runner, _NOW, _ZONE, read_only=read_only).plain
    assert elsewhere.endswith("itself" if read_only else "; 4 sets one")


def test_what_changed_is_said_in_words_that_stand_alone() -> None:
    before = ScheduleSettings()
    after = replace(before, keep_daily=6, max_backups=None, enabled=True, time="03:00")
    assert changed_lines(before, after) == [
        "backs up by itself: no -> yes",
        "time of day: 02:00 -> 03:00",
        "kept at most: 50 -> any number",
        "kept daily: 7 -> 6",
    ]
    called = [one.called for one in FIELDS]
    assert len(set(called)) == len(called)
