"""Lists merged by their keys, and replaced whole, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.library.categories import CATEGORIES, category_named
from core.library.models import Movie
from tests.core.library.categories.category_support import IDS, fresh, tables

NEW = {
    "genres": "Noir",
    "directors": {"id": None, "name": "New Name", "image": None},
    "writers": {"id": None, "name": "New Name", "image": None},
    "producers": {"id": None, "name": "New Name", "image": None},
    "cast": {"id": None, "name": "New Name", "image": None, "character": None},
    "events": {"date": "2001-01-01", "title": "N", "description": "D", "category": "Award Win", "mediaUrl": None},
    "items": {"question": "New?", "category": "Cameo", "answer": "Yes.", "explanation": None},
    "awards": {"name": "New", "year": 2001, "category": "Best", "status": "Winner"},
    "gallery_images": "https://a.example/new",
    "streaming_options": {"platform": "New", "region": "DE", "type": "free"},
}
LISTS = [(category, key) for category in CATEGORIES for key in category.list_keys]
each = pytest.mark.parametrize(("category", "key"), LISTS, ids=[f"{c.name}-{k}" for c, k in LISTS])


def test_each_list_has_its_key() -> None:
    for category in CATEGORIES:
        properties = category.schema()["properties"]
        assert list(category.list_keys) == [key for key, about in properties.items() if about.get("type") == "array"]


@each
def test_a_merge_adds_what_is_new_and_keeps_the_rest(session: Session, movie: Movie, category: Any, key: str) -> None:
    before = category.read(movie)
    written = category.write(session, movie, {key: [NEW[key]]}, merge_lists=True)
    assert written.updated_fields == (key,)
    after = category.read(fresh(session, movie))
    assert after[key][:-1] == before[key]
    assert after | {key: None} == before | {key: None}
    again = tables(session)
    assert category.write(session, movie, {key: [NEW[key]]}, merge_lists=True).changes == ()
    assert tables(session) == again


@each
def test_a_merge_of_what_is_there_changes_nothing(session: Session, movie: Movie, category: Any, key: str) -> None:
    before = tables(session)
    items = category.read(movie)[key]
    assert category.write(session, movie, {key: items[::-1]}, merge_lists=True).changes == ()
    assert category.write(session, movie, {key: []}, merge_lists=True).changes == ()
    assert tables(session) == before


@each
def test_a_list_is_replaced_whole_and_rows_that_stay_stay(
    session: Session, movie: Movie, category: Any, key: str
) -> None:
    items = category.read(movie)[key]
    wanted = [NEW[key], *items[1:][::-1]]
    before = tables(session)
    category.write(session, movie, {key: wanted})
    read = category.read(fresh(session, movie))[key]
    assert read[1:] == wanted[1:]
    assert len(read) == len(wanted)
    numbers = {name: {row[0] for row in rows} for name, rows in before.items()}
    assert {
        name for name, rows in tables(session).items() if len({row[0] for row in rows} - numbers[name]) > 1
    } == set()


@pytest.mark.parametrize("category", CATEGORIES, ids=IDS)
def test_a_list_may_be_emptied_and_is_not_null(session: Session, movie: Movie, category: Any) -> None:
    for key in category.list_keys:
        category.write(session, movie, {key: []})
        assert category.read(fresh(session, movie))[key] == []
        assert category.check({key: None}).problems


@pytest.mark.parametrize(
    ("name", "key", "change", "field", "value"),
    [
        ("timeline", "events", {"date": "1999-09-10", "title": "PREMIERE in Venice"}, "description", "Other words."),
        ("trivia", "items", {"question": "which song ends the film?"}, "answer", "Another."),
    ],
)
def test_a_merge_changes_the_item_with_the_key(
    session: Session, movie: Movie, name: str, key: str, change: dict[str, Any], field: str, value: str
) -> None:
    category = category_named(name)
    before = category.read(movie)[key]
    number = next(
        place for place, item in enumerate(before) if all(item[k].lower() == v.lower() for k, v in change.items())
    )
    item = {**before[number], **change, field: value}
    category.write(session, movie, {key: [item]}, merge_lists=True)
    after = category.read(fresh(session, movie))[key]
    assert after[number] == item
    assert after[:number] + after[number + 1 :] == before[:number] + before[number + 1 :]


def test_a_merge_leaves_the_keys_that_an_item_does_not_name(session: Session, movie: Movie) -> None:
    trivia = category_named("trivia")
    item = trivia.read(movie)["items"][1]
    assert item["explanation"]
    bare = {key: item[key] for key in ("question", "category")} | {"answer": "Short."}
    trivia.write(session, movie, {"items": [bare]}, merge_lists=True)
    assert trivia.read(movie)["items"][1] == item | {"answer": "Short."}
    trivia.write(session, movie, {"items": [bare]})
    assert trivia.read(movie)["items"] == [{**bare, "explanation": None}]


def test_items_with_the_same_key_are_taken_one_by_one(session: Session, movie: Movie) -> None:
    media = category_named("media")
    twice = ["https://a.example/1", "https://a.example/2", "https://a.example/1"]
    media.write(session, movie, {"gallery_images": twice})
    assert media.read(fresh(session, movie))["gallery_images"] == twice
    media.write(session, movie, {"gallery_images": twice[:1]}, merge_lists=True)
    assert media.read(movie)["gallery_images"] == twice
    media.write(session, movie, {"gallery_images": twice[:1] * 3}, merge_lists=True)
    assert media.read(fresh(session, movie))["gallery_images"] == [*twice, "https://a.example/1"]


@each
def test_another_order_is_a_change_and_said(session: Session, movie: Movie, category: Any, key: str) -> None:
    items = category.read(movie)[key][::-1]
    if len(items) < 2:
        category.write(session, movie, {key: [NEW[key], *items]})
        items = category.read(movie)[key][::-1]
    rows = {name: len(content) for name, content in tables(session).items()}
    (change,) = category.write(session, movie, {key: items}).changes
    assert (change.field, change.after) == (key, items)
    assert change.words == "another order"
    assert category.read(fresh(session, movie))[key] == items
    assert {name: len(content) for name, content in tables(session).items()} == rows


def test_changes_are_said_in_words(session: Session, movie: Movie) -> None:
    written = category_named("basic_info").write(session, movie, {"runtime": 140, "tagline": None, "genres": ["Noir"]})
    assert [str(change.words) for change in written.changes] == [
        '"Mischief. Mayhem. Soap." -> null',
        "139 -> 140",
        "1 item before, 1 now; 1 new or changed, 1 removed or changed",
    ]
