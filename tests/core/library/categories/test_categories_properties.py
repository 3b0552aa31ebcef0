"""Whatever the model of a category allows is stored and comes back as it was."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from core.library.categories import CATEGORIES, Category, category_named
from core.library.categories.matching import folded
from tests.core.library.categories.category_support import IDS, fresh, new_movie

BOUNDED = settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0")


def values_of(schema: dict[str, Any], part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """JSON that a part of a schema allows."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        return st.one_of(*(values_of(schema, option) for option in part["anyOf"]))
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "string": lambda: texts_of(part),
        "integer": lambda: st.integers(part["minimum"], part["maximum"]),
        "number": lambda: st.floats(part["minimum"], part["maximum"]) | st.just(part["maximum"]),
        "boolean": st.booleans,
        "null": st.none,
        "array": lambda: st.lists(values_of(schema, part["items"]), max_size=5),
        "object": lambda: st.fixed_dictionaries(
            {key: values_of(schema, about) for key, about in part["properties"].items()}
        ),
    }
    return kinds[part["type"]]()


def texts_of(part: dict[str, Any]) -> st.SearchStrategy[str]:
    if part.get("format") == "date":
        return st.dates(dt.date(1, 1, 1)).map(dt.date.isoformat)
    if part.get("format") == "uri":
        address = "https://movies.example/"
        return st.text("abc/?=%-", max_size=part["maxLength"] - len(address)).map(lambda path: address + path)
    if "pattern" in part:
        return st.from_regex(part["pattern"].replace("$", r"\Z"))
    least, most = part.get("minLength", 0), part["maxLength"]
    short = st.text(LETTERS, min_size=least, max_size=min(12, most))
    return short | st.text(LETTERS, min_size=1, max_size=4).map(lambda text: (text * most)[:most])


def told_apart(data: dict[str, Any]) -> dict[str, Any]:
    """The data with every person, genre and platform named once, and no ids: nothing to ask about."""
    result: dict[str, Any] = {}
    for number, (key, value) in enumerate(data.items()):
        result[key] = value
        if isinstance(value, list):
            by_name: dict[str, Any] = {}
            for item in value:
                changed = item
                if isinstance(item, dict) and "image" in item:
                    # One who stands in several lists is one person, with one image.
                    changed = item | {"id": None, "name": f"{number}{item['name']}"[:100]}
                elif isinstance(item, dict) and "id" in item:
                    changed = item | {"id": None}
                by_name.setdefault(folded(name_of(changed)), changed)
            result[key] = list(by_name.values())
    return result


def name_of(item: Any) -> str:
    return str(item.get("name") or item.get("platform") or item) if isinstance(item, dict) else str(item)


@pytest.mark.parametrize("category", CATEGORIES, ids=IDS)
def test_what_a_model_allows_comes_back_as_it_was(engine: Engine, category: Category[Any]) -> None:
    schema = category.schema()

    @BOUNDED
    @given(data=values_of(schema, schema).map(told_apart))
    def comes_back(data: dict[str, Any]) -> None:
        with Session(engine) as session:
            movie = new_movie(session)
            category.write(session, movie, json.loads(json.dumps(data)))
            read = category.read(fresh(session, movie))
            assert category.write(session, movie, json.loads(json.dumps(read))).changes == ()
            session.rollback()
        assert without_ids(read) == without_ids(data)

    comes_back()


@pytest.mark.parametrize("category", CATEGORIES, ids=IDS)
def test_some_of_the_keys_change_those_and_no_others(engine: Engine, category: Category[Any]) -> None:
    schema = category.schema()
    keys = list(schema["properties"])

    @settings(BOUNDED, max_examples=15)
    @given(data=values_of(schema, schema).map(told_apart), present=st.sets(st.sampled_from(keys)))
    def only_those(data: dict[str, Any], present: set[str]) -> None:
        with Session(engine) as session:
            movie = new_movie(session)
            category.write(session, movie, data)
            before = category.read(movie)
            empty = {key: [] if isinstance(before[key], list) else before[key] for key in present}
            written = category.write(session, movie, empty)
            assert category.read(fresh(session, movie)) == before | empty
            assert set(written.updated_fields) == {key for key in present if before[key] != empty[key]}
            session.rollback()

    only_those()


def without_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [without_ids(item) for item in value]
    if isinstance(value, dict):
        return {key: without_ids(inner) for key, inner in value.items() if key != "id"}
    return value


def test_platforms_and_people_that_have_an_id_need_no_name_of_their_own(engine: Engine) -> None:
    with Session(engine) as session:
        movie = new_movie(session)
        cast = [{"id": f"twin-{n}", "name": "Twin", "image": None, "character": None} for n in range(3)]
        category_named("cast_crew").write(session, movie, {"cast": cast})
        assert category_named("cast_crew").read(fresh(session, movie))["cast"] == cast
        session.rollback()
