"""Restore confirmation: what a restore would do, and the consent to it, typed."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from core.catalog import BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, GreenroomError
from core.restore.address import Address
from core.restore.elsewhere import ElsewherePreview
from core.restore.inspect import Preview
from core.words import printable
from tui.consent import NOT_YET, Consent
from tui.restore_choice import AnyPreview, RestoreChoice
from tui.rows import CLEAR, MERGE
from tui.screens.address import AddressScreen
from tui.screens.ask import error_screen
from tui.screens.pick import PickScreen
from tui.screens.restoring import RestoringScreen
from tui.screens.tables import RestoreTablesScreen
from tui.widgets.choice import Choice
from tui.widgets.job_line import JobLine
from tui.widgets.preview import elsewhere_text, preview_text, refused_text
from tui.widgets.restore_lines import RestoreLines
from tui.widgets.steady_footer import SteadyFooter
from tui.work import Job, Workshop

_FIELD = "_" * 24
_READING = "Reading the backup and comparing it with the site ..."
_COMPUTED = "OUTDATED: below is what was chosen before. The new preview is being made ..."
_CANCELLED = "The preview was cancelled: Look again makes it."
_BUSY = "There is no preview: other work is going on. Look again when it is done."
_MODES = (f"clear: {CLEAR}.", f"merge: {MERGE}.")
_FILES = "In both, other tables stay, and the folders of files become those of the backup."


class RestoreScreen(Screen[None]):
    """Given a backup of a site, preview its restore; start it once the site's name was typed.

    Of a portable backup a person chooses mode, tables and target; the preview follows. Given the restore that it
    `undoes`, the backup is the safety backup of that, and there is no staging.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "choose_mode", "Mode", tooltip="Of a portable backup: clear its tables first, or merge"),
        Binding("t", "choose_tables", "Tables", tooltip="Of a portable backup: which of its tables"),
        Binding("i", "choose_target", "Into", tooltip="Of a portable backup: its own site, another, or a database"),
        Binding("escape", "leave", "Back", tooltip="Change nothing"),
        Binding("tab", "app.focus_next", "Next", key_display="tab", tooltip="To the next field or button"),
        Binding("up", "scroll_up", "Scroll", key_display="up/down"),
        Binding("down", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        context: Context,
        workshop: Workshop,
        site: Site,
        backup: BackupRecord,
        *,
        undoes: RestoreRecord | None = None,
    ) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._choice = self._first = RestoreChoice(backup, site, site, undoes=undoes)
        self._preview: AnyPreview | None = None
        self._text = Text()
        self._reason = NOT_YET
        self._job: Job | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield RestoreLines()
        yield Static(id="outdated", markup=False)
        with VerticalScroll(id="preview", can_focus=False):
            yield Static(Text(_READING), id="preview-text", markup=False)
        yield JobLine(self._workshop)
        with Vertical(id="consent"):
            with Horizontal(id="type-name", classes="field"):
                yield Static(id="name-label", markup=False)
                yield Input(id="name", placeholder=_FIELD, compact=True, select_on_focus=False)
            with Horizontal(id="type-version", classes="field"):
                yield Static(id="version-label", markup=False)
                yield Input(id="version", placeholder=_FIELD, compact=True, select_on_focus=False)
            yield Static(id="objection", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", "cancel")
                yield Choice("Look again", "look")
                yield Choice("Stage", "stage", disabled=True)
                yield Choice(self._consent_label, "now", disabled=True)
        yield SteadyFooter()

    @property
    def _consent_label(self) -> str:
        return "Restore now" if self._choice.undoes is None else "Undo now"

    def on_mount(self) -> None:
        self._show_choice()
        self._look()

    def on_unmount(self) -> None:
        """Nobody waits for a preview any more."""
        if self._job is not None:
            self._job.token.cancel()

    # What is chosen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "choose_mode":
            return self._choice.is_open and not isinstance(self._choice.into, Address)
        return self._choice.is_open if action in ("choose_tables", "choose_target") else True

    @on(Button.Pressed, "#choose-mode")
    def action_choose_mode(self) -> None:
        def picked(number: int | None) -> None:
            if number is not None:
                self._choose(replace(self._choice, mode="merge" if number else "clear"))

        question = PickScreen("How?", _MODES, int(self._choice.mode == "merge"), foot=_FILES)
        self.app.push_screen(question, picked)

    @on(Button.Pressed, "#choose-tables")
    def action_choose_tables(self) -> None:
        def chosen(tables: tuple[str, ...] | None) -> None:
            if tables is not None:
                self._choose(replace(self._choice, tables=tables))

        self.app.push_screen(RestoreTablesScreen(self._core, self._workshop, self._choice), chosen)

    @on(Button.Pressed, "#choose-into")
    def action_choose_target(self) -> None:
        own, now = self._choice.of, self._choice.into
        sites = [own, *(site for site in self._core.settings.sites.values() if site != own)]
        texts = [f"{site.name}, {'its own site' if site == own else 'another site'}" for site in sites]
        texts.append("an empty database, by its URL: at once, and it cannot be undone")

        def picked(number: int | None) -> None:
            if number == len(sites):
                self.app.push_screen(AddressScreen(), typed)
            elif number is not None:
                self._choose(replace(self._choice, into=sites[number]))

        def typed(address: Address | None) -> None:
            if address is not None:
                self._choose(replace(self._choice, into=address))

        present = sites.index(now) if isinstance(now, Site) else len(sites)
        self.app.push_screen(PickScreen("Into what?", texts, present), picked)

    def _choose(self, choice: RestoreChoice) -> None:
        """Take this, and make its preview; one that is being made for something else is given up."""
        if choice == self._choice:
            return
        if choice.into != self._choice.into:
            self.query_one("#name", Input).value = ""
        self._choice = choice
        self._show_choice()
        if self._job is not None:
            self._job.token.cancel("something else was chosen")
            self._forget(NOT_YET)
        else:
            self._look()

    def _show_choice(self) -> None:
        choice = self._choice
        self.query_one("#title", Static).update(Text(printable(f"{choice.question}   Nothing is changed yet.")))
        self.query_one(RestoreLines).show(choice)
        kind = "database to fill" if isinstance(choice.into, Address) else "site"
        label = f"Type the name of the {kind}, {printable(choice.word)}:"
        self.query_one("#name-label", Static).update(Text(label))
        self.query_one("#stage").display = choice.can_be_staged
        self.refresh_bindings()

    # The preview

    @on(Button.Pressed, "#look")
    def _look(self) -> None:
        if self._workshop.job is not None:
            self._forget(_BUSY)
            return
        choice = self._choice

        def show(preview: AnyPreview) -> None:
            self._ended()
            if self.is_running and not self._looked_in_vain(choice):
                self._show(preview)

        def failed(error: GreenroomError) -> None:
            self._ended()
            if self.is_running and not self._looked_in_vain(choice):
                self._failed(error)

        self._job = self._workshop.start(f"preview of {choice.backup.name}", choice.preview(self._core), show, failed)
        self._forget(NOT_YET)

    def _ended(self) -> None:
        self._job = None

    def _looked_in_vain(self, choice: RestoreChoice) -> bool:
        """Whether something else was chosen meanwhile; then look at that."""
        if choice != self._choice:
            self._look()
        return choice != self._choice

    def _forget(self, reason: str) -> None:
        """What stands there is of something else, or old: say so, and that nothing can be done on its ground."""
        self._preview, self._reason = None, reason
        outdated = reason if reason != NOT_YET else _COMPUTED if self._text else ""
        self._say_outdated(outdated)
        self._offer()

    def _say_outdated(self, text: str) -> None:
        line = self.query_one("#outdated", Static)
        line.display = bool(text)
        line.update(Text(text, "bold"))
        self.query_one("#preview-text").set_class(bool(text), "-outdated")

    def _show(self, preview: AnyPreview) -> None:
        now = self._core.clock()
        self._preview = preview
        if isinstance(preview, ElsewherePreview):
            self._draw(elsewhere_text(preview, self._choice.of, now))
        else:
            self._draw(preview_text(preview, self._choice.of, now))
        version = self._consent.accepted_version
        self.query_one("#type-version").display = version is not None
        label = f"Type the version of the backup, {printable(version or '')}:"
        self.query_one("#version-label", Static).update(Text(label))
        self._offer()

    def _draw(self, text: Text) -> None:
        self._text = text
        self._say_outdated("")
        self.query_one("#preview-text", Static).update(text)
        self.query_one("#preview", VerticalScroll).scroll_home(animate=False)

    def _failed(self, error: GreenroomError) -> None:
        """What was chosen here can be chosen otherwise; a backup that cannot be restored at all is left."""
        if isinstance(error, CancelledError):
            self._forget(_CANCELLED)
        elif self._choice == self._first:
            self.app.push_screen(error_screen(error, "This backup cannot be restored"), self._leave_after)
        else:
            self._forget("Not possible, as is said above.")
            self._draw(refused_text(error))

    def _leave_after(self, _: None) -> None:
        if self.is_current:
            self.dismiss()

    # The consent

    @property
    def _consent(self) -> Consent:
        return Consent(
            choice=self._choice,
            preview=self._preview,
            typed_name=self.query_one("#name", Input).value.strip(),
            typed_version=self.query_one("#version", Input).value.strip(),
            read_only=self._core.read_only,
            reason=self._reason,
        )

    @on(Input.Changed)
    def _offer(self) -> None:
        """Enable what may be done now, and say what is missing for the rest."""
        preview, consent = self._preview, self._consent
        self.query_one("#stage", Button).disabled = consent.against_staging() is not None
        self.query_one("#now", Button).disabled = consent.against_now() is not None
        in_the_way = isinstance(preview, Preview) and bool(preview.blockers or preview.holders)
        self.query_one("#look", Button).display = in_the_way or (preview is None and self._job is None)
        self.query_one("#type-name").display = not consent.is_impossible
        if consent.is_impossible or consent.accepted_version is None:
            self.query_one("#type-version").display = False
        self.query_one("#objection", Static).update(Text(consent.words()))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#stage")
    def _stage(self) -> None:
        self._restore(now=False)

    @on(Button.Pressed, "#now")
    def _now(self) -> None:
        self._restore(now=True)

    def _restore(self, *, now: bool) -> None:
        consent, choice = self._consent, self._choice
        if (consent.against_now() if now else consent.against_staging()) is not None:
            return
        if self._workshop.job is not None:
            self.notify("other work has begun meanwhile: wait until it is done", severity="warning", markup=False)
            return
        verb = choice.verb(self._core, now=now, accept_version=consent.accepted_version)
        self.app.switch_screen(RestoringScreen(self._core, self._workshop, choice.task(now=now), verb))

    # Moving about

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll_up(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_up(animate=False)

    def action_scroll_down(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_down(animate=False)

    def action_page_up(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        self.query_one("#preview", VerticalScroll).scroll_page_down(animate=False)
