"""What is wrong in a text, a line each; enter goes to the place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.message import Message
from textual.widgets import OptionList

from core.documents import Problem
from core.words import plural
from tui.edit_words import problem_words
from tui.widgets.pick_list import PickList

_MOST = 100


class ProblemList(PickList):
    """Problems in the order of the text; it is not there where there is none."""

    class Wanted(Message):
        """Posted when a person wants to see a problem in the text."""

        def __init__(self, problem: Problem) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__(id="problems", markup=False, compact=True)
        self._problems: Sequence[Problem] = ()
        self.display = False

    def show(self, problems: Sequence[Problem]) -> None:
        """Show these problems."""
        if problems == self._problems:
            return
        self._problems = problems
        shown = problems[:_MOST]
        self.set_options([Text(problem_words(problem)) for problem in shown])
        self.highlighted = 0 if shown else None
        more = f", the first {_MOST} of them" if len(problems) > _MOST else ""
        self.border_title = f"{plural(len(problems), 'problem')}{more}: enter goes there, f8 to the next"
        self.display = bool(problems)

    @property
    def problems(self) -> Sequence[Problem]:
        return self._problems

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Wanted(self._problems[event.option_index]))
