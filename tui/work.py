"""Work in threads, started by the App and never by a screen, so that it outlives the screen that asked for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.message import Message
from textual.signal import Signal
from textual.worker import Worker, WorkerState

from core.errors import GreenroomError
from core.progress import CancelToken, Progress, Reporter

if TYPE_CHECKING:
    from tui.loop import LoopJob

Result = TypeVar("Result")
Failed = Callable[[GreenroomError], None]


@dataclass(eq=False)
class Job:
    """A verb at work: what it is called, how far it is, and the token that asks it to stop.

    `ending` says in a line how it came out, for a person who has left the screens meanwhile.
    """

    title: str
    token: CancelToken = field(default_factory=CancelToken)
    progress: Progress = field(default_factory=partial(Progress, "starting", 0, None, "steps"))
    phase_began: float = field(default_factory=time.monotonic)
    ended: bool = False
    ending: str = ""

    @property
    def seconds(self) -> float:
        """For how long the present phase has run."""
        return time.monotonic() - self.phase_began

    def note(self, progress: Progress) -> None:
        """Take over what the verb reports."""
        if progress.phase != self.progress.phase or progress.done < self.progress.done:
            self.phase_began = time.monotonic()
        self.progress = progress


class JobProgressed(Message):
    """Posted from the thread of a job, at most ten times a second."""

    def __init__(self, job: Job, progress: Progress) -> None:
        super().__init__()
        self.job = job
        self.progress = progress


@dataclass(frozen=True)
class _Errand:
    """What is to be called when a worker has come to its end."""

    done: Callable[[Any], None]
    failed: Failed
    job: Job | None = None
    summary: Callable[[Any], str] = lambda _: "done"


class Workshop:
    """Runs the verbs of the core, one at a time, and reads beside them.

    `changed` is published whenever the job begins, gets on or ends. The callbacks `done` and `failed` run in the
    app's own thread, whether the screen that gave them is still there or not. `scheduled` is what the loop of the
    schedules has at work, beside all this.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._errands: dict[Worker[Any], _Errand] = {}
        self.job: Job | None = None
        self.changed: Signal[Job] = Signal(app, "job")
        self.scheduled: Callable[[], Sequence[LoopJob]] = tuple

    def start(
        self,
        title: str,
        verb: Callable[[Reporter], Result],
        done: Callable[[Result], None],
        failed: Failed,
        summary: Callable[[Result], str] = lambda _: "done",
    ) -> Job:
        """Start a verb and return its job; the caller has looked that none is at work."""
        job = Job(title)
        reporter = Reporter(lambda progress: self._tell(job, progress), job.token)
        self.job = job
        self._run(partial(verb, reporter), _Errand(done, failed, job, summary), group="jobs")
        self.changed.publish(job)
        return job

    def read(self, look: Callable[[], Result], done: Callable[[Result], None], failed: Failed) -> None:
        """Read something in a thread, beside whatever job there is."""
        self._run(look, _Errand(done, failed), group="reads")

    def progressed(self, message: JobProgressed) -> None:
        """Take over the progress of a job that has not ended meanwhile."""
        if not message.job.ended:
            message.job.note(message.progress)
            self.changed.publish(message.job)

    def settle(self, worker: Worker[Any], state: WorkerState) -> None:
        """Given a worker that changed its state, call what waits for its end. Every error of a thread comes by here."""
        if state in (WorkerState.PENDING, WorkerState.RUNNING) or worker not in self._errands:
            return
        errand = self._errands.pop(worker)
        result = _unforeseen(worker.error) if state is WorkerState.ERROR else worker.result
        if errand.job is not None:
            errand.job.ended = True
            errand.job.ending = result.message if isinstance(result, GreenroomError) else errand.summary(result)
            self.job = None
            self.changed.publish(errand.job)
        if isinstance(result, GreenroomError):
            errand.failed(result)
        elif state is WorkerState.SUCCESS:
            errand.done(result)

    def _run(self, call: Callable[[], object], errand: _Errand, group: str) -> None:
        worker = self._app.run_worker(partial(_caught, call), group=group, thread=True, exit_on_error=False)
        self._errands[worker] = errand

    def _tell(self, job: Job, progress: Progress) -> None:
        self._app.post_message(JobProgressed(job, progress))


def _caught(call: Callable[[], object]) -> object:
    """An error that the core foresees is a result like another; whatever else is raised makes the worker fail."""
    try:
        return call()
    except GreenroomError as error:
        return error


def _unforeseen(error: BaseException | None) -> GreenroomError:
    return GreenroomError(
        f"this should not have happened: {type(error).__name__}: {error}",
        hint="please report it, with what you did; the same as a command with GREENROOM_DEBUG=1 shows where",
    )
