"""The schedules as the catalog has them, read when it changed: a look each second costs two stat calls.

They are read in a thread of their own, so that a catalog that does not answer holds up nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.catalog import ScheduleRecord
from core.context import Context

# A file's time has the grain of the kernel's tick: what was written this shortly before a read may have been missed.
_UNSURE_NANOSECONDS = 1_000_000_000
_SECONDS_BETWEEN_READS = 60.0
_SECONDS_BETWEEN_READS_OF_A_SERVER = 3.0

_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Read:
    records: tuple[ScheduleRecord, ...]
    stamp: _Stamp | None


class ScheduleReader:
    """Keeps the schedules as they were last read."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._thread = ThreadPoolExecutor(1, "greenroom-schedules")
        self._reading: Future[_Read] | None = None
        self._known: _Read | None = None
        self._read_at = 0.0

    def poll(self, context: Context) -> Sequence[ScheduleRecord] | None:
        """Return the schedules, or None until they are read; raise what the last reading raised."""
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            self._known = reading.result()
        if self._reading is None and self._is_stale(context):
            self._read_at = self._monotonic()
            self._reading = self._thread.submit(_read, context)
        return None if self._known is None else self._known.records

    def forget(self) -> None:
        """Let what is read before now count for nothing."""
        self._known = self._reading = None

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _is_stale(self, context: Context) -> bool:
        if self._known is None:
            return True
        since = self._monotonic() - self._read_at
        file = context.settings.catalog_path
        if file is None:
            return since >= _SECONDS_BETWEEN_READS_OF_A_SERVER
        return since >= _SECONDS_BETWEEN_READS or self._known.stamp is None or self._known.stamp != _stamp(file)


def _read(context: Context) -> _Read:
    file = context.settings.catalog_path
    stamp = None if file is None else _stamp(file)
    sure = stamp is not None and all(time.time_ns() - changed > _UNSURE_NANOSECONDS for _, _, changed in stamp)
    return _Read(tuple(context.catalog.schedules()), stamp if sure else None)


def _stamp(file: Path) -> _Stamp:
    return tuple(_stamp_of(file.with_name(file.name + suffix)) for suffix in ("", "-wal"))


def _stamp_of(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
