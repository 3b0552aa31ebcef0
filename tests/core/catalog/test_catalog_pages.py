"""Pages of the list: filtered, sorted and counted by the database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.catalog import ORDERS, Catalog, FoundBackup, Order, SpanCount
from tests.core.catalog.conftest import NOON, Begin


def _fill(catalog: Catalog, number: int) -> None:
    for at in range(number):
        catalog.insert_found(
            FoundBackup(
                name=f"b{at}",
                site="app",
                kind="snapshot",
                created_at=NOON + timedelta(hours=at),
                created_by="ada",
                completed_at=NOON,
                file_size=(at * 7) % 10 * 100,
                record_count=(at * 3) % 10,
                description=f"100% of_{at}",
            )
        )


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("newest", ["b9", "b8", "b7"]),
        ("oldest", ["b0", "b1", "b2"]),
        ("largest", ["b7", "b4", "b1"]),
        ("smallest", ["b0", "b3", "b6"]),
        ("most rows", ["b3", "b6", "b9"]),
    ],
)
def test_orders(catalog: Catalog, order: Order, names: list[str]) -> None:
    _fill(catalog, 10)
    page = catalog.page("app", order=order, limit=3)
    assert [row.name for row in page.rows] == names
    assert (page.total, page.of, page.offset) == (10, 10, 0)


@pytest.mark.parametrize("order", ORDERS)
def test_pages_hold_every_backup_once(catalog: Catalog, begin: Begin, order: Order) -> None:
    _fill(catalog, 7)
    begin("running", minutes=1)
    names = [row.name for at in range(0, 8, 2) for row in catalog.page("app", order=order, offset=at, limit=2).rows]
    assert sorted(names) == sorted(catalog.names("app"))


@pytest.mark.parametrize("order", ORDERS)
def test_the_page_moves_around_the_backup_that_is_kept(catalog: Catalog, order: Order) -> None:
    _fill(catalog, 30)
    for wanted in catalog.backups("app"):
        page = catalog.page("app", order=order, limit=6, keep=wanted.id)
        assert page.kept_at is not None
        assert page.rows[page.kept_at - page.offset] == wanted
        assert len(page.rows) == 6


def test_a_kept_backup_that_is_gone_or_does_not_match_moves_nothing(catalog: Catalog, begin: Begin) -> None:
    _fill(catalog, 9)
    other = begin("elsewhere", "other")
    for keep in (other.id, 12345):
        page = catalog.page("app", limit=4, offset=2, keep=keep)
        assert (page.kept_at, page.offset) == (None, 2)


def test_an_offset_past_the_end_is_the_last_page(catalog: Catalog) -> None:
    _fill(catalog, 5)
    page = catalog.page("app", offset=1000, limit=2)
    assert [row.name for row in page.rows] == ["b1", "b0"]
    assert page.offset == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("b3", ["b3"]),
        ("  ", ["b4", "b3", "b2", "b1", "b0"]),
        ("100%", ["b4", "b3", "b2", "b1", "b0"]),
        ("of_2", ["b2"]),
        ("of%2", []),
        ("ofx2", []),
        ("\\", []),
        ("OF_ 4", ["b4"]),
        ("pinned", ["b1"]),
        ("pin b2", []),
        ("damag", ["b0"]),
        ("verified", []),
        ("ADOPTED", ["b4", "b3", "b2", "b1", "b0"]),
        ("app", []),
        ("nul\0", []),
    ],
)
def test_a_filter_matches_every_word_as_it_is(catalog: Catalog, text: str, names: list[str]) -> None:
    _fill(catalog, 5)
    ids = {row.name: row.id for row in catalog.backups("app")}
    catalog.set_pinned(ids["b1"], pinned=True)
    catalog.set_verified(ids["b0"], None, error="flipped")
    page = catalog.page("app", text=text)
    assert [row.name for row in page.rows] == names
    assert (page.total, page.of) == (len(names), 5)


def test_days_are_counted(catalog: Catalog, begin: Begin, complete: Begin) -> None:
    complete("good", minutes=1)
    complete("later", minutes=70)
    catalog.fail_backup(begin("bad", minutes=2).id, "no space")
    damaged = complete("damaged", minutes=3)
    catalog.set_verified(damaged.id, None, error="flipped")
    complete("safety", minutes=4, role="safety")
    complete("other", "other", minutes=5)
    begin("running", minutes=6)
    bounds = [NOON + timedelta(hours=hours) for hours in range(4)]
    first, second, third = catalog.span_counts("app", bounds)
    size = catalog.latest("app")
    assert size is not None
    assert first == SpanCount(1, 2, size.file_size)
    assert second == SpanCount(1, 0, size.file_size)
    assert third == SpanCount()
    assert catalog.span_counts("app", bounds[:1]) == ()
    assert catalog.span_counts("nobody", bounds) == (SpanCount(),) * 3
