"""Asks which films shall be listed: by what their categories hold, by drafts, status and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from core.library.categories import CATEGORIES
from core.library.films import FilmQuery
from tui.schedule_fields import Value
from tui.screens.ask import Box
from tui.widgets.choice import Choice
from tui.widgets.one_of import OneOf, Stepped

_OF_CATEGORY: tuple[tuple[Value, str], ...] = ((None, "filled or empty"), ("filled", "filled"), ("empty", "empty"))
_DRAFTS: tuple[tuple[Value, str], ...] = ((None, "with a draft or without"), (True, "with a draft"))
_STATUS: tuple[tuple[Value, str], ...] = (
    (None, "any"),
    ("released", "released"),
    ("upcoming", "upcoming"),
    ("in-production", "in production"),
)
_SOURCES: tuple[tuple[Value, str], ...] = (
    (None, "any"),
    (True, "TMDB: it has an id there"),
    (False, "not TMDB: it has no id there"),
)


@dataclass(frozen=True, slots=True)
class FilmFilter:
    """What is asked for besides the words of the search."""

    query: FilmQuery = field(default_factory=FilmQuery)
    drafted: bool = False

    def words(self) -> list[str]:
        """Return in words what is asked for, nothing where all films are."""
        query = self.query
        told = [f"{category.title.lower()} filled" for category in CATEGORIES if category.name in query.filled]
        told += [f"{category.title.lower()} empty" for category in CATEGORIES if category.name in query.empty]
        told += ["with a draft"] if self.drafted else []
        told += [str(query.status)] if query.status is not None else []
        if query.from_tmdb is not None:
            told.append("from TMDB" if query.from_tmdb else "not from TMDB")
        return told


class FilmFilterScreen(Box[FilmFilter | None]):
    """Given what is asked for now, the result is what shall be; None leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="films.cancel", tooltip="Leave it as it was"),
        Binding("enter", "go", "Show", id="films.go", tooltip="List the films for which all of this holds"),
    ]
    AUTO_FOCUS = "OneOf"

    def __init__(self, present: FilmFilter) -> None:
        super().__init__()
        self._present = present

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text("Which films?", "bold"), classes="box-title", markup=False)
            for name, label, words in _fields():
                with Horizontal(classes="field film-field"):
                    yield Static(label, markup=False)
                    yield OneOf(words, name)
            with Horizontal(classes="choices"):
                yield Choice("Show", "go")
                yield Choice("Cancel", "cancel")
                yield Choice("All films", "all")
            yield Static("up/down: the fields; left/right: the words; enter shows", classes="box-foot", markup=False)

    def on_mount(self) -> None:
        query = self._present.query
        for category in CATEGORIES:
            filled, empty = category.name in query.filled, category.name in query.empty
            self._field(category.name).choose("filled" if filled else "empty" if empty else None)
        self._field("drafts").choose(True if self._present.drafted else None)
        self._field("status").choose(query.status)
        self._field("source").choose(query.from_tmdb)

    def _field(self, name: str) -> OneOf:
        return self.query_one(f"#{name}", OneOf)

    @on(Stepped)
    def _step(self, event: Stepped) -> None:
        if event.steps > 0:
            self.focus_next()
        else:
            self.focus_previous()

    @on(Button.Pressed, "#go")
    def action_go(self) -> None:
        chosen = {category.name: self._field(category.name).value for category in CATEGORIES}
        status, source = self._field("status").value, self._field("source").value
        query = replace(
            self._present.query,
            filled=frozenset(name for name, value in chosen.items() if value == "filled"),
            empty=frozenset(name for name, value in chosen.items() if value == "empty"),
            status=next((one for one in ("released", "upcoming", "in-production") if one == status), None),
            from_tmdb=source if isinstance(source, bool) else None,
        )
        self.dismiss(FilmFilter(query, drafted=self._field("drafts").value is True))

    @on(Button.Pressed, "#all")
    def _all(self) -> None:
        query = self._present.query
        self.dismiss(FilmFilter(FilmQuery(search=query.search, sort=query.sort)))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


def _fields() -> Iterator[tuple[str, str, Sequence[tuple[Value, str]]]]:
    for category in CATEGORIES:
        yield category.name, category.title, _OF_CATEGORY
    yield "drafts", "Drafts", _DRAFTS
    yield "status", "Status", _STATUS
    yield "source", "Source", _SOURCES
