"""What a service manager is told, and when nobody is told anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.runner.notify import Notifier
from tests.cli.daemons import manager


def test_messages_are_what_systemd_reads(tmp_path: Path) -> None:
    with manager(tmp_path) as systemd:
        notifier = Notifier({"NOTIFY_SOCKET": systemd.address})
        notifier.ready("one\nREADY=0")
        notifier.status("two")
        notifier.status("two")
        notifier.alive()
        notifier.extend(1.5)
        notifier.stopping("three")
        systemd.until_told("STATUS=three")
    assert systemd.messages == [
        ["READY=1", "STATUS=one READY=0"],
        ["STATUS=two"],
        ["WATCHDOG=1"],
        ["EXTEND_TIMEOUT_USEC=1500000"],
        ["STOPPING=1", "STATUS=three"],
    ]


def test_a_manager_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nothing")}).ready("fine")
    Notifier({}).ready("fine")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_only_who_is_watched_gives_signs_of_life(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/nothing", **environ}).watchdog_seconds == seconds
    assert Notifier(environ).watchdog_seconds is None
