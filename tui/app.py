"""The terminal app: wires screens, keys, workers and signals; what they do is theirs and the core's."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.widgets import Input
from textual.worker import Worker

from core.config import Site
from core.context import Context
from core.errors import ExitCode, GreenroomError
from core.words import printable
from tui.loop import AppLoop, LoopTold, interrupts, note_text
from tui.notes import Notes, Said
from tui.screens.ask import AskScreen, error_screen
from tui.screens.backups import BackupsScreen
from tui.screens.main import MAIN_SCREENS, MainScreen, Surroundings
from tui.terminal import LastingDriver, WholeCells, WithoutColours, knows_colours, locale_warning
from tui.users_known import UsersKnown
from tui.widgets.title_line import TitleLine
from tui.work import Job, JobProgressed, Workshop

if TYPE_CHECKING:
    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel

    from tui.history_calls import Waiting

_SECONDS_TO_GO = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KINDS = {"information": "notice", "warning": "warning", "error": "error"}
_KINDS_NOTED = {"info": "schedule", "warning": "warning", "error": "error"}
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_READ = 20.0
_USERS = next(one for one in MAIN_SCREENS if one.for_users)


class GreenroomApp(App[None]):
    """Given a context, and the site to begin with, shows the backups of the site."""

    CSS_PATH = Path(__file__).resolve().parent.parent / "screens.tcss"
    TITLE = "greenroom"
    COMMAND_PALETTE_DISPLAY = "^p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel_job", "Cancel work", tooltip="Stop what is at work, in good order"),
        Binding("s", "sites", "Sites", tooltip="Choose another site"),
        *(
            Binding(
                one.key,
                f"go('{one.title}')",
                one.title,
                tooltip=one.tooltip,
                show=False,
            )
            for one in MAIN_SCREENS
        ),
        Binding("question_mark", "help", "Help", key_display="?", tooltip="What the keys of the screen do"),
        Binding("q", "quit", "Quit", tooltip="Work that runs is asked about first"),
        Binding("ctrl+q", "quit", "Quit", show=False),
    ]

    def __init__(self, context: Context, site_name: str | None = None, *, runs_schedules: bool = False) -> None:
        super().__init__(driver_class=LastingDriver)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
        settings = context.settings
        self._core = context
        self.site = settings.site(site_name) if site_name is not None else next(iter(settings.sites.values()))
        self.notes = Notes()
        self._leaving: int | None = None
        self._hung_up = False
        self.workshop = Workshop(self)
        self._users = UsersKnown(self.workshop, self.site, self._users_changed, self._say_why_no_users)
        self.loop = AppLoop(self, context)
        self.workshop.scheduled = lambda: self.loop.jobs
        self._runs_schedules = runs_schedules
        self._filter = WithoutColours() if self.no_color or not knows_colours(os.environ) else None
        ScrollBar.renderer = WholeCells
        if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
            self.animation_level = "none"

    def on_mount(self) -> None:
        self.set_class(not self.is_headless and self.console.color_system == "standard", "-few-colours")
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, partial(self._signalled, number))
        self.workshop.changed.subscribe(self, self._job_changed)
        if self._runs_schedules:
            self.loop.start()
        self.push_screen(BackupsScreen(self._core, self.workshop, self.site))
        self._look_what_waits(list(self._core.settings.sites.values()))
        self._look_what_is_unsaved()
        self._users.look(self.site)
        warning = locale_warning(os.environ)
        if warning is not None:
            self.notify(warning, severity="warning", markup=False, timeout=20)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own for NO_COLOR turns colours into greys, which are colours to a terminal."""
        return super().get_line_filters() if self._filter is None else (self._filter,)

    # Signals and the end

    def _signalled(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            self._go_soon()
        self._hung_up = self._hung_up or number is signal.SIGHUP
        self.leave(f"cancelled by {number.name}")

    def on_hung_up(self) -> None:
        self._go_soon()
        self._hung_up = True
        self.leave("cancelled, the terminal is gone")

    def _go_soon(self) -> None:
        """There is nobody to wait for: whatever Textual waits for on a terminal that is gone, the process ends."""
        asyncio.get_running_loop().call_later(_SECONDS_TO_GO, self._go)

    def _go(self) -> None:
        if self.workshop.job is None and not self.loop.jobs:
            os._exit(ExitCode.CANCELLED)
        self._go_soon()

    async def action_quit(self) -> None:
        if self._is_main or hasattr(self.screen, "unsaved"):
            self._leave_screens(self._quit_work)
        else:
            self._quit_work()

    def _quit_work(self) -> None:
        job, lines = self.workshop.job, self.loop.leaving_lines()
        if job is None and not lines:
            self.leave("cancelled by quitting", ExitCode.DONE)
        elif not isinstance(self.screen, AskScreen):
            if job is not None:
                lines += [
                    f"{printable(job.title)} is at work.",
                    "Quitting cancels it, in good order, and waits for its end.",
                ]
            yes = "Cancel it and quit" if job is not None else "Quit"
            self.push_screen(AskScreen("Quit?", lines, no="Stay", yes=yes), self._quit)

    def _quit(self, answer: object) -> None:
        if answer:
            self.leave("cancelled by quitting", ExitCode.DONE)

    def leave(self, reason: str, return_code: int = ExitCode.CANCELLED) -> None:
        """Exit, once the work that runs has stopped in good order."""
        if self._leaving is not None:
            return
        self._leaving = return_code
        self.loop.stop()
        job = self.workshop.job
        if job is not None:
            job.token.cancel(reason)
            self.workshop.changed.publish(job)
        self._leave_when_all_has_ended()

    def _leave_when_all_has_ended(self, ending: Text | None = None) -> None:
        if self._leaving is None or self.workshop.job is not None:
            return  # the end of the job comes by here again
        if self.loop.ended:
            self.exit(return_code=self._leaving, message=None if self._hung_up else ending)
        else:
            self.set_timer(_SECONDS_BETWEEN_LOOKS, partial(self._leave_when_all_has_ended, ending))

    # Work

    def on_job_progressed(self, message: JobProgressed) -> None:
        self.workshop.progressed(message)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place where a thread's end comes by, its errors too."""
        job = self.workshop.job
        self.workshop.settle(event.worker, event.state)
        if job is not None and job.ended:
            self._leave_when_all_has_ended(Text(f"{printable(job.title)}: {printable(job.ending)}"))

    def action_cancel_job(self) -> None:
        job = self.workshop.job
        if job is None:
            self.loop.cancel()
        if job is not None:
            job.token.cancel()
            self.workshop.changed.publish(job)

    def _job_changed(self, job: Job) -> None:
        if job.ended or not job.progress.done:
            self._look_at_keys()

    def _look_at_keys(self) -> None:
        """Show which keys work now; the loop may still tell something when the last screen has gone."""
        if self.screen_stack:
            self.screen.refresh_bindings()

    # Screens

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel_job":
            return self.workshop.job is not None or bool(self.loop.jobs)
        if action == "sites":
            return len(self._core.settings.sites) > 1 and self._is_main
        if action == "go":
            no_users = parameters == (_USERS.title,) and not self.has_users
            return (None if no_users else True) if self._is_main else False
        return super().check_action(action, parameters)

    @property
    def _is_main(self) -> bool:
        """Whether nothing lies over the main screens that a person must answer or leave first."""
        # A command of the palette runs while the palette is closing.
        screens = [one for one in self.screen_stack[1:] if not isinstance(one, CommandPalette)]
        return bool(screens) and hasattr(screens[-1], "show_site")

    def action_go(self, title: str) -> None:
        """Show a main screen; the first of them lies under all the others."""
        self._leave_screens(partial(self._go_to, next(one for one in MAIN_SCREENS if one.title == title)))

    def _go_to(self, wanted: MainScreen) -> None:
        while not isinstance(self.screen, BackupsScreen):
            self.pop_screen()
        if wanted.place:
            self.push_screen(wanted.make(Surroundings(self._core, self.workshop, self.notes), self.site))

    def action_sites(self) -> None:
        screen = import_module("tui.screens.sites").SitesScreen(self._core, self.workshop, self.site)
        self.push_screen(screen, self._choose_site)

    def _choose_site(self, name: str | None) -> None:
        if name is None or name == self.site.name:
            return
        self.choose_site(self._core.settings.sites[name])

    def choose_site(self, site: Site) -> None:
        """Make this the present site, on all screens."""
        self._leave_screens(partial(self._show_site, site))

    def _leave_screens(self, then: Callable[[], None]) -> None:
        """Go on with `then`, once a person has agreed to lose what one of the screens has not saved."""
        lost = [line for screen in self.screen_stack for line in getattr(screen, "unsaved", ())]
        if not lost:
            then()
            return
        question = AskScreen("Leave without saving?", ["Not saved yet:", *lost], no="Stay", yes="Leave it unsaved")
        self.push_screen(question, lambda answer: self._leave_unsaved(then) if answer else None)

    def _leave_unsaved(self, then: Callable[[], None]) -> None:
        """What keeps such text over a crash forgets it first."""
        for screen in self.screen_stack:
            forget = getattr(screen, "leave_unsaved", None)
            then = partial(forget, then) if forget is not None else then
        then()

    def _show_site(self, site: Site) -> None:
        self.site = site
        for screen in self.screen_stack:
            follow = getattr(screen, "show_site", None)
            if follow is not None:
                follow(site)
        self._look_what_waits([site])
        self._users.look(self.site)

    def action_help(self) -> None:
        help_screen = import_module("tui.screens.help").HelpScreen
        if not isinstance(self.screen, help_screen):
            self.push_screen(help_screen(self, self.screen))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: what the keys of the screen do now, and each site."""
        offered = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            ours = binding.description and not binding.system and "." not in binding.action
            if ours and active.enabled and active.node in (screen, self) and binding.action not in offered:
                offered.add(binding.action)
                run = partial(self.run_action, binding.action, active.node)
                yield SystemCommand(binding.description, binding.tooltip or "", run)
        for site in self._core.settings.sites.values():
            if site != self.site and self._is_main:
                yield SystemCommand(f"Site {site.name}", "Choose this site", partial(self.choose_site, site))

    # Whether there are users

    @property
    def has_users(self) -> bool:
        """Whether the present site is known to be a library in which users keep their own."""
        return self._users.there

    def _users_changed(self) -> None:
        for screen in self.screen_stack:
            for line in screen.query(TitleLine):
                line.refresh()
        self.screen.refresh_bindings()

    def _say_why_no_users(self, words: str) -> None:
        self.notify(printable(words), severity="warning", markup=False)

    def on_key(self, event: events.Key) -> None:
        """The key of a screen that is not there yet opens it when it is, or says why it is not."""
        if event.key == _USERS.key and self._is_main and not self.has_users and not isinstance(self.focused, Input):
            self._users.want(partial(self._go_to_users, self.screen))

    def _go_to_users(self, asked_on: Screen[object]) -> None:
        """Whoever has gone elsewhere meanwhile, or types, stays there."""
        if self.screen is asked_on and not isinstance(self.focused, Input):
            self.action_go(_USERS.title)

    # What waits

    def _look_what_waits(self, sites: list[Site]) -> None:
        calls = import_module("tui.history_calls")
        self.workshop.read(
            partial(calls.waiting_restores, self._core, sites),
            self._show_what_waits,
            self._cannot_look,
        )

    def _show_what_waits(self, found: list[Waiting]) -> None:
        screen = import_module("tui.screens.pending").PendingScreen
        for waiting in reversed(found):  # the most urgent one on top
            self.push_screen(screen(self._core, self.workshop, waiting))

    def _cannot_look(self, error: GreenroomError) -> None:
        self.push_screen(error_screen(error, "Cannot look for pending restores"))

    def _look_what_is_unsaved(self) -> None:
        sites = list(self._core.settings.sites.values())
        look = partial(_unsaved_texts, self._core, sites)
        self.workshop.read(look, self._say_what_is_unsaved, self._cannot_look_at_edits)

    def _say_what_is_unsaved(self, lines: list[str]) -> None:
        if lines:
            words = "\n".join(["Text was not saved; key 5 has it:", *lines])
            self.notify(words, severity="warning", markup=False, timeout=_SECONDS_TO_READ)

    def _cannot_look_at_edits(self, error: GreenroomError) -> None:
        self.notify(printable(error.message), severity="warning", markup=False, timeout=_SECONDS_TO_READ)

    # What was said

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        self.notes.add(self._core.clock(), _KINDS[severity], f"{title}: {message}" if title else message)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def on_said(self, message: Said) -> None:
        self.notes.add(self._core.clock(), message.kind, message.text)

    def on_loop_told(self, message: LoopTold) -> None:
        """Good news is only noted; what is wrong a person must see, once."""
        event = message.event
        site = self._core.settings.sites.get(event.site or "", self.site)
        text = note_text(event, site.time_zone)
        if event.level != "info" and interrupts(event):
            self.notify(text, severity=event.level, markup=False, timeout=_SECONDS_TO_READ)
        else:
            self.notes.add(self._core.clock(), _KINDS_NOTED[event.level], text)
        self._look_at_keys()


def _unsaved_texts(context: Context, sites: Sequence[Site]) -> list[str]:
    """In a thread, for the import alone takes a tenth of a second."""
    lines: list[str] = import_module("tui.unsaved").unsaved_texts(context, sites)
    return lines


def run_app(context: Context, site_name: str | None = None, *, mouse: bool = True) -> int:
    """Open the app on a site, the first one where none is named; return the exit code of the process."""
    app = GreenroomApp(context, site_name, runs_schedules=True)
    try:
        app.run(mouse=mouse)
    finally:
        app.loop.stop()
        app.loop.wait()
    return app.return_code or 0
