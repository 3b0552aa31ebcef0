"""What an enrichment writes, and what it leaves alone."""

from __future__ import annotations

import json

from sqlalchemy import select

from core.databases.sessions import reading
from core.edits import origin_of, publish_data, revert, source_of
from core.forms import Subject, make_envelope
from core.library.categories import category_named
from core.library.enrichment import FilmReport, waiting, waiting_count
from core.library.models import Movie
from tests.core.library.enrichment.enrichment_support import BAD, BLUE, FakeServices, FakeTime, film, rating, row, run
from tests.libraries import BASIC, Library

MEDIA, STREAMING, CREW = (category_named(name) for name in ("media", "streaming", "cast_crew"))


def test_films_that_wait_get_what_the_services_know(library: Library, services: FakeServices, time: FakeTime) -> None:
    told: list[FilmReport] = []
    report = run(library, time, each=told.append)
    assert (report.success, report.asked, report.done, report.changed, report.waiting) == (True, 2, 2, 2, 0)
    assert [one.external_id for one in told] == [BLUE, BAD] == [one.external_id for one in report.films]
    assert [one.title for one in told] == ["Perfect Blue", "Breaking Bad"]
    assert row(library, BLUE, "tmdb_id", "media_type", "imdb_id") == (10494, "movie", "tt0156887")
    assert library.live(BASIC, BLUE) == {
        "title": "Perfect Blue",
        "tagline": "Mischief. Mayhem. Soap.",
        "year": "1999",
        "release_date": "1999-10-15",
        "runtime": 139,
        "rating": "R",
        "language": "English",
        "country": "United States of America",
        "overview": "A man who cannot sleep meets one who sells soap.",
        "budget": 63000000,
        "revenue": 100853753,
        "status": "released",
        "genres": ["Drama", "Thriller"],
        "siddu_score": None,
        "critics_score": 67.0,
        "imdb_rating": 8.8,
        "rotten_tomatoes_score": 81,
    }
    assert library.live(MEDIA, BLUE) == {
        "poster_url": "https://image.tmdb.org/t/p/w780/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg",
        "backdrop_url": "https://image.tmdb.org/t/p/w1280/hZkgoQYus5vegHoetLkCJzb17zJ.jpg",
        "trailer_url": "https://www.youtube.com/watch?v=BdJKm16Co6M",
        "gallery_images": [f"https://image.tmdb.org/t/p/w1280/back{n}.jpg" for n in (1, 2)],
    }
    options = library.live(STREAMING, BLUE)["streaming_options"]
    assert [(one["platform"], one["region"], one["type"]) for one in options] == [
        ("Hulu", "US", "subscription"),
        ("Apple TV", "US", "rent"),
    ]
    crew = library.live(CREW, BLUE)
    # The demo knows these people, by ids of its own.
    assert [one["id"] for one in crew["cast"]] == ["person-edward-norton", "person-brad-pitt"]
    assert crew["cast"][1]["character"] == "Tyler Durden"
    [tmdb_data, omdb_data] = map(json.loads, row(library, BLUE, "tmdb_data", "omdb_data"))
    assert tmdb_data["watch/providers"]["results"]["DE"]["flatrate"][0]["provider_name"] == "Disney Plus"
    assert omdb_data["imdbVotes"] == "2,400,000"
    # Three questions a film: whom does TMDB call so, what is that, and what says OMDb.
    assert len(services.asked) == 6


def test_an_imported_film_may_turn_out_to_be_a_series(library: Library, time: FakeTime) -> None:
    report = run(library, time, "tt0903747")
    assert "is tv now, not movie" in report.films[0].notes
    assert row(library, BAD, "tmdb_id", "media_type") == (1396, "tv")
    live = library.live(BASIC, BAD)
    assert (live["title"], live["rating"], live["year"], live["runtime"]) == ("Breaking Bad", "TV-MA", "2008", 139)
    crew = library.live(CREW, BAD)
    assert [one["name"] for one in crew["producers"]] == ["Vince Gilligan"]
    assert crew["cast"][0]["character"] == "Walter White"
    assert crew["cast"][0] == {
        "id": "tmdb-person-17419",
        "name": "Bryan Cranston",
        "image": "https://image.tmdb.org/t/p/w342/face17419.jpg",
        "character": "Walter White",
    }


def test_what_a_person_wrote_or_cleared_stays(library: Library, services: FakeServices, time: FakeTime) -> None:
    mine = {"overview": "Mine.", "tagline": None}
    publish_data(library.context, library.site, BASIC, "tmdb-550", mine, base_revision=library.revision())
    services.add(film(title="Fight Club!", runtime=140), rating(imdbRating="1.0"))
    report = run(library, time, "tmdb-550")
    live = library.live()
    assert (live["overview"], live["tagline"]) == ("Mine.", None)
    assert (live["title"], live["runtime"]) == ("Fight Club!", 140)
    # Nobody knows who wrote this one; it is no field of TMDB's.
    assert live["imdb_rating"] == 8.8
    assert set(report.films[0].kept["basic_info"]) == {"overview", "tagline", "imdb_rating"}


def test_values_of_a_film_that_did_not_come_from_tmdb_stay_for_good(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    library.execute("UPDATE movies SET overview = 'The application knows' WHERE external_id = ?", BLUE)
    run(library, time, BLUE)
    services.add(film(id=10494, imdb_id="tt0156887", title="Blue", overview="Another."))
    run(library, time, BLUE)
    live = library.live(BASIC, BLUE)
    # Once it has an id at TMDB it is still known which values are from there.
    assert (live["title"], live["overview"]) == ("Blue", "The application knows")


def test_what_the_application_wrote_over_a_value_of_tmdb_stays(library: Library, time: FakeTime) -> None:
    run(library, time, "tmdb-550")
    library.execute("UPDATE movies SET overview = 'Mine.', tagline = NULL WHERE external_id = 'tmdb-550'")
    report = run(library, time, "tmdb-550")
    live = library.live()
    assert (live["overview"], live["tagline"]) == ("Mine.", "Mischief. Mayhem. Soap.")
    assert report.films[0].kept["basic_info"] == ("overview",)


def test_it_is_in_the_log_and_can_be_taken_back(library: Library, time: FakeTime) -> None:
    before = library.live(BASIC, BLUE)
    run(library, time, BLUE)
    [head] = library.edits.log(forms=["basic_info"], key=BLUE)
    assert (head.source, head.by) == ("tmdb", "Anna")
    revert(library.context, library.site, BASIC, head.id)
    assert library.live(BASIC, BLUE) == before


def test_the_log_says_what_is_from_omdb(library: Library, services: FakeServices, time: FakeTime) -> None:
    services.add(film(id=10494, imdb_id="tt0156887", title="Perfect Blue", tagline=""), rating("tt0156887"))
    run(library, time, BLUE)
    [head] = library.edits.log(forms=["basic_info"], key=BLUE)
    assert head.source == "tmdb"
    assert "from OMDb: critics_score, imdb_rating, rotten_tomatoes_score" in head.notes
    [noted] = library.edits.origins([Subject("basic_info", BLUE)]).values()
    sources = {name: source for name, (source, _) in noted["fields"].items()}
    assert {name for name, source in sources.items() if source == "omdb"} == {
        "critics_score",
        "imdb_rating",
        "rotten_tomatoes_score",
    }
    assert sources["title"] == "tmdb"
    # What is from OMDb is nobody's own either: it is another when OMDb says so.
    services.add(film(id=10494, imdb_id="tt0156887", title="Perfect Blue"), rating("tt0156887", imdbRating="9.1"))
    run(library, time, BLUE)
    assert library.live(BASIC, BLUE)["imdb_rating"] == 9.1


def test_what_omdb_alone_knows_is_logged_as_from_there(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    del services.films["movie", 10494]
    run(library, time, BLUE)
    [head] = library.edits.log(forms=["basic_info"], key=BLUE)
    assert (head.source, head.notes) == ("omdb", ())
    with reading(library.site.database_url()) as session:
        movie = session.scalars(select(Movie).where(Movie.external_id == BLUE)).one()
        origin = origin_of(library.edits, BASIC, movie)
        # The format of the envelopes has three words; of these it is the one for a service's data.
        envelope = make_envelope(BASIC, movie, exported_at=library.context.clock(), source=source_of(origin))
    assert origin.sources["title"] == "omdb"
    assert envelope["metadata"]["source"] == "tmdb"
    # TMDB's values count where it comes to know the film.
    services.add(film(id=10494, imdb_id="tt0156887", title="Perfect Blue"))
    run(library, time, BLUE)
    assert library.live(BASIC, BLUE)["title"] == "Perfect Blue"


def test_users_and_other_films_are_not_touched(library: Library, time: FakeTime) -> None:
    before = library.sums()
    run(library, time)
    after = library.sums()
    touched = {"movies", "people", "credits", "genres", "movie_genres", "streaming_options", "gallery_images"}
    assert {name for name in before if before[name] != after[name]} <= touched
    for table in ("users", "entries", "recommendations", "watch_history", "rankings"):
        assert before.get(table) == after.get(table)


def test_the_second_run_changes_nothing(library: Library, services: FakeServices, time: FakeTime) -> None:
    run(library, time)
    sums, asked = library.sums(), len(services.asked)
    assert run(library, time).asked == 0
    assert len(services.asked) == asked
    report = run(library, time, BLUE)
    assert (report.changed, report.films[0].outcome) == (0, "unchanged")
    assert library.sums() == sums


def test_which_films_wait(library: Library) -> None:
    with reading(library.site.database_url()) as session:
        assert waiting_count(session) == 2
        first = waiting(session, limit=1)
        assert [one.external_id for one in first] == [BLUE]
        assert [one.external_id for one in waiting(session, after=first[0].id)] == [BAD]
