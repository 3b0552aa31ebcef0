"""What people and models make of an envelope: mended where it is certain, and else said with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.documents import DocumentError
from core.forms import InvalidDataError
from core.library.categories import category_named
from core.library.exchange.reading import MOST_BYTES, read_envelope, read_envelopes
from core.library.exchange.shape import ANYTHING, Wanted

_ITEM = {"question": "Who?", "category": "Goofs", "answer": "Nobody."}
_TRIVIA: dict[str, Any] = {"items": [_ITEM]}
_HERE = Wanted(movie_id="tmdb-550")
_TRIVIA_HERE = Wanted(category_named("trivia"), "tmdb-550")


def _envelope(**more: Any) -> dict[str, Any]:
    return {"category": "trivia", "movie_id": "tmdb-550", "data": _TRIVIA, **more}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (_envelope(category="Trivia"), ANYTHING),
        ({"category": "trivia", "movieId": "tmdb-550", "data": _TRIVIA}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "data": {"trivia": [_ITEM]}}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "data": [_ITEM]}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "items": [_ITEM]}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "trivia": [_ITEM]}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "data": {"Items": [_ITEM]}}, ANYTHING),
        ({"category": "trivia", "movie_id": "tmdb-550", "data": {"items": [{**_ITEM, "Explanation": None}]}}, ANYTHING),
        ({"movie_id": "tmdb-550", "data": _TRIVIA}, ANYTHING),
        ({"data": _TRIVIA}, _HERE),
        (_TRIVIA, _HERE),
        ({"trivia": [_ITEM]}, _HERE),
        ({"trivia": _TRIVIA}, _HERE),
        ([_ITEM], _HERE),
        ([_ITEM], _TRIVIA_HERE),
    ],
)
def test_one_meaning_is_taken_and_said(value: object, wanted: Wanted) -> None:
    taken = read_envelope(json.dumps(value), wanted)
    assert (taken.envelope.form.name, taken.envelope.key) == ("trivia", "tmdb-550")
    assert [item["question"] for item in taken.envelope.data["items"]] == ["Who?"]
    assert taken.notes


def test_a_models_usual_mess_is_read_and_each_mend_said() -> None:
    text = """Sure! Here is the enriched JSON:
```json
{
  'category': 'cast-crew',  // as you asked
  "movie_id": "tmdb-550",
  "directors": [{"name": "David Fincher", "image": None,},],
}
```
Let me know if you need more."""
    taken = read_envelope(text)
    assert taken.envelope.form.name == "cast_crew"
    assert taken.envelope.data == {"directors": [{"name": "David Fincher", "image": None}]}
    said = "\n".join(taken.notes)
    for word in ("before", "after", "comment", "comma", "quotes", "None", "directors"):
        assert word in said or word == "None"


def test_a_sound_envelope_is_taken_as_it_is() -> None:
    taken = read_envelope(json.dumps(_envelope()).encode())
    assert taken.notes == ()
    assert taken.envelope.data == _TRIVIA


def test_what_was_moved_is_shown_where_it_stands_in_the_text() -> None:
    text = '{"category": "streaming", "movie_id": "m",\n "streaming-options": [\n  {"Platform": 7}]}'
    with pytest.raises(InvalidDataError) as caught:
        read_envelope(text)
    told = [str(problem) for problem in caught.value.problems]
    assert [line.partition(":")[0] for line in told] == [
        "line 3, column 3, data.streaming_options[0].region",
        "line 3, column 3, data.streaming_options[0].type",
        "line 3, column 16, data.streaming_options[0].platform",
    ]


@pytest.mark.parametrize(
    ("value", "wanted", "path"),
    [
        ({"items": []}, ANYTHING, "movie_id"),
        ({"title": "x", "directors": []}, _HERE, "title"),
        ({}, _HERE, "category"),
        ([], _HERE, ""),
        ([[]], _HERE, ""),
        (7, _HERE, ""),
        (_envelope(movie_id="tmdb-551"), _HERE, "movie_id"),
        (_envelope(category="awards", data={"awards": []}), _TRIVIA_HERE, "category"),
        (_envelope(items=[_ITEM]), ANYTHING, "items"),
        (_envelope(data={"items": [], "Items": []}), ANYTHING, "data.Items"),
        (_envelope(data={"items": [], "colour": 1}), ANYTHING, "data.colour"),
        (_envelope(version="2.0"), ANYTHING, "version"),
    ],
)
def test_what_is_open_or_wrong_is_refused(value: object, wanted: Wanted, path: str) -> None:
    with pytest.raises(InvalidDataError) as caught:
        read_envelope(json.dumps(value), wanted)
    assert all(problem.span is not None for problem in caught.value.problems)
    assert path in [".".join(map(str, problem.path)) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"category": "trivia", "movie_id": "m", "data": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
        b'{"category": "trivia", "category": "awards", "movie_id": "m", "data": {}}',
        b'{"category": "trivia", "movie_id": "m\xff", "data": {}}',
        '{"category": "trivia", "movie_id": "m", "data": {}}'.encode("utf-16"),
        b'{"category": "trivia", "movie_id": "m", "data": {"items": [',
        b'{"category": "trivia", "movie_id": "m", "data": NaN}',
        b"",
        b" " * (MOST_BYTES + 1),
    ],
    ids=["depth", "inner depth", "twice", "not UTF-8", "UTF-16", "cut off", "NaN", "empty", "too long"],
)
def test_what_is_no_json_is_refused_with_its_place(text: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        read_envelope(text)
    assert caught.value.problems


def test_a_placeholder_for_the_movie_is_filled_in() -> None:
    assert read_envelope(json.dumps(_envelope(movie_id="MOVIE-ID")), _HERE).envelope.key == "tmdb-550"


def test_a_list_of_envelopes_is_taken_and_its_problems_are_told_together() -> None:
    both = [_envelope(), {"category": "awards", "movie_id": "tmdb-550", "data": {"awards": []}}]
    assert [taken.envelope.form.name for taken in read_envelopes(json.dumps(both))] == ["trivia", "awards"]
    broken = [_envelope(data={"items": [{}]}), {"category": "awards", "movie_id": "tmdb-550", "data": {"awards": [{}]}}]
    with pytest.raises(InvalidDataError) as caught:
        read_envelopes(json.dumps(broken))
    assert {problem.path[0] for problem in caught.value.problems} == {0, 1}
    with pytest.raises(InvalidDataError):
        read_envelope(json.dumps(both))
