"""Killed at every step of noting and sending an alarm: it is given all the same, twice at most."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from core.alarms import watch
from core.alarms.book import read_book
from core.context import Context, open_context
from core.events import Event
from core.filesystem import Filesystem
from tests.support import START, Place, make_place, run_until_killed


def _context(place: Place, disk: Filesystem | None = None) -> Context:
    settings = place.context.settings
    alarms = replace(settings.alarms, low_space=2**62, command="sh note.sh")
    return open_context(replace(settings, alarms=alarms), disk=disk, clock=lambda: START)


@pytest.mark.slow
def test_an_alarm_survives_a_kill_at_every_step(tmp_path: Path) -> None:
    for step in count(1):
        root = tmp_path / str(step)
        place = make_place(root)
        site = replace(place.site, folder=root)
        place.context.settings.sites["app"] = site
        (root / "note.sh").write_text("cat >> got; echo >> got\n")
        killed = run_until_killed(lambda disk, place=place: watch(_context(place, disk), _ignore), step)
        told: list[Event] = []
        context = _context(place)
        watch(context, told.append)
        assert {one.name for one in told} <= {"alarm"}
        assert 1 <= len((root / "got").read_text().splitlines()) <= 2
        book = read_book(context)
        assert book.box.parcels == ()
        assert [one.kind for one in book.active] == ["low_space"]
        if not killed:
            assert step > 8, "it is written before it is sent, and noted after"
            return


def _ignore(event: Event) -> None:
    """What the killed process told is gone with it."""
