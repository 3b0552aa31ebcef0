"""Whom TMDB means: people by their ids at TMDB, else by a name, never somebody else of that name."""

from __future__ import annotations

from typing import Any

import pytest

from core.edits import publish_data
from core.library.categories import category_named
from tests.core.library.enrichment.enrichment_support import BLUE, FakeServices, FakeTime, film, person, run
from tests.libraries import Library

CREW = category_named("cast_crew")


def with_cast(*people: dict[str, Any]) -> dict[str, Any]:
    return film(id=10494, imdb_id="tt0156887", credits={"cast": list(people), "crew": []})


def cast(library: Library, key: str = BLUE) -> list[tuple[str, str, str | None]]:
    return [(one["id"], one["name"], one["image"]) for one in library.live(CREW, key)["cast"]]


def add_person(library: Library, external_id: str, name: str, image: str | None = None) -> None:
    library.execute("INSERT INTO people (external_id, name, image_url) VALUES (?, ?, ?)", external_id, name, image)


def face(number: int) -> str:
    return f"https://image.tmdb.org/t/p/w342/face{number}.jpg"


def test_a_person_is_known_by_the_id_under_another_name_too(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    add_person(library, "tmdb-person-27578", "Ellen Page", "https://movies.example/e.jpg")
    services.add(with_cast(person(27578, "Elliot Page")))
    report = run(library, time, BLUE)
    assert report.success
    assert cast(library) == [("tmdb-person-27578", "Ellen Page", "https://movies.example/e.jpg")]


def test_namesakes_with_other_ids_at_tmdb_are_others(library: Library, services: FakeServices, time: FakeTime) -> None:
    add_person(library, "tmdb-person-1", "Michael Jordan")
    services.add(with_cast(person(2, "Michael Jordan", character="A"), person(3, "Michael Jordan", character="B")))
    assert run(library, time, BLUE).success
    assert [one[0] for one in cast(library)] == ["tmdb-person-2", "tmdb-person-3"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (["person-a"], "person-a"),
        (["person-a", "tmdb-person-1"], "person-a"),
        (["person-a", "person-b"], "tmdb-person-9"),
    ],
)
def test_one_namesake_without_an_id_at_tmdb_is_meant(
    library: Library, services: FakeServices, time: FakeTime, there: list[str], expected: str
) -> None:
    for external_id in there:
        add_person(library, external_id, "Chris Evans")
    services.add(with_cast(person(9, "Chris Evans")))
    assert run(library, time, BLUE).success
    assert [one[0] for one in cast(library)] == [expected]
    # And so again, with nothing to change.
    assert run(library, FakeTime(), BLUE).changed == 0


def test_a_portrait_changes_no_other_film(library: Library, services: FakeServices, time: FakeTime) -> None:
    before = library.live(CREW, "tmdb-550")
    add_person(library, "tmdb-person-8", "Alone")
    services.add(with_cast(person(287, "Brad Pitt"), person(8, "Alone"), person(9, "New")))
    assert run(library, time, BLUE).success
    assert cast(library) == [
        ("person-brad-pitt", "Brad Pitt", None),
        ("tmdb-person-8", "Alone", face(8)),
        ("tmdb-person-9", "New", face(9)),
    ]
    assert library.live(CREW, "tmdb-550") == before


def test_a_cast_that_a_person_wrote_stays_after_portraits_come_elsewhere(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    mine = {"cast": [{"name": "Nobody Else"}]}
    publish_data(library.context, library.site, CREW, "tmdb-550", mine, base_revision=library.revision(CREW))
    services.add(with_cast(person(5, "Nobody Else")))
    run(library, time, BLUE, "tmdb-550")
    assert [one[1] for one in cast(library, "tmdb-550")] == ["Nobody Else"]


def test_genres_that_several_spell_alike_are_left_out_and_told(
    library: Library, services: FakeServices, time: FakeTime
) -> None:
    for slug, name in (("noir", "Noir"), ("noir-2", "NOIR")):
        library.execute("INSERT INTO genres (slug, name) VALUES (?, ?)", slug, name)
    services.add(film(id=10494, imdb_id="tt0156887", genres=[{"name": "noir"}, {"name": "Drama"}, {"name": "drama"}]))
    report = run(library, time, BLUE)
    assert report.success
    live = library.live(category_named("basic_info"), BLUE)
    assert (live["title"], live["genres"]) == ("Fight Club", ["Drama"])
    assert report.films[0].left_out == (
        'basic_info: genres[2]: "drama" once more',
        "basic_info: genres[0]: noir may be noir, noir-2",
    )
