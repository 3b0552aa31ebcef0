"""Whatever the format allows goes into an empty library and comes out as it was."""

from __future__ import annotations

import string
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.errors import VerificationError
from core.library.models.users import QUICK_RECOMMENDERS
from tests.core.library.transfer.transfer_support import (
    JONAS,
    MIRA,
    NOW,
    Json,
    add_user,
    bring_back,
    exported,
    library,
    stored,
    take_in,
)

BOUNDED = settings(
    max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
TIMES = st.floats(allow_nan=False, allow_infinity=False).map(lambda time: time + 0.0)
MODIFIED = TIMES.filter(bool) | st.floats(NOW - 5, NOW + 5)
PEOPLE = st.lists(
    st.sampled_from([*(name for name, _ in QUICK_RECOMMENDERS.values()), "Ann", "ann", "Tom"])
    | st.text(LETTERS, min_size=1, max_size=5),
    unique=True,
    max_size=5,
)
# Often the same, so that files meet in them.
IMDB_IDS = st.sampled_from(["tt1", "tt01", "tt2", "tt10"]) | st.text(string.digits, min_size=1, max_size=10).map(
    "tt".__add__
)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TIMES | st.text(max_size=40) | st.sampled_from(["tt1", "watched", 2]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def libraries(draw: st.DrawFn) -> Json:
    """A library whose records go together, every key of it there."""
    names = draw(PEOPLE)
    lists = draw(st.lists(st.sampled_from("ab") | st.text(LETTERS, min_size=1, max_size=4), unique=True, max_size=3))
    films = draw(st.lists(IMDB_IDS, unique=True, max_size=6))
    person = {"is_trusted": st.booleans(), "color": st.text(LETTERS, max_size=9), "last_modified": MODIFIED}
    emoji = st.none() | st.text(LETTERS, max_size=16)
    votes = st.fixed_dictionaries({"date_recommended": TIMES, "vote_type": st.booleans()})
    rest: dict[str, st.SearchStrategy[Any]] = {
        "media_type": st.just("movie"),
        "status": st.sampled_from(["toWatch", "watched", "deleted", "custom"]),
        "custom_list_id": st.sampled_from([None, *lists]),
        "last_modified": MODIFIED,
        "watch_history": st.none() | st.fixed_dictionaries({"date_watched": TIMES, "my_rating": st.floats(1, 10)}),
    }
    own = {
        "name": st.text(LETTERS, min_size=1, max_size=5),
        "color": st.text(LETTERS, max_size=9),
        "icon": st.text(LETTERS, max_size=5),
        "position": st.integers(0, 2**31 - 1),
        "created_at": TIMES,
        "last_modified": MODIFIED,
    }
    rank = {"liked": st.booleans(), "position": st.integers(1, 2**31 - 1), "ranked_at": TIMES}
    said = {film: sorted(draw(st.sets(st.sampled_from(names)) if names else st.just(set()))) for film in films}
    return library(
        people=[{"name": name, **draw(st.fixed_dictionaries(person | {"emoji": emoji}))} for name in sorted(names)],
        lists=[{"id": one, **draw(st.fixed_dictionaries(own))} for one in lists],
        movies=[
            {
                "imdb_id": film,
                **draw(st.fixed_dictionaries(rest)),
                "recommendations": [{"person_name": name, **draw(votes)} for name in said[film]],
            }
            for film in sorted(films)
        ],
        rankings=[{"imdb_id": film, **draw(st.fixed_dictionaries(rank))} for film in draw(_some(films))],
    )


def _some(films: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(films), unique=True) if films else st.just([])


def in_order(data: Json) -> Json:
    """The data in the order in which an export has it."""
    return without_quick(data) | {
        "lists": sorted(data["lists"], key=lambda one: (one["position"], one["id"])),
        "rankings": sorted(data["rankings"], key=lambda one: (not one["liked"], one["position"], one["imdb_id"])),
    }


def without_quick(data: Json) -> Json:
    """The data without the four people whom everybody has."""
    quick = {name for name, _ in QUICK_RECOMMENDERS.values()}
    people = [person for person in data["people"] if person["name"] not in quick]
    return data | {"people": people, "exported_at": None}


@BOUNDED
@given(data=libraries())
def test_a_file_goes_in_comes_out_and_goes_in_elsewhere(session: Session, tmp_path: Path, data: Json) -> None:
    take_in(session, tmp_path, data)
    out = exported(session)
    assert without_quick(out) == in_order(data)
    before = stored(session)
    again = take_in(session, tmp_path, data, now=NOW + 100)
    assert (again.changes, stored(session)) == (0, before)
    bring_back(session, tmp_path, out, JONAS)
    assert exported(session, JONAS) == out
    session.rollback()


@BOUNDED
@given(first=libraries(), second=libraries())
def test_a_restore_gives_exactly_what_the_file_says(
    session: Session, tmp_path: Path, first: Json, second: Json
) -> None:
    take_in(session, tmp_path, first)
    report = bring_back(session, tmp_path, second)
    assert report.success
    assert without_quick(exported(session)) == in_order(second)
    assert report.totals["people"] == len(exported(session)["people"])
    before = stored(session)
    assert bring_back(session, tmp_path, second).changes == 0
    assert stored(session) == before
    session.rollback()


@BOUNDED
@given(first=libraries(), second=libraries())
def test_a_merge_removes_nothing_and_the_later_one_wins(
    session: Session, tmp_path: Path, first: Json, second: Json
) -> None:
    take_in(session, tmp_path, first)
    before = {one["imdb_id"]: one for one in exported(session)["movies"]}
    take_in(session, tmp_path, second)
    after = {one["imdb_id"]: one for one in exported(session)["movies"]}
    incoming = {one["imdb_id"]: one for one in second["movies"]}
    assert after.keys() == before.keys() | incoming.keys()
    for imdb_id, record in after.items():
        old, new = before.get(imdb_id), incoming.get(imdb_id)
        wins = new is not None and (old is None or old["last_modified"] <= new["last_modified"])
        assert record == (new if wins else old)
    session.rollback()


@settings(BOUNDED, max_examples=80)
@given(data=libraries(), draw=st.data())
def test_whatever_stands_in_a_file_is_taken_or_told(
    session: Session, tmp_path: Path, data: Json, draw: st.DataObject
) -> None:
    place: Any = data
    for _ in range(draw.draw(st.integers(1, 4))):
        keys = sorted(place) if isinstance(place, dict) else range(len(place)) if isinstance(place, list) else ()
        if not keys:
            break
        key = draw.draw(st.sampled_from(keys))
        if draw.draw(st.booleans()):
            place[key] = draw.draw(ANYTHING)
        place = place[key]
    # What is no library at all is refused.
    with suppress(VerificationError):
        report = take_in(session, tmp_path, data)
        read = sum(len(data[kind] or []) for kind in report.imported if kind in data)
        assert report.imported["movies"] == len(exported(session)["movies"])
        assert read == sum(report.imported.values()) + sum(report.refused.values()) + report.skipped.total
        assert report.success == (report.errors.total == 0)
    session.rollback()


def test_users_do_not_see_each_other(session: Session, tmp_path: Path) -> None:
    add_user(session, "another", "another")
    data = library(
        movies=[{"imdb_id": "tt1", "custom_list_id": "one", "recommendations": [{"person_name": "Tom"}]}],
        lists=[{"id": "one", "name": "Mine"}],
    )
    for user in (MIRA, JONAS):
        take_in(session, tmp_path, data, user)
    before = exported(session, JONAS)
    bring_back(session, tmp_path, library())
    assert exported(session, JONAS) == before
    assert exported(session)["movies"] == []
