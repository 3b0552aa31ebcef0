"""Every limit of every category, refused with its path and with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents import Path
from core.errors import UsageError
from core.library.categories import CATEGORIES, category_named
from core.library.categories.fields import LONGEST_TEXT, MOST_ITEMS

EVENT = {"date": "1999-09-10", "title": "Premiere", "description": "Shown.", "category": "Premiere"}
QUESTION = {"question": "Who?", "category": "Cameo", "answer": "He."}
AWARD = {"name": "Award", "year": 2000, "category": "Best Film", "status": "Winner"}
OPTION = {"platform": "Reel", "region": "DE", "type": "free"}
PERSON = {"name": "Edward Norton"}
FAR = "https://movies.example/" + "x" * 500
ITEMS = {
    ("timeline", "events"): EVENT,
    ("trivia", "items"): QUESTION,
    ("awards", "awards"): AWARD,
    ("streaming", "streaming_options"): OPTION,
    ("cast_crew", "directors"): PERSON,
    ("cast_crew", "writers"): PERSON,
    ("cast_crew", "producers"): PERSON,
    ("cast_crew", "cast"): PERSON,
}
LISTS = [*ITEMS, ("basic_info", "genres"), ("media", "gallery_images")]

VALUES: list[tuple[str, str, list[Any]]] = [
    ("basic_info", "title", ["", "x" * 201, None, 1, "nul \0", "\ud800"]),
    ("basic_info", "tagline", ["x" * 501, False, []]),
    ("basic_info", "year", [1999, "99", "19999", "199x", "", "\u0661\u0669\u0669\u0669", "1999\n"]),
    ("basic_info", "release_date", ["1999", "1999-13-01", "1999-02-29", "19991015", "1999-10-15T00:00:00", "", 0]),
    ("basic_info", "runtime", [-1, 2**31, "139", 139.5, 139.0, True]),
    ("basic_info", "rating", ["x" * 11, 18]),
    ("basic_info", "language", ["x" * 51]),
    ("basic_info", "country", ["x" * 51]),
    ("basic_info", "overview", ["x" * (LONGEST_TEXT + 1)]),
    ("basic_info", "budget", [-1, 2**63, 1.5, "1", 10**400]),
    ("basic_info", "revenue", [-1, 2**63]),
    ("basic_info", "status", ["Released", "", 1]),
    ("basic_info", "siddu_score", [-0.1, 100.1, "92", float("nan"), float("inf"), True, 10**400]),
    ("basic_info", "critics_score", [-1, 101]),
    ("basic_info", "imdb_rating", [-1, 10.01]),
    ("basic_info", "rotten_tomatoes_score", [-1, 101, 81.5]),
    ("media", "poster_url", ["", "x.png", "ftp://a.example/x", "https://", "http://a b/", FAR, "javascript:x", 1]),
    ("media", "backdrop_url", [FAR, "http://[", "https://a.example:x/"]),
    ("media", "trailer_url", [FAR, "https://a.example/\u2028"]),
]
ITEM_VALUES: list[tuple[str, str, str, list[Any]]] = [
    ("timeline", "events", "date", [None, "10.09.1999", 0]),
    ("timeline", "events", "title", [None, "", "x" * 201]),
    ("timeline", "events", "description", [None, 1, "x" * (LONGEST_TEXT + 1)]),
    ("timeline", "events", "category", [None, "premiere", "Other"]),
    ("timeline", "events", "mediaUrl", ["clip.mp4", FAR]),
    ("trivia", "items", "question", [None, "", "x" * (LONGEST_TEXT + 1)]),
    ("trivia", "items", "category", [None, "Goof"]),
    ("trivia", "items", "answer", [None, 1, "x" * (LONGEST_TEXT + 1)]),
    ("trivia", "items", "explanation", [1, "x" * (LONGEST_TEXT + 1)]),
    ("awards", "awards", "id", ["", 1, "x" * 121]),
    ("awards", "awards", "name", [None, "", "x" * 201]),
    ("awards", "awards", "organization", ["x" * 201]),
    ("awards", "awards", "ceremony_id", ["x" * 81]),
    ("awards", "awards", "ceremony", ["x" * 201]),
    ("awards", "awards", "year", [None, 1879, 2201, "2000", 2000.5]),
    ("awards", "awards", "category", [None, "", "x" * 201]),
    ("awards", "awards", "nominee", ["x" * 256]),
    ("awards", "awards", "status", [None, "Won", "winner"]),
    ("awards", "awards", "country", ["x" * 51]),
    ("awards", "awards", "language", ["x" * 51]),
    ("awards", "awards", "prestige_level", ["world"]),
    ("awards", "awards", "notes", ["x" * (LONGEST_TEXT + 1)]),
    ("streaming", "streaming_options", "platform", [None, "", "x" * 101]),
    ("streaming", "streaming_options", "region", [None, "", "x" * 51]),
    ("streaming", "streaming_options", "type", [None, "lease"]),
    ("streaming", "streaming_options", "price", [3.99, "x" * 21]),
    ("streaming", "streaming_options", "quality", ["8K", "hd"]),
    ("streaming", "streaming_options", "url", ["reel", FAR]),
    ("streaming", "streaming_options", "verified", [None, 1, "true"]),
    ("cast_crew", "directors", "id", ["", 7, "x" * 51]),
    ("cast_crew", "writers", "name", [None, "", "x" * 101]),
    ("cast_crew", "producers", "image", ["me.png", FAR]),
    ("cast_crew", "cast", "character", ["", 1, "x" * 201]),
]
CASES: list[tuple[str, Any, Path]] = [
    *((category, {key: value}, (key,)) for category, key, values in VALUES for value in values),
    *(
        (category, {key: [{**ITEMS[category, key]}, {**ITEMS[category, key], field: value}]}, (key, 1, field))
        for category, key, field, values in ITEM_VALUES
        for value in values
    ),
    *((category, {key: value}, (key,)) for category, key in LISTS for value in (None, {}, "x")),
    *(
        (category, {key: [ITEMS.get((category, key), "https://a.example/")] * (MOST_ITEMS + 1)}, (key,))
        for category, key in LISTS
    ),
    *((category, {key: [7]}, (key, 0)) for category, key in LISTS),
    ("basic_info", {"genres": ["Drama", ""]}, ("genres", 1)),
    ("basic_info", {"genres": ["x" * 101]}, ("genres", 0)),
    ("media", {"gallery_images": ["https://a.example/x", "x"]}, ("gallery_images", 1)),
    ("media", {"gallery_images": [FAR]}, ("gallery_images", 0)),
]


@pytest.mark.parametrize(
    ("name", "data", "path"), CASES, ids=[f"{n}-{'.'.join(map(str, p))}-{i}" for i, (n, _, p) in enumerate(CASES)]
)
def test_a_limit_is_refused_with_its_path(name: str, data: Any, path: Path) -> None:
    checked = category_named(name).check(data, ("data",))
    assert checked.data is None
    assert [problem.path for problem in checked.problems] == [("data", *path)]
    problem = checked.problems[0]
    assert problem.allowed
    assert problem.found
    assert str(problem).isprintable()
    assert len(str(problem)) < 600


def test_each_key_has_a_case() -> None:
    keys = {(category, path[-1]) for category, _, path in CASES if isinstance(path[-1], str)}
    for category in CATEGORIES:
        schema = category.schema()
        for part in (schema, *schema.get("$defs", {}).values()):
            for key in part["properties"]:
                assert (category.name, key) in keys, f"no limit of {category.name}.{key} is tried"


@pytest.mark.parametrize(
    ("name", "data", "path", "allowed"),
    [
        ("basic_info", {"titel": "x"}, ("titel",), 'did you mean "title"?'),
        ("basic_info", {"releaseDate": "x"}, ("releaseDate",), 'did you mean "release_date"?'),
        ("streaming", {"streaming": []}, ("streaming",), 'did you mean "streaming_options"?'),
        (
            "timeline",
            {"events": [{**EVENT, "media_url": None}]},
            ("events", 0, "media_url"),
            'did you mean "mediaUrl"?',
        ),
        (
            "trivia",
            {"items": [{**QUESTION, "difficulty": 1}]},
            ("items", 0, "difficulty"),
            "question, category, answer",
        ),
        ("cast_crew", {"directors": [{**PERSON, "character": "x"}]}, ("directors", 0, "character"), "id, name, image"),
        ("media", {"\x1b[31m": 1}, ("\x1b[31m",), "poster_url"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(name: str, data: Any, path: Path, allowed: str) -> None:
    (problem,) = category_named(name).check(data).problems
    assert problem.path == path
    assert allowed in problem.allowed
    assert str(problem).isprintable()


@pytest.mark.parametrize(("key", "item"), ITEMS.items(), ids=lambda value: str(value)[:20])
def test_a_missing_key_of_an_item_is_told(key: tuple[str, str], item: dict[str, Any]) -> None:
    for missing in item:
        data = {key[1]: [{k: v for k, v in item.items() if k != missing}]}
        (problem,) = category_named(key[0]).check(data).problems
        assert (problem.path, problem.found) == ((key[1], 0, missing), "is missing")
        assert problem.allowed


def test_all_problems_come_at_once() -> None:
    data = {"title": None, "yaer": "1999", "runtime": "139", "genres": [1, "Drama", ""], "imdb_rating": 11}
    paths = [problem.path for problem in category_named("basic-info").check(data).problems]
    assert sorted(map(str, paths)) == sorted(
        map(str, [("title",), ("yaer",), ("runtime",), ("genres", 0), ("genres", 2), ("imdb_rating",)])
    )


def test_an_unknown_category_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        category_named("casts_crew")
    assert 'did you mean "cast-crew"?' in caught.value.hint
    with pytest.raises(UsageError) as caught:
        category_named("")
    assert "streaming" in caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = sorted({key for category in CATEGORIES for key in category.schema()["properties"]})
ITEM_KEYS = sorted(
    {key for c in CATEGORIES for part in c.schema().get("$defs", {}).values() for key in part["properties"]}
)
NEAR = st.dictionaries(
    st.sampled_from(KEYS), JSON | st.lists(st.dictionaries(st.sampled_from(ITEM_KEYS), JSON, max_size=5), max_size=3)
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(data=JSON | NEAR)
def test_any_json_is_taken_or_refused_with_paths_that_lead_somewhere(data: Any) -> None:
    for category in CATEGORIES:
        checked = category.check(data)
        assert (checked.data is None) == bool(checked.problems)
        for problem in checked.problems:
            place = data
            for part in problem.path[:-1]:
                place = place[part]
            assert problem.found == "is missing" or not problem.path or place[problem.path[-1]] is not place
            assert str(problem).isprintable()


def test_of_a_hostile_text_not_every_problem_is_told() -> None:
    found = category_named("basic_info").check({f"k{number}": 1 for number in range(5_000)}, ("data",)).problems

    assert len(found) == 1_001
    assert str(found[-1]) == "data: 4,000 problems more"
