"""A record that only the database refuses is refused by itself, told with its place, and leaves nothing."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, select, text
from sqlalchemy.orm import Session

from core.databases.connect import open_server
from core.databases.sessions import reading, writing
from core.errors import BusyError
from core.library.models import Movie, Recommender
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import (
    LATER,
    MIRA,
    Json,
    bring_back,
    errors_of,
    exported,
    library,
    movie,
    said,
    stored,
    take_in,
)
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.test_library_transfer_on_servers import empty_library

NO_CASE = "CREATE UNIQUE INDEX no_case ON recommenders (user_id, {})"
RULES = {
    "blanks": ("mysql", "", "   ", "name_not_empty"),
    "an emoji": (
        "mysql",
        "ALTER TABLE recommenders MODIFY name varchar(100) CHARACTER SET utf8mb3 NOT NULL",
        "Ann 🎲",
        "",
    ),
    "no case, SQLite": ("sqlite", NO_CASE.format("name COLLATE NOCASE"), "TOM", "UNIQUE constraint failed"),
    "no case, PostgreSQL": ("postgresql", NO_CASE.format("lower(name)"), "TOM", "duplicate key"),
    "a check, PostgreSQL": (
        "postgresql",
        "ALTER TABLE recommenders ADD CHECK (name <> 'Ann')",
        "Ann",
        "recommenders_name_check",
    ),
}


def names(session: Session) -> list[str]:
    return sorted(session.scalars(select(Recommender.name).where(Recommender.user_id == MIRA)))


@pytest.mark.parametrize(("engine", "rule", "name", "words"), RULES.values(), ids=RULES)
def test_a_record_that_the_database_refuses_stops_nothing_but_itself(
    engine: str, rule: str, name: str, words: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    with empty_library(make_database(engine)) as session:
        take_in(session, tmp_path, FULL)
        session.commit()
        if rule:
            session.execute(text(rule))
            session.commit()
        before = stored(session)
        many = [movie(f"tt{number:07}", recommendations=[said(f"P{number % 7}")]) for number in range(600)]
        many[523]["recommendations"].append(said(name))
        data: Json = library(people=[{"name": "Bo"}, {"name": name}, {"name": "Cy"}], movies=many)
        report = take_in(session, tmp_path, data)
        assert [error.partition(": refused by the database: ")[0] for error in errors_of(report)] == [
            "people[1]",
            "movies[523]",
        ]
        assert all(words in error for error in errors_of(report))
        assert (report.imported["people"], report.imported["movies"], report.films_made) == (2, 599, 599)
        assert sorted(report.people_made) == [f"P{number}" for number in range(7)]
        assert report.totals == {"movies": 602, "people": 14, "lists": 1, "rankings": 1}
        assert "Tom" in names(session)
        assert name not in names(session)
        assert session.scalar(select(Movie.id).where(Movie.imdb_id == "tt0000523")) is None
        assert len(report.imdb_ids_needing_enrichment) == 599
        assert len(exported(session)["movies"]) == 602
        again = take_in(session, tmp_path, data)
        assert (again.changes, again.films_made, again.refused) == (0, 0, report.refused)
        session.rollback()
        restored = bring_back(session, tmp_path, data)
        assert (restored.written, errors_of(restored)) == (False, errors_of(report))
        assert stored(session) == before


def test_two_names_for_one_leave_neither_a_film_nor_a_person(make_database: MakeDatabase, tmp_path: Path) -> None:
    with empty_library(make_database("mysql")) as session:
        before = stored(session)
        report = take_in(session, tmp_path, library(movies=[movie("tt70", recommendations=[said("Zed"), said("ZED")])]))
        assert errors_of(report) == [
            "movies[0].recommendations: two names that the database takes for one; allowed: one a person"
        ]
        assert (report.films_made, report.people_made.total, report.imdb_ids_needing_enrichment) == (0, 0, ())
        assert stored(session) == before


def test_a_film_that_somebody_makes_at_the_same_moment_is_no_refused_record(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    address = make_database("postgresql")
    url = make_url(address)
    with empty_library(address) as session:
        before = stored(session)
        run_sql(
            address, "INSERT INTO movies (external_id, imdb_id, media_type, title) VALUES ('x', 'tt7', 'movie', 'X')"
        )
        with pytest.raises(BusyError, match="somebody else"):
            take_in(session, tmp_path, library(movies=[movie("tt6"), movie("tt7")]))
    with reading(url) as session:
        assert len(stored(session)["movies"]) == len(before["movies"]) + 1
    with writing(url) as session:
        assert take_in(session, tmp_path, library(movies=[movie("tt6"), movie("tt7")])).films_made == 1


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_lock_or_a_change_at_the_same_moment_is_no_refused_record(
    engine: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    address = make_database(engine)
    url = make_url(address)
    with empty_library(address) as session:
        take_in(session, tmp_path, FULL)
        session.commit()
    other = open_server(url)
    with other.connect() as connection, pytest.raises(BusyError, match="somebody else"), writing(url) as session:
        take_in_while_another_writes(session, connection, tmp_path)
    other.dispose()


def take_in_while_another_writes(session: Session, another: Connection, folder: Path) -> None:
    """One has written already, or is about to."""
    wait = {"postgresql": "lock_timeout = 500", "mysql": "innodb_lock_wait_timeout = 1"}
    session.execute(text("SELECT 1 FROM movies"))
    another.execute(text("UPDATE entries SET status = 'deleted'"))
    if another.dialect.name == "postgresql":
        another.commit()
    session.execute(text(f"SET {wait[another.dialect.name]}"))
    take_in(session, folder, library(movies=[movie("tt1", status="toWatch", last_modified=LATER)]))


def test_a_deadlock_inside_a_savepoint_is_no_refused_record(make_database: MakeDatabase, tmp_path: Path) -> None:
    address = make_database("mysql")
    url = make_url(address)
    with empty_library(address) as session:
        take_in(session, tmp_path, FULL)
        session.commit()
        before = stored(session)
    other = open_server(url)
    with other.connect() as another, ThreadPoolExecutor() as threads:
        another.execute(text("UPDATE entries SET status = 'deleted'"))
        with pytest.raises(BusyError, match="somebody else"), writing(url) as session:
            take_in_what_another_waits_for(session, another, threads, tmp_path)
    other.dispose()
    with reading(url) as session:
        assert stored(session) == before


def take_in_what_another_waits_for(session: Session, another: Connection, threads: Executor, folder: Path) -> None:
    """Each waits for what the other has; MariaDB ends the one that has written less."""
    session.execute(select(Recommender.name)).all()
    threads.submit(another.execute, text("UPDATE recommenders SET color = '#1'"))
    take_in(session, folder, library(movies=[movie("tt1", status="toWatch", last_modified=LATER)]))
