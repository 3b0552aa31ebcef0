"""Schedule: when a site is backed up by itself, what is kept, and what both mean, before anything is saved."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from core.catalog import BackupRecord, ScheduleRecord, ScheduleSettings
from core.config import Site
from core.errors import GreenroomError
from core.reports import format_time
from core.schedules.settings import default_settings
from core.words import plural, printable
from tui.format import plain_lines
from tui.runner_words import format_instant, schedule_line
from tui.schedule_calls import Changed, Outlook, ScheduleView, look_ahead, read_schedule, save_schedule
from tui.schedule_fields import Section, changed_lines
from tui.screens.ask import AskScreen
from tui.screens.keep_verbs import KeepVerbs
from tui.screens.main import Surroundings
from tui.widgets.job_line import JobLine
from tui.widgets.keep_map import KeepMap
from tui.widgets.keep_view import KeepView
from tui.widgets.next_runs import runs_text
from tui.widgets.one_of import OneOf
from tui.widgets.schedule_form import FieldInput, ScheduleForm
from tui.widgets.steady_footer import SteadyFooter
from tui.widgets.title_line import TitleLine
from tui.work import Job

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_OF_REST = 0.2  # what is typed is looked at once a person pauses
_KEYS = {"ctrl+s": "save", "p": "prune", "P": "prune", "t": "drill"}
_READ_ONLY = "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"


class ScheduleScreen(KeepVerbs):
    """Given a site, show its schedule in a form; nothing of it is saved before a person says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "app.cancel_job", "Cancel work", id="work.cancel", tooltip="Stop what is at work, in good order"),
        Binding("ctrl+s", "save", "Save", id="schedule.save", tooltip="Save the schedule as it stands in the form"),
        Binding("p,P", "prune", "Prune", id="schedule.prune", tooltip="Remove what the saved policy does not keep"),
        Binding("t", "drill", "Drill", id="schedule.drill", tooltip="Restore the newest backup into a scratch place"),
        Binding("escape", "back", "Back", id="schedule.back", tooltip="Back to the backups; changes are asked about"),
    ]
    AUTO_FOCUS = "#enabled"
    parts = (("In a choice", OneOf), ("In a field", FieldInput), ("In the calendar of what is kept", KeepMap))

    def __init__(self, surroundings: Surroundings, site: Site) -> None:
        super().__init__(surroundings.core, surroundings.workshop, site)
        self._view: ScheduleView | None = None
        self._saved: ScheduleRecord | None = None
        self._settings = default_settings(site)
        self._looking = False
        self._thinking = False
        self._think_again = False
        self._waiting = False
        self._changes = 0
        self._saves = 0
        self._head = Text()
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield TitleLine()
        yield Static("looking ...", id="schedule-head", markup=False)
        with Container(id="schedule-body"):
            with Vertical(id="schedule-left"):
                yield ScheduleForm(self._settings)
                yield Static(id="runs", markup=False)
            yield KeepView()
        yield JobLine(self._workshop)
        yield SteadyFooter(compact=True)

    def on_mount(self) -> None:
        self._workshop.changed.subscribe(self, self._job_changed)
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self.look)
        self.query_one("#runs", Static).border_title = "The next runs"
        self.add_class("-times")
        self.show_site(self._site)

    def show_site(self, site: Site) -> None:
        """Show the schedule of this site; what was changed in the form is forgotten."""
        self._site, self._view, self._saved = site, None, None
        self.query_one(TitleLine).say(f"Schedule of {site.name}", "Schedule")
        self._say(Text("looking ..."))
        self.query_one(KeepView).show_nothing("looking ...")
        self._take_over(default_settings(site))
        self._form.may_change = False
        self.look()

    @property
    def _form(self) -> ScheduleForm:
        return self.query_one(ScheduleForm)

    @property
    def unsaved(self) -> list[str]:
        """What would be lost by leaving, in lines."""
        typed = self._form.typed
        wrong = [f"{plural(len(typed.problems), 'field')} with something wrong in it"] if typed.problems else []
        return changed_lines(self._settings, typed.settings) + wrong

    # Looking

    def look(self) -> None:
        """Read how the schedule is, in a thread, unless that is being done."""
        if not self._looking:
            self._looking = True
            read = partial(read_schedule, self._core, self._site, self._view.trace if self._view is not None else None)
            self._workshop.read(read, partial(self._show, (self._site, self._saves)), self._cannot_look)

    def _show(self, asked: tuple[Site, int], view: ScheduleView | None) -> None:
        self._looking = False
        if not self.is_running:
            return
        if asked != (self._site, self._saves):
            self.look()
        elif view is not None:
            self._show_view(view)

    def _show_view(self, view: ScheduleView) -> None:
        first, self._view = self._view is None, view
        if first or (not self.unsaved and view.settings != self._settings):
            self._saved = view.record
            self._take_over(view.settings)
            self._form.may_change = not self._core.read_only
        elif not self.unsaved:
            self._saved = view.record
        self._think()
        self._say_how_it_is()

    def _take_over(self, settings: ScheduleSettings) -> None:
        self._settings = settings
        self._form.show(settings)
        self._think()

    def _cannot_look(self, error: GreenroomError) -> None:
        self._looking = False
        if self.is_running:
            text = plain_lines(f"CANNOT LOOK: {error.message}\n{error.hint}").rstrip()
            self._say(Text(text, "bold"))

    def _say_how_it_is(self) -> None:
        """Who runs the loop, what somebody else has changed, and whether the form differs from what is saved."""
        view = self._view
        if view is None:
            return
        zone, read_only = self._site.time_zone, self._core.read_only
        lines = [schedule_line(view.record, view.runner, view.now, zone, read_only=read_only, here=True)]
        if self._changed_meanwhile:
            who = printable(view.record.updated_by) if view.record is not None else "somebody"
            lines.append(Text(f"CHANGED MEANWHILE by {who}: ctrl+s shows how, and asks before it overwrites", "bold"))
        if read_only:
            lines.append(Text("READ-ONLY: the schedule is shown and cannot be changed here", "bold"))
        self._say(Text("\n").join(lines))
        form, typed = self._form, self._form.typed
        if typed.problems:
            form.border_title = f"Schedule: {plural(len(typed.problems), 'field')} WRONG, nothing is saved"
        elif self.unsaved:
            form.border_title = "Schedule: CHANGED, ctrl+s saves"
        else:
            form.border_title = "Schedule" if view.record is not None else "Schedule: none is set yet"
        self._offer()

    def _say(self, head: Text) -> None:
        """Each update is a layout of the whole screen, and this comes by at every key."""
        if head != self._head:
            self._head = head
            self.query_one("#schedule-head", Static).update(head)

    @property
    def _changed_meanwhile(self) -> bool:
        record = self._view.record if self._view is not None else None
        return (record and record.updated_at) != (self._saved and self._saved.updated_at)

    # What it means

    @on(ScheduleForm.Changed)
    def _form_changed(self) -> None:
        self._changes += 1
        if not self._form.typed.is_right("keep"):
            self.query_one(KeepView).show_wrong()
        if not self._waiting:
            self._waiting = True
            self.run_worker(self._wait_for_a_pause())
        self._say_how_it_is()

    @on(ScheduleForm.Refused)
    def _say_why_not(self) -> None:
        reason = _READ_ONLY if self._core.read_only else "the schedule is still being read"
        self.notify(reason, severity="warning", markup=False)

    async def _wait_for_a_pause(self) -> None:
        seen = 0
        while seen != self._changes:
            seen = self._changes
            await asyncio.sleep(_SECONDS_OF_REST)
        self._waiting = False
        self._think()

    def _think(self) -> None:
        """Find out in a thread what the form means: the next runs, and what would be kept."""
        view = self._view
        if view is None:
            return
        if self._thinking:
            self._think_again = True
            return
        self._thinking, self._think_again = True, False
        typed, now, zone = self._form.typed, self._core.clock(), self._site.time_zone
        times, keep = typed.is_right("times"), typed.is_right("keep")
        ahead = partial(look_ahead, view, typed.settings, now, zone, times=times, keep=keep)
        self._workshop.read(ahead, partial(self._show_outlook, self._site, typed.settings), self._cannot_think)

    def _show_outlook(self, site: Site, settings: ScheduleSettings, outlook: Outlook) -> None:
        self._thinking = False
        if not self.is_running or self._view is None:
            return
        if site == self._site:
            self.query_one("#runs", Static).update(runs_text(settings, outlook.runs, self._view.now))
            keep = self.query_one(KeepView)
            if outlook.keep is None or not self._form.typed.is_right("keep"):
                keep.show_wrong()
            else:
                keep.show(outlook.keep, site.time_zone, outlook.going, outlook.freed, refusal=self._view.refusal)
        if self._think_again:
            self._think()

    def _cannot_think(self, error: GreenroomError) -> None:
        self._thinking = False
        if self.is_running:
            self.query_one("#runs", Static).update(Text(plain_lines(error.message), "bold"))

    @on(ScheduleForm.Entered)
    def _entered(self, event: ScheduleForm.Entered) -> None:
        self._turn_to(event.section)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, KeepMap):
            self._turn_to("keep")

    def _turn_to(self, section: Section) -> None:
        """On a narrow screen there is room for what one part of the form means."""
        self.set_class(section == "times", "-times")
        self.set_class(section == "keep", "-keep")

    # Keys

    def objection(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        if action == "save":
            return self._against_saving()
        if action not in ("prune", "drill"):
            return None
        if self._core.read_only:
            return _READ_ONLY
        if self.at_work():
            return self.at_work()
        if action == "prune" and self.unsaved:
            return "the schedule is changed and not saved: ctrl+s saves it first, for prune goes by what is saved"
        return "there is no backup yet" if action == "drill" and self._newest is None else None

    def _against_saving(self) -> str | None:
        if self._core.read_only:
            return _READ_ONLY
        if self._view is None:
            return "the schedule is still being read"
        if self._form.typed.problems:
            return "something is wrong in the form: what, stands beside the field"
        return None if self.unsaved or self._view.record is None else "nothing is changed"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if not self.is_running or not self.is_mounted:
            return True
        return None if self.objection(action) else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        reason = self.objection(_KEYS.get(event.key, ""))
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    def _job_changed(self, job: Job) -> None:
        self._offer()
        if job.ended:
            self.look()

    def _offer(self) -> None:
        """Draw the footer again where other keys can be used than before."""
        offered = (*map(self.objection, _KEYS.values()), self._workshop.job is not None)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    # Verbs

    @property
    def _newest(self) -> BackupRecord | None:
        return self._view.backups[0] if self._view is not None and self._view.backups else None

    def action_drill(self) -> None:
        if self._newest is not None:
            self.drill(self._newest)

    def action_save(self) -> None:
        self._save(self._saved)

    def _save(self, based_on: ScheduleRecord | None) -> None:
        settings = self._form.typed.settings
        seen = based_on.updated_at if based_on is not None else None
        verb = partial(save_schedule, self._core, self._site, settings, seen)
        self._workshop.read(verb, partial(self._was_saved, self._site, settings), self.failed)

    def _was_saved(self, site: Site, settings: ScheduleSettings, result: ScheduleRecord | Changed) -> None:
        if isinstance(result, Changed):
            if self.is_current and site == self._site:
                self._ask_to_overwrite(settings, result.now)
            return
        coming = result.state.next_run
        when = f"; next run {format_instant(coming, site.time_zone)}" if coming is not None else ""
        self.app.notify(f"the schedule of {site.name} is saved{when}", markup=False)
        if self.is_running and site == self._site:
            self._saved, self._settings = result, result.settings
            self._saves += 1  # what is being read may be older
            self.look()

    def _ask_to_overwrite(self, settings: ScheduleSettings, present: ScheduleRecord | None) -> None:
        if present is None:
            lines = ["It is not there any more."]
        else:
            when = format_time(present.updated_at, self._site.time_zone)
            lines = [f"{printable(present.updated_by)} changed it {when}.", "", "Saving yours changes:"]
            lines += [printable(line) for line in changed_lines(present.settings, settings)] or ["nothing"]
        question = AskScreen("The schedule was changed meanwhile", lines, no="Cancel", yes="Overwrite it")
        self.app.push_screen(question, partial(self._overwrite, present))

    def _overwrite(self, present: ScheduleRecord | None, answer: bool | None) -> None:  # noqa: FBT001 (an answer)
        if answer:
            self._save(present)

    async def action_back(self) -> None:
        await self.run_action("app.go('Backups')")
