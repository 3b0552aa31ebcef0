"""Which backups stay and which go, each with its reasons: pure. docs/retention.md is the same for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.catalog import BackupRecord, ScheduleSettings
from core.config import Problem
from core.words import plural

_LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How much is kept; None is no limit. `retention_days` are of 24 hours, the periods those of the site's zone."""

    retention_days: int | None = 30
    max_backups: int | None = 50
    keep_hourly: int = 0
    keep_daily: int = 7
    keep_weekly: int = 4
    keep_monthly: int = 12
    keep_yearly: int = 0
    keep_minimum: int = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a completed backup stays, and why, in words: there is always at least one reason."""

    backup: BackupRecord
    keep: bool
    reasons: tuple[str, ...]


def policy_of(settings: ScheduleSettings) -> Policy:
    """Given the settings of a schedule, return the policy in them."""
    return Policy(**{field.name: getattr(settings, field.name) for field in fields(Policy)})


def check_policy(policy: Policy) -> list[Problem]:
    """Return what a policy may not say; none where it can be used."""
    problems = []
    if policy.retention_days is not None and not 1 <= policy.retention_days <= _LONGEST_DAYS:
        problems.append(Problem("retention_days", f"{policy.retention_days}", f"1 to {_LONGEST_DAYS}, or no limit"))
    numbers = {rule.setting: getattr(policy, rule.setting) for rule in _RULES}
    problems += [Problem(name, f"{number}", "0 or more") for name, number in numbers.items() if number < 0]
    if policy.keep_minimum < 1:
        problems.append(Problem("keep_minimum", f"{policy.keep_minimum}", "1 or more"))
    elif policy.max_backups is not None and policy.max_backups < policy.keep_minimum:
        allowed = f"{policy.keep_minimum} (keep_minimum) or more, or no limit"
        problems.append(Problem("max_backups", f"{policy.max_backups}", allowed))
    return problems


def policy_words(policy: Policy) -> str:
    """Return a policy in words: "what is younger than 30 days, 7 daily, 4 weekly; at least 3, at most 50"."""
    days = policy.retention_days
    kept = ["what is of any age" if days is None else f"what is younger than {_days(days)}"]
    kept += [f"{number} {rule.word}" for rule in _RULES if (number := getattr(policy, rule.setting))]
    most = "any number" if policy.max_backups is None else f"at most {policy.max_backups:,}"
    return f"{', '.join(kept)}; at least {policy.keep_minimum:,}, {most}"


def is_good(backup: BackupRecord) -> bool:
    """Whether a backup lets a person sleep: as `Catalog.last_good` has it, and no drill failed."""
    return (
        backup.status == "completed"
        and backup.verified_at is not None
        and not backup.foreign
        and backup.scope == "full"
        and backup.role in ("manual", "scheduled")
        and backup.drill_status != "failed"
    )


def is_bad(backup: BackupRecord) -> bool:
    """Whether something is known against a completed backup: its last verification or drill failed."""
    return backup.drill_status == "failed" or (backup.verified_at is None and backup.error is not None)


def decide_retention(
    backups: Iterable[BackupRecord],
    policy: Policy,
    now: datetime,
    zone: ZoneInfo,
    needed: Mapping[int, Sequence[str]],
) -> tuple[Verdict, ...]:
    """Given a site's backups, return a verdict on each completed one, the newest first.

    `needed` are the ids of backups that restores need, each with the reasons in words.
    """
    completed = sorted((one for one in backups if one.status == "completed"), key=_age_order, reverse=True)
    now = now.astimezone(UTC)
    # What a wrong clock made is of no known age: it stays, and takes nothing from the others.
    ahead = [one for one in completed if one.created_at > now]
    return (
        *(Verdict(one, keep=True, reasons=(*_wanted(one, needed), "dated in the future")) for one in ahead),
        *_judge(completed[len(ahead) :], policy, now, zone, needed),
    )


def _judge(
    backups: list[BackupRecord],
    policy: Policy,
    now: datetime,
    zone: ZoneInfo,
    needed: Mapping[int, Sequence[str]],
) -> list[Verdict]:
    """The order of the steps is the policy: the protected, the rules and the young, the fewest, the most, an outage."""
    protected = _protected(backups, needed)
    kept: _Reasons = {id_: list(reasons) for id_, reasons in protected.items()}
    _add(kept, _kept_by_rules(backups, policy, zone))
    _add(kept, _kept_by_age(backups, policy, now))
    _add(kept, _kept_as_fewest(backups, policy, kept))
    cut, spared = _cut(backups, policy, kept, protected)
    _add(kept, spared)
    days = policy.retention_days
    gone = {one.id: [f"older than {_days(days)}"] for one in backups if one.id not in kept} | cut
    if days is not None and not any(is_good(one) and now - one.created_at < timedelta(days=days) for one in backups):
        _add(kept, {id_: [f"no good backup for {_days(days)}"] for id_ in gone})
        gone = {}
    return [
        Verdict(one, keep=one.id not in gone, reasons=tuple(gone[one.id] if one.id in gone else kept[one.id]))
        for one in backups
    ]


def _days(number: int | None) -> str:
    return plural(number or 0, "day")


_Reasons = dict[int, list[str]]


def _add(kept: _Reasons, more: Mapping[int, Sequence[str]]) -> None:
    for id_, reasons in more.items():
        told = kept.setdefault(id_, [])
        told += [reason for reason in reasons if reason not in told]


def _age_order(backup: BackupRecord) -> tuple[datetime, int]:
    return backup.created_at.astimezone(UTC), backup.id


def _protected(backups: list[BackupRecord], needed: Mapping[int, Sequence[str]]) -> _Reasons:
    """What stays whatever the policy says."""
    kept: _Reasons = {one.id: reasons for one in backups if (reasons := _wanted(one, needed))}
    newest: tuple[tuple[str, Callable[[BackupRecord], bool]], ...] = (
        ("newest completed", lambda one: one.status == "completed"),
        ("newest verified", lambda one: one.verified_at is not None),
        ("newest drilled", lambda one: one.drilled_at is not None and not is_bad(one)),
        ("newest good", is_good),
    )
    for reason, counts in newest:
        first = next((one for one in backups if counts(one)), None)
        if first is not None:
            _add(kept, {first.id: [reason]})
    return kept


def _wanted(backup: BackupRecord, needed: Mapping[int, Sequence[str]]) -> list[str]:
    return [*(["pinned"] if backup.pinned else []), *needed.get(backup.id, ())]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A kind of period: the setting that says of how many the newest stays, and what tells two of them apart."""

    setting: str
    word: str
    key: Callable[[datetime], object]
    label: Callable[[datetime], str]


# An hour that comes twice is two hours: the offset tells them apart.
_RULES = (
    _Rule(
        "keep_hourly",
        "hourly",
        lambda time: (time.date(), time.hour, time.utcoffset()),
        lambda time: f"{time:%Y-%m-%d %H:00 %Z}",
    ),
    _Rule("keep_daily", "daily", lambda time: time.date(), lambda time: f"{time:%Y-%m-%d}"),
    _Rule(
        "keep_weekly",
        "weekly",
        lambda time: time.isocalendar()[:2],
        lambda time: f"{time.isocalendar().year}-W{time.isocalendar().week:02}",
    ),
    _Rule("keep_monthly", "monthly", lambda time: (time.year, time.month), lambda time: f"{time:%Y-%m}"),
    _Rule("keep_yearly", "yearly", lambda time: time.year, lambda time: f"{time.year}"),
)


def _kept_by_rules(backups: list[BackupRecord], policy: Policy, zone: ZoneInfo) -> _Reasons:
    """Each rule counts twice: all backups, and the good ones alone.

    So a partial one, a safety backup, or one that was found bad never takes the place of a good one.
    """
    kept: _Reasons = {}
    good = [one for one in backups if is_good(one)]
    for rule in _RULES:
        number = getattr(policy, rule.setting)
        of_all = _newest_of_periods(backups, rule, number, zone)
        of_good = _newest_of_periods(good, rule, number, zone)
        _add(kept, {id_: [f"{rule.word} {label}"] for id_, label in of_all.items()})
        _add(kept, {id_: [f"good {rule.word} {label}"] for id_, label in of_good.items() if id_ not in of_all})
    return kept


def _newest_of_periods(backups: list[BackupRecord], rule: _Rule, number: int, zone: ZoneInfo) -> dict[int, str]:
    """Return the ids of the newest backup in each of the last periods that have one, with the period's name."""
    found: dict[object, tuple[int, str]] = {}
    for one in backups:
        if len(found) >= number:
            break
        local = one.created_at.astimezone(zone)
        found.setdefault(rule.key(local), (one.id, rule.label(local)))
    return dict(found.values())


def _kept_by_age(backups: list[BackupRecord], policy: Policy, now: datetime) -> _Reasons:
    days = policy.retention_days
    if days is None:
        return {one.id: ["no limit of age"] for one in backups}
    return {one.id: [f"younger than {_days(days)}"] for one in backups if now - one.created_at < timedelta(days=days)}


def _kept_as_fewest(backups: list[BackupRecord], policy: Policy, kept: _Reasons) -> _Reasons:
    """The newest that would go, as many as are missing to the minimum. One found bad only stands in for itself."""
    rest = [one for one in backups if one.id not in kept]
    sound = [one for one in rest if not is_bad(one)]
    missing = policy.keep_minimum - sum(not is_bad(one) for one in backups if one.id in kept)
    chosen = sound[: max(missing, 0)]
    missing = policy.keep_minimum - len(kept) - len(chosen)
    chosen += [one for one in rest if is_bad(one)][: max(missing, 0)]
    return {one.id: [f"one of the {policy.keep_minimum} that stay"] for one in chosen}


def _cut(backups: list[BackupRecord], policy: Policy, kept: _Reasons, protected: _Reasons) -> tuple[_Reasons, _Reasons]:
    """Return what the maximum cuts, the oldest first, and what it would but for the minimum.

    One that was found bad neither counts nor is cut: it must not push out a sound one.
    """
    if policy.max_backups is None:
        return {}, {}
    counted = [one for one in backups if one.id in kept and not is_bad(one)]
    oldest = [one for one in reversed(counted) if one.id not in protected]
    wanted = oldest[: max(len(counted) - policy.max_backups, 0)]
    allowed = max(len(counted) - max(policy.max_backups, policy.keep_minimum), 0)
    cut = {one.id: [f"more than {policy.max_backups}"] for one in wanted[:allowed]}
    spared = {one.id: [f"one of the {policy.keep_minimum} that stay"] for one in wanted[allowed:]}
    return cut, spared
