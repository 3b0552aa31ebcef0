"""How a file is merged into what a user has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from core.errors import GreenroomError, VerificationError
from core.library.models import CustomList, Entry, Movie, Ranking, Recommender
from core.library.transfer import export_library, import_library, library_schema, open_library
from core.library.transfer.words import lost_lines
from core.progress import Reporter
from tests.core.library.transfer.transfer_support import (
    BEFORE,
    JONAS,
    LATER,
    MIRA,
    NOW,
    THEN,
    bring_back,
    copied,
    errors_of,
    exported,
    library,
    movie,
    said,
    stored,
    take_in,
    write_file,
)

FULL = library(
    movies=[
        movie("tt1", status="watched", watch_history={"date_watched": THEN, "my_rating": 8.5}),
        movie("tt2", status="custom", custom_list_id="rainy", recommendations=[said("Tom", vote_type=False)]),
        movie("tt3", status="deleted", media_type="tv"),
    ],
    people=[{"name": "Tom", "is_trusted": True, "color": "#ff0000", "emoji": "🍿", "last_modified": THEN}],
    lists=[
        {
            "id": "rainy",
            "name": "Rainy",
            "color": "#00ff00",
            "icon": "umbrella",
            "position": 2,
            "created_at": BEFORE,
            "last_modified": THEN,
        }
    ],
    rankings=[{"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": THEN}],
)


def test_importing_twice_changes_nothing(session: Session, tmp_path: Path) -> None:
    first = take_in(session, tmp_path, FULL)
    assert first.success
    assert first.created == first.imported == {"movies": 3, "people": 1, "lists": 1, "rankings": 1}
    before = stored(session)
    second = take_in(session, tmp_path, FULL, now=NOW + 5)
    assert (second.changes, second.imported, second.unchanged) == (0, first.imported, first.imported)
    assert stored(session) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(session: Session, tmp_path: Path) -> None:
    before = stored(session)
    dry = take_in(session, tmp_path, FULL, dry_run=True)
    session.commit()
    assert stored(session) == before
    real = take_in(session, tmp_path, FULL)
    different = {"dry_run", "written"}
    assert {key: value for key, value in dry.as_json().items() if key not in different} == {
        key: value for key, value in real.as_json().items() if key not in different
    }
    assert (dry.written, real.written) == (False, True)


def test_an_accepted_movie_loses_what_the_file_does_not_say_and_nothing_else_goes(
    session: Session, tmp_path: Path
) -> None:
    take_in(session, tmp_path, FULL)
    again = [movie("tt1"), movie("tt2", recommendations=[said("Ann"), said("YouTube")])]
    report = take_in(session, tmp_path, {"version": 2, "movies": again})
    assert report.updated["movies"] == 2
    assert list(report.people_made) == ["Ann"]
    first, second, third = exported(session)["movies"]
    assert first["watch_history"] is None
    assert [vote["person_name"] for vote in second["recommendations"]] == ["Ann", "YouTube"]
    assert (second["status"], second["custom_list_id"]) == ("toWatch", None)
    assert third == FULL["movies"][2] | {"custom_list_id": None, "recommendations": [], "watch_history": None}
    assert exported(session)["rankings"] == FULL["rankings"]
    assert len(session.scalars(select(Recommender).where(Recommender.user_id == MIRA)).all()) == 6


@pytest.mark.parametrize(
    ("vote", "up"),
    [
        *((vote, True) for vote in (True, "upvote", "1", "T", " Yes ", None, 1)),
        *((vote, False) for vote in (False, "downvote", "0", "no", 0)),
    ],
)
def test_votes_in_words(session: Session, tmp_path: Path, vote: object, up: bool) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt1", recommendations=[said("Tom", vote_type=vote)])]))
    assert exported(session)["movies"][0]["recommendations"][0]["vote_type"] is up


def test_a_time_in_the_future_is_taken_and_told(session: Session, tmp_path: Path) -> None:
    report = take_in(session, tmp_path, library(movies=[movie("tt1", last_modified=NOW + 60)]))
    assert report.success
    assert [(one.path, one.key) for one in report.future] == [(("movies", 0, "last_modified"), "tt1")]
    assert exported(session)["movies"][0]["last_modified"] == NOW + 60


def test_films_are_everybodys_and_stay_as_they_are(session: Session, tmp_path: Path) -> None:
    session.add(Movie(external_id="tmdb-1", imdb_id="tt1", title="One", media_type="tv", tmdb_data={"id": 1}))
    session.flush()
    report = take_in(session, tmp_path, library(movies=[movie("tt1"), movie("tt2", media_type="tv")]))
    films = session.scalars(select(Movie).order_by(Movie.imdb_id)).all()
    assert [(film.external_id, film.title, film.media_type) for film in films] == [
        ("tmdb-1", "One", "tv"),
        ("imdb-tt2", "tt2", "tv"),
    ]
    assert list(report.notes) == ["a film is tv in the library and movie in the file: the film stays so"]
    take_in(session, tmp_path, library(movies=[movie("tt2")]), JONAS)
    assert len(session.scalars(select(Movie)).all()) == 2


def test_a_film_whose_place_is_taken_is_told(session: Session, tmp_path: Path) -> None:
    session.add(Movie(external_id="imdb-tt1", imdb_id="tt9", title="Other"))
    session.flush()
    report = take_in(session, tmp_path, library(movies=[movie("tt1"), movie("tt2")]))
    assert errors_of(report) == [
        (
            'movies[0].imdb_id: "tt1", whose place imdb-tt1 is taken by the film "Other (tt9)"; '
            "allowed: a film that has no such external id"
        )
    ]


def test_keys_that_nobody_knows_are_told(session: Session, tmp_path: Path) -> None:
    watched = {"date_watched": THEN, "my_rating": 5, "where": "home"}
    data = library(movies=[movie("tt1", notes="x", watch_history=watched), movie("tt2", notes="y")], theme="dark")
    report = take_in(session, tmp_path, data)
    assert report.success
    assert report.ignored == {"theme": 1, "movies.notes": 2, "movies.watch_history.where": 1}


def test_a_ranking_needs_a_film_of_the_user(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt1")]), JONAS)
    rank = {"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": THEN}
    report = take_in(session, tmp_path, library(movies=[movie("tt2")], rankings=[rank, rank | {"imdb_id": "tt2"}]))
    assert errors_of(report) == [
        "rankings[0].imdb_id: \"tt1\", which is not in the user's library; allowed: a film of the user's library"
    ]
    older = rank | {"imdb_id": "tt2", "position": 5, "ranked_at": BEFORE}
    assert take_in(session, tmp_path, library(rankings=[older])).skipped.total == 1
    newer = older | {"ranked_at": LATER, "liked": False}
    assert take_in(session, tmp_path, library(rankings=[newer])).updated["rankings"] == 1
    assert exported(session)["rankings"] == [newer]


def test_version_1_with_its_metadata_and_ids(session: Session, tmp_path: Path) -> None:
    session.add(Movie(external_id="tmdb-2", imdb_id="tt2", title="Two", tmdb_data={"kept": True}))
    session.flush()
    vote = {"id": 1, "imdb_id": "tt1", "user_id": "u", "date_recommended": THEN}
    data: dict[str, Any] = {
        "version": 1,
        "user_id": "u",
        "exported_at": THEN,
        "people": [{"id": 7, "name": "Alice", "user_id": "u", "last_modified": THEN}],
        "lists": [],
        "movies": [
            {
                "imdb_id": "tt1",
                "user_id": "u",
                "tmdb_data": {"title": "One", "mediaType": "tv"},
                "omdb_data": {"Title": "One"},
                "status": None,
                "last_modified": THEN,
                "recommendations": [
                    vote | {"person_id": 7, "vote_type": "upvote"},
                    vote | {"person": "Bob", "vote_type": "downvote"},
                ],
                "watch_history": {"imdb_id": "tt1", "user_id": "u", "date_watched": THEN, "my_rating": 5},
            },
            {"imdb_id": "tt2", "tmdb_data": {"id": 2}, "omdb_data": {"Title": "Two"}, "last_modified": THEN},
            {"imdb_id": "tt3", "recommendations": [vote | {"person_id": 8}], "last_modified": THEN},
        ],
    }
    report = take_in(session, tmp_path, data)
    assert errors_of(report) == [
        (
            "movies[2].recommendations[0]: nobody of the file is named; "
            "allowed: person_name, or the id of one of the file's people"
        )
    ]
    assert (report.version, report.ignored, report.imdb_ids_needing_enrichment) == (1, {}, ())
    one, two = session.scalars(select(Movie).order_by(Movie.imdb_id)).all()
    assert (one.title, one.media_type, one.tmdb_data) == ("One", "tv", {"title": "One", "mediaType": "tv"})
    assert (two.tmdb_data, two.omdb_data) == ({"kept": True}, {"Title": "Two"})
    votes = exported(session)["movies"][0]["recommendations"]
    assert [(vote["person_name"], vote["vote_type"]) for vote in votes] == [("Alice", True), ("Bob", False)]
    before = stored(session)
    del data["movies"][2]
    assert take_in(session, tmp_path, data | {"version": None}).changes == 0
    assert stored(session) == before


def test_a_restore_of_a_file_with_an_error_changes_nothing(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, FULL)
    session.commit()
    before = stored(session)
    report = bring_back(session, tmp_path, library(movies=[movie("tt9"), movie("tt8", status="seen")]))
    assert (report.success, report.written, report.changes) == (False, False, 0)
    session.commit()
    assert stored(session) == before


def test_a_restore_keeps_what_no_export_can_name_and_kinds_that_the_file_lacks(
    session: Session, tmp_path: Path
) -> None:
    take_in(session, tmp_path, FULL)
    film = Movie(external_id="tmdb-77", title="Unnamed")
    session.add(film)
    session.flush()
    session.add(Entry(user_id=MIRA, movie_id=film.id, custom_list_id="rainy", last_modified=THEN))
    session.flush()
    report = bring_back(session, tmp_path, {"version": 2, "movies": [FULL["movies"][0]], "lists": []}, dry_run=True)
    assert (report.success, report.written) == (True, False)
    assert {kind: gone.total for kind, gone in report.removed.items()} == {
        "movies": 2,
        "people": 0,
        "lists": 0,
        "rankings": 0,
    }
    assert report.totals == {"movies": 2, "people": 5, "lists": 1, "rankings": 1}
    assert list(report.notes) == [
        "a film without an IMDb id stays in the library, for no export can name it",
        "a list that the file lacks stays, for a film that stays is on it",
    ]


def test_references_to_what_is_not_there_are_left_out_of_an_export(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, FULL)
    session.commit()
    connection = session.connection().connection.driver_connection
    session.commit()
    assert connection is not None
    connection.execute("PRAGMA foreign_keys = OFF")
    session.execute(text("DELETE FROM custom_lists"))
    session.execute(text("DELETE FROM recommenders WHERE name = 'Tom'"))
    session.add(Movie(id=99, external_id="tmdb-99", title="Unnamed"))
    session.add(Entry(user_id=MIRA, movie_id=99, last_modified=THEN))
    session.commit()
    export = export_library(session, MIRA, now=NOW, reporter=Reporter())
    data = json.loads(b"".join(export.blocks))
    assert sorted(export.left_out) == [
        "a list that is not there",
        "a recommendation by somebody who is not there",
        "tmdb-99",
    ]
    assert take_in(session, tmp_path, data, JONAS).success


def test_a_restore_keeps_whom_only_a_recommendation_names(session: Session, tmp_path: Path) -> None:
    data = library(movies=[movie("tt1", recommendations=[said("Ann"), said("YouTube")])])
    for _ in range(2):
        report = bring_back(session, tmp_path, data)
        assert (report.success, report.removed["people"].total) == (True, 0)
        assert exported(session)["movies"][0]["recommendations"] == [said("Ann"), said("YouTube")]
    assert report.changes == 0


def test_who_and_what_stands_twice_is_told(session: Session, tmp_path: Path) -> None:
    people = [{"name": "Ann", "color": "#1"}, {"name": "Ann", "color": "#2"}, {"name": "YouTube"}, {"name": "YouTube"}]
    rank = {"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": THEN}
    lists = [{"id": "a", "name": "One"}, {"id": "a", "name": "Two"}]
    data = library(people=people, lists=lists, movies=[movie("tt1")], rankings=[rank, rank])
    assert [error.split(":")[0] for error in errors_of(take_in(session, tmp_path, data))] == [
        "people[1].name",
        "people[3].name",
        "lists[1].id",
        "rankings[1].imdb_id",
    ]


def test_what_a_list_of_many_errors_keeps_is_bounded(session: Session, tmp_path: Path) -> None:
    report = take_in(session, tmp_path, library(movies=[movie("x") for _ in range(1_500)]))
    assert (len(report.errors), report.errors.total, report.as_json()["errors_total"]) == (1_000, 1_500, 1_500)


def test_the_report_has_the_keys_of_the_original(session: Session, tmp_path: Path) -> None:
    report = take_in(session, tmp_path, library(movies=[movie("tt1"), movie("tt2", status=1)])).as_json()
    assert list(report)[:4] == ["success", "imported_counts", "imdb_ids_needing_enrichment", "errors"]
    assert report["errors"] == [
        {
            "path": "movies[1].status",
            "found": "1",
            "allowed": 'one of "toWatch", "watched", "deleted", "custom"',
        }
    ]
    json.dumps(report)


def test_the_schema_names_all_that_an_export_holds(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, FULL)
    schema = library_schema()
    kinds = {"movies": "MovieRecord", "people": "PersonRecord", "lists": "ListRecord", "rankings": "RankingRecord"}
    data = copied(session)
    assert data.keys() == schema["properties"].keys()
    for kind, name in kinds.items():
        assert data[kind][0].keys() == schema["$defs"][name]["properties"].keys()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(GreenroomError) as caught:
            open_library(path, Reporter())
        assert caught.value.hint


def test_limits_are_told_before_much_is_read(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(VerificationError, match="5,368,709,120 bytes, and a library at most 4,294,967,296"):
        open_library(path, Reporter())
    with pytest.raises(VerificationError, match="more than 10,000 records in lists"):
        take_in(session, tmp_path, library(lists=[0] * 10_001))


def test_a_mark_of_the_byte_order_is_read_over(session: Session, tmp_path: Path) -> None:
    assert take_in(session, tmp_path, b"\xef\xbb\xbf" + json.dumps(FULL).encode()).success


def test_a_file_that_is_replaced_while_it_is_read_is_refused(session: Session, tmp_path: Path) -> None:
    path = write_file(tmp_path, library(movies=[movie("tt1")], people=[{"name": "Ann"}]))
    file = open_library(path, Reporter())
    before = stored(session)
    path.rename(tmp_path / "old.json")
    write_file(tmp_path, library(movies=[movie("tt2")], people=[{"name": "Tom"}]))
    with pytest.raises(VerificationError, match="changed while it was read"):
        import_library(session, MIRA, file, now=NOW, reporter=Reporter())
    session.rollback()
    assert stored(session) == before


def test_what_a_restore_replaces_is_named_by_kind_what_is_newer_first(session: Session, tmp_path: Path) -> None:
    ranking = {"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": THEN}
    file = library(
        movies=[movie("tt1")],
        people=[{"name": "Ann", "last_modified": THEN}, {"name": "Tom", "last_modified": THEN}],
        lists=[{"id": "a", "name": "One", "last_modified": THEN, "created_at": THEN}],
        rankings=[ranking],
    )
    take_in(session, tmp_path, file)
    assert lost_lines(bring_back(session, tmp_path, file)) == ["  nothing"]
    for table, change in (
        (Recommender, {"color": "#1", "last_modified": BEFORE}),
        (CustomList, {"name": "Two"}),
        (Ranking, {"position": 7, "ranked_at": BEFORE}),
    ):
        session.execute(update(table).where(table.user_id == MIRA).values(**change))
    session.execute(update(Recommender).where(Recommender.name == "Tom").values(last_modified=LATER))
    report = bring_back(session, tmp_path, file, dry_run=True)
    assert lost_lines(report) == [
        "  2 of the people are replaced by what the file says:",
        "    people[1] (Tom): changed 100000000 s later than in the file",
        "    people[0] (Ann): changed earlier than in the file",
        "  1 of the lists are replaced by what the file says:",
        "    lists[0] (One): otherwise, with the same time as in the file",
        "  1 of the rankings are replaced by what the file says:",
        "    rankings[0] (tt1): changed earlier than in the file",
    ]
    told = report.as_json()
    assert (told["newer_replaced_total"], told["older_replaced_total"]) == (1, 3)
    assert [one["path"] for one in told["older_replaced"]] == ["people[0]", "lists[0]", "rankings[0]"]


def test_a_key_twice_in_a_record_refuses_that_record(session: Session, tmp_path: Path) -> None:
    text = json.dumps(library(movies=[movie("tt1"), movie("tt2"), movie("tt3", recommendations=[said("Tom")])]))
    text = text.replace('"imdb_id": "tt1"', '"imdb_id": "tt1", "imdb_id": "tt9"')
    text = text.replace('"person_name": "Tom"', '"person_name": "Tom", "vote_type": false')
    report = take_in(session, tmp_path, text.encode())
    assert errors_of(report) == [
        "movies[0].imdb_id: a key that stands twice; allowed: each once",
        "movies[2].recommendations[0].vote_type: a key that stands twice; allowed: each once",
    ]
    assert [one["imdb_id"] for one in exported(session)["movies"]] == ["tt2"]
    assert not bring_back(session, tmp_path, text.encode()).written
    with pytest.raises(VerificationError, match='has the key "movies" twice'):
        take_in(session, tmp_path, text[:-1].encode() + b', "movies": []}')
