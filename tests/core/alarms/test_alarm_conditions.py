"""What counts as wrong, and its course: told once, again after a day, and once when it is over."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import end_run, watch
from core.alarms.conditions import Finding, low_space
from core.alarms.course import Active, advance
from core.alarms.look import Judged
from core.backup import create_backup
from core.catalog import BackupRecord, Kind, ScheduleSettings, ScheduleState
from core.errors import BusyError, GreenroomError
from core.rebuild import rebuild_catalog
from core.rebuild_note import confirm_rebuild
from core.restore.marker import failed_marker_path, marker_path
from core.restore.stage import stage_restore
from core.status import site_status
from tests.core.alarms.conftest import Watched
from tests.support import START

_ERROR = GreenroomError("the disk is full", hint="make room")


def _watch(watched: Watched) -> list[tuple[str, bool]]:
    """Look, and return what alarms that gave."""
    before = len(watched.told)
    watch(watched.context, watched.tell)
    news = watched.told[before:]
    assert {one.name for one in news} <= {"alarm", "alarm_over"}, news
    return [(str(one.fields["kind"]), one.name == "alarm_over") for one in news]


def _back_up(watched: Watched) -> BackupRecord:
    watched.later(minutes=1)
    record = create_backup(watched.context, watched.place.site, watched.place.reporter()).record
    watched.later(minutes=1)
    return record


def _row(watched: Watched, *, error: str | None = None, size: int = 1000, kind: Kind = "snapshot") -> BackupRecord:
    """Note a backup that failed, or one of some size that did not."""
    watched.later(hours=1)
    catalog = watched.context.catalog
    record = catalog.begin_backup(
        name=f"{watched.now:%Y%m%d-%H%M%S}",
        site="app",
        kind=kind,
        scope="full",
        role="scheduled",
        description="",
        created_by="test",
        created_at=watched.now,
    )
    if error is not None:
        return catalog.fail_backup(record.id, error)
    store = watched.context.store
    store.prepare("app")
    archive = store.archive_path("app", record.name)
    archive.touch()
    os.truncate(archive, size)
    return catalog.complete_backup(
        record.id,
        manifest_json="{}",
        manifest_sha256="0" * 64,
        file_size=size,
        table_count=1,
        record_count=1,
        file_count=0,
        verified_at=watched.now,
        completed_at=watched.now,
    )


def test_a_failed_backup_is_told_again_after_a_day_and_when_it_is_over(watched: Watched) -> None:
    assert _watch(watched) == []
    failed = _row(watched, error="the disk is full")
    assert _watch(watched) == [("backup_failed", False)]
    assert failed.name in watched.told[-1].message
    _row(watched, error="still full")
    assert _watch(watched) == []
    watched.later(hours=23)
    assert _watch(watched) == [("backup_failed", False)]
    assert "still full (since 2026-03-29 01:30 UTC)" in watched.told[-1].message
    assert _watch(watched) == []
    _back_up(watched)
    assert _watch(watched) == [("backup_failed", True)]
    assert watched.told[-1].message.startswith("this is over: the backup ")
    assert _watch(watched) == []


def test_a_cancelled_backup_is_no_failure_and_ends_none(watched: Watched) -> None:
    _row(watched, error="cancelled")
    assert _watch(watched) == []
    _row(watched, error="the disk is full")
    assert _watch(watched) == [("backup_failed", False)]
    _row(watched, error="cancelled")
    assert _watch(watched) == []


def test_a_run_that_got_no_row_is_a_failure_until_a_backup_is_made(watched: Watched) -> None:
    _back_up(watched)
    end_run(watched.context, watched.place.site, "backup", BusyError("in use"), watched.tell)
    assert [one.message for one in watched.events("alarm")] == ["the backup of app failed: in use"]
    assert _watch(watched) == []
    _back_up(watched)  # by hand: no run ends
    assert _watch(watched) == [("backup_failed", True)]


def test_a_failed_drill_is_told_and_one_that_could_not_be_made_is_not(watched: Watched) -> None:
    catalog = watched.context.catalog
    first, second = _back_up(watched), _back_up(watched)
    catalog.set_drilled(second.id, None, "unable", "{}")
    assert _watch(watched) == []
    catalog.set_drilled(first.id, None, "failed", "{}")
    assert _watch(watched) == [("drill_failed", False)]
    catalog.set_drilled(second.id, watched.now, "passed", "{}")
    assert _watch(watched) == [("drill_failed", True)]

    end_run(watched.context, watched.place.site, "drill", _ERROR, watched.tell)
    assert watched.events("alarm")[-1].message == "the drill of app failed: the disk is full (make room)"
    watched.later(minutes=1)
    catalog.set_drilled(second.id, watched.now, "passed", "{}")
    assert _watch(watched) == [("drill_failed", True)]


def test_restores_that_fail_wait_or_stop_in_the_middle(watched: Watched) -> None:
    site = watched.place.site
    end_run(watched.context, site, "apply", _ERROR, watched.tell)
    assert watched.told == [], "nothing is pending any more"
    stage_restore(watched.context, site, _back_up(watched), watched.place.reporter())
    assert _watch(watched) == [("apply_failed", False)]
    marker = marker_path(watched.context, site)
    text = marker.read_text()
    marker.rename(failed_marker_path(watched.context, site))
    watched.later(days=1)
    assert _watch(watched) == [("apply_failed", False)]
    assert "failed, app is as it was" in watched.told[-1].message
    failed_marker_path(watched.context, site).unlink()
    assert _watch(watched) == [("apply_failed", True)]

    marker.write_text(text.replace('"staged"', '"switching"'))
    assert _watch(watched) == [("apply_failed", False)]
    assert "interrupted in the middle" in watched.told[-1].message
    marker.write_text("{")
    watched.later(days=1)
    assert _watch(watched) == [("apply_failed", False)]
    assert ".restore_pending" in watched.told[-1].message
    marker.unlink()
    assert _watch(watched) == [("apply_failed", True)]


def test_a_clean_up_that_failed_is_over_with_the_next_one(watched: Watched) -> None:
    state = ScheduleState(settled_until=watched.now)
    watched.context.catalog.save_schedule("app", ScheduleSettings(enabled=True), state, "test", watched.now)
    end_run(watched.context, watched.place.site, "prune", _ERROR, watched.tell)
    end_run(watched.context, watched.place.site, "prune", None, watched.tell)
    assert [one.name for one in watched.told] == ["alarm", "alarm_over"]

    end_run(watched.context, watched.place.site, "prune", _ERROR, watched.tell)
    watched.context.catalog.save_schedule("app", ScheduleSettings(), state, "test", watched.now)
    assert _watch(watched) == [("prune_failed", True)], "no next one will come"


def test_no_good_backup_for_too_long(watched: Watched) -> None:
    assert site_status(watched.context, watched.place.site).overdue is None
    watched.set(site={"max_age": timedelta(hours=36)})
    assert _watch(watched) == [("backup_overdue", False)]
    assert "there is no good backup at all; 36 h are allowed" in watched.told[-1].message
    _back_up(watched)
    assert _watch(watched) == [("backup_overdue", True)]
    watched.later(hours=34)
    _row(watched, error="no")
    assert _watch(watched) == [("backup_failed", False)]
    watched.later(hours=2)
    assert _watch(watched) == [("backup_overdue", False)]
    assert "no good backup for 37 h" in watched.told[-1].message


def test_without_max_age_twice_the_pause_of_the_schedule_counts(watched: Watched) -> None:
    catalog = watched.context.catalog
    state = ScheduleState(settled_until=watched.now)
    catalog.save_schedule("app", ScheduleSettings(frequency="daily"), state, "test", watched.now)
    watched.later(days=10)
    assert _watch(watched) == [], "it is not enabled"
    catalog.save_schedule("app", ScheduleSettings(enabled=True, frequency="daily"), state, "test", watched.now)
    watched.later(days=1)
    assert _watch(watched) == [], "its time is not up"
    watched.later(days=3)
    assert _watch(watched) == [("backup_overdue", False)]


def test_a_schedule_that_nobody_can_follow_is_noticed_by_its_silence(watched: Watched) -> None:
    _back_up(watched)
    wrong = ScheduleSettings(enabled=True, frequency="cron", cron="at noon")
    watched.context.catalog.save_schedule("app", wrong, ScheduleState(settled_until=START), "test", START)
    assert _watch(watched) == []
    watched.later(days=3)
    assert _watch(watched) == [("backup_overdue", False)]


def test_a_backup_from_the_future_has_no_age(watched: Watched) -> None:
    watched.set(site={"max_age": timedelta(hours=36)})
    watched.later(days=400)
    _back_up(watched)
    assert _watch(watched) == []
    watched.now = START
    assert _watch(watched) == [("backup_overdue", False)]
    assert "is the clock right?" in watched.told[-1].message


def test_an_archive_much_smaller_than_those_before(watched: Watched) -> None:
    for size in (100, 1000, 1100):
        _row(watched, size=size)
    _row(watched, size=1)
    _row(watched, size=10, kind="portable")  # of another kind: nothing to compare with
    assert _watch(watched) == []
    _row(watched, size=1000)
    assert _watch(watched) == []
    small = _row(watched, size=400)
    assert _watch(watched) == [("archive_shrunk", False)]
    assert small.name in watched.told[-1].message
    watched.set(shrunk_percent=30)
    assert _watch(watched) == [("archive_shrunk", True)]
    watched.set(shrunk_percent=50)
    assert _watch(watched) == [("archive_shrunk", False)]
    _row(watched, size=900)
    assert _watch(watched) == [("archive_shrunk", True)]
    watched.set(shrunk_percent=0)
    _row(watched, size=0)
    assert _watch(watched) == []


def test_little_space(watched: Watched) -> None:
    watched.set(low_space=2**62)
    assert _watch(watched) == [("low_space", False)]
    assert watched.told[-1].site is None
    watched.set(low_space=1)
    assert _watch(watched) == [("low_space", True)]


@pytest.mark.parametrize(
    ("free", "told", "low"), [(99, False, True), (100, False, False), (105, True, True), (110, True, False)]
)
def test_space_that_comes_and_goes_is_told_once(free: int, told: bool, low: bool) -> None:
    assert (low_space(free, 100, told=told) is not None) is low


def test_what_cannot_be_looked_at_is_told_and_is_not_over(watched: Watched) -> None:
    _row(watched, error="no")
    assert _watch(watched) == [("backup_failed", False)]
    catalog = watched.context.settings.state / "catalog.db"
    catalog.rename(catalog.with_name("away"))
    watched.set()
    assert _watch(watched) == [("blind", False)]
    assert "cannot look after its backups" in watched.told[-1].message
    assert {one.kind for one in watched.book.active} == {"backup_failed", "blind"}
    end_run(watched.context, watched.place.site, "drill", None, watched.tell)
    catalog.with_name("away").rename(catalog)
    end_run(watched.context, watched.place.site, "drill", None, watched.tell)
    assert len(watched.events("alarm_over")) == 0, "one site alone does not show that all can be looked at"
    assert _watch(watched) == [("blind", True)]


def test_a_catalog_that_another_process_writes_is_no_alarm(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(site: str) -> None:
        raise BusyError("the catalog is locked")

    _row(watched, error="no")
    assert _watch(watched) == [("backup_failed", False)]
    monkeypatch.setattr(watched.context.catalog, "last_attempt", busy)
    watch(watched.context, watched.tell)
    assert [one.level for one in watched.events("alarms_failed")] == ["warning"]
    assert [one.kind for one in watched.book.active] == ["backup_failed"]


def test_a_last_good_archive_that_is_gone_is_told_until_it_is_back_or_a_newer_one_is_made(watched: Watched) -> None:
    store = watched.context.store
    for back in (True, False):
        archive = store.archive_path("app", _back_up(watched).name)
        archive.rename(archive.with_suffix(".away"))
        assert _watch(watched) == [("archive_missing", False)]
        assert str(archive) in watched.told[-1].message
        if back:
            archive.with_suffix(".away").rename(archive)
        else:
            _back_up(watched)
        assert _watch(watched) == [("archive_missing", True)]


def test_a_schedule_that_a_rebuild_lost_is_told_until_it_is_set_or_the_rebuild_confirmed(watched: Watched) -> None:
    context, site = watched.context, watched.place.site
    rebuild_catalog(context, watched.place.reporter())
    assert _watch(watched) == [], "nothing of the site was there to be found"
    _back_up(watched)
    rebuild_catalog(context, watched.place.reporter())
    assert _watch(watched) == [("schedule_lost", False)]
    confirm_rebuild(context, site)
    assert _watch(watched) == [("schedule_lost", True)]
    rebuild_catalog(context, watched.place.reporter())
    assert _watch(watched) == [("schedule_lost", False)]
    state = ScheduleState(settled_until=watched.now)
    context.catalog.save_schedule("app", ScheduleSettings(), state, "test", watched.now)
    assert _watch(watched) == [("schedule_lost", True)], "a person decided, even where it is not enabled"


def test_a_storage_that_is_not_mounted_is_told(watched: Watched) -> None:
    shutil.rmtree(watched.context.settings.storage)
    assert _watch(watched) == [("blind", False)]


def test_the_alarms_of_a_site_that_is_gone_are_forgotten(watched: Watched) -> None:
    _row(watched, error="no")
    assert _watch(watched) == [("backup_failed", False)]
    watched.context.settings.sites.clear()
    assert _watch(watched) == []
    assert watched.book.active == ()


_FOUND = Finding("low_space", None, "little", "make room")


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(-3000, 3000)), max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_alarms_begin_end_and_begin_again_in_turn(looks: list[tuple[bool | None, int]]) -> None:
    """Whatever is found, and however the clock jumps (minutes): no alarm is over that did not begin."""
    active: tuple[Active, ...] = ()
    now, repeat = START, timedelta(hours=24)
    on, told_at = False, START
    for found, minutes in looks:
        now += timedelta(minutes=minutes)
        judged: Judged = {} if found is None else {("low_space", None): _FOUND if found else None}
        active, alarms = advance(active, judged, now, repeat)
        assert len(alarms) <= 1
        for alarm in alarms:
            assert alarm.recovered is (found is False)
            assert on or not alarm.recovered
            assert not (on and found) or now - told_at >= repeat
            told_at = now
        if on and found and not alarms:
            told_at = min(told_at, now)
            assert now - told_at < repeat
        assert not (found and not on) or alarms
        on = on if found is None else found
        assert [one.key for one in active] == ([("low_space", None)] if on else [])
