"""Films enriched on real servers, as on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from core.config import Settings, Site
from core.context import open_context
from core.databases.sessions import reading, writing
from core.edits import revert
from core.library.models import Movie
from tests.core.library.enrichment.conftest import with_services
from tests.core.library.enrichment.enrichment_support import BLUE, FakeServices, FakeTime, film, rating, run, running
from tests.engines.conftest import MakeDatabase
from tests.engines.libraries import made_tables
from tests.libraries import BASIC, Library
from tests.support import SteppingClock


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with running() as services:
        yield services


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_film_is_enriched_and_that_is_taken_back(
    engine: str,
    make_database: MakeDatabase,
    tmp_path: Path,
    services: FakeServices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = made_tables(make_database(engine))
    with writing(url) as session:
        session.add(Movie(external_id=BLUE, imdb_id="tt0156887", title="tt0156887", status=None))
        session.commit()
    site = Site(name="movies", database=url.render_as_string(hide_password=False), folder=tmp_path)
    settings = Settings(
        source=tmp_path / "greenroom.toml", state=tmp_path / "state", storage=tmp_path / "b", sites={"movies": site}
    )
    context = replace(open_context(settings, clock=SteppingClock()), actor="Anna")
    library = with_services(Library(tmp_path, context, site), services)
    before = library.live(BASIC, BLUE)
    odd = {"note": "half a \ud83d, a \0 and a 🎬", "large": 10**40, "small": 1e-300, "none": None}
    services.add(film(id=10494, imdb_id="tt0156887", title="Perfect 🎬", odd=odd), rating("tt0156887"))

    report = run(library, FakeTime())
    assert (report.success, report.changed, report.waiting) == (True, 1, 0)
    assert library.live(BASIC, BLUE)["title"] == "Perfect 🎬"
    with reading(url) as session:
        movie = session.scalars(select(Movie)).one()
        assert movie.tmdb_id == 10494
        assert movie.tmdb_data is not None
        assert movie.tmdb_data["odd"] == {
            "note": "half a ?, a  and a 🎬",
            "large": None,
            "small": pytest.approx(1e-300),
            "none": None,
        }
    assert run(library, FakeTime(), BLUE).changed == 0
    [head] = library.edits.log(forms=["basic_info"])
    revert(library.context, site, BASIC, head.id)
    assert library.live(BASIC, BLUE) == before
