"""Whatever is given, reading returns envelopes that their forms allow, or says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents import DocumentError
from core.forms import InvalidDataError
from core.library.categories import CATEGORIES
from core.library.exchange.reading import Taken, read_envelopes
from core.library.exchange.shape import ANYTHING, Wanted

_FRAME = ("category", "movie_id", "data", "version", "part", "metadata", "context")
_DATA = (
    "items",
    "awards",
    "trivia",
    "Media",
    "title",
    "cast-crew",
    "question",
    "answer",
    "poster-url",
    "posterUrl",
    "year",
)
_KEYS = st.sampled_from(_FRAME + _DATA)
_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["trivia", "awards", "tmdb-550", "1.0", "Goofs"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=12
)
_WANTED = st.builds(
    Wanted,
    category=st.none() | st.sampled_from(CATEGORIES),
    movie_id=st.none() | st.just("tmdb-550"),
    certain=st.booleans(),
)


def outcome(source: str | bytes, wanted: Wanted = ANYTHING) -> list[Taken] | InvalidDataError | DocumentError:
    try:
        return read_envelopes(source, wanted)
    except (InvalidDataError, DocumentError) as error:
        return error


@settings(max_examples=150, derandomize=True, deadline=None)
@given(value=_VALUES, wanted=_WANTED)
def test_any_value_is_read_or_refused_with_places(value: Any, wanted: Wanted) -> None:
    found = outcome(json.dumps(value), wanted)
    if isinstance(found, list):
        assert all(one.envelope.form.check(one.envelope.data).problems == () for one in found)
    else:
        assert found.problems
        assert all(problem.span is not None for problem in found.problems)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(text=st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_refused_in_words(text: str | bytes) -> None:
    found = outcome(text)
    assert not isinstance(found, list)
    assert found.message
