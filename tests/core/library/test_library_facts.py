"""The facts of the real movies: complete, well formed, and within the limits of the seven categories."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from core.library.facts import MovieFacts, demo_users, real_movies
from core.library.models import Base, Movie
from core.library.models.categories import (
    AWARD_STATUSES,
    PRESTIGE_LEVELS,
    STREAMING_QUALITIES,
    STREAMING_TYPES,
    TIMELINE_CATEGORIES,
    TRIVIA_CATEGORIES,
)
from core.library.models.movies import RELEASE_STATUSES
from core.library.rows import Rows, add_genres, add_movie, add_people, genres_of, people_of, slug

REAL = real_movies()
FIGHT_CLUB = REAL[0]

KNOWN_IDS = {
    "tt0137523": 550,
    "tt0133093": 603,
    "tt1375666": 27205,
    "tt0111161": 278,
    "tt0068646": 238,
    "tt0468569": 155,
    "tt0110912": 680,
    "tt0120338": 597,
    "tt0167260": 122,
    "tt6751668": 496243,
    "tt0910970": 10681,
}


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"))
    Base.metadata.create_all(engine)
    return engine


def test_there_are_at_least_forty_and_no_id_twice() -> None:
    assert len(REAL) >= 40
    for ids in (
        [movie.external_id for movie in REAL],
        [movie.imdb_id for movie in REAL],
        [movie.tmdb_id for movie in REAL],
        [movie.basic_info.title for movie in REAL],
    ):
        assert [value for value, count in Counter(ids).items() if count > 1] == []


@pytest.mark.parametrize("movie", REAL, ids=lambda movie: movie.external_id)
def test_a_movie_has_what_every_movie_needs(movie: MovieFacts) -> None:
    facts, crew = movie.basic_info, movie.cast_crew
    assert re.fullmatch(r"tt\d{7,8}", movie.imdb_id)
    assert movie.external_id == f"tmdb-{movie.tmdb_id}"
    assert facts.title
    assert facts.overview
    assert re.fullmatch(r"(19|20)\d\d", facts.year)
    assert facts.release_date is None or str(facts.release_date.year) == facts.year
    assert facts.runtime is not None
    assert 60 <= facts.runtime <= 250
    assert facts.rating in {"G", "PG", "PG-13", "R"}
    assert facts.language
    assert facts.country
    assert facts.genres
    assert facts.status in RELEASE_STATUSES
    assert crew.directors
    assert crew.writers
    assert crew.producers
    assert len(crew.cast) >= 3
    assert all(member.name and member.character for member in crew.cast)
    for names in (crew.directors, crew.writers, crew.producers, [member.name for member in crew.cast]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("movie", REAL, ids=lambda movie: movie.external_id)
def test_awards_stand_in_a_year_that_fits(movie: MovieFacts) -> None:
    for award in movie.awards:
        assert 0 <= award.year - int(movie.basic_info.year) <= 2
        assert award.ceremony_id.endswith(str(award.year))
        assert award.status in AWARD_STATUSES
        assert award.prestige_level in PRESTIGE_LEVELS
    assert len({award.id for award in movie.awards}) == len(movie.awards)


def test_the_academy_counts_its_ceremonies_from_1929() -> None:
    ceremonies = {(a.year, a.ceremony) for movie in REAL for a in movie.awards if a.name == "Academy Award"}
    for year, ceremony in ceremonies:
        assert ceremony.startswith(str(year - 1928))


def test_well_known_ids() -> None:
    found = {movie.imdb_id: movie.tmdb_id for movie in REAL}
    assert KNOWN_IDS.items() <= found.items()


def test_a_revenue_beyond_32_bits_is_among_them() -> None:
    assert any((movie.basic_info.revenue or 0) > 2**31 for movie in REAL)


def test_somebody_holds_several_roles_in_one_movie() -> None:
    memento = next(movie for movie in REAL if movie.basic_info.title == "Memento")
    assert memento.cast_crew.directors == memento.cast_crew.writers


def test_people_and_genres_have_ids_of_their_own() -> None:
    for names in (people_of(REAL), genres_of(REAL)):
        assert len({slug(name) for name in names}) == len(names)
        assert list(names.values()) == list(range(1, len(names) + 1))


def test_fight_club_has_all_seven_categories() -> None:
    assert FIGHT_CLUB.external_id == "tmdb-550"
    assert None not in FIGHT_CLUB.basic_info.model_dump().values()
    assert len(FIGHT_CLUB.cast_crew.cast) >= 5
    assert FIGHT_CLUB.awards
    assert FIGHT_CLUB.gallery
    assert FIGHT_CLUB.trailer_url
    assert {happened.category for happened in FIGHT_CLUB.timeline} <= set(TIMELINE_CATEGORIES)
    assert {item.category for item in FIGHT_CLUB.trivia} <= set(TRIVIA_CATEGORIES)
    assert {option.type for option in FIGHT_CLUB.streaming} <= set(STREAMING_TYPES)
    assert {option.quality for option in FIGHT_CLUB.streaming} <= set(STREAMING_QUALITIES)
    assert len(FIGHT_CLUB.timeline) >= 3
    assert len(FIGHT_CLUB.trivia) >= 3
    assert len(FIGHT_CLUB.streaming) >= 2
    dates = [happened.date for happened in FIGHT_CLUB.timeline]
    assert dates == sorted(dates)


def test_fight_club_reads_back_from_the_tables(engine: Engine) -> None:
    """The limits are constraints of the tables: what went in is within them."""
    rows, people, genres = Rows(), people_of(REAL), genres_of(REAL)
    add_people(rows, people)
    add_genres(rows, genres)
    for number, movie in enumerate(REAL, 1):
        add_movie(rows, number, movie, people=people, genres=genres)
    with engine.begin() as connection:
        for table, values in rows.by_table():
            connection.execute(Base.metadata.tables[table].insert(), list(values))
    with Session(engine) as session:
        found = session.get_one(Movie, 1)
        assert (found.external_id, found.title, found.year) == ("tmdb-550", "Fight Club", "1999")
        assert [genre.name for genre in found.genres] == FIGHT_CLUB.basic_info.genres
        cast = [(c.person.name, c.character) for c in found.credits if c.role == "cast"]
        assert cast == [(member.name, member.character) for member in FIGHT_CLUB.cast_crew.cast]
        assert [award.category for award in found.awards] == [award.category for award in FIGHT_CLUB.awards]
        assert [item.question for item in found.trivia] == [item.question for item in FIGHT_CLUB.trivia]
        assert [happened.date for happened in found.timeline] == [h.date for h in FIGHT_CLUB.timeline]
        assert len(found.streaming_options) == len(FIGHT_CLUB.streaming)
        addresses = [found.poster_url, found.backdrop_url, found.trailer_url, *(i.url for i in found.gallery)]
        for address in addresses:
            assert address is not None
            assert urlsplit(address).scheme == "https"
            assert len(address) <= 255
        brad = next(c.person for c in found.credits if c.person.name == "Brad Pitt")
        assert {credit.role for credit in brad.credits} == {"cast", "producer"}


def test_the_two_users_speak_only_of_what_there_is() -> None:
    users = demo_users()
    assert [user.username for user in users] == ["mira", "jonas"]
    known = {movie.external_id for movie in REAL}
    for user in users:
        movies = {entry.movie: entry for entry in user.entries}
        assert len(movies) == len(user.entries)
        assert movies.keys() <= known
        assert {*user.liked, *user.disliked} <= {movie for movie, entry in movies.items() if entry.watched}
        assert {"watched", "toWatch", "deleted", "custom"} == {entry.status for entry in user.entries}
        lists = {entry.name for entry in user.lists}
        for entry in user.entries:
            assert (entry.status == "custom") == (entry.list is not None)
            assert entry.list is None or entry.list in lists
            assert (entry.status == "watched") == (entry.watched is not None)
            for said in entry.recommended:
                assert user.created_at <= entry.changed
                assert said.on <= entry.changed
