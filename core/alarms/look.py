"""Looks at the sites, the storage and the catalog, and judges each condition."""

from __future__ import annotations

from collections.abc import Sequence

from core.alarms.conditions import (
    COMPARED,
    Finding,
    Report,
    SiteFacts,
    apply_failed,
    archive_missing,
    archive_shrunk,
    backup_failed,
    backup_overdue,
    copies_failed,
    drill_failed,
    low_space,
    prune_failed,
    schedule_lost,
)
from core.alarms.course import Key
from core.config import Settings, Site
from core.config.extras import apprise_missing
from core.context import Context
from core.errors import GreenroomError
from core.status import site_status

Judged = dict[Key, Finding | None]


def site_facts(context: Context, site: Site, reports: Sequence[Report] = ()) -> SiteFacts:
    """Return what is known of a site; `reports` are of runs that ended badly. Raise GreenroomError."""
    status = site_status(context, site)
    kind = status.last_good.kind if status.last_good is not None else None
    pending = status.pending
    schedule = context.catalog.schedule(site.name)
    return SiteFacts(
        site=site.name,
        attempt=context.catalog.last_attempt(site.name),
        good=context.catalog.good_backups(site.name, kind, COMPARED + 1) if kind is not None else (),
        missing=status.missing,
        drilled=context.catalog.last_drilled(site.name),
        overdue=status.overdue,
        scheduled=schedule is not None and schedule.settings.enabled,
        schedule_lost=status.schedule_lost,
        pending=pending is not None,
        interrupted=pending is not None and pending.changed_site and status.holder is None,
        failed_restore=status.failed_restore,
        damaged_marker=status.damaged,
        reports=[one for one in reports if one.site == site.name],
    )


def judge_site(facts: SiteFacts, settings: Settings) -> Judged:
    """Given what is known of a site, return each condition of it, and what was found."""
    site = facts.site
    return {
        ("backup_failed", site): backup_failed(facts),
        ("drill_failed", site): drill_failed(facts),
        ("apply_failed", site): apply_failed(facts),
        ("prune_failed", site): prune_failed(facts),
        ("copies_failed", site): copies_failed(facts),
        ("backup_overdue", site): backup_overdue(facts),
        ("schedule_lost", site): schedule_lost(facts),
        ("archive_missing", site): archive_missing(facts),
        ("archive_shrunk", site): archive_shrunk(facts, settings.alarms.shrunk_percent),
    }


def judge_house(settings: Settings, free: int | None, trouble: GreenroomError | None, *, space_told: bool) -> Judged:
    """Return the conditions that are of no site; `trouble` is what kept greenroom from looking, `free` None with it."""
    judged: Judged = {
        ("blind", None): None
        if trouble is None
        else Finding("blind", None, f"greenroom cannot look after its backups: {trouble.message}", trouble.hint),
        ("apprise_missing", None): Finding(
            "apprise_missing", None, "alarms cannot go to the URLs of alarms.apprise", "pip install 'greenroom[alarms]'"
        )
        if apprise_missing(settings)
        else None,
    }
    if free is not None:
        judged["low_space", None] = low_space(free, settings.alarms.low_space, told=space_told)
    return judged
