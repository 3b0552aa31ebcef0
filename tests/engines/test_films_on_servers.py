"""The films of a library on real servers: found, filtered and paged as on SQLite, each in its own collation."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from core.databases.connect import open_server
from core.databases.sessions import reading
from core.errors import GreenroomError, UsageError
from core.library.films import SORTS, FilmQuery, FilmRow, Sort, films, find_film, survey
from core.library.library import is_library
from core.library.models import Base, Credit, Movie, Person, TriviaItem
from tests.engines.conftest import MakeDatabase, run_sql

SERVERS = pytest.mark.parametrize("engine", ["postgresql", "mysql"])
TITLES = ("alpha", "Alpha", "ALPHA", "beta", "Am\u00e9lie", "Zulu", "alpha", "\u00c4rger", "100% Wolf", "a_b")


@pytest.fixture
def url(engine: str, make_database: MakeDatabase) -> str:
    """A library of films whose titles differ in case, accents or nothing."""
    url = make_database(engine)
    server = open_server(url)
    Base.metadata.create_all(server)
    with Session(server) as session:
        person = Person(external_id="p1", name="Jean-Pierre Jeunet")
        for number, title in enumerate(TITLES):
            film = Movie(external_id=f"Film-{number}", title=title, year=None if number % 3 else str(2000 + number))
            film.trivia = [TriviaItem(question="?", category="Cameo", answer="!")] if number == 4 else []
            session.add(film)
            if number == 4:
                film.imdb_id, film.tmdb_id = "tt0211915", 194
                session.add(Credit(movie=film, person=person, role="director"))
        session.commit()
    server.dispose()
    return url


def every(session: Session, query: FilmQuery, limit: int) -> list[FilmRow]:
    page = films(session, query, limit=limit)
    rows = list(page.rows)
    while page.next is not None:
        page = films(session, query, after=page.next, limit=limit)
        rows += page.rows
    return rows


@SERVERS
@pytest.mark.parametrize("sort", SORTS)
def test_each_film_comes_once_where_titles_are_equal_to_the_collation(url: str, sort: Sort) -> None:
    with reading(make_url(url)) as session:
        whole = every(session, FilmQuery(sort=sort), 100)
        assert len(whole) == len(TITLES) == len({row.id for row in whole})
        for limit in (1, 3):
            assert every(session, FilmQuery(sort=sort), limit) == whole
        found = survey(session, FilmQuery(sort=sort), step=3)
        for place in range(len(TITLES)):
            first, mark = found.before(place)
            assert films(session, FilmQuery(sort=sort), after=mark, limit=1).rows[0] == whole[first]


@SERVERS
def test_search_and_filters_are_without_case(url: str) -> None:
    with reading(make_url(url)) as session:
        for search in ("am\u00e9lie", "JEUNET pierre", "TT0211915", "film-4"):
            assert [row.title for row in every(session, FilmQuery(search=search), 5)] == ["Am\u00e9lie"], search
        assert len(every(session, FilmQuery(search="ALPHA"), 2)) == 4
        assert [row.title for row in every(session, FilmQuery(search="100%"), 5)] == ["100% Wolf"]
        assert [row.title for row in every(session, FilmQuery(search="a_b"), 5)] == ["a_b"]
        for nothing in ("\x00", "\ud800", "%"):
            assert all("%" in row.title for row in every(session, FilmQuery(search=nothing), 5))
        trivia = frozenset({"trivia"})
        assert [row.title for row in every(session, FilmQuery(filled=trivia), 5)] == ["Am\u00e9lie"]
        assert len(every(session, FilmQuery(empty=trivia), 5)) == len(TITLES) - 1
        many = frozenset({"Film-5", *(f"none-{number}" for number in range(70_000))})
        assert [row.title for row in every(session, FilmQuery(only=many), 5)] == ["Zulu"]


@SERVERS
def test_one_film_is_found_and_equals_are_told_apart(url: str) -> None:
    with reading(make_url(url)) as session:
        assert find_film(session, "Film-4").title == "Am\u00e9lie"
        assert find_film(session, "FILM-4").title == "Am\u00e9lie"
        assert find_film(session, "tt0211915").title == "Am\u00e9lie"
        assert find_film(session, "zulu").title == "Zulu"
        with pytest.raises(UsageError, match="several films are called"):
            find_film(session, "alpha")
        with pytest.raises(UsageError, match="there is no film"):
            find_film(session, "no such film")


@SERVERS
def test_a_library_is_told_from_another_database(url: str, engine: str, make_database: MakeDatabase) -> None:
    assert is_library(make_url(url))
    assert not is_library(make_url(make_database(engine)))
    run_sql(url, "ALTER TABLE trivia_items RENAME COLUMN answer TO reply")
    assert not is_library(make_url(url))
    with pytest.raises(GreenroomError):
        is_library(make_url(url).set(database="no_such_database"))
