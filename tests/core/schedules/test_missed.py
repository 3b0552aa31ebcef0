"""Missed days: a run was due, and nothing stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from core.catalog import FoundBackup, ScheduleRecord, ScheduleSettings, ScheduleState, SpanCount
from core.days import day_bounds
from core.scheduler import next_after
from core.schedules.missed import GRACE, missed_days
from core.stores import named_time
from tests.support import START, Place, make_place

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = tuple(date(2026, 3, 25) + timedelta(days=number) for number in range(7))  # the clocks go forward on the 29th
BOUNDS = day_bounds(DAYS, BERLIN)
EMPTY = (SpanCount(),) * 7
NOW = datetime(2026, 3, 31, 20, tzinfo=UTC)
SETTINGS = ScheduleSettings(enabled=True, time="02:30", time_zone="Europe/Berlin")


def _record(since: datetime, settings: ScheduleSettings = SETTINGS) -> ScheduleRecord:
    return ScheduleRecord(
        site="app", settings=settings, state=ScheduleState(settled_until=since), updated_by="ada", updated_at=since
    )


def _missed(
    record: ScheduleRecord | None,
    counts: Sequence[SpanCount] = EMPTY,
    stood_for: Sequence[datetime] = (),
    now: datetime = NOW,
) -> str:
    """A letter a day: M where it was missed."""
    next_due = partial(next_after, record.settings if record is not None else SETTINGS)
    return "".join("M" if one else "." for one in missed_days(record, next_due, BOUNDS, counts, stood_for, now))


def test_only_days_after_the_schedule_was_set_count() -> None:
    assert _missed(_record(datetime(2026, 3, 27, 12, tzinfo=UTC))) == "...MMMM"
    assert _missed(_record(datetime(2026, 3, 27, 0, tzinfo=UTC))) == "..MMMMM"
    assert _missed(_record(datetime(2026, 1, 1, tzinfo=UTC))) == "MMMMMMM"


def test_nothing_is_missed_of_no_schedule_or_one_that_is_off() -> None:
    assert _missed(None) == "......."
    assert _missed(_record(BOUNDS[0], replace(SETTINGS, enabled=False))) == "......."


def test_a_backup_a_failure_and_what_was_made_up_or_deleted_stand_for_a_day() -> None:
    counts = [*EMPTY]
    counts[1], counts[2] = SpanCount(good=1), SpanCount(bad=1)
    stood_for = [datetime(2026, 3, 25, 1, 30, tzinfo=UTC), datetime(2026, 3, 28, 22, 59, tzinfo=UTC)]
    assert _missed(_record(datetime(2026, 1, 1, tzinfo=UTC)), counts, stood_for) == "....MMM"


def test_today_counts_once_the_run_is_late() -> None:
    record = _record(datetime(2026, 3, 30, 12, tzinfo=UTC))
    due = datetime(2026, 3, 31, 0, 30, tzinfo=UTC)
    assert _missed(record, now=due + GRACE - timedelta(seconds=1)) == "......."
    assert _missed(record, now=due + GRACE) == "......M"
    at_work = replace(record, state=replace(record.state, running_for=due))
    assert _missed(at_work, now=due + timedelta(hours=2)) == "......."


@pytest.mark.parametrize(
    ("frequency", "expected"), [("weekly", ".....M."), ("hourly", "MMMMMMM"), ("monthly", ".......")]
)
def test_only_days_with_a_run_count(frequency: str, expected: str) -> None:
    settings = replace(SETTINGS, frequency=frequency, month_day=1)  # type: ignore[arg-type]
    assert _missed(_record(datetime(2026, 1, 1, tzinfo=UTC), settings)) == expected


def test_the_name_of_a_backup_tells_its_time() -> None:
    assert named_time("backup_20260329_003007") == datetime(2026, 3, 29, 0, 30, 7, tzinfo=UTC)
    assert named_time("backup_20260329_003007_2") == datetime(2026, 3, 29, 0, 30, 7, tzinfo=UTC)
    assert named_time("backup_20261399_003007") is None
    assert named_time("holiday") is None


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("site"))


def test_the_catalog_tells_which_instants_were_made_for(place: Place) -> None:
    catalog = place.context.catalog
    begun = catalog.begin_backup(
        name="one", site="app", kind="snapshot", scope="full", role="scheduled", description="", created_by="x",
        created_at=START, scheduled_for=START,
    )  # fmt: skip
    assert catalog.instants_made_for("app", START) == frozenset()
    catalog.fail_backup(begun.id, "no")
    catalog.insert_found(
        FoundBackup(name="two", site="app", kind="snapshot", created_at=START, created_by="x", completed_at=START)
    )
    assert catalog.instants_made_for("app", START) == {START}
    assert catalog.instants_made_for("app", START + timedelta(seconds=1)) == frozenset()
    assert catalog.instants_made_for("other", START) == frozenset()
