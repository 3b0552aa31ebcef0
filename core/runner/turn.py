"""Whose turn it is to run the loop: one runner for a state folder, and a daemon goes before an app.

`daemon.lock` is held by a daemon for its life, `runner.lock` by whoever runs the loop. An app that sees a daemon gives
the loop up; a daemon waits until it has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.context import Context
from core.errors import BusyError, GreenroomError
from core.locks import LockHolder, hold_lock, lock_holder

RunnerKind = Literal["daemon", "app"]


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs the loop: a daemon or an app, as which process, whose, and since when (ISO 8601, UTC)."""

    kind: RunnerKind
    pid: int
    actor: str
    since: str

    def __str__(self) -> str:
        return f"the {self.kind} of {self.actor} (process {self.pid}, since {self.since})"


def who_runs(context: Context) -> Runner | None:
    """Return who runs the loop now, or None where nobody does: then nothing is backed up by itself."""
    holder = lock_holder(_runner_path(context))
    return None if holder is None else _runner(holder)


@contextmanager
def hold_daemon(context: Context) -> Iterator[None]:
    """Be the daemon of the state folder for the block; raise BusyError naming the one that runs already."""
    with hold_lock(
        _daemon_path(context),
        actor=context.actor,
        verb="daemon",
        now=context.clock(),
        taken="a daemon runs already for this state folder:",
        hint="one is enough: it looks after all sites; stop it first to start another",
    ):
        yield


class Turn:
    """The loop's hold on `runner.lock`; `blocked_by` is who had it at the last look."""

    def __init__(self, kind: RunnerKind) -> None:
        self._kind = kind
        self._held = ExitStack()
        self.mine = False
        self.blocked_by: Runner | None = None

    def look(self, context: Context) -> bool:
        """Take the loop, keep it, or give it up to a daemon; return whether it is this one's now."""
        if self._kind == "app" and lock_holder(_daemon_path(context)) is not None:
            self.give_up()
            self.blocked_by = who_runs(context)
        elif not self.mine:
            self._try(context)
        return self.mine

    def give_up(self) -> None:
        """Let another run the loop."""
        self.mine = False
        self._held.close()

    def _try(self, context: Context) -> None:
        self.blocked_by = who_runs(context)
        if self.blocked_by is not None:
            return
        try:
            self._held.enter_context(
                hold_lock(_runner_path(context), actor=context.actor, verb=self._kind, now=context.clock())
            )
        except BusyError:  # somebody was quicker; the next look says who
            return
        self.mine = True


def _runner(holder: LockHolder) -> Runner:
    return Runner("daemon" if holder.verb == "daemon" else "app", holder.pid, holder.actor, holder.since)


def _runner_path(context: Context) -> Path:
    return context.settings.state / "runner.lock"


def _daemon_path(context: Context) -> Path:
    folder = context.settings.state
    if not folder.is_dir():
        raise GreenroomError(f"there is no state folder {folder}", hint="`greenroom init` makes it")
    return folder / "daemon.lock"
