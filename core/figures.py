"""The figures of all sites for Prometheus: a text file that node_exporter reads, replaced as a whole."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.catalog import BackupRecord, ScheduleRecord, SiteTotals
from core.config import Site
from core.config.extras import metrics_missing
from core.context import Context
from core.errors import GreenroomError
from core.filesystem import Filesystem
from core.overdue import longest_age, overdue
from core.scheduler import Outlook
from core.status import site_outlook

_READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: `labels` tell it from others of the same name, `name` is without `greenroom_`."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What is known of a site, from which its figures are made."""

    site: Site
    schedule: ScheduleRecord | None
    last_good: BackupRecord | None
    attempt: BackupRecord | None
    drilled: BackupRecord | None
    totals: SiteTotals
    outlook: Outlook = field(default_factory=Outlook)


def write_figures(context: Context) -> None:
    """Write the figures to `alarms.textfile`; without that do nothing. Raise GreenroomError where it cannot be done."""
    path = context.settings.alarms.textfile
    if path is None or context.read_only:
        return
    if metrics_missing(context.settings):
        raise GreenroomError(
            "the figures cannot be written: prometheus_client is not installed", hint="pip install 'greenroom[metrics]'"
        )
    text = exposition(gather(context))
    try:
        _replace(context.disk, path, text)
    except OSError as error:
        raise GreenroomError(
            f"the figures cannot be written to {path}: {error.strerror or error}",
            hint="its folder must be there, and greenroom must be able to write into it",
        ) from error


def gather(context: Context) -> list[Figure]:
    """Return all figures; a few queries a site, however many backups it has. Raise GreenroomError."""
    now = context.clock()
    catalog = context.catalog
    totals = catalog.totals()
    schedules = {one.site: one for one in catalog.schedules()}
    figures = [
        Figure("storage_free_bytes", "Free space in the storage.", context.store.free_bytes()),
        Figure("figures_timestamp_seconds", "When these figures were written.", now.timestamp()),
    ]
    for name, site in context.settings.sites.items():
        known = SiteFigures(
            site=site,
            schedule=schedules.get(name),
            last_good=catalog.last_good(name),
            attempt=catalog.last_attempt(name),
            drilled=catalog.last_drilled(name),
            totals=totals.get(name, SiteTotals()),
            outlook=site_outlook(schedules.get(name), context.holder(site), now),
        )
        figures += site_figures(known, now)
    return figures


def site_figures(known: SiteFigures, now: datetime) -> Iterator[Figure]:
    """Yield the figures of a site. One without any good backup has the timestamp 0 and an age without end."""
    site = (("site", known.site.name),)
    good, attempt, drilled = known.last_good, known.attempt, known.drilled
    yield Figure(
        "last_good_backup_timestamp_seconds",
        "When the last good backup was made; 0 for never.",
        good.created_at.timestamp() if good is not None else 0,
        site,
    )
    yield Figure(
        "last_good_backup_age_seconds",
        "Age of the last good backup when the figures were written.",
        (now - good.created_at).total_seconds() if good is not None else math.inf,
        site,
    )
    if good is not None and good.file_size is not None:
        yield Figure("last_good_backup_size_bytes", "Size of its archive.", good.file_size, site)
    if good is not None and good.completed_at is not None:
        seconds = (good.completed_at - good.created_at).total_seconds()
        yield Figure("last_good_backup_duration_seconds", "How long it took.", seconds, site)
    if attempt is not None:
        ended = (attempt.completed_at or attempt.created_at).timestamp()
        yield Figure(
            "last_backup_timestamp_seconds", "When the newest backup ended, or a failed one began.", ended, site
        )
        success = float(attempt.status == "completed")
        yield Figure("last_backup_success", "Whether the newest backup was completed: 1 or 0.", success, site)
    for status in ("completed", "failed"):
        labels = (*site, ("status", status))
        yield Figure("backups", "Backups in the catalog.", known.totals.count.get(status, 0), labels)
    yield Figure("backups_size_bytes", "Size of all archives.", known.totals.size_bytes, site)
    if drilled is not None:
        passed = float(drilled.drill_status == "passed")
        yield Figure("last_drill_success", "Whether the newest drilled backup restores: 1 or 0.", passed, site)
    if drilled is not None and drilled.drilled_at is not None:
        when = drilled.drilled_at.timestamp()
        yield Figure("last_drill_timestamp_seconds", "When it last passed a drill.", when, site)
    yield from _schedule_figures(known, now, site)


def _schedule_figures(known: SiteFigures, now: datetime, site: tuple[tuple[str, str], ...]) -> Iterator[Figure]:
    schedule = known.schedule
    if schedule is not None and schedule.state.last_run is not None:
        when = schedule.state.last_run.timestamp()
        yield Figure("last_run_timestamp_seconds", "When the schedule ran last.", when, site)
    if schedule is not None and schedule.state.last_result in ("completed", "failed"):
        success = float(schedule.state.last_result == "completed")
        yield Figure(
            "last_run_success", "Whether that run was completed: 1 or 0; nothing while one is at work.", success, site
        )
    if known.outlook.coming is not None:
        when = known.outlook.coming.timestamp()
        yield Figure("next_run_timestamp_seconds", "When the schedule makes the next backup.", when, site)
    if known.outlook.since is not None:
        yield Figure(
            "due_since_timestamp_seconds",
            "Since when a backup is due and not begun.",
            known.outlook.since.timestamp(),
            site,
        )
    limit = longest_age(known.site, schedule)
    if limit is not None:
        yield Figure("max_age_seconds", "The longest allowed without a good backup.", limit.total_seconds(), site)
    late = float(overdue(known.site, schedule, known.last_good, now) is not None)
    yield Figure("overdue", "Whether there was no good backup for longer than allowed: 1 or 0.", late, site)


def exposition(figures: list[Figure]) -> bytes:
    """Return figures in the text format of Prometheus."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415  # an extra

    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for one in figures:
        names = [name for name, _ in one.labels]
        if one.name not in gauges:
            gauges[one.name] = Gauge(f"greenroom_{one.name}", one.help, names, registry=registry)
        gauge = gauges[one.name]
        (gauge.labels(**dict(one.labels)) if names else gauge).set(one.value)
    return generate_latest(registry)


def _replace(disk: Filesystem, path: Path, text: bytes) -> None:
    """As `replace_file`, readable for the collector, which is another user, whatever the umask."""
    partial = path.with_name(f"{path.name}.partial")  # the collector reads *.prom alone
    disk.unlink(partial)
    with disk.create(partial) as file:
        os.fchmod(file.fileno(), _READABLE)
        disk.write(file, text)
        disk.fsync(file)
    disk.rename(partial, path)
    disk.fsync_folder(path.parent)
