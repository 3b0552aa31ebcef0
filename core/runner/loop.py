"""The loop: each second a look at whose turn it is and at what is due; what is due runs in threads of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

import schedule

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.events import Event, Tell
from core.runner.after import drill_by_schedule
from core.runner.agenda import Agenda, Due
from core.runner.complaints import Complaints, error_event
from core.runner.copies_due import CopiesAgenda, CopiesDue
from core.runner.copying import copy_libraries
from core.runner.course import run_course
from core.runner.jobs import Job, in_a_thread
from core.runner.run import Ended, Order
from core.runner.turn import Runner, RunnerKind, Turn
from core.runner.watch import Watch

OnStop = Literal["finish", "cancel"]
Result = TypeVar("Result")


class Loop:
    """Runs what is due by the schedules in the catalog, while it is this process's turn.

    `tell` is called from the loop's own threads. The clock is the context's; `pace` is the seconds between two looks.
    Every method may be called from any thread.
    """

    def __init__(
        self,
        context: Context,
        tell: Tell,
        kind: RunnerKind,
        *,
        pace: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        context.require_writable("run schedules")
        self._context = context
        self._tell = tell
        self._pace = pace
        self._monotonic = monotonic
        self._turn = Turn(kind)
        self._complaints = Complaints(tell)
        self._agenda = Agenda(tell, self._complaints, monotonic)
        self._copies_agenda = CopiesAgenda(tell, self._complaints)
        self._watch = Watch(tell, monotonic)
        self._jobs: dict[str, tuple[Job, Future[Ended]]] = {}
        self._drills: dict[str, tuple[Job, Future[bool]]] = {}
        self._copies: dict[str, tuple[Job, Future[None]]] = {}
        self._anew = False
        self._wake = threading.Event()
        self._stop: OnStop | None = None
        self._thread = threading.Thread(target=self._run, name="greenroom-loop", daemon=True)
        self.failure: BaseException | None = None
        self.looked_at = monotonic()

    def start(self) -> None:
        """Begin to look, in a thread of the loop's own."""
        self._thread.start()

    def stop(self, how: OnStop = "cancel") -> None:
        """Ask the loop to end: begin nothing new, and cancel what is at work or let it finish. Returns at once."""
        self._stop = how
        self._wake.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end of a loop that was stopped; return whether it came."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def use(self, context: Context) -> None:
        """Go on with other settings. What is at work keeps those that it began with."""
        context.require_writable("run schedules")
        self._context = context
        self._anew = True
        self._wake.set()

    def skip(self, site: str) -> bool:
        """Stop what is at work on a site, until its next instant; return False where nothing is."""
        found = [job for job in self.jobs if job.site == site]
        for job in found:
            job.order.skip = True
            job.token.cancel("stopped by a person")
        return bool(found)

    def alive(self, within: float) -> bool:
        """Whether the loop has looked within that many seconds."""
        return self._thread.is_alive() and self._monotonic() - self.looked_at <= within

    @property
    def mine(self) -> bool:
        """Whether this loop is the one that runs."""
        return self._turn.mine

    @property
    def blocked_by(self) -> Runner | None:
        """Who ran the loop at the last look, where that is somebody else."""
        return None if self._turn.mine else self._turn.blocked_by

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What is at work now."""
        return tuple(job for kind in (self._jobs, self._drills, self._copies) for job, _ in list(kind.values()))

    @property
    def next_runs(self) -> dict[str, datetime]:
        """When each enabled site is backed up next, as far as this loop has looked; empty where it does not run."""
        return dict(self._agenda.next_runs) if self._turn.mine else {}

    def look(self) -> None:
        """One tick: notes what ended, looks whose turn it is, and starts what is due. It waits for nothing."""
        self.looked_at = self._monotonic()
        self._reap()
        if self._stop is not None:
            self._end_jobs(self._stop)
            return
        context = self._context
        if self._anew:
            self._anew = False
            self._forget()
        if not self._is_mine(context):
            self._forget()
            return
        for due in self._agenda.due(context, busy={*self._jobs, *self._copies}):
            if len(self._jobs) >= context.settings.daemon.parallel_runs:
                break
            self._begin(context, due)
        if not self._drills:
            for site in self._agenda.drills_due(context, busy=self._jobs)[:1]:
                self._begin_drill(context, site)
        for copies in self._copies_agenda.due(context, busy={*self._jobs, *self._copies}):
            if self._copies:
                break
            self._begin_copies(context, copies)
        self._watch.look(context)

    def close(self) -> None:
        """Let another run the loop; one that has a thread does so at its end."""
        self._turn.give_up()
        self._agenda.close()

    def _forget(self) -> None:
        self._agenda.forget()
        self._copies_agenda.forget()

    def _end_jobs(self, how: OnStop) -> None:
        for job in self.jobs:
            job.stopping = True
            if how == "cancel" or job.what == "drill":  # a drill that is cut short is begun again, and costs nothing
                job.token.cancel("the loop was stopped")

    def _run(self) -> None:
        ticks = schedule.Scheduler()
        try:
            while self._stop is None or self.jobs:
                idle = ticks.idle_seconds
                if idle is None or idle > self._pace:
                    # `schedule` counts in local time: where that goes back, the next tick would be an hour away.
                    ticks.clear()
                    ticks.every(self._pace).seconds.do(self.look)  # type: ignore[arg-type]  # fractions are fine
                    self.look()
                ticks.run_pending()
                if self._wake.wait(max(0.0, min(ticks.idle_seconds or 0.0, self._pace))):
                    self._wake.clear()
                    self.look()
        except BaseException as error:
            self.failure = error
            self._end_jobs("cancel")
            self._tell(error_event("loop_failed", error))
            raise SystemExit from error  # told already; a trace on the terminal would only spoil the app's screen
        finally:
            self.close()

    def _is_mine(self, context: Context) -> bool:
        was_mine = self._turn.mine
        try:
            mine = self._turn.look(context)
        except (GreenroomError, OSError) as error:
            self._complaints.say("the state folder", error_event("state_unreachable", error))
            return False
        self._complaints.over("the state folder", Event("info", "state_back", "the state folder can be used again"))
        if mine and not was_mine:
            self._complaints.over("the turn")
            self._tell(Event("info", "loop_taken", "this process runs the schedules now"))
        elif not mine and self._turn.blocked_by is not None:
            self._complaints.say(
                "the turn", Event("info", "loop_elsewhere", f"the schedules are run by {self._turn.blocked_by}")
            )
        return mine

    def _begin(self, context: Context, due: Due) -> None:
        job = Job(Order(due.site, due.instant), context.clock(), attempt=due.attempt, missed=due.missed)
        self._jobs[job.site] = (job, self._in_a_thread(job, partial(run_course, context, job, self._tell)))

    def _begin_drill(self, context: Context, site: Site) -> None:
        """A drill makes nobody wait: it has a lock of its own, and the site's backups go on."""
        now = context.clock()
        job = Job(Order(site, now), now, what="drill")
        self._drills[job.site] = (job, self._in_a_thread(job, partial(drill_by_schedule, context, job, self._tell)))

    def _begin_copies(self, context: Context, due: CopiesDue) -> None:
        job = Job(Order(due.site, due.instant), context.clock(), what="copies", attempt=due.attempt, missed=due.missed)
        self._copies[job.site] = (job, self._in_a_thread(job, partial(copy_libraries, context, job, self._tell)))

    def _in_a_thread(self, job: Job, work: Callable[[], Result]) -> Future[Result]:
        future = in_a_thread(f"greenroom-{job.what}-{job.site}", work)
        future.add_done_callback(lambda _: self._wake.set())
        return future

    def _reap(self) -> None:
        for job, future in _ended(self._jobs):
            del self._jobs[job.site]
            error = future.exception()
            if error is None:
                self._agenda.ended(self._context, job.site, future.result())
                continue
            self._agenda.hold_back(self._context, job.site)
            self._tell(error_event("run_failed", error, job.site))
        for job, drill in _ended(self._drills):
            del self._drills[job.site]
            error = drill.exception()
            if error is not None:
                self._tell(error_event("run_failed", error, job.site))
            self._agenda.drilled(job.site, done=error is None and drill.result())
        for job, copies in _ended(self._copies):
            del self._copies[job.site]
            self._copies_agenda.ended(self._context, job.site, copies.exception())


def _ended(running: Mapping[str, tuple[Job, Future[Result]]]) -> list[tuple[Job, Future[Result]]]:
    return [(job, future) for job, future in running.values() if future.done()]
