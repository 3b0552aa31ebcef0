"""What is in the demo site: the rows of its database and its pictures, written in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, insert, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from core.batches import in_batches
from core.filesystem import Filesystem
from core.library.facts import MovieFacts, UserFacts, demo_users, real_movies, words
from core.library.invented import Inventor, Reader
from core.library.models import Base
from core.library.posters import PICTURE_SIZE, POSTER_SIZE, SMALL_POSTER_SIZE, Painter
from core.library.rows import (
    Rows,
    add_genres,
    add_movie,
    add_people,
    add_user,
    backdrop_path,
    gallery_paths,
    genres_of,
    people_of,
    poster_path,
)
from core.progress import Reporter

FOLDERS = ("posters", "backdrops", "gallery", "imports")

_BATCH = 1000
_READER_ODDS = (12, 20)


def fill(database: Path, uploads: Path, *, movies: int, seed: int, disk: Filesystem, reporter: Reporter) -> None:
    """Given the two places, which do not exist yet, write a library of `movies` movies, the real ones first.

    Nothing is durable yet when this returns. Raise CancelledError.
    """
    disk.make_folder(uploads)
    for folder in FOLDERS:
        disk.make_folder(uploads / folder)
    with disk.create(database):
        pass
    real = real_movies()
    with _building(database) as connection:
        _create_tables(connection)
        reporter.phase("writing movies and posters", movies, "rows")
        inventor = _add_real(connection, real, demo_users(), movies - len(real), seed)
        _draw_real(real, uploads, disk, reporter)
        _add_people(connection, inventor, invented=movies > len(real), reporter=reporter)
        _add_invented(connection, inventor, range(len(real) + 1, movies + 1), uploads, disk, reporter)
        _create_indexes(connection, reporter)
        disk.commit(connection)


@contextmanager
def _building(database: Path) -> Iterator[Connection]:
    """Open the new database without a journal, for an unfinished one is thrown away; leave it in WAL mode."""
    engine = create_engine(URL.create("sqlite", database=str(database)), poolclass=NullPool)
    with engine.connect() as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16384", "foreign_keys = ON"):
            connection.execute(text(f"PRAGMA {pragma}"))
        connection.commit()
        yield connection
        connection.execute(text("PRAGMA journal_mode = WAL"))


def _create_tables(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        connection.execute(CreateTable(table))


def _create_indexes(connection: Connection, reporter: Reporter) -> None:
    """Last, for that is faster; and by name, for SQLAlchemy keeps them in no order."""
    indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes]
    reporter.phase("making the indexes", len(indexes), "steps")
    for index in sorted(indexes, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index))
        reporter.advance()


def _add_real(
    connection: Connection, real: list[MovieFacts], users: list[UserFacts], invented: int, seed: int
) -> Inventor:
    """Insert the real movies and the users; return what goes on with made-up movies."""
    rows = Rows()
    people, genres = people_of(real), genres_of(real)
    add_people(rows, people)
    add_genres(rows, genres)
    for number, movie in enumerate(real, 1):
        add_movie(rows, number, movie, people=people, genres=genres)
    numbers = {movie.external_id: number for number, movie in enumerate(real, 1)}
    readers = []
    first = 1
    for user, odds in zip(users, _READER_ODDS, strict=True):
        free = add_user(rows, user, first_recommender=first, movies=numbers)
        readers.append(Reader(user.id, range(first, free), odds))
        first = free
    _insert(connection, rows)
    return Inventor(seed, movies=invented, words=words(), genres=genres, first_person=len(people) + 1, readers=readers)


def _draw_real(real: list[MovieFacts], uploads: Path, disk: Filesystem, reporter: Reporter) -> None:
    posters, pictures = Painter(POSTER_SIZE), Painter(PICTURE_SIZE)
    for movie in real:
        title, key = movie.basic_info.title, movie.external_id
        _write(disk, uploads / poster_path(key), posters.draw(title, key))
        if movie.gallery:
            _write(disk, uploads / backdrop_path(key), pictures.draw(title, key))
        for path in gallery_paths(movie):
            _write(disk, uploads / path, pictures.draw(title, path))
        reporter.advance()


def _add_people(connection: Connection, inventor: Inventor, *, invented: bool, reporter: Reporter) -> None:
    if not invented:
        return
    for batch in in_batches(inventor.people, _BATCH):
        reporter.check()
        rows = Rows()
        for number in batch:
            inventor.add_person(rows, number)
        _insert(connection, rows)


def _add_invented(
    connection: Connection,
    inventor: Inventor,
    numbers: range,
    uploads: Path,
    disk: Filesystem,
    reporter: Reporter,
) -> None:
    painter = Painter(SMALL_POSTER_SIZE, grain=True)
    for batch in in_batches(numbers, _BATCH):
        rows = Rows()
        for number in batch:
            key, title = inventor.add_movie(rows, number)
            _write(disk, uploads / poster_path(key), painter.draw(title, key))
            reporter.advance()
        _insert(connection, rows)


def _insert(connection: Connection, rows: Rows) -> None:
    for table, values in rows.by_table():
        connection.execute(insert(Base.metadata.tables[table]), values)


def _write(disk: Filesystem, path: Path, content: bytes) -> None:
    with disk.create(path) as file:
        disk.write(file, content)
