"""What the list of a site's tables and rows asks of the core, each in a thread."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.records import RecordForm, Row, TableRow, record_form, rows, tables

PAGE = 300
_NEAR = 60  # so many rows before the highlighted one are shown as well
_MOST_LOOKS = 20  # beyond what is known, each at a hundred thousand rows


@dataclass(frozen=True, slots=True)
class RowsWish:
    """Which rows of which table a person wants to see."""

    site: Site
    table: str
    search: str = ""


@dataclass(frozen=True, slots=True)
class RowsView:
    """Some rows from `offset` on; `starts` are the places where known pages begin, and after which key.

    `total` is how many rows are known, with one more where there may be others behind them.
    """

    wish: RowsWish
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    offset: int
    starts: tuple[tuple[int, str | None], ...]
    total: int
    is_whole: bool


def read_tables(context: Context, site: Site) -> list[TableRow]:
    """Return the tables and views of a site; raise GreenroomError."""
    del context
    with reading(site.database_url()) as session:
        return tables(session)


def read_rows(wish: RowsWish, place: int, known: RowsView | None = None) -> RowsView:
    """Return the rows around a place, as far as the pages before it are `known`; raise GreenroomError."""
    starts = known.starts if known is not None else ((0, None),)
    offset, after = max(start for start in starts if start[0] <= max(0, place - _NEAR))
    found: list[Row] = []
    columns: tuple[str, ...] = ()
    looks = 0
    with reading(wish.site.database_url()) as session:
        while True:
            page = rows(session, wish.table, search=wish.search, after=after, limit=PAGE)
            columns, after = page.columns, page.after
            found += page.rows
            end = offset + len(found)
            if after is not None and end >= starts[-1][0]:
                starts = (*(start for start in starts if start[0] < end), (end, after))
                looks += 1
            if after is None or end > place + PAGE // 2 or looks >= _MOST_LOOKS:
                break
    total = end if after is None else max(end + 1, known.total if known is not None else 0)
    return RowsView(wish, columns, tuple(found), offset, starts, total, after is None)


def read_form(site: Site, table: str) -> RecordForm:
    """Return the form of a table's rows; raise GreenroomError."""
    with reading(site.database_url()) as session:
        return record_form(session, table)
