"""A copy that no restore takes is found out by looking at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.library.transfer import open_library, refused_records
from core.progress import Reporter
from tests.core.library.transfer.transfer_support import (
    MIRA,
    THEN,
    Json,
    bring_back,
    errors_of,
    library,
    movie,
    said,
    write_file,
)

RANKED = {"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": THEN}
BROKEN = {
    "people": library(people=[{"name": "Tom"}, {"name": "Ann"}, {"name": "Tom"}]),
    "quick recommenders": library(
        people=[
            {"name": "A", "quick_key": "google"},
            {"name": "B", "quick_key": "google"},
            {"name": "C", "quick_key": "x"},
        ]
    ),
    "lists": library(lists=[{"id": "a", "name": "One"}, {"id": "a", "name": "Two"}]),
    "films": library(movies=[movie("tt1"), movie("tt1")]),
    "recommendations": library(movies=[movie("tt1", recommendations=[said("Tom"), said("Tom")])]),
    "rankings": library(movies=[movie("tt1")], rankings=[RANKED, RANKED]),
    "a list that is not there": library(movies=[movie("tt1", custom_list_id="a", status="custom")]),
    "a film that is not there": library(rankings=[RANKED]),
    "a record by itself": library(movies=[movie("tt1", status="nowhere")]),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_no_restore_takes_is_found_as_a_restore_finds_it(session: Session, tmp_path: Path, data: Json) -> None:
    refused = refused_records(open_library(write_file(tmp_path, data), Reporter()), Reporter())
    assert [str(problem) for problem in refused.errors] == errors_of(bring_back(session, tmp_path, data, MIRA))
    assert refused.errors.total


def test_what_a_restore_takes_is_found_good(session: Session, tmp_path: Path) -> None:
    voted = movie("tt1", recommendations=[said("Ann"), said("Tom")], custom_list_id="a", status="custom")
    good = library(people=[{"name": "Tom"}], lists=[{"id": "a", "name": "One"}], movies=[voted], rankings=[RANKED])
    parts = ({"version": 2, "movies": [movie("tt1")]}, {"version": 2, "rankings": [RANKED]})
    for data in (good, *parts):
        assert refused_records(open_library(write_file(tmp_path, data), Reporter()), Reporter()).errors.total == 0
        assert bring_back(session, tmp_path, data).success
