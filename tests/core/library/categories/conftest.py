"""The demo library, read once; each test works in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, event, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.library.facts import real_movies
from core.library.models import Movie
from core.progress import Reporter


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The real movies and forty made-up ones."""
    folder = tmp_path_factory.mktemp("library") / "demo"
    site = write_demo(folder, movies=len(real_movies()) + 40, disk=Filesystem(), reporter=Reporter())
    engine = create_engine(f"sqlite:///{site.database}")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"))
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session
        session.rollback()


@pytest.fixture
def movie(session: Session) -> Movie:
    """Fight Club, which has something in all categories."""
    return session.scalars(select(Movie).where(Movie.external_id == "tmdb-550")).one()
