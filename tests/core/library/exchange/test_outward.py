"""A ZIP file of a library is there whole, or not at all; of a large one no more is held than a batch."""

from __future__ import annotations

import errno
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from core.errors import CancelledError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.library.categories import CATEGORIES
from core.library.demo import write_demo
from core.library.exchange.naming import folder_name, told_by
from core.library.exchange.outward import BATCH, export_library
from core.library.exchange.shape import ANYTHING
from core.library.films import FilmQuery
from core.progress import CancelToken, Progress, Reporter
from tests.libraries import Library, open_library


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("outward") / "demo"
    write_demo(folder, movies=BATCH + 60, disk=Filesystem(), reporter=Reporter())
    return open_library(folder)


class FullDisk(Filesystem):
    """Has room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data)


def test_several_batches_go_out_each_movie_once_and_nothing_is_overwritten(films: Library, tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    done = export_library(films.context, films.site, FilmQuery(), CATEGORIES, place, reporter=Reporter())
    with zipfile.ZipFile(place) as archive:
        movies = list(dict.fromkeys(name.split("/")[0] for name in archive.namelist()))
    assert (done.movies, done.files) == (BATCH + 60, 7 * (BATCH + 60))
    assert len(movies) == BATCH + 60
    with pytest.raises(UsageError):
        export_library(films.context, films.site, FilmQuery(), CATEGORIES, place, reporter=Reporter())


@pytest.mark.parametrize("room", [0, 1_000, 200_000])
def test_a_full_disk_leaves_nothing(films: Library, tmp_path: Path, room: int) -> None:
    context = replace(films.context, disk=FullDisk(room))
    with pytest.raises(GreenroomError, match="No space left"):
        export_library(context, films.site, FilmQuery(), CATEGORIES, tmp_path / "all.zip", reporter=Reporter())
    assert list(tmp_path.iterdir()) == []


def test_one_who_asks_to_stop_finds_nothing_left(films: Library, tmp_path: Path) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done:
            token.cancel()

    with pytest.raises(CancelledError):
        export_library(
            films.context, films.site, FilmQuery(), CATEGORIES, tmp_path / "all.zip", reporter=Reporter(stop, token)
        )
    assert list(tmp_path.iterdir()) == []


def test_ids_become_names_of_folders_that_differ_and_stay_where_they_are() -> None:
    ids = ["tmdb-550", "..", ".", "a/b", "a%2Fb", "a\\b", "é", ".hidden", "x.y"]
    names = [folder_name(one) for one in ids]
    assert len(set(names)) == len(ids)
    assert names[0] == "tmdb-550"
    assert all("/" not in name and not name.startswith(".") for name in names)


@pytest.mark.parametrize(
    ("name", "category", "movie"),
    [
        ("tmdb-550/trivia.json", "trivia", "tmdb-550"),
        ("a/b/tmdb-550/cast_crew.json", "cast_crew", "tmdb-550"),
        ("cast-crew.2-of-3.json", "cast_crew", None),
        ("tmdb-550/notes.json", None, None),
        ("tmdb-550-trivia.json", None, None),
    ],
)
def test_what_the_name_of_a_file_tells(name: str, category: str | None, movie: str | None) -> None:
    told = told_by(name, ANYTHING)
    assert (told.category and told.category.name, told.movie_id) == (category, movie)
