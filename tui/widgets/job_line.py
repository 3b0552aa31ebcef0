"""One line that says what is at work, how far it is, and that it can be stopped."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from core.words import printable
from tui.format import progress_words, shorten
from tui.work import Job, Workshop

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
        """Show the job as it is now."""
        job = self._workshop.job
        self.display = job is not None
        if job is not None:
            self.update(job_text(job))


def job_text(job: Job) -> Text:
    """Given a job, return it as a line."""
    if job.token.cancelled:
        return Text.assemble((printable(job.title), "bold"), ": cancelling, until it has stopped in good order")
    words = progress_words(job.progress, job.seconds, bar_width=12)
    return Text.assemble(
        (printable(job.title), "bold"), f": {shorten(printable(job.progress.phase), _LONGEST_PHASE)}  {words}"
    )
