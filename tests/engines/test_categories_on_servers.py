"""The categories of a movie on real servers: read, written, matched and rolled back as on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from core.databases.connect import open_server
from core.filesystem import Filesystem
from core.forms import AmbiguousError
from core.library.categories import CATEGORIES, category_named
from core.library.demo import write_demo
from core.library.models import Base, Genre, Movie, Person
from core.progress import Reporter
from tests.engines.conftest import MakeDatabase

CAST = category_named("cast_crew")


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_all_categories_go_to_a_server_and_come_back(engine: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "demo", disk=Filesystem(), reporter=Reporter())
    source = create_engine(f"sqlite:///{demo.database}")
    with Session(source) as session:
        movie = session.scalars(select(Movie).where(Movie.external_id == "tmdb-550")).one()
        filled = {category: category.read(movie) for category in CATEGORIES}
    source.dispose()
    server = open_server(make_database(engine))
    Base.metadata.create_all(server)
    with Session(server) as session:
        session.add(Movie(external_id="tmdb-550", title="Untitled", tmdb_id=550))
        session.commit()
        for _ in range(2):
            for category, data in filled.items():
                movie = session.scalars(select(Movie)).one()
                category.write(session, movie, data)
                session.expire_all()
                assert category.read(movie) == data
            session.rollback()
            assert session.scalars(select(Person)).all() == []
            assert session.scalars(select(Genre)).all() == []
        movie = session.scalars(select(Movie)).one()
        for category, data in filled.items():
            category.write(session, movie, data)
            turned = {key: data[key][::-1] for key in category.list_keys}
            category.write(session, movie, turned)
            written = category.write(session, movie, data)
            assert set(written.updated_fields) == {key for key in turned if turned[key] != data[key]}
        session.commit()
        names = {"producers": [{"name": "cean CHAFFIN"}]}
        CAST.write(session, movie, names)
        assert CAST.read(movie)["producers"][0]["name"] == "Ce\u00e1n Chaffin"
        session.add(Person(external_id="other", name="Cean Chaffin"))
        with pytest.raises(AmbiguousError):
            CAST.write(session, movie, {"directors": names["producers"]})
    server.dispose()
