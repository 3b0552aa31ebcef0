"""Templates: each imports as it is, takes nothing away, and says what the schema says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.forms import encode_envelope, estimated_tokens, revision_of
from core.forms.schemas import keys_at
from core.library.categories import CATEGORIES, Category
from core.library.exchange.reading import read_envelope
from core.library.exchange.shape import Wanted
from core.library.exchange.templates import PLACEHOLDER, example_of, template
from core.library.models import Movie

each_category = pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)


@each_category
def test_a_template_of_a_movie_reads_back_as_the_movies_own_data(category: Category[Any], movie: Movie) -> None:
    taken = read_envelope(encode_envelope(template(category, movie)))
    assert taken.notes == ()
    assert (taken.envelope.form, taken.envelope.key) == (category, "tmdb-550")
    assert taken.envelope.data == category.read(movie)
    assert taken.envelope.source == "llm-generated"
    assert taken.envelope.revision == revision_of(category.read(movie))


@each_category
def test_a_template_without_a_movie_reads_back_and_needs_only_the_id(category: Category[Any]) -> None:
    text = encode_envelope(template(category, None))
    assert read_envelope(text).envelope.key == PLACEHOLDER
    assert read_envelope(text, Wanted(movie_id="tmdb-550")).envelope.key == "tmdb-550"


@each_category
def test_the_example_names_every_key_and_is_allowed(category: Category[Any]) -> None:
    example = example_of(category.schema())
    assert tuple(example) == keys_at(category.schema(), ())
    assert category.check(example).problems == ()
    for key in category.list_keys:
        (item,) = example[key]
        assert not isinstance(item, dict) or tuple(item) == keys_at(category.schema(), (key, 0))


@each_category
def test_the_instructions_say_of_every_key_what_it_means(category: Category[Any]) -> None:
    told = template(category, None)["instructions"]["fields"]
    keys = {
        (*path, key)
        for path in ((), *((key, 0) for key in category.list_keys))
        for key in keys_at(category.schema(), path)
    }
    assert len(told) == len(keys)
    assert all("Allowed: " in words and len(words) > len("Allowed: .") + 10 for words in told.values())


@each_category
def test_a_template_of_an_empty_movie_shows_the_form_of_what_is_empty(
    category: Category[Any], library: Session
) -> None:
    with library.begin_nested() as step:
        movie = Movie(external_id="new-1", title="Untitled")
        library.add(movie)
        library.flush()
        made = template(category, movie)
        step.rollback()
    examples = made["context"]["example_of_what_is_empty"]
    assert set(examples) == {key for key, value in made["data"].items() if value in (None, [])}
    assert category.check(examples).problems == ()


def test_the_context_tells_which_movie_it_is(movie: Movie) -> None:
    context = template(CATEGORIES[0], movie)["context"]
    assert context["title"] == "Fight Club"
    assert context["year"] == "1999"
    assert context["directors"] == ["David Fincher"]
    assert context["imdb_id"] == "tt0137523"


def test_templates_are_small(movie: Movie) -> None:
    for category in CATEGORIES:
        made = template(category, movie)
        assert estimated_tokens(json.dumps(made).encode()) < 3_000
