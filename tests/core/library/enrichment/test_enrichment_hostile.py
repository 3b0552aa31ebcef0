"""Which film is meant by an id, what stands in lists, and what answers hold that no film of the library can."""

from __future__ import annotations

import pytest

from core.edits import publish_data
from core.library.categories import category_named
from core.library.enrichment import KeyRefusedError
from tests.core.library.enrichment.conftest import with_services
from tests.core.library.enrichment.enrichment_support import (
    BAD,
    BLUE,
    FakeServices,
    FakeTime,
    Reply,
    film,
    person,
    row,
    run,
    running,
)
from tests.libraries import BASIC, Library

FIND = "/3/find/tt0156887"
CREW, STREAMING = (category_named(name) for name in ("cast_crew", "streaming"))


def found(*movies: int, tv: tuple[int, ...] = (), people: tuple[int, ...] = ()) -> Reply:
    results = {"movie": movies, "tv": tv, "person": people, "tv_episode": (), "tv_season": ()}
    return Reply({f"{kind}_results": [{"id": number} for number in numbers] for kind, numbers in results.items()})


def test_an_id_that_is_a_person_or_nothing_is_no_film(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.ratings.clear()
    for reply in (found(people=(287,)), found()):
        services.then(FIND, reply)
        [failed] = run(library, time, BLUE).failed
        assert failed.failure == "TMDB and OMDb know no such film"
    assert row(library, BLUE, "tmdb_id", "tmdb_data", "title") == (None, None, "tt0156887")


def test_of_several_it_is_the_one_that_has_the_id(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.add(film(id=1, imdb_id="tt0000001"))
    services.add(film(id=2, imdb_id=None, external_ids={}))
    services.then(FIND, found(1, 2, 3, 10494))
    assert run(library, time, BLUE).success
    assert row(library, BLUE, "tmdb_id", "title") == (10494, "Perfect Blue")
    services.then("/3/find/tt0903747", found(1, tv=(1396,)))
    assert run(library, time, BAD).success
    assert row(library, BAD, "tmdb_id", "media_type") == (1396, "tv")


def test_of_several_that_say_nothing_of_the_id_it_is_none(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    for number in (1, 2):
        services.add(film(id=number, imdb_id=None, external_ids={}))
    services.then(FIND, found(1, 2))
    [failed] = run(library, time, BLUE).failed
    assert failed.failure == "TMDB has several films for tt0156887, and none of them says that it is the one"
    assert row(library, BLUE, "tmdb_id") == (None,)


def test_an_answer_without_results_does_not_say_that_there_is_no_film(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    services.then(FIND, Reply({"status": "ok"}))
    [failed] = run(library, time, BLUE).failed
    assert failed.failure == "TMDB answers with what is no film"


@pytest.mark.parametrize("number", [10**30, 2**31, 0, -5])
def test_a_number_that_is_none_of_a_film(library: Library, services: FakeServices, time: FakeTime, number: int) -> None:
    services.add(film(id=number, imdb_id="tt0156887"))
    services.then(FIND, found(number))
    before = row(library, BLUE, "*")
    report = run(library, time)
    assert [one.failure for one in report.failed] == ["TMDB answers with what is no film"]
    assert row(library, BLUE, "*") == before
    assert row(library, BAD, "tmdb_id") == (1396,)


def test_omdb_may_refuse_the_key_with_any_status(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.then("/omdb", Reply({"Response": "False", "Error": "Invalid API key!"}))
    with pytest.raises(KeyRefusedError, match="OMDb refuses the key"):
        run(library, time)


def test_a_series_of_the_library_stays_one(library: Library, services: FakeServices, time: FakeTime) -> None:
    library.execute("UPDATE movies SET media_type = 'tv', tmdb_id = 1396 WHERE external_id = ?", BAD)
    services.add(film(id=1396, imdb_id="tt0000009", title="A film with the number of the series"))
    assert run(library, time, BAD).success
    assert row(library, BAD, "tmdb_id", "media_type", "title") == (1396, "tv", "Breaking Bad")
    assert services.asked == ["/3/tv/1396", "/omdb"]


def test_lists_of_a_person_stay_whole(library: Library, services: FakeServices, time: FakeTime) -> None:
    run(library, time, BLUE)
    crew = library.live(CREW, BLUE)
    mine = [crew["cast"][0] | {"character": "Mima"}, *crew["cast"][1:]]
    publish_data(library.context, library.site, CREW, BLUE, {"cast": mine}, on_conflict="ours")
    publish_data(library.context, library.site, BASIC, BLUE, {"genres": ["Mine", "Drama"]}, on_conflict="ours")
    publish_data(library.context, library.site, STREAMING, BLUE, {"streaming_options": []}, on_conflict="ours")
    credited = {
        "cast": [person(1, "Junko Iwao", character="Mima")],
        "crew": [person(2, "Satoshi Kon", department="Directing", job="Director")],
    }
    services.add(film(id=10494, imdb_id="tt0156887", credits=credited, genres=[{"id": 1, "name": "Horror"}]))
    report = run(library, time, BLUE)
    live = library.live(CREW, BLUE)
    assert live["cast"] == mine
    assert [one["name"] for one in live["directors"]] == ["Satoshi Kon"]
    assert library.live(BASIC, BLUE)["genres"] == ["Mine", "Drama"]
    assert library.live(STREAMING, BLUE)["streaming_options"] == []
    assert report.films[0].kept == {
        "basic_info": ("genres",),
        "cast_crew": ("cast",),
        "streaming": ("streaming_options",),
    }


def test_a_redirect_takes_no_key_to_another_host(library: Library, services: FakeServices, time: FakeTime) -> None:
    with running() as elsewhere:
        for path in ("/3/find", "/omdb"):
            services.then(path, Reply({}, 307, {"Location": f"{elsewhere.url}/3/find/tt0156887"}))
            assert "redirect" in str(run(library, time, BLUE).failed[0].failure)
        assert elsewhere.asked == []


def test_a_proxy_that_is_away_is_told_without_the_key(
    library: Library, services: FakeServices, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://someone:secret@127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://someone:secret@127.0.0.1:1")
    told = str(run(library, time, BLUE).as_json())
    assert "TMDB cannot be reached" in told
    assert "secret" not in told
    assert services.asked == []


def test_an_address_that_is_none_is_told_without_the_key(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    told = str(run(with_services(library, services, tmdb_url="https://a..b:443/3"), time, BLUE).as_json())
    assert "TMDB cannot be reached" in told


def test_what_users_have_says_nothing_of_an_enrichment(library: Library, time: FakeTime) -> None:
    library.execute(
        "INSERT INTO entries (user_id, movie_id, status, last_modified) SELECT "
        "(SELECT min(id) FROM users), id, 'toWatch', 5.0 FROM movies WHERE external_id = ?",
        BLUE,
    )
    before = library.sums()["entries"]
    assert run(library, time, BLUE).changed == 1
    assert library.sums()["entries"] == before
