"""A library of some films that wait, and both services on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.config.model import EnrichmentSettings
from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.progress import Reporter
from tests.core.library.enrichment.enrichment_support import (
    OMDB_KEY,
    TMDB_KEY,
    FakeServices,
    FakeTime,
    film,
    rating,
    running,
    series,
)
from tests.libraries import Library, open_library


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enrichment") / "demo"
    return write_demo(folder, disk=Filesystem(), reporter=Reporter()).database


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with running() as services:
        services.add(film(), rating())
        services.add(film(id=10494, imdb_id="tt0156887", title="Perfect Blue"), rating("tt0156887"))
        services.add(series(), rating("tt0903747"), kind="tv")
        yield services


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def library(demo: Path, tmp_path: Path, services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The demo, in which tt0156887 and tt0903747 were imported and wait."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    root = tmp_path / "site"
    root.mkdir()
    (root / "backups").mkdir(mode=0o700)
    shutil.copy(demo, root / "app.db")
    library = with_services(open_library(root), services)
    for imdb_id in ("tt0156887", "tt0903747"):
        library.execute(
            "INSERT INTO movies (external_id, imdb_id, media_type, title) VALUES (?, ?, 'movie', ?)",
            f"imdb-{imdb_id}",
            imdb_id,
            imdb_id,
        )
    return library


def with_services(library: Library, services: FakeServices, **changes: object) -> Library:
    own = EnrichmentSettings(
        tmdb_key=TMDB_KEY,
        omdb_key=OMDB_KEY,
        tmdb_url=f"{services.url}/3",
        omdb_url=f"{services.url}/omdb",
        requests_per_second=50,
    )
    settings = replace(library.context.settings, enrichment=replace(own, **changes))  # type: ignore[arg-type]
    return replace(library, context=replace(library.context, settings=settings))
