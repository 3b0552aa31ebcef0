"""The form of a schedule: a line a field, with what is wrong in it beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.geometry import Offset, Region
from textual.message import Message
from textual.widgets import Input, Static

from core.catalog import ScheduleSettings
from tui.schedule_fields import FIELDS, Field, Section, Typed, Value, read_typed, shown_fields, value_text
from tui.widgets.one_of import STEPS, OneOf, Stepped

_LONGEST = 100


class FieldInput(Input):
    """A field in which something is typed. One for a number or a time takes no letters: they are keys there."""

    BINDINGS: ClassVar[list[BindingType]] = [*STEPS]

    def __init__(self, one: Field) -> None:
        restrict = f"[{one.only}]*" if one.only else None
        super().__init__(id=one.name, compact=True, select_on_focus=False, max_length=_LONGEST, restrict=restrict)
        self._only = one.only

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return super().check_consume_key(key, character) and not self._is_key(character)

    async def _on_key(self, event: events.Key) -> None:
        if self._is_key(event.character):
            event.prevent_default()

    def _is_key(self, character: str | None) -> bool:
        is_letter = character is not None and character.isprintable() and character not in self._only
        return is_letter and self._only != ""

    def action_step(self, steps: int) -> None:
        self.post_message(Stepped(steps))


class ScheduleForm(VerticalScroll, can_focus=False):
    """Shows settings, and says what a person makes of them, where `may_change` allows that."""

    class Changed(Message):
        """Posted when something was typed or chosen."""

    class Refused(Message):
        """Posted when something was typed or chosen that may not be changed; it stands there as before."""

    class Entered(Message):
        """Posted when a person goes into a part of the form."""

        def __init__(self, section: Section) -> None:
            super().__init__()
            self.section = section

    def __init__(self, settings: ScheduleSettings) -> None:
        super().__init__(id="form")
        self.may_change = False
        self._settings = settings
        self._typed = Typed(settings)
        self._beside: dict[str, str | None] = {}

    @property
    def typed(self) -> Typed:
        """What the form says now."""
        return self._typed

    def compose(self) -> ComposeResult:
        section: Section = "times"
        for one in FIELDS:
            if one.section != section:
                section = one.section
                yield Static(Text("What is kept; the rest goes after each scheduled backup", "bold"), id="kept-head")
            with Horizontal(id=f"row-{one.name}", classes="form-row"):
                yield Static(one.label, classes="form-label", markup=False)
                yield OneOf(one.words, one.name) if one.words else FieldInput(one)
                yield Static(one.hint, id=f"beside-{one.name}", classes="form-beside", markup=False)

    def on_mount(self) -> None:
        self.show(self._settings)

    def show(self, settings: ScheduleSettings) -> None:
        """Show settings, in place of whatever stands in the form."""
        self._settings = settings
        with self.prevent(Input.Changed):
            for one in FIELDS:
                control = self._control(one)
                if isinstance(control, OneOf):
                    control.choose(getattr(settings, one.name))
                else:
                    control.value = value_text(one, settings)
        self._look()

    @on(Input.Changed)
    @on(OneOf.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        if not self.may_change:
            self.show(self._settings)
            self.post_message(self.Refused())
            return
        self._look()
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(Stepped)
    def _step(self, event: Stepped) -> None:
        """To the next field, and no further than the last one."""
        event.stop()
        shown = [self._control(one) for one in shown_fields(self._typed.settings.frequency)]
        place = next((number for number, one in enumerate(shown) if one.has_focus), 0)
        shown[max(0, min(place + event.steps, len(shown) - 1))].focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for one in FIELDS:
            if one.name == event.widget.id:
                self.post_message(self.Entered(one.section))

    def on_resize(self) -> None:
        self._keep_in_sight()

    def scroll_to_region(self, region: Region, **options: Any) -> Offset:
        """At once: a scrolling that is on its way would end where the field was before something was said beside it."""
        return super().scroll_to_region(region, **{**options, "animate": False})

    def _keep_in_sight(self) -> None:
        """What is said beside a field may be of several lines, and push it out of a small form."""
        for row in self.query(".form-row:focus-within"):
            self.call_after_refresh(row.scroll_visible, animate=False)

    def _control(self, one: Field) -> OneOf | FieldInput:
        return self.query_one(f"#{one.name}", OneOf) if one.words else self.query_one(f"#{one.name}", FieldInput)

    def _values(self) -> Iterator[tuple[str, Value]]:
        for one in FIELDS:
            yield one.name, self._control(one).value

    def _look(self) -> None:
        """Say what is wrong, and show the fields that the frequency needs."""
        self._typed = read_typed(dict(self._values()), self._settings)
        needed = {one.name for one in shown_fields(self._typed.settings.frequency)}
        for one in FIELDS:
            self.query_one(f"#row-{one.name}").display = one.name in needed
            problem = self._typed.problems.get(one.name)
            if problem != self._beside.get(one.name, ""):  # each update is a layout of the whole screen
                self._beside[one.name] = problem
                beside = Text(one.hint, "dim") if problem is None else Text(problem, "bold")
                self.query_one(f"#beside-{one.name}", Static).update(beside)
        self._keep_in_sight()
