"""The films of a library as a list: found, filtered, sorted and paged by its database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.config import load_settings
from core.context import Context, open_context
from core.databases.sessions import reading, writing
from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.library.categories import CATEGORIES
from core.library.demo import DemoSite, write_demo
from core.library.facts import real_movies
from core.library.films import SORTS, FilmQuery, FilmRow, Sort, count_films, film_row, films, find_film, survey
from core.library.library import is_library, library_site
from core.library.models import Credit, Movie
from core.progress import Reporter

MOVIES = len(real_movies()) + 40


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSite:
    folder = tmp_path_factory.mktemp("films") / "demo"
    return write_demo(folder, movies=MOVIES, disk=Filesystem(), reporter=Reporter())


def context_of(folder: Path) -> Context:
    return open_context(load_settings(folder / "greenroom.toml"))


@pytest.fixture
def session(demo: DemoSite) -> Iterator[Session]:
    """The demo library in a transaction that is rolled back."""
    with writing(context_of(demo.folder).settings.site("movies").database_url()) as session:
        yield session


def every(session: Session, query: FilmQuery, limit: int = 7) -> list[FilmRow]:
    """All films that match, page by page."""
    page = films(session, query, limit=limit)
    rows = list(page.rows)
    while page.next is not None:
        page = films(session, query, after=page.next, limit=limit)
        assert page.rows
        rows += page.rows
    return rows


def titles(session: Session, **wanted: object) -> list[str]:
    return [row.title for row in every(session, FilmQuery(**wanted))]  # type: ignore[arg-type]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_give_each_film_once_in_order_whatever_their_size(session: Session, sort: Sort) -> None:
    session.execute(update(Movie).where(Movie.id % 5 == 0).values(year=None))
    session.execute(update(Movie).where(Movie.id % 3 == 0).values(title="The same"))
    everything = every(session, FilmQuery(sort=sort), limit=1000)
    assert len(everything) == MOVIES
    assert len({row.id for row in everything}) == MOVIES
    for limit in (1, 7, MOVIES - 1, MOVIES):
        assert every(session, FilmQuery(sort=sort), limit=limit) == everything
    keys = {
        "title": [(row.title, row.id) for row in everything],
        "oldest year": [(row.year or "", row.title, row.id) for row in everything],
        "newest year": [(-int(row.year or 0), row.title, row.id) for row in everything],
        "last added": [(-row.id,) for row in everything],
    }[sort]
    assert keys == sorted(keys)


@pytest.mark.parametrize("sort", SORTS)
def test_a_survey_leads_to_any_place(session: Session, sort: Sort) -> None:
    query = FilmQuery(sort=sort)
    everything = every(session, query, limit=1000)
    found = survey(session, query, step=10)
    assert found.total == MOVIES == count_films(session, query)
    for place in (0, 9, 10, 11, MOVIES - 1, MOVIES + 100):
        first, mark = found.before(place)
        assert first <= place
        assert films(session, query, after=mark, limit=3).rows == tuple(everything[first : first + 3])


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("fight", ["Fight Club"]),
        ("FIGHT  club", ["Fight Club"]),
        ("FINCHER", ["Fight Club", "Se7en"]),
        ("fincher 1999", ["Fight Club"]),
        ("TMDB-550", ["Fight Club"]),
        ("tt0137523", ["Fight Club"]),
        ("amelie", ["Am\u00e9lie"]),
        ("AM\u00c9LIE", ["Am\u00e9lie"]),
        ("fight fincher spielberg", []),
        ("100%", []),
        ("_", []),
        ("[/red]", []),
        ("'; DROP TABLE movies; --", []),
        ("\x00", []),
        ("\ud800", []),
    ],
)
def test_search_looks_at_title_person_year_and_ids(session: Session, search: str, expected: list[str]) -> None:
    assert titles(session, search=search, from_tmdb=True) == expected


def test_a_person_is_found_with_any_letters(session: Session) -> None:
    assert titles(session, search="cean chaffin") == ["Fight Club"]
    assert titles(session, search="CHAFFIN CE\u00c1N") == ["Fight Club"]


def test_filters_agree_with_what_each_category_holds(session: Session) -> None:
    session.execute(delete(Credit).where(Credit.movie_id == 3))
    empty = dict.fromkeys(("year", "release_date", "runtime", "overview", "language", "country", "rating"))
    bare = Movie(external_id="bare", title="Bare", **empty)
    session.add(bare)
    session.flush()
    rows = {row.external_id: row for row in every(session, FilmQuery())}
    assert rows["bare"].filled == frozenset()
    for category in CATEGORIES:
        filled = {row.external_id for row in every(session, FilmQuery(filled=frozenset({category.name})))}
        left = {row.external_id for row in every(session, FilmQuery(empty=frozenset({category.name})))}
        assert filled | left == rows.keys()
        assert not filled & left
        assert filled == {key for key, row in rows.items() if category.name in row.filled}
        for movie in session.scalars(select(Movie)):
            data = category.read(movie)
            silent = {"title", "status"} if category.name == "basic_info" else set()
            says = any(value not in (None, []) for key, value in data.items() if key not in silent)
            assert says == (movie.external_id in filled), (category.name, movie.external_id)


def test_filters_add_up(session: Session) -> None:
    session.execute(update(Movie).where(Movie.external_id == "tmdb-550").values(status="upcoming"))
    assert titles(session, status="upcoming", search="club") == ["Fight Club"]
    assert titles(session, status="in-production") == []
    assert titles(session, only=frozenset({"tmdb-550", "no such"})) == ["Fight Club"]
    assert titles(session, only=frozenset()) == []
    assert titles(session, only=frozenset({"tmdb-550"}), from_tmdb=False) == []
    assert len(titles(session, from_tmdb=True)) + len(titles(session, from_tmdb=False)) == MOVIES


def test_more_ids_than_an_engine_takes_parameters(session: Session) -> None:
    many = frozenset({"tmdb-550", *(f"none-{number}" for number in range(300_000))})
    assert titles(session, only=many) == ["Fight Club"]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.text(st.characters(), max_size=30))
def test_any_text_may_be_searched(demo: DemoSite, text: str) -> None:
    with reading(context_of(demo.folder).settings.site("movies").database_url()) as session:
        query = FilmQuery(search=text)
        assert survey(session, query, step=1000).total == len(films(session, query, limit=1000).rows)


@pytest.mark.parametrize("text", ["tmdb-550", "TMDB-550", "tt0137523", "fight CLUB", " Fight Club (1999) "])
def test_a_film_is_found_by_what_a_person_calls_it(session: Session, text: str) -> None:
    assert find_film(session, text).external_id == "tmdb-550"


def test_a_film_that_nobody_can_tell_is_asked_for(session: Session) -> None:
    session.add(Movie(external_id="other", title="FIGHT club", year="2020"))
    session.flush()
    with pytest.raises(UsageError) as several:
        find_film(session, "fight club")
    assert "tmdb-550 Fight Club (1999)" in several.value.message
    assert "other FIGHT club (2020)" in several.value.message
    assert find_film(session, "fight club (2020)").external_id == "other"
    with pytest.raises(UsageError) as near:
        find_film(session, "fight")
    assert "tmdb-550 Fight Club (1999)" in near.value.hint
    for nothing in ("", "no such film at all", "\x00", "\udcff"):
        with pytest.raises(UsageError, match="there is no film"):
            find_film(session, nothing)


def test_ids_that_differ_in_case_alone_are_told_apart(session: Session) -> None:
    session.add(Movie(external_id="TMDB-550", title="Loud"))
    session.flush()
    assert find_film(session, "TMDB-550").title == "Loud"
    assert find_film(session, "tmdb-550").title == "Fight Club"
    row = film_row(session, "TMDB-550")
    assert row is not None
    assert row.title == "Loud"
    assert film_row(session, "Tmdb-550") is None


# Which site is a library


def with_sites(demo: DemoSite, folder: Path, *names: str) -> Context:
    """Copy the demo's database, once for each site."""
    sites = []
    for name in names:
        shutil.copy(demo.database, folder / f"{name}.db")
        sites.append(f'[sites.{name}]\ndatabase = "sqlite:///{name}.db"\n')
    (folder / "greenroom.toml").write_text('state = "state"\nstorage = "backups"\n' + "\n".join(sites))
    (folder / "greenroom.toml").chmod(0o600)
    return context_of(folder)


def change(folder: Path, site: str, statement: str) -> None:
    with closing(sqlite3.connect(folder / f"{site}.db")) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE trivia_items",
        "ALTER TABLE trivia_items RENAME COLUMN explanation TO remark",
        "ALTER TABLE movies RENAME TO films",
    ],
)
def test_a_database_without_one_of_the_tables_or_columns_is_no_library(
    demo: DemoSite, tmp_path: Path, statement: str
) -> None:
    context = with_sites(demo, tmp_path, "films", "other")
    change(tmp_path, "other", statement)
    assert is_library(context.settings.site("films").database_url())
    assert not is_library(context.settings.site("other").database_url())
    assert library_site(context, None).name == "films"
    with pytest.raises(UsageError, match="other is no movie library"):
        library_site(context, "other")


def test_one_of_several_libraries_must_be_named(demo: DemoSite, tmp_path: Path) -> None:
    context = with_sites(demo, tmp_path, "films", "other")
    with pytest.raises(UsageError, match="several sites are movie libraries: films, other"):
        library_site(context, None)
    assert library_site(context, "other").name == "other"
    with pytest.raises(UsageError, match="there is no site"):
        library_site(context, "third")


def test_a_database_that_cannot_be_read_is_an_error_and_no_other_site(demo: DemoSite, tmp_path: Path) -> None:
    context = with_sites(demo, tmp_path, "films", "other")
    (tmp_path / "other.db").write_bytes(b"no database at all, and long enough to be looked at" * 100)
    with pytest.raises(GreenroomError, match="other"):
        is_library(context.settings.site("other").database_url())
    with pytest.raises(UsageError, match="films is one"):
        library_site(context, None)
    (tmp_path / "other.db").unlink()
    with pytest.raises(GreenroomError, match="there is no database"):
        library_site(context, "other")
    assert library_site(context, "films").name == "films"
