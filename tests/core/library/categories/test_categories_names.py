"""Who is meant by a name: without case and accents, asked where several are, new where nobody is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.forms import AmbiguousError, InvalidDataError
from core.library.categories import Category, Known, category_named
from core.library.categories.matching import Named, Names, folded, free_id, slug_of
from core.library.models import Genre, Movie, Person, StreamingOption
from tests.core.library.categories.category_support import new_movie, tables

CAST, INFO = category_named("cast_crew"), category_named("basic_info")
STREAMING, AWARDS = category_named("streaming"), category_named("awards")
NAME = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def add_person(session: Session, external_id: str, name: str) -> Person:
    person = Person(external_id=external_id, name=name)
    session.add(person)
    session.flush()
    return person


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ce\u00e1n Chaffin", "CEAN CHAFFIN"),
        ("Cea\u0301n  Chaffin ", "Ce\u00e1n Chaffin"),
        ("S\u00f8ren \u0141ukasz", "soren lukasz"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u0130stanbul", "istanbul"),
        ("I\u015f\u0131k", "isik"),
        ("Peter O\u2019Toole", "peter o'toole"),
        ("Jean\u2011Luc", "jean-luc"),
        ("\uff2e\uff28\uff2b", "nhk"),
        ("\u0391\u03b8\u03ae\u03bd\u03b1", "\u03b1\u03b8\u03b7\u03bd\u03b1"),
        ("\u01fdr\u00f8", "aero"),
    ],
)
def test_names_are_the_same_without_case_and_accents(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "Anne"),
        ("Robert Downey", "Robert Downey Jr."),
        ("\u304b\u3089", "\u304c\u3089"),
        ("\u0915\u093f", "\u0915\u0941"),
        ("\ud55c", "\ud558"),
        ("JeanLuc", "Jean-Luc"),
    ],
)
def test_other_names_stay_other_names(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(name=NAME)
def test_folding_is_settled_and_slugs_are_plain(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    slug = slug_of(name, 20)
    assert slug
    assert len(slug) <= 20
    assert slug.isascii()
    assert slug == slug_of(folded(name), 20)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(taken=st.lists(st.sampled_from(["A-b", "a-b-2", "a-b-3", "a-b-10", "a-"]), max_size=6))
def test_a_free_id_is_free_and_not_too_long(taken: list[str]) -> None:
    found = free_id("a-b", taken, 5)
    assert found not in {text.lower() for text in taken}
    assert len(found) <= 5


def test_names_of_which_nothing_is_left_do_not_mean_each_other() -> None:
    names = Names([Named("blank", "   ")])
    assert names.alike("\u0301") == ()
    assert names.alike("   ") == (Named("blank", "   "),)


def test_the_index_finds_by_id_and_by_name() -> None:
    names = Names([Named("a", "Jose"), Named("b", "Jos\u00e9"), Named("c", "JOSE")])
    assert names.with_id("b") == Named("b", "Jos\u00e9")
    assert names.with_id("z") is None
    assert [named.id for named in names.alike("jos\u00e9")] == ["a", "b", "c"]
    assert [named.id for named in names.meant("Jos\u00e9")] == ["b"]
    assert [named.id for named in names.meant("jose")] == ["a", "b", "c"]
    assert names.meant("Maria") == ()


def test_a_person_without_id_is_found_by_name_and_keeps_the_stored_spelling(session: Session, movie: Movie) -> None:
    before = tables(session)
    data = CAST.read(movie)
    bare = [{"name": item["name"].upper().replace("\u00c1", "A")} for item in data["producers"]]
    written = CAST.write(session, movie, {"producers": bare})
    assert written.changes == ()
    assert 'person "CEAN CHAFFIN" is "Ce\u00e1n Chaffin", and is spelt so' in written.notes
    assert tables(session) == before


def test_an_unknown_id_is_told_and_the_person_found_by_name(session: Session, movie: Movie) -> None:
    written = CAST.write(session, movie, {"directors": [{"id": "nm0000399", "name": "David Fincher"}]})
    assert written.changes == ()
    (note,) = written.notes
    assert "nm0000399" in note
    assert "person-david-fincher" in note


def test_an_id_of_somebody_else_is_refused(session: Session, movie: Movie) -> None:
    with pytest.raises(InvalidDataError) as caught:
        CAST.write(session, movie, {"cast": [{"id": "person-david-fincher", "name": "Brad Pitt"}]}, before=("data",))
    (problem,) = caught.value.problems
    assert problem.path == ("data", "cast", 0, "name")
    assert "David Fincher" in problem.allowed


def test_a_new_person_is_created_once_and_said(session: Session, movie: Movie) -> None:
    data = {
        key: [{"name": name}]
        for key, name in zip(CAST.read(movie), ["Zo\u00eb New", "ZOE NEW", "Zoe New", "zoe new"], strict=True)
    }
    written = CAST.write(session, movie, data)
    (person,) = session.scalars(select(Person).where(Person.name == "Zo\u00eb New"))
    assert person.external_id == "person-zoe-new"
    assert written.notes[0] == 'new person "Zo\u00eb New", person-zoe-new'
    assert sum("new person" in note for note in written.notes) == 1
    assert set(written.updated_fields) == set(data)


def test_ids_of_new_people_follow_from_the_name_and_collide_with_none(session: Session, movie: Movie) -> None:
    add_person(session, "person-zoe-new", "Somebody Else")
    add_person(session, "PERSON-ZOE-NEW-2", "Another")
    CAST.write(
        session,
        movie,
        {"writers": [{"name": "Zoe New"}, {"name": "\u5bae\u5d0e"}, {"name": "A" * 100}, {"name": "A" * 99}]},
    )
    ids = [item["id"] for item in CAST.read(movie)["writers"]]
    assert ids[0] == "person-zoe-new-3"
    assert len(set(ids)) == 4
    assert max(map(len, ids)) <= 50
    session.rollback()
    CAST.write(session, movie, {"writers": [{"name": "\u5bae\u5d0e"}]})
    assert CAST.read(movie)["writers"][0]["id"] == ids[1]


def test_ids_given_for_new_people_are_kept_and_tell_them_apart(session: Session, movie: Movie) -> None:
    items = [{"id": "elder", "name": "Same Name", "image": None}, {"id": "younger", "name": "Same Name", "image": None}]
    CAST.write(session, movie, {"directors": items})
    assert CAST.read(movie)["directors"] == items


def test_several_of_one_name_are_a_question_that_names_them(session: Session, movie: Movie) -> None:
    add_person(session, "other-1", "brad pitt")
    before = tables(session)
    data = {"directors": [{"name": "BRAD PITT"}], "writers": [{"name": "New One"}, {"name": "BRAD PITT"}]}
    with pytest.raises(AmbiguousError) as caught:
        CAST.write(session, movie, data, before=("data",))
    (question,) = caught.value.questions
    assert question.paths == (("data", "directors", 0, "name"), ("data", "writers", 1, "name"))
    assert [candidate.id for candidate in question.candidates] == ["person-brad-pitt", "other-1"]
    assert "cast in this movie" in question.candidates[0].about
    assert question.candidates[1].about == "in no movie"
    assert "other-1" in str(caught.value)
    assert tables(session) == before
    answered = CAST.write(session, movie, data, answers={("person", "BRAD PITT"): "other-1"})
    assert CAST.read(movie)["directors"][0]["id"] == "other-1"
    assert any("New One" in note for note in answered.notes)


def test_a_question_can_be_answered_with_a_new_person(session: Session, movie: Movie) -> None:
    add_person(session, "other-1", "Brad Pitt")
    data = {"directors": [{"name": "Brad Pitt"}], "writers": [{"name": "Brad Pitt"}]}
    CAST.write(session, movie, data, answers={("person", "Brad Pitt"): None})
    read = CAST.read(movie)
    assert read["directors"][0]["id"] == read["writers"][0]["id"] == "person-brad-pitt-2"


def test_an_answer_that_is_no_candidate_is_refused(session: Session, movie: Movie) -> None:
    add_person(session, "other-1", "Brad Pitt")
    with pytest.raises(InvalidDataError) as caught:
        CAST.write(session, movie, {"cast": [{"name": "Brad Pitt"}]}, answers={("person", "Brad Pitt"): "nobody"})
    assert caught.value.problems[0].allowed == "person-brad-pitt, other-1"


def test_an_image_is_the_persons_in_all_movies_and_is_said(session: Session, movie: Movie) -> None:
    image = "https://movies.example/people/1.png"
    written = CAST.write(session, movie, {"directors": [{"name": "David Fincher", "image": image}]})
    assert written.updated_fields == ("directors",)
    assert written.notes == ('the image of "David Fincher" is another now, in all movies',)
    assert CAST.write(session, movie, {"directors": [{"name": "David Fincher"}]}).changes == ()
    CAST.write(session, movie, {"directors": [{"name": "David Fincher", "image": None}]})
    assert CAST.read(movie)["directors"][0]["image"] is None


def test_two_images_of_one_person_are_refused(session: Session, movie: Movie) -> None:
    one, two = ({"name": "David Fincher", "image": f"https://a.example/{n}"} for n in (1, 2))
    with pytest.raises(InvalidDataError) as caught:
        CAST.write(session, movie, {"directors": [one], "writers": [two]})
    assert [problem.path for problem in caught.value.problems] == [("writers", 0, "image")]


@pytest.mark.parametrize(
    ("category", "data", "path"),
    [
        (CAST, {"cast": [{"name": "Brad Pitt"}, {"name": "brad pitt"}]}, ("cast", 1)),
        (INFO, {"genres": ["Drama", "drama"]}, ("genres", 1)),
        (INFO, {"genres": ["Odd One", "ODD ONE"]}, ("genres", 1)),
    ],
)
def test_the_same_twice_is_refused(
    session: Session, movie: Movie, category: Category[Any], data: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    with pytest.raises(InvalidDataError) as caught:
        category.write(session, movie, data)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_one_person_may_play_two_characters(session: Session, movie: Movie) -> None:
    cast = [{"name": "Brad Pitt", "character": "Tyler"}, {"name": "Brad Pitt", "character": "The Voice"}]
    CAST.write(session, movie, {"cast": cast})
    assert [item["character"] for item in CAST.read(movie)["cast"]] == ["Tyler", "The Voice"]


def test_genres_are_matched_created_and_said(session: Session, movie: Movie) -> None:
    written = INFO.write(session, movie, {"genres": ["science-fiction", "DRAMA", "Com\u00e9die Noire"]})
    assert INFO.read(movie)["genres"] == ["Science Fiction", "Drama", "Com\u00e9die Noire"]
    assert 'new genre "Com\u00e9die Noire", comedie-noire' in written.notes
    assert 'genre "DRAMA" is "Drama", and is spelt so' in written.notes


def test_genres_that_differ_in_accents_are_asked_for_but_where_the_spelling_is_exact(
    session: Session, movie: Movie
) -> None:
    session.add_all([Genre(slug="film-a", name="Comedie"), Genre(slug="film-b", name="Com\u00e9die")])
    INFO.write(session, movie, {"genres": ["Com\u00e9die"]})
    assert INFO.read(movie)["genres"] == ["Com\u00e9die"]
    with pytest.raises(AmbiguousError) as caught:
        INFO.write(session, movie, {"genres": ["Drama", "COMEDIE"]})
    assert caught.value.questions[0].paths == (("genres", 1),)
    INFO.write(session, movie, {"genres": ["COMEDIE"]}, answers={("genre", "COMEDIE"): "film-a"})
    assert INFO.read(movie)["genres"] == ["Comedie"]


def test_platforms_are_spelt_as_the_library_spells_them(session: Session, movie: Movie) -> None:
    option = {"region": "DE", "type": "free"}
    written = STREAMING.write(
        session, movie, {"streaming_options": [{"platform": "APPLE tv", **option}, {"platform": "Brand New", **option}]}
    )
    assert [item["platform"] for item in STREAMING.read(movie)["streaming_options"]] == ["Apple TV", "Brand New"]
    assert 'new platform "Brand New"' in written.notes
    other = new_movie(session)
    session.add(StreamingOption(movie_id=other.id, platform="apple TV", region="DE", type="free"))
    with pytest.raises(AmbiguousError) as caught:
        STREAMING.write(session, movie, {"streaming_options": [{"platform": "apple tv", **option}]})
    assert {candidate.id for candidate in caught.value.questions[0].candidates} == {"Apple TV", "apple TV"}
    STREAMING.write(session, movie, {"streaming_options": [{"platform": "apple TV", **option}]})
    assert STREAMING.read(movie)["streaming_options"][0]["platform"] == "apple TV"


def test_an_award_without_id_is_found_by_name_category_and_year(session: Session, movie: Movie) -> None:
    data = AWARDS.read(movie)
    before = tables(session)
    bare = [{k: v for k, v in item.items() if k != "id"} | {"name": item["name"].upper()} for item in data["awards"]]
    written = AWARDS.write(session, movie, {"awards": bare})
    read = AWARDS.read(movie)["awards"]
    assert [item["id"] for item in read] == [item["id"] for item in data["awards"]]
    assert read[0]["name"] == "ACADEMY AWARD"
    assert written.notes == ()
    assert [row[0] for row in tables(session)["awards"]] == [row[0] for row in before["awards"]]


def test_new_awards_get_ids_of_their_own_and_are_said(session: Session, movie: Movie) -> None:
    there = AWARDS.read(movie)["awards"]
    new = {"name": "Saturn Award", "year": 2000, "category": "Best Film", "status": "Nominee"}
    twins = [{**new, "nominee": "One"}, {**new, "nominee": "Two"}]
    written = AWARDS.write(session, movie, {"awards": [*twins, {**there[0], "id": "mine-1", "year": 2001}]})
    ids = [item["id"] for item in AWARDS.read(movie)["awards"]]
    assert ids == ["tmdb-550-saturn-award-2000", "tmdb-550-saturn-award-2000-2", "mine-1"]
    assert len(written.notes) == 3
    again = AWARDS.write(session, movie, {"awards": twins})
    assert [item["id"] for item in AWARDS.read(movie)["awards"]] == ids[:2]
    assert again.notes == ()


def test_several_awards_alike_are_a_question(session: Session, movie: Movie) -> None:
    new = {"name": "Saturn Award", "year": 2000, "category": "Best Film", "status": "Nominee"}
    AWARDS.write(session, movie, {"awards": [{**new, "nominee": "One"}, {**new, "nominee": "Two"}]})
    with pytest.raises(AmbiguousError) as caught:
        AWARDS.write(session, movie, {"awards": [new]})
    (question,) = caught.value.questions
    assert [candidate.id for candidate in question.candidates] == [
        "tmdb-550-saturn-award-2000",
        "tmdb-550-saturn-award-2000-2",
    ]
    assert "Two" in question.candidates[1].about
    AWARDS.write(
        session, movie, {"awards": [new]}, answers={(question.kind, question.wanted): question.candidates[1].id}
    )
    assert [item["id"] for item in AWARDS.read(movie)["awards"]] == ["tmdb-550-saturn-award-2000-2"]


def test_an_award_twice_is_refused(session: Session, movie: Movie) -> None:
    item = AWARDS.read(movie)["awards"][0]
    with pytest.raises(InvalidDataError) as caught:
        AWARDS.write(session, movie, {"awards": [item, item]})
    assert [problem.path for problem in caught.value.problems] == [("awards", 1, "id")]


def test_an_award_may_have_the_id_of_another_movies(session: Session, movie: Movie) -> None:
    other = new_movie(session)
    data = AWARDS.read(movie)
    AWARDS.write(session, other, data)
    assert AWARDS.read(other) == AWARDS.read(movie) == data


def test_writes_of_one_transaction_may_share_what_is_known(session: Session, movie: Movie) -> None:
    known = Known(session)
    other = new_movie(session)
    for each in (movie, other):
        CAST.write(session, each, {"cast": [{"name": "Someone New"}]}, known=known)
        INFO.write(session, each, {"genres": ["Some Genre"]}, known=known)
    assert CAST.read(movie)["cast"] == CAST.read(other)["cast"]
    assert len(session.scalars(select(Person).where(Person.name == "Someone New")).all()) == 1


def test_an_unknown_award_id_is_told_and_the_award_found_by_name(session: Session, movie: Movie) -> None:
    items = AWARDS.read(movie)["awards"]
    written = AWARDS.write(session, movie, {"awards": [{**items[0], "id": "made-up"}, items[1]]})
    assert written.changes == ()
    assert "made-up" in written.notes[0]
    assert items[0]["id"] in written.notes[0]


def test_a_platform_that_is_in_question_is_not_written(session: Session, movie: Movie) -> None:
    other = new_movie(session)
    session.add(StreamingOption(movie_id=other.id, platform="apple TV", region="DE", type="free"))
    before = tables(session)
    option = {"platform": "APPLE TV", "region": "DE", "type": "free"}
    with pytest.raises(AmbiguousError) as caught:
        STREAMING.write(session, movie, {"streaming_options": [option, option]})
    assert len(caught.value.questions[0].paths) == 2
    assert tables(session) == before
