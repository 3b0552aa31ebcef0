"""The list of films: a line each, with a word for each category."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from core.library.categories import CATEGORIES
from core.library.film_edits import FilmEdits
from core.library.films import FilmRow
from core.words import printable
from tui.format import NOTHING, short_age
from tui.library_calls import FilmsView
from tui.widgets.long_list import Column, Line, LongList

FILLED, EMPTY, DRAFT = "yes", NOTHING, "draft"
LEGEND = f"{FILLED} = filled, {EMPTY} = empty, {DRAFT} = a draft waits"
_LONGEST_HEAD = 6
_HEADS = {"basic_info": "Info", "cast_crew": "Cast", "timeline": "Times"}
_NO_EDITS = FilmEdits()
_COLUMNS = (
    Column("Title", 0, least=18),
    Column("Year", 1),
    *(
        Column(_HEADS.get(category.name, category.title[:_LONGEST_HEAD]), 2 + number)
        for number, category in enumerate(CATEGORIES)
    ),
    Column("Id", 20),
    Column("Changed", 21, right=True),
    Column("Source", 22),
)


class FilmTable(LongList):
    """Shows a page of films, a line each, as if all were there; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Edit", id="films.open", key_display="enter", tooltip="Edit the film's categories"),
    ]

    def __init__(self) -> None:
        super().__init__("films", _COLUMNS)
        self._rows: dict[int, FilmRow] = {}
        self.border_subtitle = LEGEND

    @property
    def current(self) -> FilmRow | None:
        """The highlighted film, or None where there is none, or its page is still being read."""
        key = self.current_key
        return self._rows.get(key) if isinstance(key, int) else None

    def show_away(self, text: str) -> None:
        """Say why nobody knows whether there are films at all."""
        self.border_title = self.border_subtitle = None
        self.set_columns(())
        self.show_nothing(text)

    def show(self, view: FilmsView, nothing: str) -> None:
        """Show a page; what is highlighted stays so wherever it is now."""
        if self.border_subtitle is None:
            self.set_columns(_COLUMNS)
            self.border_subtitle = LEGEND
        self._rows = {row.id: row for row in view.rows}
        lines = [
            Line(row.id, film_cells(row, view.edits.get(row.external_id, _NO_EDITS), view.now)) for row in view.rows
        ]
        self.show_lines(lines, offset=view.offset, total=view.survey.total, nothing=nothing)


def film_cells(row: FilmRow, edits: FilmEdits, now: datetime) -> tuple[str, ...]:
    """Return what the list says of a film."""
    return (
        printable(row.title),
        printable(row.year or NOTHING),
        *(_state(row, edits, category.name) for category in CATEGORIES),
        printable(row.external_id),
        short_age(now - edits.changed_at) if edits.changed_at is not None else NOTHING,
        source_words(row, edits),
    )


def source_words(row: FilmRow, edits: FilmEdits) -> str:
    """Return from where a film is: what was noted of changes, besides what its id at TMDB tells."""
    found: list[str] = ["tmdb"] if row.from_tmdb else []
    found += [source for source in ("llm-generated", "manual") if source in edits.sources]
    return ", ".join(found) or NOTHING


def _state(row: FilmRow, edits: FilmEdits, category: str) -> str:
    if category in edits.drafts:
        return DRAFT
    return FILLED if category in row.filled else EMPTY
