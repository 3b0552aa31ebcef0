"""How the sites are: what `greenroom status` and the head of the screen tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from core.catalog import BackupRecord, CatalogState, CatalogStatus, ScheduleRecord
from core.config import Site, loose_permissions
from core.context import Context
from core.errors import GreenroomError
from core.locks import LockHolder
from core.overdue import Overdue, overdue
from core.rebuild_note import is_rebuild_confirmed
from core.restore.marker import MARKER, Marker, failed_marker_path, marker_path, read_marker
from core.runner.turn import Runner, who_runs
from core.scheduler import Outlook, look_ahead


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One site: its last good backup and its age, what is pending, what failed last, who works on it.

    `damaged` says why the marker of a restore cannot be read: whether one is pending is not known then. `overdue` is
    None where there was a good backup recently enough, or nothing says how often there must be one. `last_failure` is
    the newest attempt, where that failed by itself. `outlook` has the next run, and is empty where no schedule is
    enabled. `missing` says why the archive of the last good backup is not there, None where it is. `schedule_lost`
    where the catalog was rebuilt, which nobody confirmed, and the site has no schedule.
    """

    site: str
    last_good: BackupRecord | None
    age: timedelta | None
    last_failure: BackupRecord | None
    pending: Marker | None
    failed_restore: Marker | None
    damaged: str | None
    holder: LockHolder | None
    overdue: Overdue | None = None
    outlook: Outlook = field(default_factory=Outlook)
    missing: str | None = None
    schedule_lost: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The whole: whether the catalog is initialised, its schema, free space, every site, and who runs the schedules.

    `forgotten` are sites with a pending restore that the configuration does not name any more.
    """

    state: CatalogState
    schema_version: str | None
    free_bytes: int | None
    sites: tuple[SiteStatus, ...]
    loose: tuple[str, ...]
    forgotten: tuple[str, ...]
    runner: Runner | None = None


def site_status(context: Context, site: Site) -> SiteStatus:
    """Given a site of an initialised catalog, return how it is now."""
    last, missing = _last_good(context, site)
    attempt = context.catalog.last_attempt(site.name)
    holder = context.holder(site)
    pending, pending_problem = _read(marker_path(context, site))
    failed, failed_problem = _read(failed_marker_path(context, site))
    now = context.clock()
    schedule = context.catalog.schedule(site.name)
    return SiteStatus(
        site=site.name,
        last_good=last,
        age=now - last.created_at if last else None,
        last_failure=attempt if attempt is not None and attempt.status == "failed" else None,
        pending=pending,
        failed_restore=failed,
        damaged=pending_problem or failed_problem,
        holder=holder,
        overdue=overdue(site, schedule, last, now),
        outlook=site_outlook(schedule, holder, now),
        missing=missing,
        schedule_lost=schedule is None and not is_rebuild_confirmed(context, site),
    )


def overall_status(context: Context) -> Status:
    """Return how everything is; before `init` there are no sites to tell of. Raise nothing for a missing catalog."""
    state = context.catalog.state()
    ready = state.status is CatalogStatus.CURRENT
    return Status(
        state=state,
        schema_version=state.revision,
        free_bytes=_free_bytes(context),
        sites=tuple(site_status(context, site) for site in context.settings.sites.values()) if ready else (),
        loose=(*loose_permissions(context.settings), *context.store.loose_permissions()),
        forgotten=tuple(forgotten_restores(context)),
        runner=who_runs(context),
    )


def forgotten_restores(context: Context) -> list[str]:
    """Return the names of sites that the configuration does not know any more, and that have a pending restore."""
    folder = context.settings.state / "sites"
    if not folder.is_dir():
        return []
    known = context.settings.sites
    return sorted(one.name for one in folder.iterdir() if one.name not in known and (one / MARKER).exists())


def refuse_forgotten(context: Context) -> None:
    """Raise GreenroomError where a restore is pending for a site that was renamed or removed."""
    names = forgotten_restores(context)
    if names:
        raise GreenroomError(
            f"a restore is pending for {', '.join(names)}, which greenroom.toml does not name any more",
            hint="do not start the application; name the site as before, `greenroom apply` or `restore-cancel` it",
        )


def site_outlook(schedule: ScheduleRecord | None, holder: LockHolder | None, now: datetime) -> Outlook:
    """Return what comes by a schedule; `holder` is who works on the site. One that nobody can follow brings nothing."""
    try:
        at_work = holder is not None and holder.verb == "backup"
        return Outlook() if schedule is None else look_ahead(schedule, now, at_work=at_work)
    except GreenroomError:
        return Outlook()


def _last_good(context: Context, site: Site) -> tuple[BackupRecord | None, str | None]:
    """The last good backup, and why its archive is not there; one that is deleted while this looks does not count."""
    while True:
        last = context.catalog.last_good(site.name)
        missing = context.store.why_missing(site.name, last.name, last.file_size) if last is not None else None
        if missing is None or context.catalog.last_good(site.name) == last:
            return last, missing


def _read(path: Path) -> tuple[Marker | None, str | None]:
    try:
        return read_marker(path), None
    except GreenroomError as error:
        return None, f"{error.message}; {error.hint}"


def _free_bytes(context: Context) -> int | None:
    try:
        return context.store.free_bytes()
    except GreenroomError:
        return None
