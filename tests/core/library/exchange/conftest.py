"""The demo library, to read from; nothing here writes into it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from core.databases.sessions import reading
from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.library.models import Movie
from core.progress import Reporter


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    site = write_demo(tmp_path_factory.mktemp("exchange") / "demo", disk=Filesystem(), reporter=Reporter())
    with reading(make_url(f"sqlite:///{site.database}")) as session:
        yield session


@pytest.fixture
def movie(library: Session) -> Movie:
    """Fight Club, which has something in all categories."""
    return library.scalars(select(Movie).where(Movie.external_id == "tmdb-550")).one()
