"""Schedules in the catalog: what a person set and how far the runner is are kept apart."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from core.catalog import Catalog, ScheduleSettings, ScheduleState
from core.errors import GreenroomError

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SETTINGS = ScheduleSettings(enabled=True, frequency="weekly", time="03:15", weekday=6, time_zone="Europe/Berlin")
STATE = ScheduleState(settled_until=NOW)


def test_a_schedule_comes_back_as_it_was_saved(catalog: Catalog) -> None:
    assert catalog.schedule("app") is None
    saved = catalog.save_schedule("app", SETTINGS, STATE, "me", NOW)
    assert catalog.schedule("app") == saved
    assert (saved.settings, saved.state, saved.updated_by) == (SETTINGS, STATE, "me")
    changed = dataclasses.replace(SETTINGS, retention_days=None, max_backups=None, frequency="cron", cron="* * * * *")
    assert catalog.save_schedule("app", changed, STATE, "you", NOW).settings == changed
    assert [one.site for one in catalog.schedules()] == ["app"]


def test_the_state_leaves_the_settings_alone(catalog: Catalog) -> None:
    catalog.save_schedule("app", SETTINGS, STATE, "me", NOW)
    state = dataclasses.replace(
        STATE, running_for=NOW, attempts=2, retry_at=NOW + timedelta(minutes=5), last_result="failed", last_error="no"
    )
    noted = catalog.note_schedule("app", state)
    assert (noted.settings, noted.state, noted.updated_by) == (SETTINGS, state, "me")
    with pytest.raises(GreenroomError, match="has no schedule"):
        catalog.note_schedule("other", state)


def test_a_backup_is_found_by_the_instant_that_it_was_made_for(catalog: Catalog) -> None:
    row = catalog.begin_backup(
        name="backup_1",
        site="app",
        kind="snapshot",
        scope="full",
        role="scheduled",
        description="",
        created_by="me",
        created_at=NOW,
        scheduled_for=NOW,
    )
    assert catalog.made_for("app", NOW) is None  # it is still running
    catalog.complete_backup(
        row.id,
        manifest_json="{}",
        manifest_sha256="0" * 64,
        file_size=1,
        table_count=1,
        record_count=1,
        file_count=1,
        verified_at=NOW,
        completed_at=NOW,
    )
    found = catalog.made_for("app", NOW)
    assert found is not None
    assert found.scheduled_for == NOW
    assert catalog.made_for("other", NOW) is None
    drilled = catalog.set_drilled(row.id, NOW, "passed", "{}")
    assert (drilled.drilled_at, drilled.drill_status, drilled.drill_report) == (NOW, "passed", "{}")
