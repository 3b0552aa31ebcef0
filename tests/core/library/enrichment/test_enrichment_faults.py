"""Services that are slow, wrong, silent, hostile or have enough: what is told, what stays, what goes on."""

from __future__ import annotations

import json
import logging
import traceback
from time import monotonic
from typing import Literal

import pytest

from core.errors import BusyError, CancelledError, ConfigError, UsageError
from core.library import enrichment
from core.library.categories import category_named
from core.library.enrichment import KeyRefusedError, LimitReachedError, Waiting, service
from core.progress import CancelToken, Reporter
from tests.core.library.enrichment.conftest import with_services
from tests.core.library.enrichment.enrichment_support import (
    BAD,
    BAD_OMDB_KEY,
    BAD_TMDB_KEY,
    BLUE,
    OMDB_KEY,
    OMDB_LIMIT,
    TMDB_KEY,
    TOO_MANY,
    FakeServices,
    FakeTime,
    Reply,
    film,
    person,
    rating,
    row,
    run,
)
from tests.libraries import BASIC, Library

DOWN = Reply(b"<h1>down</h1>", 503, kind="text/html")
BLUE_FILM = "/3/movie/10494"


def wait_too(library: Library, *imdb_ids: str) -> None:
    for imdb_id in imdb_ids:
        library.execute(
            "INSERT INTO movies (external_id, imdb_id, media_type, title) VALUES (?, ?, 'movie', ?)",
            f"imdb-{imdb_id}",
            imdb_id,
            imdb_id,
        )


@pytest.mark.parametrize(
    ("replies", "pauses"),
    [
        ([Reply(TOO_MANY.data, 429, {"Retry-After": "7"})], [7.0]),
        ([Reply(TOO_MANY.data, 429, {"Retry-After": "soon"})], [1.0]),
        ([Reply(TOO_MANY.data, 429, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"})], [1.0]),
        ([DOWN, Reply({}, 500), Reply({}, 502)], [1.0, 2.0, 4.0]),
        ([Reply(film(), cut=True)], [1.0]),
        ([Reply(b'{"id": 10494, "title": "Perf')], [1.0]),
        ([Reply(b'{"id": NaN}'), Reply(b"[" * 100_000), Reply(b"[1]")], [1.0, 2.0, 4.0]),
        ([Reply(b"no gzip", headers={"Content-Encoding": "gzip"})], [1.0]),
    ],
)
def test_a_question_is_asked_again_after_a_pause(
    library: Library, services: FakeServices, time: FakeTime, replies: list[Reply], pauses: list[float]
) -> None:
    services.then(BLUE_FILM, *replies)
    assert run(library, time, BLUE).success
    assert [one for one in time.pauses if one >= 1] == pauses
    assert library.live(BASIC, BLUE)["title"] == "Perfect Blue"


def test_a_time_may_say_when_to_ask_again(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.then(BLUE_FILM, Reply({}, 503, {"Retry-After": "Sun, 29 Mar 2026 00:30:30 GMT"}))
    assert run(library, time, BLUE).success
    [pause] = [one for one in time.pauses if one >= 1]
    assert 20 < pause < 30


def test_who_says_nothing_is_asked_again_and_then_given_up(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    services.then("/3/find/tt0156887", *[Reply({}, hang=True)] * 4)
    report = run(with_services(library, services, timeout_seconds=0.05), time)
    assert [(one.external_id, one.failure) for one in report.failed] == [
        (BLUE, "TMDB does not answer in time, also when asked again")
    ]
    assert (report.stopped, report.changed, report.waiting) == (None, 1, 1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"<html>Welcome</html>", kind="text/html"), "answers with status 200 and no JSON"),
        (Reply({}, 403), "answers with status 403"),
        (Reply({}, 302, {"Location": "http://127.0.0.1:1/"}), "answers with a redirect, which is not followed"),
        (Reply({"detail": "Not Found"}, 404), "is not at that address"),
        (Reply({"hello": 1}), "answers with what is no film"),
        (Reply(film(id=7)), "answers with 7 when asked for 10494"),
        (Reply(film(id=10494)), "says that 10494 is tt0137523, and the library tt0156887"),
        (Reply(film(id=10494, imdb_id="tt0156887", overview="x" * 300_000)), "says too much of this film to be kept"),
    ],
)
def test_an_answer_that_is_none_fails_its_film_alone(
    library: Library, services: FakeServices, time: FakeTime, reply: Reply, words: str
) -> None:
    services.then(BLUE_FILM, reply)
    before = row(library, BLUE, "*")
    report = run(library, time)
    assert [(one.external_id, one.failure) for one in report.failed] == [(BLUE, f"TMDB {words}")]
    assert row(library, BLUE, "*") == before
    assert row(library, BAD, "tmdb_id") == (1396,)


@pytest.mark.parametrize("packed", [True, False])
def test_a_huge_answer_is_not_read_to_its_end(
    library: Library, services: FakeServices, time: FakeTime, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(service, "LARGEST_ANSWER", 2**20)
    data = film(id=10494, overview="x" * 3 * 2**20)
    services.then(BLUE_FILM, Reply(data if packed else json.dumps(data).encode()))
    [failed] = run(library, time, BLUE).failed
    assert failed.failure is not None
    assert "answers with more than" in failed.failure


@pytest.mark.parametrize("drip", ["header", "text"])
def test_an_answer_that_drips_in_without_end_is_left(
    library: Library,
    services: FakeServices,
    time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    drip: Literal["header", "text"],
) -> None:
    monkeypatch.setattr(service, "_LONGEST_ANSWER", 0.2)
    services.then(BLUE_FILM, *[Reply({}, drip=drip)] * 4)
    slow = Waiting(time.pause, monotonic)
    report = enrichment.enrich(library.context, library.site, [BLUE, BAD], reporter=Reporter(), time=slow)
    [failed] = report.failed
    assert failed.failure == "TMDB does not come to the end of its answer, also when asked again"
    assert report.written == 1


@pytest.mark.parametrize("reply", [Reply({}, drip="header"), Reply({}, drip="text"), Reply({}, hang=True)])
def test_who_asks_to_stop_waits_for_no_service(library: Library, services: FakeServices, reply: Reply) -> None:
    token = CancelToken()
    plain = services.reply

    def answer(target: str, headers: dict[str, str]) -> Reply:
        found = plain(target, headers)
        if found is reply:
            token.cancel()
        return found

    services.reply = answer  # type: ignore[method-assign]
    services.then(BLUE_FILM, reply)
    begun = monotonic()
    with pytest.raises(CancelledError):
        enrichment.enrich(library.context, library.site, reporter=Reporter(token=token))
    assert monotonic() - begun < 5  # and not the ten seconds that a service may say nothing
    assert row(library, BLUE, "tmdb_data") == (None,)


def test_values_that_make_no_sense_are_left_out_and_told(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    services.add(
        film(
            id=10494,
            imdb_id="tt0156887",
            title="P" * 300,
            runtime="long",
            tagline="half a \ud83d and a \0",
            release_date="soon",
            genres=[{"id": 1, "name": "Drama"}, "Horror", {"id": 2, "name": 7}],
            budget=10**30,
            poster_path="//evil.example/x y",
            credits={"cast": [person(1, "N" * 150), {"name": "Nobody"}, person(2, "Junko Iwao", character="Mima")]},
            videos=None,
            images={"backdrops": [{"file_path": "/" + "b" * 600 + ".jpg"}, {"file_path": "/good.jpg"}]},
        ),
        rating("tt0156887", Title="N/A", Released="N/A", Runtime="1 h", Metascore="N/A", Ratings=None, imdbRating=8),
    )
    report = run(library, time, BLUE)
    assert report.success
    live = library.live(BASIC, BLUE)
    assert (live["title"], live["runtime"], live["release_date"], live["budget"]) == ("tt0156887", None, None, None)
    assert live["genres"] == ["Drama"]
    assert [one["name"] for one in library.live(category_named("cast_crew"), BLUE)["cast"]] == ["Junko Iwao"]
    media = library.live(category_named("media"), BLUE)
    assert media["gallery_images"] == ["https://image.tmdb.org/t/p/w1280/good.jpg"]
    assert media["poster_url"] is None
    told = "\n".join(report.films[0].left_out)
    for word in ("title", "release_date", "budget", "cast", "gallery_images", "runtime", "TMDB", "OMDb"):
        assert word in told


def test_a_film_of_which_little_is_known(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.then(BLUE_FILM, Reply({"id": 10494}))
    del services.ratings["tt0156887"]
    report = run(library, time, BLUE)
    assert [(one.external_id, one.missing, one.failure) for one in report.failed] == [(BLUE, ("OMDb",), None)]
    assert row(library, BLUE, "title", "tmdb_id", "omdb_data") == ("tt0156887", 10494, None)
    assert report.written == 1


def test_what_tmdb_does_not_know_comes_from_omdb_and_goes_on_waiting(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    del services.films["movie", 10494]
    report = run(library, time, BLUE)
    assert (report.failed[0].missing, report.waiting) == (("TMDB",), 2)
    live = library.live(BASIC, BLUE)
    assert (live["title"], live["release_date"], live["country"]) == ("Fight Club", "1999-10-15", "Germany")
    services.asked.clear()
    assert run(library, time, BLUE).failed[0].failure == "TMDB knows no such film"
    assert services.asked == ["/3/find/tt0156887"]


def test_ids_that_nobody_has(library: Library, services: FakeServices, time: FakeTime) -> None:
    wait_too(library, "tt-oops")
    report = run(library, time, "tmdb-404404", "imdb-tt-oops", "TT0156887")
    assert [one.failure for one in report.films] == [
        "the library has no such film",
        "IMDb has no ids such as 'tt-oops'",
        None,
    ]
    assert report.changed == 1


def test_a_key_that_is_refused_ends_it_at_once(library: Library, services: FakeServices, time: FakeTime) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        run(with_services(library, services, tmdb_key="wrong-key-0"), time)
    assert "TMDB refuses the key" in caught.value.message
    assert "tmdb_key" in caught.value.hint
    assert services.asked == ["/3/find/tt0156887"]
    services.then("/omdb", Reply(rating("tt0156887")), BAD_OMDB_KEY)
    report = run(library, time)
    assert isinstance(report.stopped, KeyRefusedError)
    assert (report.done, report.left, report.waiting) == (1, 1, 1)


@pytest.mark.parametrize(
    "reply", [Reply(b"<h1>no</h1>", 401, kind="text/html"), Reply(b"{", 401), Reply([], 401), Reply(b"", 401)]
)
def test_a_key_is_refused_whatever_comes_with_it(
    library: Library, services: FakeServices, time: FakeTime, reply: Reply
) -> None:
    services.then("/3/find", reply)
    with pytest.raises(KeyRefusedError, match="TMDB refuses the key"):
        run(library, time)
    services.then("/omdb", reply)
    with pytest.raises(KeyRefusedError, match="OMDb refuses the key"):
        run(library, time)
    assert services.asked == ["/3/find/tt0156887", "/3/find/tt0156887", BLUE_FILM, "/omdb"]
    assert row(library, BLUE, "tmdb_data") == (None,)


def test_a_limit_that_is_reached_at_once_is_an_error(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.then("/omdb", OMDB_LIMIT)
    with pytest.raises(LimitReachedError):
        run(library, time)


@pytest.mark.parametrize("reply", [OMDB_LIMIT, Reply({}, 429, {"Retry-After": "3600"})])
def test_a_limit_ends_it_and_the_next_run_goes_on(
    library: Library, services: FakeServices, time: FakeTime, reply: Reply
) -> None:
    services.then("/omdb", Reply(rating("tt0156887")), reply)
    report = run(library, time)
    assert report.stopped is not None
    assert (report.success, report.done, report.left, report.waiting) == (False, 1, 1, 1)
    # The film whose ratings are lacking was not half written.
    assert row(library, BAD, "tmdb_data") == (None,)
    again = run(library, time)
    assert (again.success, again.asked, again.waiting) == (True, 1, 0)


@pytest.mark.parametrize(("reply", "questions"), [(DOWN, 4), (Reply({}, 403), 1)])
def test_a_service_that_fails_three_times_running_is_left_alone(
    library: Library, services: FakeServices, time: FakeTime, reply: Reply, questions: int
) -> None:
    wait_too(library, "tt0000001", "tt0000002")
    services.then("/3/find", *[reply] * 4 * questions)
    report = run(library, time)
    assert report.stopped is not None
    assert (report.done, report.written, report.left, report.waiting) == (3, 0, 1, 4)
    assert len(services.asked) == 3 * questions
    assert report.as_json()["left"] == 1
    assert report.summary().startswith("3 films asked for, 0 changed, 3 failed. Stopped: TMDB answers with status")


def test_asked_to_stop_it_keeps_what_is_done(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.then("/3/tv", DOWN)
    time.on_pause = lambda seconds: time.token.cancel() if seconds >= 1 else None
    with pytest.raises(CancelledError):
        run(library, time)
    assert row(library, BLUE, "tmdb_id") == (10494,)
    assert row(library, BAD, "tmdb_id") == (None,)
    assert run(library, FakeTime()).asked == 1


def test_it_waits_while_the_site_is_held(
    library: Library, services: FakeServices, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrichment.film, "_BUSY_PAUSES", (1.0, 2.0))
    held = library.opened().context.lock(library.site, "backup")
    held.__enter__()
    time.on_pause = lambda seconds: held.__exit__(None, None, None) if seconds == 2 else None
    asked = len(services.asked)
    assert run(library, time, BLUE).success
    # The services are not asked again for what they said already.
    assert len(services.asked) == asked + 3
    with library.opened().context.lock(library.site, "backup"):
        with pytest.raises(BusyError):
            run(library, FakeTime(), BLUE)
        report = run(library, FakeTime(), "tmdb-404404", BLUE)
    assert isinstance(report.stopped, BusyError)
    assert (report.done, report.left) == (1, 1)


def test_a_film_that_is_another_meanwhile_is_not_written(
    library: Library, services: FakeServices, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = services.reply

    def reply(target: str, headers: dict[str, str]) -> Reply:
        library.execute("UPDATE movies SET imdb_id = 'tt7654321' WHERE external_id = ?", BLUE)
        return plain(target, headers)

    monkeypatch.setattr(services, "reply", reply)
    [failed] = run(library, time, BLUE).failed
    assert failed.failure is not None
    assert "was changed while the services were asked" in failed.failure
    assert library.live(BASIC, BLUE)["title"] == "tt0156887"
    assert library.edits.log() == []


def test_two_films_do_not_become_one(library: Library, services: FakeServices, time: FakeTime) -> None:
    library.execute("UPDATE movies SET imdb_id = NULL WHERE external_id = 'tmdb-550'")
    wait_too(library, "tt0137523")
    [failed] = run(library, time, "tt0137523").failed
    assert failed.failure == "imdb-tt0137523 is tmdb-550 too: both are movie 550 at TMDB"
    assert library.edits.log() == []


def test_services_are_not_asked_faster_than_is_allowed(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    run(with_services(library, services, requests_per_second=2), time)
    # Four questions to TMDB, with half a second between each two.
    assert time.seconds == pytest.approx(1.5)


@pytest.mark.parametrize("token", [False, True])
def test_keys_are_never_told(
    library: Library,
    services: FakeServices,
    time: FakeTime,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    token: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "eyJhbGciOiJIUzI1NiJ9.token-of-tmdb" if token else TMDB_KEY
    services.tokens = {key}
    library = with_services(library, services, tmdb_key="${TMDB_KEY}")
    monkeypatch.setenv("TMDB_KEY", key)
    assert run(library, time, BLUE).success
    services.then("/3", *[Reply(film(), cut=True)] * 4)
    told = str(run(library, time).as_json())
    services.then("/3", BAD_TMDB_KEY)
    with pytest.raises(KeyRefusedError) as caught:
        run(library, time)
    told += "".join(traceback.format_exception(caught.value))
    services.__exit__()
    told += str(run(library, time).as_json())
    assert "cannot be reached" in told
    for secret in (key, OMDB_KEY):
        assert secret not in told + caplog.text + repr(library.context.settings)


def test_keys_may_be_missing(library: Library, services: FakeServices, time: FakeTime) -> None:
    with pytest.raises(ConfigError, match="no key of TMDB"):
        run(with_services(library, services, tmdb_key=None), time)
    with pytest.raises(ConfigError, match="environment variable"):
        run(with_services(library, services, tmdb_key="${NOT_SET_ANYWHERE}"), time)
    report = run(with_services(library, services, omdb_key=None), time, BLUE)
    assert (report.success, report.without_omdb) == (True, True)
    assert "/omdb" not in services.asked
    assert library.live(BASIC, BLUE)["imdb_rating"] is None


def test_read_only_nothing_is_asked(library: Library, services: FakeServices, time: FakeTime) -> None:
    with pytest.raises(UsageError):
        run(with_services(library.opened(read_only=True), services), time)
    assert services.asked == []
