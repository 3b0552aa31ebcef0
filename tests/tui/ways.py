"""A way to each screen by keys alone, on a site that has a backup, beside a second site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir
from dataclasses import replace

from core.catalog import BackupRecord, FoundBackup, RestoreRecord
from core.progress import Reporter
from core.restore.stage import stage_restore
from tests.support import START, Place, change_place, make_place
from tests.tui.driver import WIDE, Driver, back_up, drive

_KEYS = {
    "BackupsScreen": (),
    "HistoryScreen": ("2",),
    "MessagesScreen": ("3",),
    "ScheduleScreen": ("4",),
    "RecordsScreen": ("5",),
    "PruneScreen": ("P",),
    "RestoreScreen": ("r",),
    "RestoringScreen": ("r", "tab", "a", "p", "p", "tab", "tab", "tab", "enter"),
    "PendingScreen": (),
    "AdoptScreen": ("a", "shift+tab"),
    "AdoptPreviewScreen": ("a", "shift+tab", "enter"),
    "CopyScreen": ("c",),
    "DescriptionScreen": ("n",),
    "AskScreen": ("d",),
    "ErrorScreen": ("v",),
    "HelpScreen": ("question_mark",),
    "SitesScreen": ("s",),
    "ConsentScreen": ("tab", "tab", "enter"),
}
_STAGED = ("PendingScreen", "ConsentScreen")


def prepare(place: Place, name: str) -> Place:
    """Make what must be there before the app is opened to go to a screen."""
    backup = back_up(place, "good state")
    if name in _STAGED:
        change_place(place)
        stage_restore(place.context, place.site, backup, Reporter())
    if name == "ErrorScreen":
        damage(place, backup)
    return with_second_site(place)


@asynccontextmanager
async def drive_to(prepared: Place, name: str, size: tuple[int, int] = WIDE) -> AsyncIterator[Driver]:
    """Open the app and go to a screen."""
    with chdir(prepared.root / "backups" / "app"):
        async with drive(prepared, size) as driver:
            for key in _KEYS[name]:
                await driver.press(key)
            assert driver.screen == name
            yield driver


def with_second_site(place: Place) -> Place:
    second = replace(make_place(place.root / "two").site, name="second")
    settings = replace(place.context.settings, sites={"app": place.site, "second": second})
    return replace(place, context=replace(place.context, settings=settings))


def damage(place: Place, backup: BackupRecord) -> None:
    archive = place.context.store.archive_path("app", backup.name)
    archive.write_bytes(archive.read_bytes()[:-40])


def found(number: int) -> FoundBackup:
    """A backup as a rebuilt catalog has it: there is no archive."""
    return FoundBackup(
        name=f"backup_{number:04}",
        site="app",
        kind="snapshot",
        created_at=START.replace(year=2025, hour=number // 60, minute=number % 60),
        created_by="test",
        completed_at=START,
        origin="found",
        role="manual",
        description=f"number {number:04}",
    )


def logged(number: int) -> RestoreRecord:
    """A restore that failed, as the history tells it."""
    return RestoreRecord(
        restore_id=f"r{number}",
        site="app",
        action="restore",
        backup_id=None,
        backup_name=f"b{number}",
        restore_type="full",
        status="failed",
        tables_restored=0,
        records_restored=0,
        files_restored=0,
        pre_restore_backup_id=None,
        safety_name=None,
        set_aside=None,
        restored_by="ada",
        restored_at=START,
        restoration_results="{}",
        error="no space [/red]",
    )
