"""What a restore judges by its file, and what it tells that stays."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from core.library.models import Entry, Movie
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import (
    MIRA,
    THEN,
    bring_back,
    errors_of,
    library,
    movie,
    said,
    stored,
    take_in,
)


def test_a_restore_judges_what_a_file_refers_to_by_the_file(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, FULL)
    session.commit()
    before = stored(session)
    for dry_run in (True, False):
        report = bring_back(session, tmp_path, FULL | {"movies": FULL["movies"][1:], "lists": []}, dry_run=dry_run)
        assert errors_of(report) == [
            (
                'movies[0].custom_list_id: "rainy", which is no list of the file; '
                "allowed: the id of one of the file's lists, or null"
            ),
            'rankings[0].imdb_id: "tt1", which is not among the movies of the file; allowed: a film of the file',
        ]
        assert stored(session) == before
    parts = {"version": 2, "movies": [FULL["movies"][1]]}, {"version": 2, "rankings": FULL["rankings"]}
    assert all(take_in(session, tmp_path, part).success for part in parts)
    assert bring_back(session, tmp_path, parts[1]).success
    assert bring_back(session, tmp_path, parts[0]).success


def test_a_restore_tells_who_and_what_stays_though_the_file_lacks_it(session: Session, tmp_path: Path) -> None:
    take_in(session, tmp_path, FULL)
    film = Movie(external_id="tmdb-77", title="Unnamed")
    session.add(film)
    session.flush()
    session.add(Entry(user_id=MIRA, movie_id=film.id, custom_list_id="rainy", last_modified=THEN))
    session.flush()
    report = bring_back(session, tmp_path, library(movies=[movie("tt1", recommendations=[said("Tom")])]))
    assert report.success
    assert report.notes == {
        "a film without an IMDb id stays in the library, for no export can name it": 1,
        "somebody who is not among the people of the file stays, for a film is recommended by them": 1,
        "a list that the file lacks stays, for a film that stays is on it": 1,
    }
    assert report.totals == {"movies": 2, "people": 5, "lists": 1, "rankings": 1}
