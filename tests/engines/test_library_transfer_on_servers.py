"""A user's library on real servers: out, in, and back, as on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.databases.sessions import reading, writing
from core.library.models import Movie, Recommender
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import (
    JONAS,
    MIRA,
    NOW,
    add_user,
    bring_back,
    errors_of,
    exported,
    library,
    movie,
    said,
    stored,
    take_in,
)
from tests.engines.conftest import MakeDatabase
from tests.engines.libraries import made_tables


@contextmanager
def empty_library(address: str) -> Iterator[Session]:
    """A library with two users who have nothing yet, opened as a site's is."""
    url = made_tables(address)
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        add_user(session, JONAS, "jonas")
        session.commit()
        yield session


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_library_goes_in_comes_out_and_is_brought_back(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = made_tables(make_database(engine))
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        add_user(session, JONAS, "jonas")
        many = [movie(f"tt{number:07}", recommendations=[said("Zoe")]) for number in range(1_200)]
        data = FULL | {"movies": [*many, *FULL["movies"]]}
        assert take_in(session, tmp_path, data).success
        session.commit()
    with reading(url) as session:
        saved = exported(session)
        assert len(saved["movies"]) == 1_203
        before = stored(session)
    with writing(url) as session:
        assert take_in(session, tmp_path, data).changes == 0
        assert take_in(session, tmp_path, saved, JONAS).success
        session.commit()
    with reading(url) as session:
        assert exported(session, JONAS) == saved
        mine = [row for row in stored(session)["entries"] if row[0] == MIRA]
        assert mine == [row for row in before["entries"] if row[0] == MIRA]
    with writing(url) as session:
        report = bring_back(session, tmp_path, FULL)
        assert (report.success, report.removed["movies"].total, list(report.removed["people"])) == (
            True,
            1_200,
            ["Zoe"],
        )
        session.commit()
    with reading(url) as session:
        assert [one["imdb_id"] for one in exported(session)["movies"]] == ["tt1", "tt2", "tt3"]
        assert exported(session, JONAS) == saved


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mysql"])
def test_names_that_a_database_takes_for_one(engine: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    url = made_tables(make_database(engine))
    loose = engine == "mysql"
    with writing(url) as session:
        add_user(session, MIRA, "mira")
        data = library(
            people=[{"name": "Ann"}, {"name": "ann"}],
            lists=[{"id": "a", "name": "One"}, {"id": "A", "name": "Two"}],
            movies=[
                movie("tt1", recommendations=[said("Tom"), said("tom")]),
                movie("tt2", recommendations=[said("ANN")], custom_list_id="A"),
                movie("tt3"),
            ],
        )
        report = take_in(session, tmp_path, data)
        assert [error.split(":")[0] for error in errors_of(report)] == (
            ["people[1].name", "lists[1].id", "movies[0].recommendations"] if loose else []
        )
        assert report.imported == {
            "movies": 2 if loose else 3,
            "people": 1 if loose else 2,
            "lists": 1 if loose else 2,
            "rankings": 0,
        }
        session.commit()
    with reading(url) as session:
        voted = exported(session)["movies"][-2]["recommendations"]
        assert [vote["person_name"] for vote in voted] == ["Ann" if loose else "ANN"]


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_file_that_says_little_changes_nothing_the_second_time(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = made_tables(make_database(engine))
    little = library(
        people=[{"name": "Ann"}, {"name": "Zoë ", "last_modified": 0}],
        lists=[{"id": "a", "name": "One"}],
        movies=[
            {"imdb_id": "tt1", "recommendations": [{"person_name": "Tom"}], "watch_history": {"my_rating": 7.3}},
            {"imdb_id": "tt2", "custom_list_id": "a", "status": "custom", "last_modified": 9e9},
            {"imdb_id": "tt3", "status": "nowhere"},
        ],
        rankings=[{"imdb_id": "tt1", "liked": True, "position": 1}],
    )
    first_version = little | {"version": 1, "movies": [{"imdb_id": "tt1", "tmdb_data": {"title": "One"}}]}
    for data in (FULL, little, first_version):
        with writing(url) as session:
            if data is FULL:
                add_user(session, MIRA, "mira")
            take_in(session, tmp_path, data)
            session.commit()
        with reading(url) as session:
            before = stored(session)
        with writing(url) as session:
            again = take_in(session, tmp_path, data, now=NOW + 100)
            assert (again.changes, again.films_made, again.films_filled) == (0, 0, 0)
            session.commit()
        with reading(url) as session:
            assert stored(session) == before


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mysql"])
def test_a_film_whose_id_has_large_letters_goes_out_in_and_back(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    with empty_library(make_database(engine)) as session:
        take_in(session, tmp_path, FULL)
        before = exported(session)
        session.execute(update(Movie).where(Movie.imdb_id == "tt1").values(imdb_id="TT1"))
        films = stored(session)["movies"]
        assert exported(session) == before
        less = library(movies=[movie("tt1", status="deleted", last_modified=1.0)], rankings=[])
        assert bring_back(session, tmp_path, less).success
        assert exported(session)["rankings"] == []
        assert bring_back(session, tmp_path, before).success
        assert exported(session) == before
        assert stored(session)["movies"] == films


def test_a_restore_brings_back_how_a_name_is_spelled(make_database: MakeDatabase, tmp_path: Path) -> None:
    with empty_library(make_database("mysql")) as session:
        take_in(session, tmp_path, FULL)
        before = exported(session)
        for name in ("TOM", "Tòm", "Tom "):
            session.execute(update(Recommender).where(Recommender.name == "Tom").values(name=name))
            session.commit()
            assert take_in(session, tmp_path, before).changes == 0
            assert bring_back(session, tmp_path, before, dry_run=True).updated["people"] == 1
            assert bring_back(session, tmp_path, before).updated["people"] == 1
            assert exported(session) == before
            assert bring_back(session, tmp_path, before).changes == 0
