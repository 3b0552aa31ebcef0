"""What a portable backup does with its rows, in words."""

from __future__ import annotations

from collections.abc import Sequence

from core.restore.marker import RowOrder
from core.words import plural, printable

CLEAR = "all rows of these tables go, then the backup's come"
MERGE = "rows with the same key are overwritten, all others stay"


def tables_words(tables: Sequence[str], known: int | None = None) -> str:
    """Given the names of tables, none for all, and how many a backup has, return them in words."""
    if not tables:
        return "all tables" if known is None else f"all {known:,} tables of the backup"
    total = "" if known is None else f" of {known:,}"
    return f"{len(tables):,}{total}: {', '.join(map(printable, tables))}"


def order_words(order: RowOrder | None) -> str:
    """Given what is done with the rows, return it in words; nothing where a database is restored whole."""
    return "" if order is None else mode_words(order.mode, order.tables)


def mode_words(mode: str | None, tables: Sequence[str]) -> str:
    """As `order_words`, of a restore that was made."""
    if mode not in ("clear", "merge"):
        return ""
    named = f"{plural(len(tables), 'table')}: {', '.join(map(printable, tables))}"
    return f"{mode}, {named if tables else 'all tables'}"


def exchange_words(order: RowOrder | None) -> str:
    """Return what of a site is lost when the backup of another one comes."""
    rows = "the rows with the same key" if order is not None and order.mode == "merge" else "all rows of these tables"
    return f"{rows}, and the files, that are there now: those of another site come"
