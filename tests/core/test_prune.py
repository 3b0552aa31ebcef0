"""Prune on a real site: what goes, what stays, what is logged, and when nothing is touched."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import BackupRecord, ScheduleSettings
from core.errors import BusyError, CancelledError, GreenroomError, PartlyDoneError, UsageError, VerificationError
from core.keep import delete_backup, pin_backup
from core.progress import CancelToken, Progress, Reporter
from core.prune import Pruned, preview_prune, prune_site
from core.rebuild import rebuild_catalog
from core.rebuild_note import confirm_rebuild, is_rebuild_confirmed
from core.restore.apply import apply_restore
from core.restore.marker import Phase, marker_path, read_marker, write_marker
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from core.retention import Policy
from core.verify import verify_backup
from tests.pruning import NOW, back_up, back_up_each, names, set_schedule
from tests.support import CrashingFilesystem, Place, SteppingClock, change_place, make_place, open_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A site with a strict schedule and no backup yet, at NOW."""
    place = make_place(tmp_path, clock=SteppingClock(NOW))
    set_schedule(place)
    return place


@pytest.fixture
def backups(place: Place) -> list[BackupRecord]:
    """Three that are too old, and one of yesterday."""
    return back_up_each(place, [40, 30, 20, 1])


def _prune(place: Place, **how: object) -> Pruned:
    return prune_site(place.context, place.site, Reporter(), **how)


def _refuses(place: Place, match: str) -> None:
    """Neither a prune nor its preview goes on, both with the same words, and nothing is lost."""
    before = sorted(path.name for path in (place.root / "backups" / "app").glob("*"))
    with pytest.raises(GreenroomError, match=match) as refused:
        _prune(place)
    assert refused.value.hint
    said = preview_prune(place.context, place.site).refusal
    assert said is not None
    assert said.startswith(refused.value.message)
    assert sorted(path.name for path in (place.root / "backups" / "app").glob("*")) == before
    assert place.context.catalog.cleanups("app") == []


def test_what_the_preview_says_is_what_is_done(place: Place, backups: list[BackupRecord]) -> None:
    preview = preview_prune(place.context, place.site)
    assert (preview.source, preview.refusal) == ("schedule", None)
    assert [one.backup.name for one in preview.verdicts] == [one.name for one in reversed(backups)]
    assert [one.backup.name for one in preview.removed] == [one.name for one in backups[:3]]
    assert names(place) == [one.name for one in backups]
    pruned = _prune(place)
    assert [one.backup.name for one in pruned.removed] == [one.name for one in backups[:3]]
    assert (pruned.freed_bytes, pruned.decided.verdicts) == (preview.freed_bytes, preview.verdicts)
    assert pruned.freed_bytes == sum(one.file_size or 0 for one in backups[:3])
    assert names(place) == [backups[3].name]
    assert len(list((place.root / "backups" / "app").iterdir())) == 2
    assert _prune(place).removed == ()


def test_a_clean_up_is_one_line_of_the_log(place: Place, backups: list[BackupRecord]) -> None:
    pruned = _prune(place, by="schedule")
    (logged,) = place.context.catalog.cleanups("app")
    assert (logged.backups_deleted, logged.space_freed) == (3, pruned.freed_bytes)
    assert json.loads(logged.details) == [one.name for one in backups[:3]]
    assert logged.cleanup_reason == "retention: 3 older than 10 days"
    assert logged.performed_by == "schedule"
    assert all(place.context.catalog.was_deleted("app", one.name) for one in backups[:3])
    _prune(place)
    assert place.context.catalog.cleanups("app") == [logged], "where nothing goes nothing is logged"


def test_the_reasons_are_counted_in_the_log(place: Place) -> None:
    back_up_each(place, [40, 3, 2, 1])
    pruned = _prune(
        place, policy=Policy(retention_days=10, max_backups=2, keep_monthly=0, keep_minimum=1, keep_weekly=1)
    )
    (logged,) = place.context.catalog.cleanups("app")
    assert logged.cleanup_reason == "retention: 2 more than 2"
    assert [one.reasons for one in pruned.removed] == [("more than 2",)] * 2
    assert logged.performed_by == place.context.actor


def test_no_schedule_no_policy_nothing_goes(tmp_path: Path) -> None:
    place = make_place(tmp_path, clock=SteppingClock(NOW))
    back_up_each(place, [900, 800, 1])
    preview = preview_prune(place.context, place.site)
    assert (preview.source, preview.policy) == ("default", Policy())
    _refuses(place, "has no schedule")
    pruned = _prune(place, policy=Policy(keep_monthly=0, keep_weekly=0, keep_daily=0, keep_minimum=2))
    assert len(pruned.removed) == 1


def test_a_policy_that_makes_no_sense_is_refused(place: Place, backups: list[BackupRecord]) -> None:
    for look in (preview_prune, lambda *wanted: prune_site(*wanted[:2], Reporter(), wanted[2])):
        with pytest.raises(UsageError, match=r"keep_minimum.*allowed: 1"):
            look(place.context, place.site, Policy(keep_minimum=0))
    assert len(names(place)) == 4


def test_only_what_a_person_agreed_to_goes(place: Place, backups: list[BackupRecord]) -> None:
    pruned = _prune(place, agreed=[backups[1].name, backups[3].name])
    assert [one.backup.name for one in pruned.removed] == [backups[1].name]
    assert names(place) == [backups[0].name, backups[2].name, backups[3].name]


def test_it_is_decided_anew_under_the_lock(place: Place, backups: list[BackupRecord]) -> None:
    assert backups[0].name in [one.backup.name for one in preview_prune(place.context, place.site).removed]
    pin_backup(place.context, place.site, backups[0], pinned=True)
    _prune(place)
    assert names(place) == [backups[0].name, backups[3].name]


def test_somebody_at_work_is_not_disturbed(place: Place, backups: list[BackupRecord]) -> None:
    with place.context.lock(place.site, "apply"), pytest.raises(BusyError, match="apply"):
        _prune(place)
    assert len(names(place)) == 4


def test_read_only_looks_but_does_not_touch(place: Place, backups: list[BackupRecord]) -> None:
    looking = open_place(place.root, clock=SteppingClock(NOW), read_only=True)
    assert len(preview_prune(looking.context, looking.site).removed) == 3
    with pytest.raises(UsageError, match="read-only"):
        _prune(looking)
    assert len(names(place)) == 4


def test_failed_runs_cost_nothing(place: Place) -> None:
    """field.md 1 and 3: weeks of failures, a prune after each, and all that was good is still there."""
    good = back_up_each(place, [2, 1, 0])
    place.database.unlink()
    set_schedule(place, ScheduleSettings(retention_days=10, max_backups=3, keep_daily=3, keep_minimum=1))
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    for days in range(1, 60, 3):
        clock.now = NOW + timedelta(days=days)
        with pytest.raises(GreenroomError):
            create_backup(place.context, place.site, Reporter())
        _prune(place)
    assert names(place) == [one.name for one in good]
    assert preview_prune(place.context, place.site).removed == ()


def test_one_found_damaged_stands_for_nothing(place: Place) -> None:
    """field.md 1: the newest is no good, and known to be; the good one before it stays though it is old."""
    good, bad, *_ = back_up_each(place, [30, 29, 0])
    archive = place.context.store.archive_path("app", bad.name)
    archive.write_bytes(archive.read_bytes()[:-50])
    _refuses(place, r"bytes and should have")
    with pytest.raises(VerificationError):
        verify_backup(place.context, place.site, bad, Reporter())
    assert [one.backup.name for one in _prune(place, policy=Policy(retention_days=10, keep_minimum=2)).removed] == []
    two = Policy(retention_days=10, keep_minimum=2, keep_daily=0, keep_weekly=0, keep_monthly=0)
    assert [one.backup.name for one in _prune(place, policy=two).removed] == [bad.name]
    assert good.name in names(place)


def test_a_staged_restore_keeps_its_backup(place: Place, backups: list[BackupRecord]) -> None:
    """field.md 14: neither the safety backup nor a prune beside it costs the backup that is being restored."""
    stage_restore(place.context, place.site, backups[0], Reporter())
    verdicts = preview_prune(place.context, place.site).verdicts
    assert verdicts[-1].reasons == ("waits to be restored",)
    _prune(place)
    assert names(place) == [backups[0].name, backups[3].name]
    outcome = apply_restore(place.context, place.site, Reporter())
    assert outcome is not None
    assert outcome.safety_name in names(place)
    assert backups[0].name in names(place), "the safety backup removes nothing"


def test_a_backup_waits_no_more_when_its_restore_is_cancelled(place: Place, backups: list[BackupRecord]) -> None:
    stage_restore(place.context, place.site, backups[0], Reporter())
    _prune(place)
    cancel_restore(place.context, place.site)
    assert [one.backup.name for one in _prune(place).removed] == [backups[0].name]


def test_the_way_back_from_the_last_restore_stays(place: Place, backups: list[BackupRecord]) -> None:
    stage_restore(place.context, place.site, backups[3], Reporter())
    change_place(place)
    changed = place.state()
    assert apply_restore(place.context, place.site, Reporter()) is not None
    clock = place.context.clock
    assert isinstance(clock, SteppingClock)
    clock.now = NOW + timedelta(days=100)
    newest = create_backup(place.context, place.site, Reporter()).record
    verdicts = preview_prune(place.context, place.site).verdicts
    safety = next(one for one in verdicts if one.backup.role == "safety")
    assert safety.reasons == ("safety backup of the last restore",)
    _prune(place)
    assert names(place) == sorted([safety.backup.name, newest.name])
    with pytest.raises(UsageError, match="last restore"):
        delete_backup(place.context, place.site, safety.backup)
    assert undo_restore(place.context, place.site, Reporter()).state == "new"
    assert place.state() == changed


def test_after_a_rebuild_the_name_of_what_is_staged_counts(place: Place, backups: list[BackupRecord]) -> None:
    delete_backup(place.context, place.site, backups[0])  # so that the numbers are others afterwards
    stage_restore(place.context, place.site, backups[1], Reporter())
    place.context.catalog.close()
    for path in place.context.settings.state.glob("catalog.db*"):
        path.unlink()
    rebuild_catalog(place.context, Reporter())
    set_schedule(place)
    confirm_rebuild(place.context, place.site)
    _prune(place)
    assert backups[1].name in names(place)


@pytest.mark.parametrize("site", ["app", "another"])
def test_a_damaged_marker_stops_all(place: Place, backups: list[BackupRecord], site: str) -> None:
    """What a restore needs is not known then, be it of another site: a backup can go into another one."""
    folder = place.context.settings.state / "sites" / site
    folder.mkdir(exist_ok=True)
    (folder / ".restore_pending").write_text("{")
    _refuses(place, "is not a marker")


def test_another_site_waits_for_a_backup_of_this(place: Place, backups: list[BackupRecord]) -> None:
    marker = stage_restore(place.context, place.site, backups[0], Reporter())
    other = place.context.settings.state / "sites" / "another"
    other.mkdir()
    write_marker(place.context, other / ".restore_pending", marker.but(site="another", safety_name=backups[1].name))
    cancel_restore(place.context, place.site)
    assert preview_prune(place.context, place.site).verdicts[-1].reasons == ("waits to be restored into another",)
    assert [one.backup.name for one in _prune(place).removed] == [one.name for one in backups[1:3]]


def test_a_half_restored_site_is_left_alone(place: Place, backups: list[BackupRecord]) -> None:
    stage_restore(place.context, place.site, backups[0], Reporter())
    path = marker_path(place.context, place.site)
    marker = read_marker(path)
    assert marker is not None
    write_marker(place.context, path, marker.but(phase=Phase.SWITCHING))
    _refuses(place, "interrupted in the middle")


def test_a_missing_archive_stops_all(place: Place, backups: list[BackupRecord]) -> None:
    """Even of one that stays: the others would go because it is there."""
    archive = place.context.store.archive_path("app", backups[3].name)
    hidden = archive.rename(place.root / "hidden.zip")
    _refuses(place, "cannot be found")
    hidden.rename(archive)
    assert len(_prune(place).removed) == 3


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_storage_that_is_not_mounted_stops_all(place: Place, backups: list[BackupRecord], left: str) -> None:
    storage = place.root / "backups"
    away = storage.rename(place.root / "away")
    if left == "an empty folder":
        storage.mkdir()
    with pytest.raises(GreenroomError, match="backups"):
        _prune(place)
    assert preview_prune(place.context, place.site).refusal is not None
    if left == "an empty folder":
        storage.rmdir()
    away.rename(storage)
    assert names(place) == [one.name for one in backups]
    assert len(_prune(place).removed) == 3


def test_after_a_rebuild_a_person_must_confirm(place: Place, backups: list[BackupRecord]) -> None:
    rebuild_catalog(place.context, Reporter())
    assert not is_rebuild_confirmed(open_place(place.root).context, place.site)
    _refuses(place, "was rebuilt")
    with pytest.raises(UsageError, match="was rebuilt"):
        _prune(place, policy=Policy(keep_minimum=1))
    confirm_rebuild(place.context, place.site)
    assert len(_prune(place).removed) == 3
    with pytest.raises(UsageError, match="no rebuild"):
        confirm_rebuild(place.context, place.site)


def test_read_only_confirms_nothing(place: Place, backups: list[BackupRecord]) -> None:
    rebuild_catalog(place.context, Reporter())
    looking = open_place(place.root, read_only=True)
    with pytest.raises(UsageError, match="read-only"):
        confirm_rebuild(looking.context, looking.site)
    assert not is_rebuild_confirmed(place.context, place.site)


def test_cancelled_between_two(place: Place, backups: list[BackupRecord]) -> None:
    token = CancelToken()
    shown: list[Progress] = []

    def listen(progress: Progress) -> None:
        shown.append(progress)
        if progress.done == 1:
            token.cancel()

    clock = iter(range(1000))
    with pytest.raises(CancelledError, match=r"1 of 3 backups removed"):
        prune_site(place.context, place.site, Reporter(listen, token, lambda: next(clock)))
    assert names(place) == [one.name for one in backups[1:]]
    (logged,) = place.context.catalog.cleanups("app")
    assert json.loads(logged.details) == [backups[0].name]
    assert shown[0] == Progress("removing backups", 0, 3, "files")
    assert len(_prune(place).removed) == 2


def test_cancelled_before_the_first(place: Place, backups: list[BackupRecord]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        prune_site(place.context, place.site, Reporter(token=token))
    assert len(names(place)) == 4
    assert place.context.catalog.cleanups("app") == []


class _FailsAt(CrashingFilesystem):
    """The disk fails at one rename that sets an archive aside."""

    failing = 0

    def rename(self, source: Path, target: Path) -> None:
        if target.name.endswith(".deleting"):
            self.failing -= 1
            if not self.failing:
                raise OSError(5, "Input/output error", str(target))
        super().rename(source, target)


@pytest.mark.parametrize("number", [1, 2])
def test_a_disk_that_fails_in_the_middle(place: Place, backups: list[BackupRecord], number: int) -> None:
    disk = _FailsAt()
    disk.failing = number
    failing = open_place(place.root, clock=SteppingClock(NOW), disk=disk)
    with pytest.raises(GreenroomError) as failed:
        _prune(failing)
    assert isinstance(failed.value, PartlyDoneError) == (number > 1)
    assert "Input/output error" in failed.value.message
    assert names(place) == [one.name for one in backups[number - 1 :]]
    assert sum(row.backups_deleted for row in place.context.catalog.cleanups("app")) == number - 1
    assert len(_prune(place).removed) == 4 - number


def test_a_backup_dated_in_the_future_costs_nothing(place: Place) -> None:
    ahead = back_up(place, -timedelta(days=900))
    old, newest = back_up_each(place, [40, 1])
    verdicts = preview_prune(place.context, place.site, Policy(retention_days=10, keep_minimum=1)).verdicts
    assert verdicts[0].backup.name == ahead.name
    assert verdicts[0].reasons == ("dated in the future",)
    assert "newest completed" in verdicts[1].reasons
    assert verdicts[1].backup.name == newest.name
    assert names(place) == sorted([old.name, newest.name, ahead.name])
