"""The schedule of a site: what may be set, and what setting it does to the runner's state."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from core.catalog import Catalog, Role, ScheduleSettings, ScheduleState
from core.context import Context
from core.errors import UsageError
from core.scheduler import decide
from core.schedules.settings import (
    InvalidScheduleError,
    SettingProblem,
    check_settings,
    current_settings,
    default_settings,
    disable_schedule,
    enable_schedule,
    set_schedule,
    statistics,
)
from tests.core.schedules.walk import DAY, HOUR, MINUTE, utc
from tests.support import Place, make_place, open_place

NOW = utc("2026-06-01T12:00")
DAILY = ScheduleSettings(enabled=True, time="02:00")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path, clock=lambda: NOW)


def at(place: Place, now: datetime) -> Context:
    return replace(place.context, clock=lambda: now)


def note(place: Place, **changes: object) -> ScheduleState:
    """What the runner writes."""
    record = place.context.catalog.schedule("app")
    assert record is not None
    state = replace(record.state, **changes)  # type: ignore[arg-type]
    return place.context.catalog.note_schedule("app", state).state


def test_the_defaults_are_daily_in_the_sites_zone_and_disabled(place: Place) -> None:
    settings = default_settings(place.site)
    assert (settings.enabled, settings.frequency, settings.time_zone) == (False, "daily", "UTC")
    assert check_settings(settings) == ()
    assert current_settings(place.context, place.site) == settings
    assert place.context.catalog.schedule("app") is None


def test_the_first_run_after_enabling_is_the_next_future_time(place: Place) -> None:
    record = enable_schedule(place.context, place.site)
    assert record.settings.enabled
    assert record.updated_by == place.context.actor
    assert record.state == ScheduleState(settled_until=NOW, since=NOW, next_run=utc("2026-06-02T02:00"))
    assert decide(record, NOW).action == "wait"
    disabled = disable_schedule(at(place, NOW + HOUR), place.site)
    assert (disabled.settings.enabled, disabled.state.next_run) == (False, None)
    later = NOW + 30 * DAY
    again = enable_schedule(at(place, later), place.site)
    assert again.state.settled_until == later
    assert decide(again, later).action == "wait"


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "12:01"},
        {"frequency": "hourly"},
        {"frequency": "cron", "cron": "* * * * *"},
        {"time_zone": "Asia/Kathmandu"},
    ],
)
def test_other_times_begin_anew(place: Place, changes: dict[str, object]) -> None:
    set_schedule(place.context, place.site, DAILY)
    note(place, running_for=NOW, attempts=2, retry_at=NOW + HOUR, last_run=NOW, last_result="failed", last_error="no")
    later = NOW + 5 * DAY
    record = set_schedule(at(place, later), place.site, replace(DAILY, **changes))  # type: ignore[arg-type]
    state = record.state
    assert (state.settled_until, state.running_for, state.attempts, state.retry_at) == (later, None, 0, None)
    assert (state.last_run, state.last_result, state.last_error) == (NOW, "failed", "no")
    assert state.next_run is not None
    assert state.next_run > later
    assert decide(record, later).action == "wait"


@pytest.mark.parametrize(
    "changes", [{"retention_days": 9}, {"kind": "portable"}, {"missed": "skip"}, {"weekday": 3}, {"cron": "unused"}]
)
def test_what_does_not_change_the_times_leaves_the_state_to_the_runner(
    place: Place, changes: dict[str, object]
) -> None:
    set_schedule(place.context, place.site, DAILY)
    state = note(place, settled_until=NOW - DAY, running_for=NOW, attempts=1, retry_at=NOW + HOUR, next_run=NOW + HOUR)
    record = set_schedule(at(place, NOW + MINUTE), place.site, replace(DAILY, **changes))  # type: ignore[arg-type]
    assert record.state == state
    assert record.updated_at == NOW + MINUTE


def test_an_hourly_schedule_has_only_a_minute(place: Place) -> None:
    hourly = replace(DAILY, frequency="hourly", time="02:15")
    before = set_schedule(place.context, place.site, hourly).state
    assert set_schedule(at(place, NOW + DAY), place.site, replace(hourly, time="09:15")).state == before
    assert set_schedule(at(place, NOW + DAY), place.site, replace(hourly, time="09:16")).state != before


def test_a_damaged_schedule_can_be_set_anew(place: Place) -> None:
    broken = replace(DAILY, time="soon", frequency="never", time_zone="Nowhere")  # type: ignore[arg-type]
    place.context.catalog.save_schedule("app", broken, ScheduleState(settled_until=NOW - DAY), "someone", NOW)
    with pytest.raises(InvalidScheduleError, match="3 problems"):
        set_schedule(place.context, place.site, replace(broken, retention_days=3))
    assert set_schedule(place.context, place.site, DAILY).state.settled_until == NOW


def test_a_read_only_greenroom_sets_nothing(place: Place) -> None:
    reading = open_place(place.root, read_only=True)
    for verb in (enable_schedule, disable_schedule):
        with pytest.raises(UsageError, match="read-only"):
            verb(reading.context, reading.site)
    assert place.context.catalog.schedule("app") is None


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"time": "2:00"}, ["time"]),
        ({"time": "24:00"}, ["time"]),
        ({"time": "02:00\n"}, ["time"]),
        ({"frequency": "yearly"}, ["frequency"]),
        ({"frequency": "weekly", "weekday": 7}, ["weekday"]),
        ({"month_day": 0}, ["month_day"]),
        ({"frequency": "cron"}, ["cron"]),
        ({"frequency": "cron", "cron": "0 0 31 2 *"}, ["cron"]),
        ({"cron": "x" * 101}, ["cron"]),
        ({"time_zone": "europe/berlin"}, ["time_zone"]),
        ({"kind": "full", "missed": "twice", "drill": "daily"}, ["kind", "missed", "drill"]),
        ({"retention_days": 0}, ["retention_days"]),
        ({"retention_days": 10**9}, ["retention_days"]),
        ({"max_backups": -1}, ["max_backups"]),
        ({"max_backups": 2}, ["max_backups"]),
        ({"keep_daily": -1, "keep_minimum": 0}, ["keep_minimum", "keep_daily"]),
        ({"retention_days": None, "max_backups": None}, []),
        ({"frequency": "cron", "cron": "0 3 * * MON-FRI"}, []),
    ],
)
def test_what_may_not_be_is_told_by_its_field(place: Place, changes: dict[str, object], wrong: list[str]) -> None:
    settings = replace(DAILY, **changes)  # type: ignore[arg-type]
    found = check_settings(settings)
    assert [one.field for one in found] == wrong
    assert all(one.wrong and one.allowed for one in found)
    if wrong:
        with pytest.raises(InvalidScheduleError) as caught:
            set_schedule(place.context, place.site, settings)
        assert [one.key for one in caught.value.problems] == wrong


def test_a_zone_that_is_nearly_right_is_suggested() -> None:
    (found,) = check_settings(replace(DAILY, time_zone="Europe/Berln"))
    assert "Europe/Berlin" in found.wrong
    assert str(found).startswith("time_zone: ")
    assert found == SettingProblem("time_zone", found.wrong, found.allowed)


def add(catalog: Catalog, number: int, role: Role, *, site: str = "app", size: int | None = 100) -> None:
    row = catalog.begin_backup(
        name=f"backup_{number}",
        site=site,
        kind="snapshot",
        scope="full",
        role=role,
        description="",
        created_by="me",
        created_at=NOW + number * MINUTE,
    )
    if size is None:
        catalog.fail_backup(row.id, "no")
        return
    catalog.complete_backup(
        row.id,
        manifest_json="{}",
        manifest_sha256="0" * 64,
        file_size=size,
        table_count=1,
        record_count=1,
        file_count=1,
        verified_at=NOW,
        completed_at=NOW + number * MINUTE + timedelta(seconds=1),
    )


def test_statistics_count_what_is_there(place: Place) -> None:
    none = statistics(place.context, place.site)
    assert (none.count, none.total_bytes, none.scheduled, none.manual, none.last_at) == (0, 0, 0, 0, None)
    add_one = partial(add, place.context.catalog)
    add_one(1, "scheduled")
    add_one(2, "scheduled", size=50)
    add_one(3, "manual")
    add_one(4, "manual", size=None)
    add_one(5, "safety", size=1000)
    add_one(6, "manual", site="other")
    found = statistics(place.context, place.site)
    assert (found.count, found.total_bytes, found.scheduled, found.manual) == (4, 1250, 2, 1)
    assert found.last_at == NOW + 3 * MINUTE
