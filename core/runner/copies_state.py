"""How far the daily copies of users' libraries are, for each site: STATE/sites/NAME/copies.json.

The file is made when the site is first seen to be a movie library; from then on no day is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from core.catalog import ScheduleRecord, ScheduleSettings, ScheduleState
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.sqlite_files import make_folders

_MAX_BYTES = 4 << 20
_MOST_LEFT = 10_000


@dataclass(frozen=True, slots=True)
class CopiesState:
    """How far the loop is; `left` are the ids of the users whose copy failed in the last attempt, none for all."""

    schedule: ScheduleState
    left: tuple[str, ...] = ()
    version: Literal[1] = 1


_ADAPTER = TypeAdapter(CopiesState)


def daily_settings(context: Context, site: Site) -> ScheduleSettings:
    """Return when the copies of a site are due, as a schedule."""
    time = context.settings.library.daily
    return ScheduleSettings(enabled=True, frequency="daily", time=time, time_zone=site.time_zone.key)


def record_of(context: Context, site: Site, state: CopiesState) -> ScheduleRecord:
    """Return the schedule of a site's copies with how far it is."""
    now = context.clock()
    return ScheduleRecord(
        site=site.name,
        settings=daily_settings(context, site),
        state=state.schedule,
        updated_by="greenroom.toml",
        updated_at=now,
    )


def read_state(context: Context, site: Site) -> CopiesState | None:
    """Return how far a site is, None where nothing is noted; raise GreenroomError where that is damaged."""
    path = _path(context, site)
    try:
        with path.open("rb") as file:
            return _ADAPTER.validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise GreenroomError(
            f"{path} cannot be read: nobody knows when users' libraries were copied last",
            hint="remove it: the next copies are made at their next time",
        ) from error
    except OSError as error:
        raise GreenroomError(
            f"cannot read {path}: {error.strerror}", hint="greenroom must be able to read it"
        ) from error


def write_state(context: Context, site: Site, schedule: ScheduleState, left: Sequence[str] = ()) -> None:
    """Note how far a site is, durably; raise GreenroomError where that cannot be.

    Of very many users who are left none is noted: then all are.
    """
    path = _path(context, site)
    state = CopiesState(schedule, tuple(left) if len(left) <= _MOST_LEFT else ())
    try:
        make_folders(path.parent, context.disk)
        context.disk.replace_file(path, _ADAPTER.dump_json(state, indent=1))
    except OSError as error:
        raise GreenroomError(f"cannot write {path}: {error.strerror}", hint="is the disk full?") from error


def forget_state(context: Context, site: Site) -> None:
    """Forget a site that is no movie library any more; raise GreenroomError where that cannot be."""
    path = _path(context, site)
    try:
        context.disk.unlink(path)
    except OSError as error:
        raise GreenroomError(f"cannot remove {path}: {error.strerror}") from error


def _path(context: Context, site: Site) -> Path:
    return context.site_folder(site) / "copies.json"
