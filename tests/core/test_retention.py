"""Which backups stay: what docs/retention.md says, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.catalog import BackupRecord, ScheduleSettings
from core.retention import Policy, Verdict, check_policy, decide_retention, policy_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEFAULTS = Policy()
NO_RULES = Policy(keep_daily=0, keep_weekly=0, keep_monthly=0, keep_minimum=1)


def backup(created_at: datetime, number: int = 1, **changes: Any) -> BackupRecord:
    """A good backup of that time."""
    told: dict[str, Any] = {
        "name": f"b{number}",
        "site": "app",
        "kind": "snapshot",
        "scope": "full",
        "role": "scheduled",
        "status": "completed",
        "origin": "made",
        "description": "",
        "created_by": "x",
        "completed_at": created_at,
        "verified_at": created_at,
        "pinned": False,
        "foreign": False,
        "manifest_sha256": None,
        "file_size": 10,
        "table_count": 1,
        "record_count": 1,
        "file_count": 1,
        "error": None,
        "scheduled_for": None,
        "drilled_at": None,
        "drill_status": None,
        "drill_report": None,
    }
    return BackupRecord(id=number, created_at=created_at, **{**told, **changes})


def daily(count: int, *, newest: datetime = NOW, **changes: Any) -> list[BackupRecord]:
    """Good backups a day apart, the newest last and with the highest number."""
    return [backup(newest - timedelta(days=count - number), number, **changes) for number in range(1, count + 1)]


def decide(
    backups: Sequence[BackupRecord],
    policy: Policy = DEFAULTS,
    *,
    now: datetime = NOW,
    zone: ZoneInfo = BERLIN,
    needed: Mapping[int, Sequence[str]] | None = None,
) -> tuple[Verdict, ...]:
    return decide_retention(backups, policy, now, zone, needed or {})


def kept(verdicts: Sequence[Verdict]) -> set[str]:
    return {one.backup.name for one in verdicts if one.keep}


def why(verdicts: Sequence[Verdict], name: str) -> tuple[str, ...]:
    return next(one.reasons for one in verdicts if one.backup.name == name)


def test_a_year_of_daily_backups_by_the_defaults() -> None:
    verdicts = decide(daily(400))
    assert [one.backup.id for one in verdicts] == list(range(400, 0, -1))
    assert why(verdicts, "b400") == (
        "newest completed",
        "newest verified",
        "newest good",
        "daily 2026-11-21",
        "weekly 2026-W47",
        "monthly 2026-11",
        "younger than 30 days",
    )
    assert why(verdicts, "b390") == ("younger than 30 days",)
    months = [one.backup.name for one in verdicts if any("monthly" in reason for reason in one.reasons)]
    assert len(months) == 12
    assert why(verdicts, months[-1]) == ("monthly 2025-12",)
    gone = [one for one in verdicts if not one.keep]
    assert {one.reasons for one in gone} == {("older than 30 days",)}
    assert len(kept(verdicts)) == 30 + 10  # two of the twelve are younger


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pinned": True}, "pinned"),
        ({"drilled_at": NOW, "drill_status": "passed"}, "newest drilled"),
        ({"drilled_at": NOW, "drill_status": "unable"}, "newest drilled"),
    ],
)
def test_what_is_protected_stays(changes: dict[str, Any], reason: str) -> None:
    old = backup(NOW - timedelta(days=900), 900, **changes)
    verdicts = decide([old, *daily(10)], Policy(max_backups=3))
    assert reason in why(verdicts, "b900")
    assert "b900" in kept(verdicts)
    assert len(kept(verdicts)) == 3  # it counts


@pytest.mark.parametrize("words", ["waits to be restored", "safety backup of the last restore"])
def test_what_a_restore_needs_stays(words: str) -> None:
    old = backup(NOW - timedelta(days=900), 900, role="safety")
    verdicts = decide([old, *daily(10)], NO_RULES, needed={900: (words,)})
    assert why(verdicts, "b900") == (words,)


def test_the_newest_verified_stays_below_newer_ones_that_are_not() -> None:
    backups = daily(5)
    later = [backup(NOW - timedelta(hours=n), 100 + n, foreign=True, verified_at=None) for n in range(10)]
    verdicts = decide([*backups, *later], Policy(max_backups=3, keep_daily=0, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b5", "b100", "b101"}
    assert why(verdicts, "b5")[:2] == ("newest verified", "newest good")


def test_a_partial_or_safety_backup_takes_no_place_from_a_good_one() -> None:
    day = NOW - timedelta(days=60)
    backups = [
        backup(day, 1),
        backup(day + timedelta(hours=1), 2, scope="partial"),
        backup(day + timedelta(hours=2), 3, role="safety"),
        *(backup(NOW - timedelta(hours=n), 10 + n) for n in range(3)),
    ]
    verdicts = decide(backups, Policy(keep_daily=7, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b1", "b3", "b10", "b11", "b12"}
    assert why(verdicts, "b1") == ("good daily 2026-09-22",)
    assert why(verdicts, "b3") == ("daily 2026-09-22",)


@pytest.mark.parametrize("changes", [{"verified_at": None, "error": "a hash differs"}, {"drill_status": "failed"}])
def test_one_found_bad_pushes_nothing_out(changes: dict[str, Any]) -> None:
    """field.md 1: an empty archive stored as a success must not cost a good one."""
    day = NOW - timedelta(days=60)
    good = backup(day, 1)
    bad = [backup(day + timedelta(minutes=n), 100 + n, **changes) for n in range(1, 60)]
    young = [backup(NOW - timedelta(hours=n), 500 + n) for n in range(2)]
    verdicts = decide([good, *bad, *young], Policy(max_backups=3, keep_weekly=0, keep_monthly=0))
    assert {"b1", "b500", "b501"} <= kept(verdicts)
    assert why(verdicts, "b1") == ("good daily 2026-09-22",)
    assert kept(verdicts) - {"b1", "b500", "b501"} == {"b159"}  # which the plain rule keeps: "daily"


@pytest.mark.parametrize("status", ["failed", "running"])
def test_failed_and_running_ones_count_for_nothing(status: str) -> None:
    """field.md 3: failed runs counted in "keep N"."""
    noise = [backup(NOW - timedelta(minutes=n), 1000 + n, status=status, verified_at=None) for n in range(200)]
    for policy in (Policy(), NO_RULES, Policy(max_backups=3)):
        assert decide([*noise, *daily(90)], policy) == decide(daily(90), policy)
    assert decide(noise) == ()


def test_in_an_outage_nothing_goes() -> None:
    """field.md 3: backups failed for weeks and age-based retention deleted everything that was left."""
    backups = daily(100, newest=NOW - timedelta(days=30))
    verdicts = decide(backups, Policy(max_backups=5))
    assert all(one.keep for one in verdicts)
    assert why(verdicts, "b1") == ("no good backup for 30 days",)
    assert why(verdicts, "b95") == ("daily 2026-10-17", "no good backup for 30 days")  # more than 5, too


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "safety"},
        {"role": "adopted"},
        {"scope": "partial"},
        {"foreign": True, "verified_at": None},
        {"verified_at": None, "error": "a hash differs"},
        {"drill_status": "failed"},
        {"status": "failed"},
    ],
)
def test_only_a_good_backup_ends_an_outage(changes: dict[str, Any]) -> None:
    backups = daily(100, newest=NOW - timedelta(days=40))
    assert all(one.keep for one in decide([*backups, backup(NOW, 900, **changes)], NO_RULES))
    assert len(kept(decide([*backups, backup(NOW, 900)], NO_RULES))) == 1


def test_the_minimum_stays_whatever_its_age() -> None:
    old = [backup(NOW - timedelta(days=100 + n), 10 - n) for n in range(5)]
    verdicts = decide([backup(NOW, 20), *old], Policy(keep_daily=0, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b20", "b10", "b9"}
    assert why(verdicts, "b9") == ("one of the 3 that stay",)
    assert why(verdicts, "b8") == ("older than 30 days",)


def test_protected_ones_count_towards_the_minimum() -> None:
    old = [backup(NOW - timedelta(days=100 + n), 10 - n, pinned=n > 2) for n in range(5)]
    verdicts = decide([backup(NOW, 20), *old], Policy(keep_daily=0, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b20", "b7", "b6"}


def test_one_found_bad_does_not_count_towards_the_minimum() -> None:
    bad = [backup(NOW - timedelta(days=50 + n), 30 + n, verified_at=None, error="damaged") for n in range(5)]
    old = [backup(NOW - timedelta(days=100 + n), 10 - n) for n in range(5)]
    verdicts = decide([backup(NOW, 20), *bad, *old], Policy(keep_daily=0, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b20", "b10", "b9"}
    verdicts = decide([backup(NOW, 20), *bad], Policy(keep_daily=0, keep_weekly=0, keep_monthly=0))
    assert kept(verdicts) == {"b20", "b30", "b31"}  # where there is nothing better


def test_the_maximum_cuts_the_oldest_whatever_keeps_it() -> None:
    verdicts = decide(daily(60), Policy(retention_days=90, max_backups=4, keep_monthly=12))
    assert kept(verdicts) == {"b60", "b59", "b58", "b57"}
    assert why(verdicts, "b1") == ("more than 4",)


def test_the_maximum_does_not_cut_the_protected_nor_below_the_minimum() -> None:
    backups = [backup(NOW - timedelta(days=n), 50 - n, pinned=n >= 5) for n in range(10)]
    assert kept(decide(backups, Policy(max_backups=3))) == {"b50", "b45", "b44", "b43", "b42", "b41"}
    verdicts = decide(daily(9), Policy(max_backups=1, keep_minimum=2))  # which check_policy would not let pass
    assert kept(verdicts) == {"b9", "b8"}
    assert "one of the 2 that stay" in why(verdicts, "b8")


def test_without_a_limit_of_age_only_the_maximum_removes() -> None:
    verdicts = decide(daily(90), Policy(retention_days=None, max_backups=None))
    assert all(one.keep for one in verdicts)
    assert why(verdicts, "b1") == ("no limit of age",)
    verdicts = decide(daily(90), Policy(retention_days=None, max_backups=60))
    assert len(kept(verdicts)) == 60


def test_one_dated_in_the_future_takes_nothing_from_the_others() -> None:
    ahead = [backup(NOW + timedelta(days=365 * n), 1000 + n) for n in range(1, 60)]
    with_them, without = decide([*daily(90), *ahead]), decide(daily(90))
    assert with_them[59:] == without
    assert {one.reasons for one in with_them[:59]} == {("dated in the future",)}
    assert all(one.keep for one in with_them[:59])


def test_a_clock_that_is_wrong_now_removes_nothing() -> None:
    backups = daily(90)
    for now in (NOW - timedelta(days=3000), NOW + timedelta(days=3000)):
        assert all(one.keep for one in decide(backups, NO_RULES, now=now))


def test_foreign_and_adopted_ones_age_like_any() -> None:
    adopted = backup(NOW - timedelta(days=500), 900, role="adopted", foreign=True, verified_at=None)
    assert why(decide([adopted, *daily(60)], NO_RULES), "b900") == ("older than 30 days",)


def test_an_hour_that_comes_twice_is_two() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 CEST, and an hour later 02:30 CET
    backups = [backup(first + timedelta(minutes=20 * n), n + 1) for n in range(6)]
    policy = Policy(
        retention_days=1, keep_hourly=24, keep_daily=0, keep_weekly=0, keep_monthly=0, keep_minimum=1, max_backups=None
    )
    verdicts = decide([*backups, backup(NOW, 99)], policy)
    assert {one.reasons for one in verdicts if one.keep and one.backup.id != 99} == {
        ("hourly 2026-10-25 02:00 CEST",),
        ("hourly 2026-10-25 02:00 CET",),
        ("hourly 2026-10-25 03:00 CET",),
    }


def test_a_day_of_25_hours_is_one_and_the_zone_says_which() -> None:
    evening = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    backups = [backup(evening - timedelta(hours=24), 1), backup(evening, 2), backup(NOW, 99)]
    policy = Policy(retention_days=1, keep_daily=9, keep_weekly=0, keep_monthly=0, keep_minimum=1)
    verdicts = decide(backups, policy)
    assert why(verdicts, "b1") == ("older than 1 day",)  # 00:30 of the same day
    assert why(verdicts, "b2") == ("daily 2026-10-25",)
    utc = decide(backups, policy, zone=ZoneInfo("UTC"))
    assert why(utc, "b1") == ("daily 2026-10-24",)


def test_a_week_is_that_of_its_thursday() -> None:
    policy = Policy(retention_days=1, keep_daily=0, keep_weekly=9, keep_monthly=0, keep_minimum=1)
    backups = [
        backup(datetime(2025, 12, 28, 12, tzinfo=UTC), 1),
        backup(datetime(2025, 12, 29, 12, tzinfo=UTC), 2),
        backup(datetime(2026, 1, 4, 12, tzinfo=UTC), 3),
        backup(NOW, 99),
    ]
    verdicts = decide(backups, policy)
    assert why(verdicts, "b1") == ("weekly 2025-W52",)
    assert why(verdicts, "b2") == ("older than 1 day",)
    assert why(verdicts, "b3") == ("weekly 2026-W01",)


def test_the_policy_of_a_schedule() -> None:
    assert policy_of(ScheduleSettings()) == Policy()
    settings = ScheduleSettings(retention_days=None, max_backups=None, keep_hourly=3, keep_yearly=5, keep_minimum=9)
    assert policy_of(settings) == Policy(
        retention_days=None, max_backups=None, keep_hourly=3, keep_yearly=5, keep_minimum=9
    )


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        (Policy(retention_days=0), "retention_days"),
        (Policy(retention_days=40_000), "retention_days"),
        (Policy(keep_weekly=-1), "keep_weekly"),
        (Policy(keep_minimum=0), "keep_minimum"),
        (Policy(max_backups=2), "max_backups"),
    ],
)
def test_a_policy_that_makes_no_sense(policy: Policy, key: str) -> None:
    assert [problem.key for problem in check_policy(policy)] == [key]


def test_a_policy_that_makes_sense() -> None:
    assert check_policy(Policy()) == []
    assert check_policy(Policy(retention_days=None, max_backups=None)) == []
