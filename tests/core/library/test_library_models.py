"""The library's tables refuse what must not be in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from core.errors import UsageError
from core.library.models import (
    Award,
    Base,
    Credit,
    CustomList,
    Entry,
    Genre,
    Movie,
    Person,
    Ranking,
    Recommendation,
    Recommender,
    StreamingOption,
    TimelineEvent,
    TriviaItem,
    User,
    WatchRecord,
)

MIRA, JONAS = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
NOW = 1739550000.25


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Two users, of whom Mira has a list, two recommenders and an entry with all that belongs to it."""
    with Session(engine) as session:
        for user, name in ((MIRA, "mira"), (JONAS, "jonas")):
            session.add(User(id=user, email=f"{name}@movies.example", username=name, created_at=NOW))
        session.add(Movie(id=1, external_id="tmdb-550", imdb_id="tt0137523", tmdb_id=550, title="Fight Club"))
        session.add(Movie(id=2, external_id="tmdb-603", title="The Matrix"))
        session.add(Person(id=1, external_id="person-david-fincher", name="David Fincher"))
        session.flush()
        session.add(Recommender(id=1, user_id=MIRA, name="Google", quick_key="google", last_modified=NOW))
        session.add(Recommender(id=2, user_id=MIRA, name="Aylin", last_modified=NOW))
        session.add(CustomList(user_id=MIRA, id="list-1", name="Rainy", created_at=NOW, last_modified=NOW))
        session.flush()
        session.add(Entry(user_id=MIRA, movie_id=1, status="custom", custom_list_id="list-1", last_modified=NOW))
        session.flush()
        key = {"user_id": MIRA, "movie_id": 1}
        session.add(WatchRecord(**key, date_watched=NOW, my_rating=8.5))
        session.add(Recommendation(**key, recommender_id=2, date_recommended=NOW))
        session.add(Ranking(**key, liked=True, position=1, ranked_at=NOW))
        session.commit()
        yield session


def movie(**values: Any) -> Movie:
    return Movie(**{"external_id": "tmdb-9", "title": "Nine"} | values)


def award(**values: Any) -> Award:
    made = {"external_id": "a", "name": "Award", "year": 2000, "category": "Best", "status": "Winner"}
    return Award(movie_id=1, **made | values)


REFUSED: dict[str, Callable[[], Base]] = {
    "an external id twice": lambda: movie(external_id="tmdb-550"),
    "an IMDb id twice": lambda: movie(imdb_id="tt0137523"),
    "a TMDB id twice": lambda: movie(tmdb_id=550),
    "no title": lambda: movie(title=None),
    "an empty title": lambda: movie(title=""),
    "a long title": lambda: movie(title="x" * 201),
    "a long tagline": lambda: movie(tagline="x" * 501),
    "a long year": lambda: movie(year="19999"),
    "a long certificate": lambda: movie(rating="x" * 11),
    "a long poster address": lambda: movie(poster_url="x" * 256),
    "a score over 100": lambda: movie(siddu_score=100.5),
    "a negative score": lambda: movie(critics_score=-1),
    "a rating over 10": lambda: movie(imdb_rating=10.1),
    "tomatoes over 100": lambda: movie(rotten_tomatoes_score=101),
    "a negative runtime": lambda: movie(runtime=-1),
    "a negative revenue": lambda: movie(revenue=-1),
    "an unknown status": lambda: movie(status="rumoured"),
    "an unknown kind of media": lambda: movie(media_type="book"),
    "a credit of nobody": lambda: Credit(movie_id=1, person_id=99, role="director"),
    "a credit in no movie": lambda: Credit(movie_id=99, person_id=1, role="director"),
    "an unknown role": lambda: Credit(movie_id=1, person_id=1, role="caterer"),
    "a director with a character": lambda: Credit(movie_id=1, person_id=1, role="director", character="X"),
    "an unknown award status": lambda: award(status="Runner-up"),
    "an unknown prestige": lambda: award(prestige_level="village"),
    "an award of no year": lambda: award(year=0),
    "an unknown quality": lambda: StreamingOption(movie_id=1, platform="p", region="r", type="rent", quality="8K"),
    "an unknown way of streaming": lambda: StreamingOption(movie_id=1, platform="p", region="r", type="lend"),
    "an unknown event": lambda: TimelineEvent(
        movie_id=1, date=dt.date(2000, 1, 1), title="t", description="d", category="Party"
    ),
    "unknown trivia": lambda: TriviaItem(movie_id=1, question="q", answer="a", category="Gossip"),
    "an email twice": lambda: User(id="3", email="mira@movies.example", username="m", created_at=NOW),
    "a username twice": lambda: User(id="3", email="x@movies.example", username="mira", created_at=NOW),
    "a recommender's name twice": lambda: Recommender(user_id=MIRA, name="Aylin", last_modified=NOW),
    "a quick key twice": lambda: Recommender(user_id=MIRA, name="G", quick_key="google", last_modified=NOW),
    "an unknown quick key": lambda: Recommender(user_id=MIRA, name="B", quick_key="bing", last_modified=NOW),
    "an entry twice": lambda: Entry(user_id=MIRA, movie_id=1, last_modified=NOW),
    "an entry of no movie": lambda: Entry(user_id=MIRA, movie_id=99, last_modified=NOW),
    "an unknown entry status": lambda: Entry(user_id=MIRA, movie_id=2, status="seen", last_modified=NOW),
    "another user's list": lambda: Entry(
        user_id=JONAS, movie_id=1, status="custom", custom_list_id="list-1", last_modified=NOW
    ),
    "another recommendation of the same": lambda: Recommendation(
        user_id=MIRA, movie_id=1, recommender_id=2, date_recommended=NOW
    ),
    "a recommendation without an entry": lambda: Recommendation(
        user_id=MIRA, movie_id=2, recommender_id=2, date_recommended=NOW
    ),
    "watched without an entry": lambda: WatchRecord(user_id=MIRA, movie_id=2, date_watched=NOW, my_rating=5),
    "a second watch record": lambda: WatchRecord(user_id=MIRA, movie_id=1, date_watched=NOW, my_rating=5),
    "a ranking without an entry": lambda: Ranking(user_id=MIRA, movie_id=2, liked=True, position=1, ranked_at=NOW),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused(session: Session, case: str) -> None:
    session.add(REFUSED[case]())
    with pytest.raises((IntegrityError, StatementError)):
        session.flush()


@pytest.mark.parametrize("rating", [0.9, 10.1, 11, -1])
def test_a_rating_is_from_one_to_ten(session: Session, rating: float) -> None:
    session.execute(text("UPDATE watch_history SET my_rating = 10"))
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE watch_history SET my_rating = :rating"), {"rating": rating})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movies SET status = 'rumoured'",
        "UPDATE entries SET status = 'seen'",
        "UPDATE recommenders SET is_trusted = 2",
        "UPDATE rankings SET position = 0",
        "UPDATE rankings SET liked = 'yes'",
        "UPDATE custom_lists SET color = '#0a84ff0a84ff'",
    ],
)
def test_the_database_itself_refuses(session: Session, statement: str) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


def test_one_person_may_hold_several_roles(session: Session) -> None:
    session.add(Credit(movie_id=1, person_id=1, role="director"))
    session.add(Credit(movie_id=1, person_id=1, role="cast", character="A passer-by"))
    session.add(Credit(movie_id=1, person_id=1, role="cast", character="A waiter"))
    session.flush()
    session.add(Credit(movie_id=1, person_id=1, role="director"))
    with pytest.raises(IntegrityError):
        session.flush()


def test_two_users_may_have_a_list_of_the_same_id(session: Session) -> None:
    session.add(CustomList(user_id=JONAS, id="list-1", name="Rainy", created_at=NOW, last_modified=NOW))
    session.flush()


def test_defaults(session: Session) -> None:
    session.add(Entry(user_id=JONAS, movie_id=2, last_modified=NOW))
    session.flush()
    session.expire_all()
    user, entry = session.get_one(User, JONAS), session.get_one(Entry, (JONAS, 2))
    assert (user.is_active, user.backup_enabled) == (True, False)
    assert (entry.status, entry.custom_list_id, entry.last_modified) == ("toWatch", None, NOW)
    recommender = session.get_one(Recommender, 2)
    assert (recommender.color, recommender.is_trusted, recommender.quick_key) == ("#0a84ff", False, None)
    own = session.get_one(CustomList, (MIRA, "list-1"))
    assert (own.color, own.icon, own.position) == ("#0a84ff", "list", 0)
    assert session.get_one(Movie, 1).media_type == "movie"


def test_a_quick_recommender_stays_and_another_goes(session: Session) -> None:
    session.delete(session.get_one(Recommender, 2))
    session.flush()
    assert session.scalar(select(func.count()).select_from(Recommendation)) == 0
    session.delete(session.get_one(Recommender, 1))
    with pytest.raises(UsageError, match="Google is a quick recommender"):
        session.flush()


def test_a_user_goes_with_all_that_is_the_users(session: Session) -> None:
    session.delete(session.get_one(User, MIRA))
    session.commit()
    for model in (Recommender, CustomList, Entry, Recommendation, WatchRecord, Ranking):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert session.scalar(select(func.count()).select_from(Movie)) == 2


def test_a_movie_in_a_library_stays_and_another_goes_with_its_parts(session: Session) -> None:
    second = session.get_one(Movie, 2)
    second.genres.append(Genre(slug="drama", name="Drama"))
    second.awards.append(Award(external_id="a", name="Award", year=2000, category="Best", status="Winner"))
    session.commit()
    session.delete(second)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Award)) == 0
    session.execute(text("DELETE FROM credits"))
    with pytest.raises(IntegrityError):
        session.execute(text("DELETE FROM movies WHERE id = 1"))


def test_lists_of_a_movie_are_replaced_whole_and_keep_their_order(session: Session) -> None:
    found = session.get_one(Movie, 1)
    for questions in (["a", "b", "c"], ["c", "d"]):
        found.trivia = [TriviaItem(question=q, answer="-", category="Goofs") for q in questions]
        session.commit()
        assert [(item.question, item.position) for item in found.trivia] == [
            (question, number) for number, question in enumerate(questions)
        ]
    drama, crime = Genre(slug="drama", name="Drama"), Genre(slug="crime", name="Crime")
    for genres in ([drama, crime], [crime, drama], [crime]):
        found.genres = genres
        session.commit()
        session.expire_all()
        assert [genre.name for genre in found.genres] == [genre.name for genre in genres]


def test_no_document_is_null_and_large_numbers_are_kept(session: Session) -> None:
    session.add(movie(id=9, revenue=2**53 + 1, tmdb_data={"id": 9, "title": "Neun"}))
    session.commit()
    row = session.execute(text("SELECT revenue, tmdb_data, omdb_data FROM movies WHERE id = 9")).one()
    assert (row.revenue, row.omdb_data) == (2**53 + 1, None)
    assert session.get_one(Movie, 9).tmdb_data == {"id": 9, "title": "Neun"}
