"""The four quick recommenders in greenroom's own copies: called something else meanwhile, they get their names back."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.library.models import Movie, Recommender
from core.library.models.users import QUICK_RECOMMENDERS
from tests.core.library.transfer.test_transfer_properties import BOUNDED, libraries
from tests.core.library.transfer.transfer_support import (
    JONAS,
    MIRA,
    THEN,
    Json,
    bring_back,
    copied,
    errors_of,
    exported,
    library,
    movie,
    said,
    stored,
    take_in,
)

NAMES = [*(name for name, _ in QUICK_RECOMMENDERS.values()), "Ann", "ann", "Tom", "Tube"]


def call(session: Session, names: dict[str, str], user: str = MIRA) -> None:
    """Give quick recommenders other names, whose names they have for a moment or not."""
    for key in names:
        rename(session, user, key, f"nobody else is {key}")
    for key, name in names.items():
        rename(session, user, key, name)


def rename(session: Session, user: str, key: str, name: str) -> None:
    mine = (Recommender.user_id == user, Recommender.quick_key == key)
    session.execute(update(Recommender).where(*mine).values(name=name))


def names_of(session: Session, user: str = MIRA) -> dict[str, str | None]:
    rows = session.execute(select(Recommender.name, Recommender.quick_key).where(Recommender.user_id == user))
    return {name: key for name, key in rows}  # noqa: C416 - a row is no pair


def test_only_greenrooms_own_copies_say_who_is_quick(session: Session) -> None:
    assert all("quick_key" not in person for person in exported(session)["people"])
    assert {person.get("quick_key") for person in copied(session)["people"]} == set(QUICK_RECOMMENDERS)


def test_one_who_was_renamed_gets_the_name_back_with_all_that_was_recommended(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, library(movies=[movie("tt1", recommendations=[said("YouTube"), said("Google")])]))
    before, rows, others = copied(session), stored(session), copied(session, JONAS)
    call(session, {"youtube": "Google", "google": "Tube"})
    take_in(session, tmp_path, library(people=[{"name": "YouTube", "last_modified": THEN}]))
    report = bring_back(session, tmp_path, before)
    assert (report.success, report.updated["people"], list(report.removed["people"])) == (True, 2, ["YouTube"])
    assert (copied(session), stored(session), copied(session, JONAS)) == (before, rows, others)
    assert bring_back(session, tmp_path, before).changes == 0


def test_a_merge_goes_by_names(session: Session, tmp_path: Path) -> None:
    before = copied(session)
    call(session, {"youtube": "Tube"})
    assert take_in(session, tmp_path, before).people_made.total == 0
    assert names_of(session) == {"YouTube": None, "Tube": "youtube"} | {
        name: key for key, (name, _) in QUICK_RECOMMENDERS.items() if key != "youtube"
    }
    assert take_in(session, tmp_path, library(people=[{"name": "B", "quick_key": "bing"}])).success


def test_what_an_export_says_of_them_goes_by_names_as_ever(session: Session, tmp_path: Path) -> None:
    plain = exported(session)
    call(session, {"youtube": "Tube"})
    assert bring_back(session, tmp_path, plain).success
    assert names_of(session)["Tube"] == "youtube"
    assert names_of(session)["YouTube"] is None


def test_a_key_twice_or_one_that_nobody_knows_is_an_error_of_its_record(session: Session, tmp_path: Path) -> None:
    before = stored(session)
    people = [
        {"name": "A", "quick_key": "google"},
        {"name": "B", "quick_key": "google"},
        {"name": "C", "quick_key": "bing"},
        {"name": "A", "quick_key": "youtube"},
        {"name": "D", "quick_key": 7},
    ]
    report = bring_back(session, tmp_path, library(people=people))
    assert sorted(error.split(":")[0] for error in errors_of(report)) == [
        "people[1].quick_key",
        "people[2].quick_key",
        "people[3].name",
        "people[4].quick_key",
    ]
    assert stored(session) == before


def test_one_who_is_not_there_is_made_again(session: Session, tmp_path: Path) -> None:
    before = copied(session)
    call(session, {"google": "Oscars", "oscar": "Tom"})
    mine = (Recommender.user_id == MIRA, Recommender.quick_key.in_(["oscar", "youtube"]))
    session.execute(update(Recommender).where(*mine).values(quick_key=None))
    assert bring_back(session, tmp_path, before).success
    assert copied(session) == before


def test_who_took_the_name_and_has_to_stay_is_called_otherwise(session: Session, tmp_path: Path) -> None:
    call(session, {"google": "Search"})
    mine = (Recommender.user_id == MIRA, Recommender.quick_key == "youtube")
    session.execute(update(Recommender).where(*mine).values(quick_key=None))
    people = [{"name": "YouTube", "quick_key": "google", "last_modified": THEN}]
    take_in(session, tmp_path, library(movies=[movie("tt1", recommendations=[said("YouTube")])]))
    session.execute(update(Movie).where(Movie.imdb_id == "tt1").values(imdb_id=None))
    report = bring_back(session, tmp_path, library(people=people))
    assert report.success
    assert names_of(session)["YouTube"] == "google"
    assert "YouTube (2)" in names_of(session)
    assert sum("YouTube (2)" in words for words in report.notes) == 1


@BOUNDED
@given(
    first=libraries(),
    second=libraries(),
    called=st.lists(st.sampled_from(NAMES), min_size=4, max_size=4, unique=True),
    now_called=st.lists(st.sampled_from(NAMES), min_size=4, max_size=4, unique=True),
)
def test_a_restore_of_a_copy_gives_exactly_the_state(
    session: Session, tmp_path: Path, first: Json, second: Json, called: list[str], now_called: list[str]
) -> None:
    call(session, dict(zip(QUICK_RECOMMENDERS, called, strict=True)))
    take_in(session, tmp_path, first)
    before = copied(session)
    free = [name for name in now_called if name not in names_of(session) or names_of(session)[name]]
    call(session, dict(zip(QUICK_RECOMMENDERS, free, strict=False)) if len(free) == len(QUICK_RECOMMENDERS) else {})
    take_in(session, tmp_path, second)
    report = bring_back(session, tmp_path, before)
    assert report.success
    assert copied(session) == before
    assert session.scalar(select(func.count()).where(Recommender.user_id == MIRA)) == report.totals["people"]
    assert bring_back(session, tmp_path, before).changes == 0
    session.rollback()
