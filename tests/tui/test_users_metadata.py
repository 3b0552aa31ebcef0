"""Metadata of films from the users' screen: what is fetched, what is not, and what the screen says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.config.model import EnrichmentSettings
from core.library.users import import_file
from core.progress import Reporter
from tests.core.library.enrichment.enrichment_support import (
    OMDB_KEY,
    OMDB_LIMIT,
    TMDB_KEY,
    TOO_MANY,
    FakeServices,
    film,
    rating,
    running,
)
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, choose, drive, focus
from tests.tui.libraries import make_library
from tests.tui.users import change, content, mira, pick, to_mira, write

NEW = "tt0156887"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return make_library(tmp_path)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServices]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as services:
        services.add(film(id=10494, imdb_id=NEW, title="Perfect Blue"), rating(NEW))
        yield services


def with_key(place: Place, services: FakeServices) -> Place:
    own = EnrichmentSettings(tmdb_key=TMDB_KEY, tmdb_url=f"{services.url}/3", requests_per_second=50)
    settings = replace(place.context.settings, enrichment=own)
    return replace(place, context=replace(place.context, settings=settings))


def with_both_keys(place: Place, services: FakeServices) -> Place:
    """As with_key, and OMDb is asked too."""
    settings = with_key(place, services).context.settings
    own = replace(settings.enrichment, omdb_key=OMDB_KEY, omdb_url=f"{services.url}/omdb")
    return replace(place, context=replace(place.context, settings=replace(settings, enrichment=own)))


def wait_for_one(place: Place) -> None:
    """One film of the library waits for metadata."""
    movies = content(place)["movies"]
    path = write(place, movies=[*movies, {**movies[0], "imdb_id": NEW}])
    import_file(place.context, place.site, mira(place), path, Reporter())
    change(place, f"UPDATE movies SET tmdb_data = '{{}}' WHERE imdb_id <> '{NEW}'")


@pytest.mark.keys("UsersScreen", "m")
async def test_metadata_is_fetched_after_an_import(library: Place, services: FakeServices) -> None:
    movies = content(library)["movies"]
    path = write(library, movies=[*movies, {**movies[0], "imdb_id": NEW}, {**movies[0], "imdb_id": "tt9999999"}])
    with closing(sqlite3.connect(library.database)) as connection, connection:
        connection.execute("UPDATE movies SET tmdb_data = '{}'")  # none of them waits
    async with drive(with_key(library, services), NARROW) as driver:
        await to_mira(driver)
        await driver.press("m")
        assert "no film of the library waits for metadata" in driver.notices()
        await driver.press("i")
        await pick(driver, path)
        assert "Fetch metadata of 2 films" in await choose(driver, "yes")
        await driver.press("escape")
        assert "2 films of the library without metadata" in driver.text()
        assert "Fetch metadata?" in await driver.press("m")
        screen = await choose(driver, "yes")
        assert "Metadata fetched in part" in screen
        assert "FAILED" in screen
        assert "tt9999999" in screen
        assert "Perfect Blue" in screen


@pytest.mark.keys("UsersScreen", "ctrl+q")
async def test_without_a_key_the_metadata_say_so(library: Place) -> None:
    user, movies = mira(library), content(library)["movies"]
    path = write(library, movies=[*movies, {**movies[0], "imdb_id": NEW}])
    import_file(library.context, library.site, user, path, Reporter())
    async with drive(library, NARROW) as driver:
        await driver.press("6", "m")
        assert "there is no key of TMDB" in driver.notices()
        await driver.press("ctrl+q")
        assert not driver.app.is_running


@pytest.mark.keys("UsersScreen", "x")
async def test_fetching_is_cancelled_in_good_order(library: Place, services: FakeServices) -> None:
    services.then("/3/", *[TOO_MANY] * 20)  # greenroom waits between its questions
    async with drive(with_key(library, services), NARROW) as driver:
        waiting = "300 films of the library"
        assert waiting in await driver.press("6")
        await driver.press("m")
        await focus(driver, "yes")
        await driver.hit("enter")
        await driver.until(lambda: bool(services.asked))
        await driver.hit("i")
        assert "metadata fetch for app is at work" in driver.notices()
        await driver.hit("x")
        screen = await driver.settle()
        assert driver.app.workshop.job is None
        assert "nothing was fetched" in driver.notices()
        assert driver.screen == "UsersScreen"
        assert waiting in screen


async def test_a_film_that_one_of_both_services_knows_is_done_and_says_which_does_not(
    library: Place, services: FakeServices
) -> None:
    services.ratings.clear()
    wait_for_one(library)
    async with drive(with_both_keys(library, services), WIDE) as driver:
        await driver.press("6", "m")
        await choose(driver, "yes")
        assert await driver.shows("Perfect Blue (imdb-tt0156887): ")
        screen = driver.text()
        assert "Done" in screen
        assert "FAILED" not in screen
        assert "0 failed, 1 written but unknown to a service" in " ".join(screen.split())
        assert "unknown to OMDb" in screen


async def test_a_limit_that_is_reached_before_the_first_film_is_said_with_what_to_do(
    library: Place, services: FakeServices
) -> None:
    wait_for_one(library)
    services.then("/omdb", OMDB_LIMIT)
    async with drive(with_both_keys(library, services), NARROW) as driver:
        await driver.press("6", "m")
        await choose(driver, "yes")
        assert driver.screen == "ErrorScreen"
        assert await driver.shows("The metadata fetch for app did not work")
        for words in ("OMDb", "; nothing was fetched", "What to do:"):
            assert await driver.shows(words)
