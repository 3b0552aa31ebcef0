"""The figures for Prometheus: read back by its own parser, readable, replaced as a whole, cheap."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.backup import create_backup
from core.catalog import ScheduleSettings, ScheduleState
from core.config import extras
from core.context import Context
from core.errors import GreenroomError
from core.figures import gather, write_figures
from tests.support import START, Place, make_place

_NOW = START + timedelta(hours=5)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A site with a folder for the figures; time stands still five hours after it begins."""
    place = make_place(tmp_path)
    (tmp_path / "figures").mkdir()
    return place


def _context(place: Place) -> Context:
    settings = place.context.settings
    alarms = replace(settings.alarms, textfile=place.root / "figures" / "greenroom.prom")
    site = replace(place.site, max_age=timedelta(hours=4))
    changed = replace(settings, alarms=alarms, sites={"app": site})
    return replace(place.context, settings=changed, clock=lambda: _NOW)


def _read(context: Context) -> dict[tuple[str, ...], float]:
    path = context.settings.alarms.textfile
    assert path is not None
    samples = (one for family in text_string_to_metric_families(path.read_text()) for one in family.samples)
    return {(one.name.removeprefix("greenroom_"), *one.labels.values()): one.value for one in samples}


def test_before_the_first_backup(place: Place) -> None:
    context = _context(place)
    write_figures(context)
    figures = _read(context)
    assert figures.pop(("storage_free_bytes",)) > 0
    assert figures == {
        ("figures_timestamp_seconds",): _NOW.timestamp(),
        ("last_good_backup_timestamp_seconds", "app"): 0,
        ("last_good_backup_age_seconds", "app"): math.inf,
        ("backups", "app", "completed"): 0,
        ("backups", "app", "failed"): 0,
        ("backups_size_bytes", "app"): 0,
        ("max_age_seconds", "app"): 4 * 3600,
        ("overdue", "app"): 1,
    }


def test_all_that_is_known_of_a_site(place: Place) -> None:
    context = _context(place)
    record = create_backup(place.context, place.site, place.reporter()).record
    context.catalog.set_drilled(record.id, START, "passed", "{}")
    state = ScheduleState(settled_until=START, last_run=START, last_result="failed", next_run=START + timedelta(days=1))
    context.catalog.save_schedule("app", ScheduleSettings(enabled=True), state, "test", START)
    write_figures(context)
    figures = _read(context)
    assert record.completed_at is not None
    made, ended = record.created_at, record.completed_at
    assert figures.pop(("storage_free_bytes",)) > 0
    assert figures == {
        ("figures_timestamp_seconds",): _NOW.timestamp(),
        ("last_good_backup_timestamp_seconds", "app"): made.timestamp(),
        ("last_good_backup_age_seconds", "app"): (_NOW - made).total_seconds(),
        ("last_good_backup_size_bytes", "app"): record.file_size,
        ("last_good_backup_duration_seconds", "app"): (ended - made).total_seconds(),
        ("last_backup_timestamp_seconds", "app"): ended.timestamp(),
        ("last_backup_success", "app"): 1,
        ("backups", "app", "completed"): 1,
        ("backups", "app", "failed"): 0,
        ("backups_size_bytes", "app"): record.file_size,
        ("last_drill_success", "app"): 1,
        ("last_drill_timestamp_seconds", "app"): START.timestamp(),
        ("last_run_timestamp_seconds", "app"): START.timestamp(),
        ("last_run_success", "app"): 0,
        ("due_since_timestamp_seconds", "app"): (START + timedelta(hours=1.5)).timestamp(),
        ("next_run_timestamp_seconds", "app"): (START + timedelta(days=1, hours=1.5)).timestamp(),
        ("max_age_seconds", "app"): 4 * 3600,
        ("overdue", "app"): 1,
    }


def test_the_file_is_replaced_and_readable_for_the_collector(place: Place) -> None:
    context = _context(place)
    path = context.settings.alarms.textfile
    assert path is not None
    before = os.umask(0o077)
    try:
        write_figures(context)
        first = path.stat()
        path.with_name("greenroom.prom.partial").write_text("of a process that was killed")
        write_figures(context)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.stat().st_ino != first.st_ino
    assert [one.name for one in path.parent.iterdir()] == ["greenroom.prom"]


def test_nothing_is_written_unasked(place: Place) -> None:
    write_figures(place.context)
    context = _context(place)
    write_figures(replace(context, read_only=True))
    assert list((place.root / "figures").iterdir()) == []


def test_what_cannot_be_written_is_an_error_in_words(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    context = _context(place)
    (place.root / "figures").rmdir()
    with pytest.raises(GreenroomError, match=r"cannot be written to .*/greenroom\.prom: No such file"):
        write_figures(context)
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GreenroomError, match="prometheus_client is not installed") as caught:
        write_figures(context)
    assert "greenroom[metrics]" in caught.value.hint


@contextmanager
def _counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_many_backups_need_no_more_queries(place: Place) -> None:
    context = _context(place)
    create_backup(place.context, place.site, place.reporter())
    with _counted() as few:
        gather(context)
    for _ in range(5):
        create_backup(place.context, place.site, place.reporter())
    with _counted() as many:
        gather(context)
    assert len(many) == len(few) <= 6
