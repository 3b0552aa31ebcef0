"""The verbs of the core on a place, as crash and fault tests run them: each takes the place and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from core.backup import create_backup
from core.catalog import BackupRecord
from core.keep import delete_backup, pin_backup
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from tests.support import Place

Verb = Callable[[Place], object]


def latest(place: Place) -> BackupRecord:
    return place.context.catalog.resolve("latest", "app")


def back_up(place: Place) -> object:
    return create_backup(place.context, place.site, Reporter())


def stage(place: Place) -> object:
    return stage_restore(place.context, place.site, latest(place), Reporter())


def apply(place: Place) -> object:
    return apply_restore(place.context, place.site, Reporter())


def undo(place: Place) -> object:
    return undo_restore(place.context, place.site, Reporter())


def pin(place: Place) -> object:
    return pin_backup(place.context, place.site, latest(place), pinned=True)


def delete(place: Place) -> object:
    return delete_backup(place.context, place.site, latest(place))
