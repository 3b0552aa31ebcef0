"""The demo site as it is on the pictures: the same on every machine and on every day."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import holders
from core.backup import BackupRequest, create_backup
from core.config import Site, load_settings, prepare_folders
from core.context import Context, open_context
from core.errors import GreenroomError
from core.filesystem import Filesystem
from core.keep import pin_backup
from core.library.demo import write_demo
from core.progress import Reporter
from core.restore.now import restore_now
from core.scheduler import next_after
from core.schedules.settings import default_settings, set_schedule
from core.stores import FolderStore

# Screens show paths, so they are drawn at a place that is the same everywhere.
PLACE = Path("/tmp/greenroom-pictures")
NOW = datetime(2026, 6, 12, 7, 40, tzinfo=UTC)
_FREE_BYTES = 41_200_000_000
_DAYS_AGO = (66, 59, 52, 45, 38, 31, 24, 17, 10, 6, 4, 3, 2, 1, 0)
_FAILED_DAYS_AGO = 3
_SCHEDULED_DAYS_AGO = 9  # so some of the days since are missed ones
_UPLOADED = (NOW - timedelta(days=70)).timestamp()
_DESCRIPTIONS = {0: "before the move to the new server", len(_DAYS_AGO) - 1: "before the update to 1.5"}


@dataclass
class Clock:
    """Stands still until somebody moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class _SteadyStore(FolderStore):
    """A store whose disk always has as much free space."""

    def free_bytes(self) -> int:
        return _FREE_BYTES


@contextmanager
def pictured_site() -> Iterator[tuple[Context, Site]]:
    """Yield the demo site with ten weeks of backups; it is gone afterwards. Waits for whoever is drawing already."""
    before = Path.cwd()
    seen_processes = holders._PROC
    with _alone():
        try:
            PLACE.mkdir(mode=0o700)
            holders._PROC = PLACE / "no processes"
            made = _make(PLACE / "movies")
            for number, archive in enumerate(sorted(PLACE.rglob("*.zip"))):
                os.utime(archive, (NOW.timestamp() - 86_400 * (20 - number),) * 2)
            os.chdir(PLACE / "movies" / "backups" / "movies")
            yield made
        finally:
            os.chdir(before)
            holders._PROC = seen_processes
            shutil.rmtree(PLACE)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the place for this process, and clear it of what a killed one left."""
    lock = os.open(PLACE.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if PLACE.is_dir() and PLACE.lstat().st_uid == os.getuid():
            shutil.rmtree(PLACE)
        yield
    finally:
        os.close(lock)


def _make(folder: Path) -> tuple[Context, Site]:
    disk, clock = Filesystem(), Clock()
    made = write_demo(folder, disk=disk, reporter=Reporter())
    settings = load_settings(made.config)
    context = open_context(settings, disk=disk, clock=clock)
    context = replace(context, actor="anna", store=_SteadyStore(settings.storage, disk))
    prepare_folders(settings, disk)
    context.catalog.initialise()
    site = settings.sites[made.site]
    for number, days in enumerate(_DAYS_AGO):
        clock.now = NOW - timedelta(days=days, hours=5, minutes=37)
        _change(made.uploads, number)
        _back_up(context, site, number, fails=days == _FAILED_DAYS_AGO)
    pin_backup(context, site, context.catalog.resolve("latest", site.name), pinned=True)
    clock.now = NOW - timedelta(days=_SCHEDULED_DAYS_AGO)
    settings = replace(default_settings(site), enabled=True, retention_days=14, drill="monthly")
    state = set_schedule(context, site, settings).state
    clock.now = NOW
    done = replace(state, settled_until=NOW, last_run=NOW, last_result="completed")
    context.catalog.note_schedule(site.name, replace(done, next_run=next_after(settings, NOW)))
    context.catalog.note_drill(site.name, NOW)
    clock.now = NOW - timedelta(hours=2)
    restore_now(context, site, context.catalog.resolve("latest", site.name), Reporter())
    clock.now = NOW
    return context, site


def _back_up(context: Context, site: Site, number: int, *, fails: bool) -> None:
    uploads = next(iter(site.files.values()))
    away = uploads.with_name("uploads is away")
    if fails:
        uploads.rename(away)
    try:
        create_backup(context, site, Reporter(), BackupRequest(description=_DESCRIPTIONS.get(number, "")))
    except GreenroomError:
        if not fails:
            raise
        away.rename(uploads)


def _change(uploads: Path, number: int) -> None:
    """People go on uploading: each backup is a little larger than the one before."""
    pattern = bytes((number * 37 + index * index) % 251 for index in range(9_000 + 4_000 * (number % 4)))
    (uploads / "imports" / f"list_{number:02}.csv").write_bytes(pattern)
    for path in (uploads, *uploads.rglob("*")):
        os.utime(path, (_UPLOADED, _UPLOADED))  # for digests of them are in the archive, and count in its size
