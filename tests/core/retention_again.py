"""Retention a second time, written to be plain and slow: what the real one must agree with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.catalog import BackupRecord
from core.retention import Policy

Told = dict[str, tuple[bool, frozenset[str]]]
Why = dict[str, set[str]]


def decide_again(
    backups: Sequence[BackupRecord],
    policy: Policy,
    now: datetime,
    zone: ZoneInfo,
    needed: Mapping[int, Sequence[str]],
) -> Told:
    """Return of each completed backup by name whether it stays, and the reasons."""
    completed = [one for one in backups if one.status == "completed"]
    wanted = {one.name: {*needed.get(one.id, ()), *(["pinned"] if one.pinned else [])} for one in completed}
    ahead = [one for one in completed if one.created_at > now]
    here = sorted((one for one in completed if one.created_at <= now), key=lambda one: (one.created_at, one.id))
    told: Told = {one.name: (True, frozenset({*wanted[one.name], "dated in the future"})) for one in ahead}
    why = {one.name: wanted[one.name] for one in here}  # the oldest first
    _newest(here, why)
    untouchable = {name for name, reasons in why.items() if reasons}
    _rules(here, policy, zone, why)
    _young(here, policy, now, why)
    _fewest(here, policy, why)
    cut = _too_many(here, policy, why, untouchable)
    days = f"{policy.retention_days} day" + ("" if policy.retention_days == 1 else "s")
    outage = policy.retention_days is not None and not any(_good(one) and _is_young(one, policy, now) for one in here)
    for one in here:
        goes = one.name in cut or not why[one.name]
        if goes and outage:
            why[one.name].add(f"no good backup for {days}")
        elif goes:
            why[one.name] = {f"more than {policy.max_backups}" if one.name in cut else f"older than {days}"}
        told[one.name] = (outage or not goes, frozenset(why[one.name]))
    return told


def _newest(here: list[BackupRecord], why: Why) -> None:
    for reason, group in (
        ("newest completed", here),
        ("newest verified", [one for one in here if one.verified_at]),
        ("newest drilled", [one for one in here if one.drilled_at and not _bad(one)]),
        ("newest good", [one for one in here if _good(one)]),
    ):
        if group:
            why[group[-1].name].add(reason)


def _rules(here: list[BackupRecord], policy: Policy, zone: ZoneInfo, why: Why) -> None:
    for number, word, form in (
        (policy.keep_hourly, "hourly", "%Y-%m-%d %H:00 %Z"),
        (policy.keep_daily, "daily", "%Y-%m-%d"),
        (policy.keep_weekly, "weekly", "%G-W%V"),
        (policy.keep_monthly, "monthly", "%Y-%m"),
        (policy.keep_yearly, "yearly", "%Y"),
    ):
        plain = _last_of_periods(here, number, form, zone)
        good = _last_of_periods([one for one in here if _good(one)], number, form, zone)
        for label, name in plain.items():
            why[name].add(f"{word} {label}")
        for label, name in good.items():
            if plain.get(label) != name:
                why[name].add(f"good {word} {label}")


def _is_young(one: BackupRecord, policy: Policy, now: datetime) -> bool:
    return policy.retention_days is not None and one.created_at > now - timedelta(days=policy.retention_days)


def _young(here: list[BackupRecord], policy: Policy, now: datetime, why: Why) -> None:
    for one in here:
        if policy.retention_days is None:
            why[one.name].add("no limit of age")
        elif _is_young(one, policy, now):
            why[one.name].add(f"younger than {policy.retention_days} day" + ("s" if policy.retention_days > 1 else ""))


def _fewest(here: list[BackupRecord], policy: Policy, why: Why) -> None:
    for group in ([one for one in here if not _bad(one)], here):
        for one in reversed(group):
            if sum(bool(why[other.name]) for other in group) < policy.keep_minimum and not why[one.name]:
                why[one.name].add(f"one of the {policy.keep_minimum} that stay")


def _too_many(here: list[BackupRecord], policy: Policy, why: Why, untouchable: set[str]) -> set[str]:
    cut: set[str] = set()
    counted = [one for one in here if why[one.name] and not _bad(one)]
    over = 0 if policy.max_backups is None else len(counted) - policy.max_backups
    for one in counted:
        if over > 0 and one.name not in untouchable:
            over -= 1
            if len(counted) - len(cut) > policy.keep_minimum:
                cut.add(one.name)
            else:
                why[one.name].add(f"one of the {policy.keep_minimum} that stay")
    return cut


def _last_of_periods(backups: Sequence[BackupRecord], number: int, form: str, zone: ZoneInfo) -> dict[str, str]:
    """Return the last periods that have a backup, each with the name of its newest."""
    newest: dict[str, str] = {}
    for one in backups:
        label = one.created_at.astimezone(zone).strftime(form)
        newest.pop(label, None)
        newest[label] = one.name
    return dict(list(newest.items())[len(newest) - number :] if number < len(newest) else newest)


def _bad(one: BackupRecord) -> bool:
    return one.drill_status == "failed" or (one.error is not None and one.verified_at is None)


def _good(one: BackupRecord) -> bool:
    if one.verified_at is None or one.drill_status == "failed":
        return False
    return not one.foreign and one.scope == "full" and one.role not in ("safety", "adopted")
