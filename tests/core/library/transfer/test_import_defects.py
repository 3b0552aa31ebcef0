"""What the original did wrong, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import VerificationError
from core.library.models import Entry, Movie, Recommender
from tests.core.library.transfer.transfer_support import (
    BEFORE,
    JONAS,
    LATER,
    MIRA,
    NOW,
    THEN,
    bring_back,
    errors_of,
    exported,
    library,
    movie,
    said,
    stored,
    take_in,
)

GOOD = movie("tt1", status="watched", watch_history={"date_watched": THEN, "my_rating": 8})


def test_a_new_person_who_also_recommends(session: Session, tmp_path: Path) -> None:
    person = {"name": "Alice", "is_trusted": True, "color": "#112233", "emoji": None, "last_modified": THEN}
    report = take_in(
        session, tmp_path, library(people=[person], movies=[movie("tt1", recommendations=[said("Alice")])])
    )
    assert report.success
    assert report.imported == {"movies": 1, "people": 1, "lists": 0, "rankings": 0}
    assert exported(session)["movies"][0]["recommendations"] == [said("Alice")]
    assert person in exported(session)["people"]


def test_keys_without_end_are_not_all_held(session: Session, tmp_path: Path) -> None:
    many = {f"key{number}": 1 for number in range(2_000)}
    with pytest.raises(VerificationError, match="more than 1,000 keys"):
        take_in(session, tmp_path, library(**many))


BAD = {
    "a rating of 11": (
        {"watch_history": {"date_watched": THEN, "my_rating": 11}},
        "movies[1].watch_history.my_rating: 11; allowed: a number from 1 to 10",
    ),
    "an unknown status": (
        {"status": "seen"},
        'movies[1].status: "seen"; allowed: one of "toWatch", "watched", "deleted", "custom"',
    ),
    "a wrong vote": (
        {"recommendations": [said("Tom", vote_type="maybe")]},
        'movies[1].recommendations[0].vote_type: "maybe"; allowed: true or false',
    ),
    "a recommender twice": (
        {"recommendations": [said("Tom"), said("Tom")]},
        (
            'movies[1].recommendations[1].person_name: "Tom" a second time; '
            "allowed: each one once; the first is movies[1].recommendations[0]"
        ),
    ),
    "somebody else's list": (
        {"status": "custom", "custom_list_id": "list-of-jonas"},
        (
            'movies[1].custom_list_id: "list-of-jonas", which is no list of this user\'s; '
            "allowed: the id of one of the user's lists, or null"
        ),
    ),
    "a film twice": (
        {"imdb_id": "tt1"},
        'movies[1].imdb_id: "tt1" a second time; allowed: each one once; the first is movies[0]',
    ),
    "no id": ({"imdb_id": "550"}, 'movies[1].imdb_id: "550"; allowed: an IMDb id, as tt0137523'),
    "a time as text": ({"last_modified": "2024"}, 'movies[1].last_modified: "2024"; allowed: a number, or null'),
    "no rating": (
        {"watch_history": {"date_watched": THEN}},
        "movies[1].watch_history.my_rating: is missing; allowed: a number from 1 to 10",
    ),
    "a NUL character": (
        {"recommendations": [said("a\0b")]},
        (
            'movies[1].recommendations[0].person_name: "a\\u0000b", with a NUL character; '
            "allowed: text of 1 to 100 characters"
        ),
    ),
}


@pytest.mark.parametrize(("values", "words"), BAD.values(), ids=BAD)
def test_a_bad_record_stops_nothing_but_itself(
    session: Session, tmp_path: Path, values: dict[str, Any], words: str
) -> None:
    take_in(session, tmp_path, library(lists=[{"id": "list-of-jonas", "name": "Mine"}]), JONAS)
    bad = movie("tt2") | values
    report = take_in(session, tmp_path, library(movies=[GOOD, bad, movie("tt3")]))
    assert errors_of(report) == [words]
    assert not report.success
    assert report.written
    assert report.imported["movies"] == report.totals["movies"] == 2
    assert [one["imdb_id"] for one in exported(session)["movies"]] == ["tt1", "tt3"]
    assert session.scalars(select(Movie.imdb_id)).all() == ["tt1", "tt3"]


def test_with_strict_a_bad_record_stops_everything_and_no_count_stays(session: Session, tmp_path: Path) -> None:
    before = stored(session)
    data = library(
        movies=[GOOD, movie("tt2", status="seen", recommendations=[said("Tom")])], people=[{"name": "Alice"}]
    )
    report = take_in(session, tmp_path, data, strict=True)
    assert (report.success, report.written, report.changes) == (False, False, 0)
    assert set(report.imported.values()) == {0}
    assert report.totals == {"movies": 0, "people": 4, "lists": 0, "rankings": 0}
    session.commit()
    assert stored(session) == before


def test_null_lists_are_empty(session: Session, tmp_path: Path) -> None:
    data = {"version": 2, "movies": [movie("tt1", recommendations=None)], "people": None, "lists": None}
    assert take_in(session, tmp_path, data | {"rankings": None}).imported["movies"] == 1


def test_on_a_tie_the_file_wins_and_what_is_newer_stays(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt1"), movie("tt2"), movie("tt3")]))
    again = [
        movie("tt1", status="deleted"),
        movie("tt2", status="deleted", last_modified=BEFORE),
        movie("tt3", status="deleted", last_modified=LATER),
    ]
    report = take_in(session, tmp_path, library(movies=again))
    assert (report.updated["movies"], report.skipped.total, report.imported["movies"]) == (2, 1, 2)
    assert report.skipped[0].key == "tt2"
    assert [one["status"] for one in exported(session)["movies"]] == ["deleted", "toWatch", "deleted"]


@pytest.mark.parametrize("modified", [None, 0, 0.0])
def test_no_time_of_change_is_now(session: Session, tmp_path: Path, modified: float | None) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt1", last_modified=LATER)]))
    data = library(movies=[movie("tt1", last_modified=modified, status="watched"), {"imdb_id": "tt2"}])
    assert take_in(session, tmp_path, data).success
    assert [one["last_modified"] for one in exported(session)["movies"]] == [NOW, NOW]
    again = take_in(session, tmp_path, data, now=NOW + 10)
    assert (again.changes, again.unchanged["movies"]) == (0, 2)


@pytest.mark.parametrize("version", [3, 2.5, 99, "2", True, [2], 10**30])
def test_an_unknown_version_is_refused(session: Session, tmp_path: Path, version: object) -> None:
    with pytest.raises(VerificationError, match="this greenroom reads versions 1 and 2"):
        take_in(session, tmp_path, library(movies=[GOOD]) | {"version": version})
    assert session.scalars(select(Entry)).all() == []


def test_a_restore_undoes_what_was_changed_later(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, library(movies=[GOOD], people=[{"name": "Alice", "last_modified": THEN}]))
    saved = exported(session)
    newer = [movie("tt1", last_modified=LATER, status="deleted"), movie("tt2", last_modified=LATER)]
    person = {"name": "Alice", "color": "#000000", "last_modified": LATER}
    take_in(session, tmp_path, library(movies=newer, people=[person, {"name": "Bob"}]))
    merged = take_in(session, tmp_path, saved)
    assert merged.skipped.total == 2
    report = bring_back(session, tmp_path, saved)
    assert report.success
    assert exported(session) == saved
    assert [one.key for one in report.newer] == ["Alice", "tt1"]
    assert list(report.removed["movies"]) == ["tt2 (tt2)"]
    assert list(report.removed["people"]) == ["Bob"]
    assert session.scalars(select(Movie.imdb_id)).all() == ["tt1", "tt2"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "movies": {}}',
        b'{"version": 2, "movies": [], "movies": []}',
        b'{"version": 2, "movies": [{"imdb_id": "tt1"}',
        b'{"version": 2, "movies": []} x',
        b'{"version": 2, "movies": "all"}',
        b'{"version": 2, "exported_at": "today", "movies": []}',
        b'{"version": 2, "exported_at": -1' + b"0" * 400 + b', "movies": []}',
        b'{"version": 2, "exported_at": 1' + b"0" * 400 + b', "movies": []}',
        b'{"version": -1' + b"0" * 5000 + b', "movies": []}',
        b"[" * 100_000,
        b'{"movies": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_library_is_refused_before_anything_is_written(
    session: Session, tmp_path: Path, data: bytes
) -> None:
    with pytest.raises(VerificationError) as caught:
        take_in(session, tmp_path, data)
    assert caught.value.hint


def test_the_ids_of_each_user_who_needs_enrichment_are_told(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt2")]), JONAS)
    session.add(Movie(external_id="tmdb-5", imdb_id="tt5", title="Known", tmdb_data={"id": 5}))
    session.flush()
    report = take_in(session, tmp_path, library(movies=[movie("tt5"), movie("tt2"), movie("tt10")]))
    assert report.imdb_ids_needing_enrichment == ("tt10", "tt2")
    assert report.films_made == 1


def test_quick_recommenders_stay(session: Session, tmp_path: Path) -> None:
    report = bring_back(session, tmp_path, library())
    assert (report.success, report.changes) == (True, 0)
    keys = session.scalars(select(Recommender.quick_key).where(Recommender.user_id == MIRA)).all()
    assert len(keys) == 4
