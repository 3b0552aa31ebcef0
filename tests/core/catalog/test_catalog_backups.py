"""The life of a backup's row, and what a list shows of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog import BackupRecord, Catalog, CleanupRecord, FoundBackup
from core.errors import GreenroomError
from core.filesystem import Committable, Filesystem

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Make = Callable[..., BackupRecord]


def _cleanup(name: str) -> CleanupRecord:
    return CleanupRecord(
        site="app",
        cleanup_date=NOON,
        backups_deleted=1,
        space_freed=1000,
        cleanup_reason="deleted by a person",
        performed_by="ada",
        details=f'["{name}"]',
    )


def _found(name: str, site: str = "app") -> FoundBackup:
    return FoundBackup(
        name=name, site=site, kind="snapshot", created_at=NOON, created_by="unknown", completed_at=NOON, foreign=True
    )


def test_a_backup_is_running_until_it_is_completed(catalog: Catalog, begin: Make, complete: Make) -> None:
    running = begin("one", description="before the update")
    assert (running.status, running.origin, running.pinned, running.foreign) == ("running", "made", False, False)
    assert running.created_at == NOON
    assert [record.name for record in catalog.running_backups("app")] == ["one"]
    done = complete("two", minutes=1)
    assert (done.status, done.file_size, done.table_count, done.record_count, done.file_count) == (
        "completed", 1000, 2, 30, 4,
    )  # fmt: skip
    assert done.verified_at == done.completed_at == NOON + timedelta(minutes=1, seconds=30)
    assert catalog.get(done.id) == catalog.find("app", "two") == done
    assert catalog.manifest(done.id) == '{"format": "greenroom"}'
    assert catalog.manifest(running.id) is None


def test_a_failed_backup_says_why(catalog: Catalog, begin: Make) -> None:
    failed = catalog.fail_backup(begin("one").id, "interrupted")
    assert (failed.status, failed.error, failed.completed_at) == ("failed", "interrupted", None)
    assert list(catalog.running_backups("app")) == []


def test_only_a_running_backup_ends(catalog: Catalog, complete: Make) -> None:
    done = complete("one")
    with pytest.raises(GreenroomError, match="is completed, not running"):
        catalog.fail_backup(done.id, "too late")
    with pytest.raises(GreenroomError, match="not in the catalog any more"):
        catalog.fail_backup(done.id + 1, "never was")
    assert catalog.get(done.id) == done


def test_a_name_is_taken_once_a_site(catalog: Catalog, begin: Make) -> None:
    begin("one")
    begin("one", "shop")
    with pytest.raises(GreenroomError, match="app already has a backup named one"):
        begin("one")
    with pytest.raises(GreenroomError, match="app already has a backup named one"):
        catalog.insert_found(_found("one"))
    assert [record.site for record in catalog.find_by_name("one")] == ["app", "shop"]
    assert catalog.names("app") == {"one"}
    assert list(catalog.sites()) == ["app", "shop"]


def test_a_found_backup_is_completed_as_it_was_found(catalog: Catalog) -> None:
    found = catalog.insert_found(replace(_found("old"), pinned=True, description="from the other server"))
    assert (found.status, found.role, found.origin, found.foreign, found.pinned, found.verified_at) == (
        "completed", "adopted", "adopted", True, True, None,
    )  # fmt: skip
    assert catalog.find("app", "old") == found


def test_pins_and_verifications_are_noted(catalog: Catalog, complete: Make) -> None:
    backup = complete("one", verified=False)
    assert catalog.set_pinned(backup.id, pinned=True).pinned
    assert not catalog.set_pinned(backup.id, pinned=False).pinned
    damaged = catalog.set_verified(backup.id, None, error="database.db: wrong hash")
    assert (damaged.verified_at, damaged.error, damaged.status) == (None, "database.db: wrong hash", "completed")
    assert catalog.set_verified(backup.id, NOON) == replace(backup, verified_at=NOON)


def test_a_deletion_is_logged_with_its_reason(catalog: Catalog, complete: Make) -> None:
    backup = complete("one")
    catalog.delete_backup(backup.id, _cleanup("one"))
    assert catalog.get(backup.id) is None
    assert list(catalog.cleanups("app")) == [replace(_cleanup("one"), id=1)]
    assert list(catalog.cleanups("shop")) == []
    with pytest.raises(GreenroomError, match="not in the catalog any more"):
        catalog.delete_backup(backup.id, _cleanup("one"))
    assert len(catalog.cleanups()) == 1


def test_a_clean_up_of_several_is_one_row_that_grows(catalog: Catalog, complete: Make) -> None:
    one, two, other = complete("one"), complete("two"), complete("three")
    logged = catalog.delete_backup(one.id, _cleanup("one"))
    assert logged == replace(_cleanup("one"), id=1)
    grown = replace(logged, backups_deleted=2, space_freed=1500, cleanup_reason="retention", details='["one", "two"]')
    assert catalog.delete_backup(two.id, grown) == grown
    assert list(catalog.cleanups("app")) == [grown]
    assert catalog.was_deleted("app", "one")
    assert catalog.was_deleted("app", "two")
    assert not catalog.was_deleted("app", "three")
    with pytest.raises(GreenroomError, match="clean-up 9 is not in the catalog"):
        catalog.delete_backup(other.id, replace(grown, id=9))
    assert list(catalog.completed_backups("app")) == [other]


def test_all_completed_backups_of_a_site(catalog: Catalog, begin: Make, complete: Make) -> None:
    made = [complete(f"b{number}", minutes=number) for number in range(4)]
    begin("running")
    catalog.fail_backup(begin("failed").id, "no space")
    complete("elsewhere", "shop")
    assert list(catalog.completed_backups("app")) == made[::-1]


class _Crash(BaseException):
    """Stands for the end of the process: nothing catches it."""


class _CrashingDisk(Filesystem):
    def commit(self, transaction: Committable) -> None:
        raise _Crash


def test_a_crash_before_the_commit_changes_nothing(catalog: Catalog, path: Path, complete: Make) -> None:
    backup = complete("one")
    dying = Catalog(path, _CrashingDisk())
    for attempt in (
        lambda: dying.delete_backup(backup.id, _cleanup("one")),
        lambda: dying.set_pinned(backup.id, pinned=True),
        lambda: dying.insert_found(_found("two")),
    ):
        with pytest.raises(_Crash):
            attempt()
    assert list(catalog.backups()) == [backup]
    assert list(catalog.cleanups()) == []


def test_the_id_of_a_deleted_backup_is_never_given_again(catalog: Catalog, complete: Make) -> None:
    gone = complete("one")
    catalog.delete_backup(gone.id, _cleanup("one"))
    assert complete("two").id > gone.id


def test_records_are_values(complete: Make) -> None:
    record = complete("one")
    for field in ("pinned", "status"):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field, True)


def test_times_come_back_aware_and_in_utc_whatever_zone_they_had(catalog: Catalog) -> None:
    berlin = timezone(timedelta(hours=2))
    local = datetime(2026, 7, 1, 2, 30, 0, 123456, tzinfo=berlin)
    found = catalog.insert_found(replace(_found("one"), created_at=local))
    assert found.created_at == local
    assert found.created_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(catalog: Catalog) -> None:
    with pytest.raises(GreenroomError, match="a time without a zone"):
        catalog.insert_found(replace(_found("one"), created_at=NOON.replace(tzinfo=None)))


def test_the_latest_is_the_newest_completed_one_that_is_no_safety_backup(
    catalog: Catalog, begin: Make, complete: Make
) -> None:
    assert catalog.latest("app") is None
    complete("newer", minutes=2)
    complete("older", minutes=1)
    complete("safety", role="safety", minutes=3)
    complete("elsewhere", "shop", minutes=4)
    begin("running", minutes=5)
    latest = catalog.latest("app")
    assert latest is not None
    assert latest.name == "newer"


def test_the_last_good_backup_is_made_here_and_verified(catalog: Catalog, complete: Make, begin: Make) -> None:
    assert catalog.last_good("app") is None
    good = complete("good", role="scheduled", minutes=1)
    complete("unverified", minutes=2, verified=False)
    complete("safety", role="safety", minutes=3)
    catalog.insert_found(replace(_found("adopted"), created_at=NOON + timedelta(minutes=4), verified_at=NOON))
    catalog.fail_backup(begin("failed", minutes=5).id, "disk full")
    assert catalog.last_good("app") == good
    catalog.set_verified(good.id, None, error="wrong hash")
    assert catalog.last_good("app") is None


def test_a_list_is_newest_first_in_pages(catalog: Catalog, begin: Make) -> None:
    for minute in (1, 3, 2, 3):
        begin(f"at_{minute}_{len(catalog.names('app'))}", minutes=minute)
    begin("of_shop", "shop", minutes=9)
    assert [record.name for record in catalog.backups("app")] == ["at_3_3", "at_3_1", "at_2_2", "at_1_0"]
    assert [record.name for record in catalog.backups("app", limit=2, offset=1)] == ["at_3_1", "at_2_2"]
    assert [record.name for record in catalog.backups(limit=1)] == ["of_shop"]
    assert (catalog.count_backups(), catalog.count_backups("app"), catalog.count_backups("none")) == (5, 4, 0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("UPDATE", ["before"]),
        ("100%", ["percent"]),
        ("%", ["percent"]),
        ("_", ["under_score"]),
        ("safety", ["percent"]),
        ("shop", ["under_score"]),
        ("\\", []),
        ("' OR 1=1 --", []),
        ("\0", []),
        ("", ["under_score", "percent", "before"]),
    ],
)
def test_a_filter_finds_its_text_and_nothing_else(catalog: Catalog, begin: Make, text: str, names: list[str]) -> None:
    begin("before", description="before the update", minutes=1)
    begin("percent", description="100% full", role="safety", minutes=2)
    begin("under_score", "shop", minutes=3)
    assert [record.name for record in catalog.backups(text=text)] == names
    assert catalog.count_backups(text=text) == len(names)


@settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_can_be_described_failed_and_sought(catalog: Catalog, begin: Make, text: str) -> None:
    name = f"n{catalog.count_backups()}"
    record = begin(name, description=text)
    failed = catalog.fail_backup(record.id, text)
    assert failed.error == record.description
    if text.isprintable():
        assert record.description == text
    assert record.id in {found.id for found in catalog.backups(text=text, limit=1000)}


def test_an_actor_longer_than_the_column_is_cut_off(catalog: Catalog) -> None:
    assert catalog.insert_found(replace(_found("one"), created_by="a" * 1000)).created_by == "a" * 255


def test_a_page_of_five_thousand_loads_that_page_and_no_manifest(catalog: Catalog, path: Path, complete: Make) -> None:
    complete("first")
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(system_backups)") if row[1] != "id"]
        values = ", ".join(
            {
                "backup_name": "'b' || n",
                "backup_data": "zeroblob(20000)",
                "created_at": "datetime('2026-03-02', '+' || n || ' minutes')",
            }.get(column, column)
            for column in columns
        )
        connection.execute(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000) "
            f"INSERT INTO system_backups ({', '.join(columns)}) SELECT {values} FROM numbers, system_backups "
            "WHERE backup_name = 'first'"
        )
    steps = _steps(catalog, lambda: catalog.backups("app", limit=100))
    assert [record.name for record in catalog.backups("app", limit=2, offset=4998)] == ["b2", "b1"]
    assert catalog.count_backups("app") == 5001
    assert steps < 10_000


def _steps(catalog: Catalog, action: Callable[[], object]) -> int:
    """Return about how many steps SQLite's machine takes for an action: what is sorted or skipped costs some too."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 100
        return 0

    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = original(*args, **kwargs)
        connection.set_progress_handler(count, 100)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        action()
    return counted
