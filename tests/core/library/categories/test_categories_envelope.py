"""The envelope: as the seed has it, read with all its problems at once, split where it is large."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.documents import Path
from core.forms import MOST_TOKENS, encode_envelope, estimated_tokens, make_envelope, revision_of, split_envelope
from core.library.categories import CATEGORIES, Category, category_named, open_envelope
from core.library.models import Movie
from tests.core.library.categories.category_support import IDS, fresh

NOW = dt.datetime(2025, 11, 2, 5, 15, 25, 813298, tzinfo=dt.UTC)
SEED: dict[str, Any] = {
    "category": "timeline",
    "movie_id": "tmdb-550",
    "version": "1.0",
    "exported_at": "2025-11-02T05:15:25.813298+00:00",
    "data": {"events": []},
    "metadata": {
        "source": "tmdb",
        "last_updated": "2025-11-02T05:15:25.813298+00:00",
        "updated_by": "admin@iwm.com",
    },
}
TRIVIA = category_named("trivia")
each = pytest.mark.parametrize("category", CATEGORIES, ids=IDS)


def made(category: Category[Any], movie: Movie) -> dict[str, Any]:
    return make_envelope(category, movie, exported_at=NOW, source="manual", last_updated=NOW, updated_by="ada")


@each
def test_what_is_made_is_read_again(movie: Movie, category: Category[Any]) -> None:
    envelope = made(category, movie)
    assert list(envelope) == ["category", "movie_id", "version", "exported_at", "data", "metadata"]
    text = encode_envelope(envelope)
    opened = open_envelope(json.loads(text))
    assert opened.problems == ()
    assert opened.envelope is not None
    assert opened.envelope.form is category
    assert opened.envelope.data == category.read(movie)
    assert (opened.envelope.key, opened.envelope.exported_at) == ("tmdb-550", NOW)
    assert (opened.envelope.source, opened.envelope.updated_by) == ("manual", "ada")
    assert opened.envelope.revision == revision_of(category.read(movie))
    assert not opened.envelope.merge_lists


def test_every_export_of_the_demo_is_read_again_and_small(session: Session) -> None:
    for movie in session.scalars(select(Movie)):
        for category in CATEGORIES:
            text = encode_envelope(made(category, movie))
            assert open_envelope(json.loads(text)).problems == ()
            assert estimated_tokens(text) <= MOST_TOKENS


def test_an_envelope_of_the_seed_has_no_revision() -> None:
    envelope = open_envelope(SEED).envelope
    assert envelope is not None
    assert (envelope.revision, envelope.source, envelope.last_updated) == (None, "tmdb", NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"category": "cast-crew", "data": {"cast": []}},
        {"category": "cast_crew", "data": {}},
        {"exported_at": "2025-11-02T05:15:25Z"},
        {"exported_at": None, "metadata": {}},
        {"metadata": {"source": "llm-generated"}},
        {"metadata": None},
        {"instructions": "Answer with JSON only.", "context": {"title": "Fight Club", "year": "1999"}},
    ],
)
def test_variations_are_read(change: dict[str, Any]) -> None:
    assert open_envelope(SEED | change).problems == ()


def test_category_movie_and_data_are_enough() -> None:
    assert open_envelope({key: SEED[key] for key in ("category", "movie_id", "data")}).envelope is not None


@pytest.mark.parametrize(
    ("change", "path", "allowed"),
    [
        ({"category": "timelines"}, ("category",), 'did you mean "timeline"?'),
        ({"category": 1}, ("category",), "basic_info"),
        ({"movie_id": ""}, ("movie_id",), "text of 1 to 50 characters"),
        ({"movie_id": 550}, ("movie_id",), "text"),
        ({"version": "2.0"}, ("version",), '"1.0"'),
        ({"version": 1.0}, ("version",), '"1.0"'),
        ({"exported_at": "2025-11-02T05:15:25"}, ("exported_at",), "a time with its zone"),
        ({"exported_at": "yesterday"}, ("exported_at",), "a time with its zone"),
        ({"data": []}, ("data",), "an object"),
        ({"data": {"events": [{}]}}, ("data", "events", 0, "date"), "a date"),
        ({"data": {"event": []}}, ("data", "event"), 'did you mean "events"?'),
        ({"metadata": {"source": "chatgpt"}}, ("metadata", "source"), '"llm-generated"'),
        ({"metadata": {"sources": None}}, ("metadata", "sources"), 'did you mean "source"?'),
        ({"metadata": {"revision": 7}}, ("metadata", "revision"), "text"),
        ({"metadata": {"updated_by": "x" * 256}}, ("metadata", "updated_by"), "255"),
        ({"part": {"number": 0, "of": 2}}, ("part", "number"), "from 1"),
        ({"events": []}, ("events",), "category, movie_id"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(change: dict[str, Any], path: Path, allowed: str) -> None:
    opened = open_envelope(SEED | change)
    assert opened.envelope is None
    assert opened.problems[0].path == path
    assert allowed in opened.problems[0].allowed


def test_problems_of_the_envelope_and_of_the_data_come_at_once() -> None:
    opened = open_envelope({"category": "trivia", "data": {"items": [{"question": ""}]}, "metadata": 7, "x": 1})
    assert {problem.path for problem in opened.problems} == {
        ("movie_id",),
        ("metadata",),
        ("x",),
        ("data", "items", 0, "question"),
        ("data", "items", 0, "category"),
        ("data", "items", 0, "answer"),
    }


def test_of_an_unknown_version_nothing_else_is_told() -> None:
    (problem,) = open_envelope({"version": "2.0", "new": True}).problems
    assert "does not know" in problem.found


@pytest.mark.parametrize("value", [None, [], "x", 7, {}])
def test_what_is_no_envelope_is_refused(value: object) -> None:
    assert open_envelope(value).problems


ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.none(), max_size=2)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(change=st.dictionaries(st.sampled_from([*SEED, "part", "zz"]), ODD, max_size=4))
def test_any_envelope_is_read_or_refused(change: dict[str, Any]) -> None:
    opened = open_envelope(SEED | change)
    assert (opened.envelope is None) == bool(opened.problems)


def test_a_revision_depends_on_the_values_alone() -> None:
    assert revision_of({"a": 1, "b": [None, "\u00e9"]}) == revision_of({"b": [None, "\u00e9"], "a": 1})
    assert revision_of({"a": [1, 2]}) != revision_of({"a": [2, 1]})
    assert len(revision_of({})) == 16


def test_a_revision_changes_with_the_category_and_only_with_it(session: Session, movie: Movie) -> None:
    before = {category.name: revision_of(category.read(movie)) for category in CATEGORIES}
    TRIVIA.write(session, movie, {"items": []})
    after = {category.name: revision_of(category.read(fresh(session, movie))) for category in CATEGORIES}
    assert {name for name in before if before[name] != after[name]} == {"trivia"}


@each
def test_the_schema_of_the_envelope_holds_that_of_the_data(category: Category[Any]) -> None:
    schema = category.envelope_schema()
    assert set(schema["properties"]["data"]["properties"]) == set(category.schema()["properties"])
    assert schema["properties"]["category"]["enum"][0] == category.name
    assert schema["required"] == ["category", "movie_id", "data"]
    named = json.dumps(schema).split('"$ref": "#/$defs/')[1:]
    assert {text.split('"')[0] for text in named} <= set(schema["$defs"])


def test_the_estimate_counts_bytes() -> None:
    assert [estimated_tokens(b"x" * size) for size in (0, 1, 3, 4)] == [0, 1, 1, 2]


def test_a_small_export_is_one_part_as_it_is(movie: Movie) -> None:
    envelope = made(TRIVIA, movie)
    assert split_envelope(envelope) == [envelope]


@each
def test_parts_are_small_and_imported_one_by_one_change_nothing(
    session: Session, movie: Movie, category: Category[Any]
) -> None:
    envelope = made(category, movie)
    parts = split_envelope(envelope, 350)
    data = category.read(movie)
    for number, part in enumerate(parts, 1):
        opened = open_envelope(json.loads(encode_envelope(part))).envelope
        assert opened is not None
        assert opened.part is None or (opened.part.number, opened.part.of) == (number, len(parts))
        assert estimated_tokens(encode_envelope(part)) <= 350
        assert opened.merge_lists == (len(parts) > 1)
        assert category.write(session, movie, opened.data, merge_lists=opened.merge_lists).changes == ()
    assert category.read(fresh(session, movie)) == data


def test_a_large_export_is_split_and_comes_together_again(session: Session, movie: Movie) -> None:
    items = [
        {"question": f"Question {n}?", "category": "Cameo", "answer": "Long. " * 40, "explanation": None}
        for n in range(300)
    ]
    TRIVIA.write(session, movie, {"items": items})
    parts = split_envelope(made(TRIVIA, movie))
    assert len(parts) > 5
    assert max(estimated_tokens(encode_envelope(part)) for part in parts) <= MOST_TOKENS
    assert [item for part in parts for item in part["data"]["items"]] == items
    TRIVIA.write(session, movie, {"items": []})
    for part in parts:
        TRIVIA.write(session, movie, part["data"], merge_lists=True)
    assert TRIVIA.read(fresh(session, movie))["items"] == items


def test_parts_with_equal_questions_come_to_the_right_items(session: Session, movie: Movie) -> None:
    item = {"question": "Again?", "category": "Cameo", "explanation": None}
    items = [{**item, "answer": f"{n}. " * 60} for n in range(9)]
    TRIVIA.write(session, movie, {"items": items})
    parts = split_envelope(made(TRIVIA, movie), 350)
    assert len(parts) > 3
    for part in parts:
        assert TRIVIA.write(session, movie, part["data"], merge_lists=True).changes == ()


def test_values_that_are_no_lists_stand_in_one_part_each(session: Session, movie: Movie) -> None:
    info = category_named("basic_info")
    info.write(session, movie, {"overview": "Long. " * 700, "tagline": None, "genres": []})
    data = info.read(movie)
    parts = split_envelope(made(info, movie), 1_600)
    assert len(parts) > 1
    assert {key: value for part in parts for key, value in part["data"].items()} == data
    assert sum(len(part["data"]) for part in parts) == len(data)
