"""What the loop has at work: a site each, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from core.progress import CancelToken, Progress, Reporter
from core.runner.run import Order

Result = TypeVar("Result")
What = Literal["backup", "prune", "drill", "copies"]


@dataclass(eq=False)
class Job:
    """A site at work by its schedule: what is done to it now, since when, and how far that is.

    `attempt` and `missed` are those of its backup; `stopping` says that nothing new is to begin: what is at work is the
    last.
    """

    order: Order
    began: datetime
    token: CancelToken = field(default_factory=CancelToken)
    what: What = "backup"
    attempt: int = 1
    missed: bool = False
    progress: Progress = field(default_factory=partial(Progress, "starting", 0, None, "steps"))
    stopping: bool = False

    @property
    def site(self) -> str:
        return self.order.site.name

    @property
    def instant(self) -> datetime:
        """The instant of the schedule that the backup is made for."""
        return self.order.instant

    def reporter(self) -> Reporter:
        return Reporter(self._note, self.token)

    def _note(self, progress: Progress) -> None:
        self.progress = progress


def in_a_thread(name: str, work: Callable[[], Result]) -> Future[Result]:
    """Start `work` in a thread that ends with it; what it raises is kept in the future."""
    executor = ThreadPoolExecutor(1, name)
    future = executor.submit(work)
    executor.shutdown(wait=False)
    return future
