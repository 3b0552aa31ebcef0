"""One film whole: its ids, and of each category whether it is filled, from where, how old, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text
from textual.widgets import Static

from core.edits import source_of
from core.errors import GreenroomError
from core.library.film_edits import CategoryState
from core.library.films import FilmRow
from core.reports import format_age
from core.words import printable
from tui.format import NOTHING, aligned, plain_lines
from tui.library_calls import FilmDetails


class FilmPanel(Static):
    """Shows the highlighted film; on a narrow screen its first line alone."""

    def __init__(self) -> None:
        super().__init__(id="film", markup=False)

    def show_film(self, details: FilmDetails, now: datetime) -> None:
        """Show a film with its categories."""
        lines = aligned([tuple(_cells(state, now)) for state in details.states], indent=0)
        self._say(Text("\n").join([film_line(details.row), *map(Text, lines)]))

    def show_row(self, row: FilmRow) -> None:
        """Show what the list knows already, until the rest is read."""
        self._say(Text("\n").join([film_line(row), Text("looking ...")]))

    def show_error(self, error: GreenroomError) -> None:
        self.update(Text(plain_lines(f"CANNOT LOOK: {error.message}\n{error.hint}")))

    def show_nothing(self) -> None:
        self.update("")

    def _say(self, text: Text) -> None:
        """Its height is the same whatever it says: nothing around it is laid out anew."""
        self.update(text, layout=False)


def film_line(row: FilmRow) -> Text:
    """Return a film in one line, its title first."""
    title = printable(f"{row.title} ({row.year})" if row.year else row.title)
    rest = [row.external_id, row.imdb_id or "no IMDb id", row.status or "no status"]
    return Text.assemble((title, "bold"), "  ", printable("  ".join(rest)), no_wrap=True, overflow="ellipsis")


def _cells(state: CategoryState, now: datetime) -> Iterator[str]:
    origin = state.origin
    yield state.title
    yield "filled" if state.filled else "empty"
    yield source_of(origin) or NOTHING
    changed = origin.last_updated
    by = f" by {printable(origin.updated_by)}" if origin.updated_by else ""
    yield f"changed {format_age(now - changed)}{by}" if changed is not None else ""
    draft = state.draft
    if draft is None:
        yield ""
    else:
        yield f"DRAFT, {draft.source}, {format_age(now - draft.updated_at)} by {printable(draft.updated_by)}"
