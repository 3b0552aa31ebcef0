"""The tables of a backup or a site, each in or out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import SelectionList

_IN, _OUT = "in ", "out"


class TableList(SelectionList[str]):
    """Space takes a table out, or in again; it is said in words, for the mark is told apart by its colour alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="The table above"),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="The table below"),
    ]

    def __init__(self) -> None:
        super().__init__(id="tables", compact=True)
        self._told: dict[str, str] = {}

    def show(self, lines: Mapping[str, str], chosen: Collection[str]) -> None:
        """Show a line each for the tables, by their names; `chosen` are in."""
        self._told = dict(lines)
        self.clear_options()
        for name in lines:
            self.add_option((self._prompt(name, is_in=name in chosen), name, name in chosen))
        self.highlighted = 0 if lines else None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The tables that are in, in the order of the list."""
        return tuple(name for name in self._told if name in self.selected)

    @property
    def has_all(self) -> bool:
        return len(self.selected) == len(self._told)

    @on(SelectionList.SelectedChanged)
    def _say(self) -> None:
        chosen = set(self.selected)
        for index, name in enumerate(self._told):
            self.replace_option_prompt_at_index(index, self._prompt(name, is_in=name in chosen))

    def _prompt(self, name: str, *, is_in: bool) -> Text:
        return Text(f"{_IN if is_in else _OUT}  {self._told[name]}")
