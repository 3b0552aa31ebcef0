"""Is all well? What a person or a monitor asks: the conditions of the alarms, looked at now, and how bad they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from core.alarms.alarm import AlarmKind
from core.alarms.book import read_book
from core.alarms.conditions import Finding
from core.alarms.look import judge_house, judge_site, site_facts
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.overdue import longest_age, rough_age
from core.reports import format_time
from core.runner.turn import who_runs
from core.schedules.missed import GRACE
from core.status import site_status


class Level(IntEnum):
    """How bad something is, by the exit codes that monitors know."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORST_FIRST = (Level.CRITICAL, Level.UNKNOWN, Level.WARNING, Level.OK)
_WARNINGS: tuple[AlarmKind, ...] = (
    "backup_failed",
    "prune_failed",
    "copies_failed",
    "schedule_lost",
    "archive_shrunk",
    "low_space",
    "apprise_missing",
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which age of the last good backup on it is a warning, or critical; None: as the configuration says."""

    warning: timedelta | None = None
    critical: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, or that could not be looked at."""

    level: Level
    kind: str
    site: str | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class SiteChecked:
    """The last good backup of a site and its age, and the ages that are too much."""

    site: str
    last_good: BackupRecord | None
    age: timedelta | None
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was looked at."""

    problems: tuple[Problem, ...]
    sites: tuple[SiteChecked, ...]
    free_bytes: int | None
    low_space: int

    @property
    def level(self) -> Level:
        found = {one.level for one in self.problems}
        return next((level for level in _WORST_FIRST if level in found), Level.OK)


@dataclass
class _Looking:
    problems: list[Problem] = field(default_factory=list)
    sites: list[SiteChecked] = field(default_factory=list)


def check_up(context: Context, sites: Iterable[Site], wanted: Thresholds = Thresholds()) -> Checkup:
    """Look at the sites and the storage. Raise CatalogNotReadyError before `init`; what else fails is a problem."""
    context.catalog.require_ready()
    looking = _Looking()
    for site in sites:
        try:
            _look_at(context, site, wanted, looking)
        except GreenroomError as error:
            looking.problems.append(_unknown(error, site.name))
    free: int | None = None
    try:
        free = context.store.free_bytes()
    except GreenroomError as error:
        looking.problems.append(_unknown(error, None))
    house = judge_house(context.settings, free, None, space_told=False)
    looking.problems += [_problem(finding) for finding in house.values() if finding is not None]
    ordered = sorted(looking.problems, key=lambda one: _WORST_FIRST.index(one.level))
    return Checkup(tuple(ordered), tuple(looking.sites), free, context.settings.alarms.low_space)


def _look_at(context: Context, site: Site, wanted: Thresholds, looking: _Looking) -> None:
    facts = site_facts(context, site, read_book(context).reports)
    good = context.catalog.last_good(site.name)
    age = context.clock() - good.created_at if good is not None else None
    configured = longest_age(site, context.catalog.schedule(site.name))
    critical = wanted.critical if wanted.critical is not None else configured
    looking.sites.append(SiteChecked(site.name, good, age, Thresholds(wanted.warning, critical)))
    judged = judge_site(facts, context.settings)
    found = [one for one in judged.values() if one is not None]
    if wanted.critical is not None:  # the age that was asked for counts, not that of the configuration
        found = [one for one in found if one.kind != "backup_overdue"]
    looking.problems += [_problem(one) for one in found]
    looking.problems += _not_run(context, site)
    if not any(one.kind == "backup_overdue" for one in found):
        looking.problems += _too_old(site.name, age, Thresholds(wanted.warning, wanted.critical), configured)


def _not_run(context: Context, site: Site) -> Iterable[Problem]:
    """A run that is due and does not begin: nobody runs the schedules, or what does hangs."""
    outlook = site_status(context, site).outlook
    if outlook.due is None or outlook.since is None or context.clock() - outlook.since <= GRACE:
        return
    when = format_time(outlook.due, site.time_zone)
    runner = who_runs(context)
    advice = f"look what {runner} does" if runner else "nobody runs the schedules: start `greenroom --daemon`"
    yield Problem(Level.WARNING, "run_due", site.name, f"{site.name}: the backup of {when} is due and not made", advice)


def _too_old(site: str, age: timedelta | None, wanted: Thresholds, configured: timedelta | None) -> Iterable[Problem]:
    advice = "look whether the daemon runs, and why backups fail: `greenroom status`"
    if age is None:
        # One whose schedule was set a moment ago has its time still.
        level = Level.CRITICAL if configured is None or wanted.critical is not None else Level.WARNING
        yield Problem(level, "backup_overdue", site, f"{site}: there is no good backup at all", advice)
        return
    for level, limit in ((Level.CRITICAL, wanted.critical), (Level.WARNING, wanted.warning)):
        if limit is not None and age > limit:
            message = f"{site}: no good backup for {rough_age(age)}; asked for are {rough_age(limit)}"
            yield Problem(level, "backup_overdue", site, message, advice)
            return


def _problem(finding: Finding) -> Problem:
    level = Level.WARNING if finding.kind in _WARNINGS else Level.CRITICAL
    return Problem(level, finding.kind, finding.site, finding.message, finding.advice)


def _unknown(error: GreenroomError, site: str | None) -> Problem:
    return Problem(Level.UNKNOWN, "blind", site, f"{site + ': ' if site else ''}{error.message}", error.hint)
