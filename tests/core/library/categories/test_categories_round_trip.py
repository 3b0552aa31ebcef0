"""What a category reads it writes, on filled data; and it writes nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from core.forms import InvalidDataError
from core.library.categories import CATEGORIES, FILE_NAMES, NAMES, Category, Known, category_named
from core.library.categories.fields import Data
from core.library.models import Movie
from tests.core.library.categories.category_support import IDS, emptied, fresh, new_movie, tables

TABLES = {
    "basic_info": {"movies", "movie_genres", "genres"},
    "cast_crew": {"credits", "people"},
    "timeline": {"timeline_events"},
    "trivia": {"trivia_items"},
    "awards": {"awards"},
    "media": {"movies", "gallery_images"},
    "streaming": {"streaming_options"},
}

each = pytest.mark.parametrize("category", CATEGORIES, ids=IDS)


def as_read(value: Any) -> Any:
    """A value that went through JSON text."""
    return json.loads(json.dumps(value))


def test_the_seven_are_there_with_both_names() -> None:
    assert NAMES == ("basic_info", "cast_crew", "timeline", "trivia", "awards", "media", "streaming")
    assert FILE_NAMES[:2] == ("basic-info", "cast-crew")
    assert category_named("cast-crew") is category_named("cast_crew")


@each
def test_every_movie_comes_back_after_it_was_emptied(session: Session, category: Category[Any]) -> None:
    known = Known(session)
    filled = 0
    for movie in session.scalars(select(Movie).order_by(Movie.id)):
        data = as_read(category.read(movie))
        assert list(data) == [about.alias or name for name, about in category.model.model_fields.items()]
        category.write(session, movie, emptied(category))
        assert category.read(movie) == data | emptied(category)
        written = category.write(session, movie, data, known=known)
        assert category.read(movie) == data
        assert set(written.updated_fields) == {
            key for key, value in data.items() if value != emptied(category).get(key, value)
        }
        filled += bool(written.changes)
    assert filled
    session.expire_all()
    for movie in session.scalars(select(Movie).order_by(Movie.id).limit(3)):
        assert category.write(session, movie, category.read(movie)).changes == ()


@each
def test_the_data_comes_back_in_another_movie(session: Session, movie: Movie, category: Category[Any]) -> None:
    data = as_read(category.read(movie))
    assert any(data.values())
    other = new_movie(session)
    category.write(session, other, data)
    assert category.read(fresh(session, other)) == data


@each
def test_what_is_written_as_it_was_read_changes_no_row(session: Session, category: Category[Any]) -> None:
    before = tables(session)
    for movie in session.scalars(select(Movie).order_by(Movie.id)):
        written = category.write(session, movie, as_read(category.read(movie)))
        assert (written.changes, written.notes) == ((), ())
    assert tables(session) == before


@each
def test_only_the_tables_of_the_category_and_rows_of_the_movie_change(
    session: Session, movie: Movie, category: Category[Any]
) -> None:
    before = tables(session)
    category.write(session, movie, emptied(category))
    after = tables(session)
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    assert changed <= TABLES[category.name]
    fight_club = [row for row in before["movies"] if row[0] == movie.id]
    assert [row for row in before["movies"] if row not in fight_club] == [
        row for row in after["movies"] if row[0] != movie.id
    ]
    assert (before["people"], before["genres"]) == (after["people"], after["genres"])


@pytest.mark.parametrize(
    ("category", "key"),
    [(category, key) for category in CATEGORIES for key in category.schema()["properties"]],
    ids=[f"{category.name}-{key}" for category in CATEGORIES for key in category.schema()["properties"]],
)
def test_one_key_changes_only_what_it_names(session: Session, movie: Movie, category: Category[Any], key: str) -> None:
    before = category.read(movie)
    value = emptied(category).get(key, "Another title")
    written = category.write(session, movie, {key: value})
    assert written.updated_fields == ((key,) if before[key] != value else ())
    assert category.read(fresh(session, movie)) == before | {key: value}
    others = [other for other in CATEGORIES if other is not category]
    kept = {other.name: other.read(movie) for other in others}
    session.rollback()
    assert kept == {other.name: other.read(movie) for other in others}


@each
def test_no_key_changes_nothing(session: Session, movie: Movie, category: Category[Any]) -> None:
    before = tables(session)
    assert category.write(session, movie, {}).changes == ()
    assert tables(session) == before


@each
def test_a_rollback_leaves_nothing(engine: Engine, session: Session, movie: Movie, category: Category[Any]) -> None:
    before = tables(session)
    data = emptied(category)
    if category.name == "cast_crew":
        data["cast"] = [{"name": "Nobody Yet", "character": "Somebody"}]
    if category.name == "basic_info":
        data["genres"] = ["Never Heard Of"]
    category.write(session, movie, data)
    assert tables(session) != before
    session.rollback()
    with Session(engine) as other:
        assert tables(other) == before
    assert tables(session) == before


@each
def test_refused_data_changes_nothing(session: Session, movie: Movie, category: Category[Any]) -> None:
    before = tables(session)
    with pytest.raises(InvalidDataError) as caught:
        category.write(session, movie, emptied(category) | {"unknown_key": 1}, before=("data",))
    assert caught.value.problems[0].path == ("data", "unknown_key")
    assert not session.dirty
    assert not session.new
    assert tables(session) == before


@each
def test_the_schema_describes_every_key_and_promises_no_default(category: Category[Any]) -> None:
    schema = category.schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    assert issubclass(category.model, Data)
    for described in objects:
        assert described["additionalProperties"] is False
        assert described["description"]
        for about in described["properties"].values():
            assert about["description"]
            assert "default" not in about
    assert "required" not in schema
    json.dumps(schema)
