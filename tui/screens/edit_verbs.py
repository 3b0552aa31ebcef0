"""What is done with a text in the editor: kept as a draft, published after questions, dropped."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from rich.text import Text
from textual.screen import Screen

from core.config import Site
from core.context import Context
from core.edits import Comparison, ConflictError, Draft, OnConflict, Preview, Published
from core.errors import GreenroomError
from core.forms import AmbiguousError, InvalidDataError, Question
from core.reports import format_time
from core.words import plural, printable
from tui.edit_calls import (
    OtherDraft,
    Publication,
    decided,
    drop,
    keep_draft,
    look_ahead,
    make_live,
    problems_of,
    publication_of,
)
from tui.edit_words import difference_lines, written_lines
from tui.format import section
from tui.screens.ask import AskScreen, error_screen
from tui.screens.pick import PickScreen
from tui.screens.publish import Answer, DecideScreen
from tui.widgets.sheet_pane import SheetPane
from tui.work import Workshop

_KEEP_MINE = Answer("Keep mine", "ours")
_KEEP_THEIRS = Answer("Keep theirs", "theirs")


class EditVerbs(Screen[None]):
    """A screen with sheets, of which one is shown."""

    def __init__(self, context: Context, workshop: Workshop, site: Site) -> None:
        super().__init__()
        self._core = context
        self._workshop = workshop
        self._site = site

    @property
    @abstractmethod
    def pane(self) -> SheetPane | None:
        """The pane of the sheet that is shown."""

    # A draft

    def action_save(self) -> None:
        self._with_text(self._save)

    def _save(self, pane: SheetPane) -> None:
        if pane.examined is not None:
            call = partial(keep_draft, self._core, self._site, pane.sheet, pane.basis, pane.examined, pane.draft)
            self._workshop.read(call, partial(self._saved, pane, pane.text), partial(self._failed, pane))

    def _saved(self, pane: SheetPane, text: str, draft: Draft | OtherDraft) -> None:
        if isinstance(draft, OtherDraft):
            self._ask_to_overwrite(pane, draft.draft)
            return
        self.app.notify(f"{printable(pane.sheet.form.title)}: the draft is kept; nothing is live yet", markup=False)
        if pane.is_attached:
            pane.was_kept(draft, text)

    def _ask_to_overwrite(self, pane: SheetPane, present: Draft) -> None:
        when = format_time(present.updated_at, self._site.time_zone)
        lines = [
            f"{printable(present.updated_by)} kept another draft {when}.",
            "Yours would take its place, and it would be lost.",
        ]
        question = AskScreen("The draft is another one meanwhile", lines, no="Cancel", yes="Overwrite it")
        self.app.push_screen(question, lambda answer: self._overwrite(pane, present) if answer else None)

    def _overwrite(self, pane: SheetPane, present: Draft) -> None:
        pane.draft = present
        self.action_save()

    # Live

    def action_publish(self) -> None:
        self._with_text(self._publish)

    def _publish(self, pane: SheetPane) -> None:
        if pane.examined is not None:
            call = partial(publication_of, self._core, self._site, pane.sheet, pane.basis, pane.examined)
            self._workshop.read(call, partial(self._look_ahead, pane), partial(self._failed, pane))

    def _look_ahead(self, pane: SheetPane, wanted: Publication) -> None:
        call = partial(look_ahead, self._core, self._site, pane.sheet, wanted)
        self._workshop.read(call, partial(self._ask, pane, wanted), partial(self._could_not, pane, wanted))

    def _could_not(self, pane: SheetPane, wanted: Publication, error: GreenroomError) -> None:
        if isinstance(error, AmbiguousError):
            self._ask_who(pane, wanted, list(error.questions))
        elif isinstance(error, ConflictError):
            self._ask_whose(pane, wanted, error.comparison)
        else:
            self._failed(pane, error)

    def _ask_who(self, pane: SheetPane, wanted: Publication, questions: list[Question]) -> None:
        """Ask what only a person knows, one question after another; then look again."""
        if not self.is_running:
            return
        if not questions:
            self._look_ahead(pane, wanted)
            return
        question, *others = questions
        texts = [
            printable(f"{one.name}: {one.about}" if one.about else one.name) + f"  ({printable(one.id)})"
            for one in question.candidates
        ]
        texts.append(f"somebody else: a new {question.kind}" if question.kind == "person" else f"a new {question.kind}")
        asked = f'Which {question.kind} is "{printable(question.wanted)}"?'
        foot = f"{plural(len(questions), 'question')} to go; nothing is written before all are answered"
        screen = PickScreen(asked, texts, 0, foot)

        def answered(number: int | None) -> None:
            if number is not None:
                one = question.candidates[number].id if number < len(question.candidates) else None
                answers = {**wanted.answers, (question.kind, question.wanted): one}
                self._ask_who(pane, replace(wanted, answers=answers), others)

        self.app.push_screen(screen, answered)

    def _ask(self, pane: SheetPane, wanted: Publication, seen: Preview) -> None:
        comparison = seen.comparison
        if not self.is_running:
            return
        if comparison.conflict:
            self._ask_whose(pane, wanted, comparison)
            return
        if not comparison.changes:
            drop = "; ctrl+r drops the draft" if pane.draft is not None else ""
            self.notify(f"nothing differs from what is live: nothing is written{drop}", markup=False)
            pane.look()
            return
        about = pane.view.about if pane.view is not None else pane.sheet.title
        title = f"Publish {printable(pane.sheet.form.title)} of {printable(about)}?"
        blocks = [
            section(f"{plural(len(comparison.changes), 'change')} to what is live", difference_lines(comparison)),
            section("Besides", written_lines(seen.written)),
        ]
        self.app.clear_notifications()  # they would lie over the question
        screen = DecideScreen(title, blocks, [Answer("Publish", "publish")])
        self.app.push_screen(screen, lambda answer: self._make_live(pane, wanted) if answer else None)

    def _ask_whose(self, pane: SheetPane, wanted: Publication, seen: Comparison) -> None:
        """Tell what both sides changed, and ask which gives way where they contradict each other."""
        if not self.is_running:
            return
        if seen.base_known:
            title = "Somebody else changed it too"
            words = [
                (
                    "Yours is this text, live is what the site has now. What only one side changed stays so; where "
                    "both changed the same, choose whose is kept. You see the result before anything is written."
                ),
            ]
            answers = [_KEEP_MINE, _KEEP_THEIRS]
        else:
            title = "Nobody knows which state this text was made from"
            words = [
                "Somebody else may have changed what is live since. Your text would change:",
            ]
            answers = [Answer("Put mine in its place", "ours"), Answer("Fill only what is empty", "theirs")]
        blocks = [Text("\n".join(words) + "\n"), section("The difference", difference_lines(seen))]

        def answered(answer: str | None) -> None:
            if answer is not None:
                side: OnConflict = "ours" if answer == "ours" else "theirs"
                self._look_ahead(pane, decided(pane.sheet, wanted, seen, side))

        self.app.clear_notifications()
        self.app.push_screen(DecideScreen(title, blocks, answers), answered)

    def _make_live(self, pane: SheetPane, wanted: Publication) -> None:
        call = partial(make_live, self._core, self._site, pane.sheet, wanted, pane.draft)
        self._workshop.read(call, partial(self._published, pane, pane.text), partial(self._could_not, pane, wanted))

    def _published(self, pane: SheetPane, text: str, published: Published) -> None:
        fields = ", ".join(published.written.updated_fields) or "nothing differed"
        self.app.notify(f"{printable(pane.sheet.form.title)} is live: {printable(fields)}", markup=False)
        if pane.is_attached:
            pane.was_published(text)

    # Without the draft

    def action_drop(self) -> None:
        pane = self.pane
        draft = pane.view.draft if pane is not None and pane.view is not None else None
        if pane is None or draft is None:
            return
        lines = [
            f"The draft of {printable(draft.updated_by)}: {', '.join(map(printable, draft.data)) or 'no key'}.",
            "It is lost, and what is live stays as it is.",
        ]
        if pane.is_unsaved:
            lines.append("The text that is not saved stays in the editor.")
        question = AskScreen("Drop the draft?", lines, no="Keep it", yes="Drop it")
        self.app.push_screen(question, lambda answer: self._drop(pane) if answer else None)

    def _drop(self, pane: SheetPane) -> None:
        call = partial(drop, self._core, self._site, pane.sheet)
        self._workshop.read(call, partial(self._dropped, pane), partial(self._failed, pane))

    def _dropped(self, pane: SheetPane, _: Draft) -> None:
        self.app.notify(f"{printable(pane.sheet.form.title)}: the draft is dropped", markup=False)
        if pane.is_attached:
            pane.look()

    # What both need

    def _with_text(self, then: Callable[[SheetPane], None]) -> None:
        """Go on once it is known what the text means as it stands."""
        pane = self.pane
        if pane is not None:
            pane.when_examined(partial(self._if_sound, pane, then))

    def _if_sound(self, pane: SheetPane, then: Callable[[SheetPane], None]) -> None:
        if pane.examined is not None and pane.examined.problems:
            many = plural(len(pane.examined.problems), "problem")
            self.notify(f"{many}: nothing is kept or published; f8 goes there", severity="warning", markup=False)
            pane.show_problems(pane.examined.problems)
        else:
            then(pane)

    def _failed(self, pane: SheetPane, error: GreenroomError) -> None:
        """Say why it did not work; what is wrong in the text stands there."""
        if isinstance(error, InvalidDataError) and pane.is_attached and pane.examined is not None:
            pane.show_problems(problems_of(error, pane.examined))
        self.app.push_screen(error_screen(error))
        if pane.is_attached:
            pane.look()
