"""Kernel locks, which die with their holder: one writer a site, one runner and one daemon a state folder."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import BusyError, GreenroomError

_TRIES = 10
_SECONDS_BETWEEN_TRIES = 0.02


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a lock: what they are doing, since when (ISO 8601, UTC), as which process."""

    actor: str
    verb: str
    since: str
    pid: int

    def __str__(self) -> str:
        return f"{self.actor} ({self.verb}, process {self.pid}, since {self.since})"


@contextmanager
def hold_lock(
    path: Path,
    *,
    actor: str,
    verb: str,
    now: datetime,
    taken: str = "the site is in use by",
    hint: str = "wait until it is done, or stop that process; its lock ends with it",
) -> Iterator[None]:
    """Hold the lock at `path` for the block; raise BusyError where it is taken: `taken`, who has it, and `hint`."""
    descriptor = _open(path)
    try:
        try:
            _take(descriptor)
        except BlockingIOError as error:
            raise BusyError(f"{taken} {_read_holder(descriptor) or 'another greenroom process'}", hint=hint) from error
        holder = {
            "actor": actor,
            "verb": verb,
            "since": now.isoformat(timespec="seconds"),
            "pid": os.getpid(),
        }
        with suppress(OSError):  # a full disk keeps nobody from making room: the lock is held, only not by name
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Somebody who only looks who holds the lock has it for an instant, so a few tries come before busy."""
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not left:
                raise
            time.sleep(_SECONDS_BETWEEN_TRIES)
        else:
            return


def lock_holder(path: Path) -> LockHolder | None:
    """Given a lock's path, return who holds it now, or None where nobody does."""
    if not path.exists():
        return None
    descriptor = _open(path)
    try:
        for _ in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _read_holder(descriptor)
                if holder is not None:
                    return holder
                time.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                return None
        return LockHolder("unknown", "unknown", "unknown", 0)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise GreenroomError(
            f"cannot open the lock {path}: {error.strerror}",
            hint="greenroom must be able to write into the state folder",
        ) from error


def _read_holder(descriptor: int) -> LockHolder | None:
    """The holder writes its name right after it took the lock, so it can be missing for an instant."""
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
        return LockHolder(str(found["actor"]), str(found["verb"]), str(found["since"]), int(found["pid"]))
    except (ValueError, KeyError, TypeError):
        return None
