"""One line that says what is at work, how far it is, and that it can be stopped."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from core.progress import Progress
from core.words import printable
from tui.format import progress_words, shorten
from tui.work import Workshop

_LONGEST_PHASE = 48  # that of a long table: the figures beside it fit into two lines of 80 letters


class JobLine(Static):
    """Shown while a job runs, gone otherwise."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__(id="job-line", markup=False)
        self._workshop = workshop

    def on_mount(self) -> None:
        self._workshop.changed.subscribe(self, lambda _: self.show())
        self.set_interval(1.0, self.show)
        self.show()

    def show(self) -> None:
        """Show the job as it is now; where there is none, what the schedules have at work."""
        job, scheduled = self._workshop.job, self._workshop.scheduled()
        self.display = job is not None or bool(scheduled)
        if job is not None:
            self.update(job_text(job.title, job.progress, job.seconds, is_cancelled=job.token.cancelled))
        elif scheduled:
            first = scheduled[0]
            self.update(job_text(first.title, first.progress, 0.0, is_cancelled=first.stopping))


def job_text(title: str, progress: Progress, seconds: float, *, is_cancelled: bool) -> Text:
    """Given what is at work and the seconds of its phase, return it as a line."""
    if is_cancelled:
        return Text.assemble((printable(title), "bold"), ": cancelling, until it has stopped in good order")
    words = progress_words(progress, seconds, bar_width=12)
    return Text.assemble((printable(title), "bold"), f": {shorten(printable(progress.phase), _LONGEST_PHASE)}  {words}")
