"""Retention on histories that nobody thought of: against a second implementation, and against what must always hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import BackupRecord
from core.retention import Policy, Verdict, decide_retention, is_bad, is_good
from tests.core.retention_again import decide_again
from tests.core.test_retention import backup, decide

# A change of the clock, a change of half an hour, a skipped day, an odd offset, none.
_ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC", "America/New_York")
_MOMENTS = (
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
)
_SPACINGS = tuple(timedelta(minutes=minutes) for minutes in (10, 60, 6 * 60, 24 * 60, 8 * 24 * 60, 40 * 24 * 60))

_numbers = st.integers(0, 6)
_policies = st.builds(
    Policy,
    retention_days=st.none() | st.integers(1, 90),
    max_backups=st.none() | st.integers(1, 15),
    keep_hourly=_numbers,
    keep_daily=_numbers,
    keep_weekly=_numbers,
    keep_monthly=_numbers,
    keep_yearly=_numbers,
    keep_minimum=st.integers(1, 5),
)
_ODD = (
    {"status": "failed", "verified_at": None},
    {"status": "running", "verified_at": None},
    {"pinned": True},
    {"verified_at": None, "error": "a hash differs"},
    {"foreign": True, "verified_at": None, "role": "adopted"},
    {"role": "adopted"},
    {"role": "safety"},
    {"scope": "partial", "kind": "portable"},
    {"drill_status": "failed"},
    {"drill_status": "passed", "drilled_at": datetime(2026, 1, 1, tzinfo=UTC)},
    {"drill_status": "unable"},
)
_changes = st.one_of(st.just({}), st.just({}), st.sampled_from(_ODD))


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[BackupRecord], datetime, ZoneInfo]:
    """Runs of backups at even and uneven distances, and a now at which some may lie in the future."""
    middle = draw(st.sampled_from(_MOMENTS))
    time = middle + draw(st.timedeltas(timedelta(days=-3), timedelta(days=3)))
    found: list[BackupRecord] = []
    for _ in range(draw(st.integers(0, 4))):
        spacing = draw(st.sampled_from(_SPACINGS))
        for changes in draw(st.lists(_changes, max_size=8)):
            found.append(backup(time, len(found) + 1, **_at(time, changes)))
            time -= spacing + draw(st.sampled_from((timedelta(), timedelta(seconds=1), spacing)))
    now = middle + draw(st.sampled_from((timedelta(), timedelta(days=4), timedelta(days=25), timedelta(days=200))))
    return draw(st.permutations(found)), now, ZoneInfo(draw(st.sampled_from(_ZONES)))


def _at(time: datetime, changes: dict[str, Any]) -> dict[str, Any]:
    return changes | ({"drilled_at": time} if "drilled_at" in changes else {})


_needs = st.dictionaries(
    st.integers(1, 30), st.just(("waits to be restored",)) | st.just(("safety backup of the last restore",)), max_size=2
)


def _check(
    history: tuple[list[BackupRecord], datetime, ZoneInfo], policy: Policy, needed: dict[int, tuple[str, ...]]
) -> None:
    backups, now, zone = history
    verdicts = decide_retention(backups, policy, now, zone, needed)
    _agrees(verdicts, backups, policy, now, zone, needed)
    _holds(verdicts, backups, policy, now, needed)
    left = [one.backup for one in verdicts if one.keep]
    again = decide_retention(left, policy, now, zone, needed)
    assert all(one.keep for one in again), "what a prune leaves, the next one leaves too"


def _agrees(verdicts: Sequence[Verdict], backups: Sequence[BackupRecord], *rest: Any) -> None:
    assert {one.backup.name: (one.keep, frozenset(one.reasons)) for one in verdicts} == decide_again(backups, *rest)
    order = [(one.backup.created_at, one.backup.id) for one in verdicts]
    assert order == sorted(order, reverse=True)
    assert all(len(set(one.reasons)) == len(one.reasons) > 0 for one in verdicts)


def _holds(
    verdicts: Sequence[Verdict],
    backups: Sequence[BackupRecord],
    policy: Policy,
    now: datetime,
    needed: dict[int, tuple[str, ...]],
) -> None:
    gone = [one.backup for one in verdicts if not one.keep]
    left = [one.backup for one in verdicts if one.keep]
    completed = [one for one in backups if one.status == "completed"]
    assert {one.id for one in gone + left} == {one.id for one in completed}
    assert not any(one.pinned or one.id in needed or one.created_at > now for one in gone)
    past = sorted((one for one in completed if one.created_at <= now), key=lambda one: (one.created_at, one.id))
    for counts in (
        lambda one: True,
        lambda one: one.verified_at is not None,
        is_good,
        lambda one: one.drilled_at is not None and not is_bad(one),
    ):
        newest = [one for one in past if counts(one)][-1:]
        assert all(one in left for one in newest)
    days = None if policy.retention_days is None else timedelta(days=policy.retention_days)
    if days is not None and not any(is_good(one) and now - one.created_at < days for one in past):
        assert gone == []
    if gone:
        assert len([one for one in left if one in past]) >= policy.keep_minimum
    if policy.max_backups is None:
        assert days is not None or gone == []
        assert not any(now - one.created_at < days for one in gone)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(_histories(), _policies, _needs)
def test_both_agree_and_what_must_hold_holds(
    history: tuple[list[BackupRecord], datetime, ZoneInfo], policy: Policy, needed: dict[int, tuple[str, ...]]
) -> None:
    _check(history, policy, needed)


@pytest.mark.long
@settings(max_examples=20_000, derandomize=True, deadline=None)
@given(_histories(), _policies, _needs)
def test_both_agree_and_what_must_hold_holds_at_length(
    history: tuple[list[BackupRecord], datetime, ZoneInfo], policy: Policy, needed: dict[int, tuple[str, ...]]
) -> None:
    _check(history, policy, needed)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(_policies, st.integers(0, 5), st.integers(0, 40), st.sampled_from(_ZONES))
def test_pruned_after_each_backup_of_two_years_with_an_outage(
    policy: Policy, fails_every: int, outage_days: int, zone: str
) -> None:
    """Daily backups, some failed, an outage in the middle, a prune after each run: a good one is always left."""
    begin = datetime(2025, 1, 1, 2, tzinfo=UTC)
    held: list[BackupRecord] = []
    for day in range(0, 730, 3):
        now = begin + timedelta(days=day)
        failed = 300 <= day < 300 + outage_days or (fails_every > 1 and (day // 3) % fails_every == 0)
        changes = {"status": "failed", "verified_at": None} if failed else {}
        held.append(backup(now, day + 1, **changes))
        verdicts = decide(held, policy, now=now, zone=ZoneInfo(zone))
        gone = {one.backup.id for one in verdicts if not one.keep}
        good = [one for one in held if one.status == "completed"]
        assert not good or max(one.id for one in good) not in gone
        assert not gone or len(good) - len(gone) >= policy.keep_minimum
        assert (
            not gone
            or not failed
            or policy.retention_days is None
            or now - good[-1].created_at < timedelta(days=policy.retention_days)
        )
        held = [one for one in held if one.id not in gone]


def test_a_long_history() -> None:
    """Every hour of half a year: what is looked at for each does not grow with how many there are."""
    many = [backup(datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=n), n + 1) for n in range(4_900)]
    assert len([one for one in decide(many) if one.keep]) == 50
