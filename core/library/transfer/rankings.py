"""A user's rankings as an import makes and changes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import insert, select, update

from core.batches import in_batches
from core.documents import Path, Problem, said_value
from core.library.models import Entry, Movie, Ranking
from core.library.transfer.course import BATCH, Course
from core.library.transfer.films import name_of, spellings
from core.library.transfer.models import RankingRecord
from core.library.transfer.proof import film_key, not_in_file, twice
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import decide, known_time


class Rankings:
    """Takes in the rankings of a file; `seen` are the ids of the films that it ranks.

    They must be among the films that `of_file` holds, where a restore leaves no others, or else in the user's library.
    """

    def __init__(self, course: Course, of_file: Collection[int] | None) -> None:
        self._course = course
        self._of_file = of_file
        self._first: dict[int, int] = {}
        self.seen: set[int] = set()

    def take(self, file: LibraryFile) -> None:
        """Take in the rankings of a file; its movies must have been taken before."""
        for batch in in_batches(file.records("rankings", self._course.tally, self._course.reporter), BATCH):
            self._course.take("rankings", batch, self._take_batch)

    def _take_batch(self, batch: Sequence[tuple[Path, RankingRecord]]) -> None:
        course, new, changed = self._course, [], []
        rows = course.session.execute(
            select(Movie.imdb_id, Movie.id, Ranking.movie_id, Ranking.liked, Ranking.position, Ranking.ranked_at)
            .join(Entry, Entry.movie_id == Movie.id)
            .outerjoin(Ranking, (Ranking.user_id == Entry.user_id) & (Ranking.movie_id == Entry.movie_id))
            .where(Entry.user_id == course.user_id, Movie.imdb_id.in_(spellings(record.imdb_id for _, record in batch)))
        )
        found = sorted((tuple[Any, ...](row) for row in rows), key=lambda row: str(row[0]))
        stored = {str(name_of(row[0])): row for row in found if self._of_file is None or row[1] in self._of_file}
        for path, record in batch:
            if not self._is_possible(path, record, stored.keys()):
                continue
            _, movie_id, ranked, liked, position, ranked_at = stored[record.imdb_id]
            self.seen.add(movie_id)
            verdict = decide(
                stored=None if ranked is None else known_time(ranked_at),
                incoming=record.ranked_at,
                same=(liked, position) == (record.liked, record.position),
                now=course.now,
                overwrite=course.overwrite,
            )
            course.tally.decided("rankings", verdict, path, record.imdb_id, (liked, position, ranked_at))
            course.tally.look_at_time((*path, "ranked_at"), record.imdb_id, record.ranked_at)
            row: dict[str, Any] = {
                "user_id": course.user_id,
                "movie_id": movie_id,
                "liked": record.liked,
                "position": record.position,
                "ranked_at": course.now if record.ranked_at is None else record.ranked_at,
            }
            if verdict == "create":
                new.append(row)
            elif verdict == "update":
                course.tally.note_replaced("rankings", path, record.imdb_id, known_time(ranked_at), row["ranked_at"])
                changed.append(row)
        if new:
            course.session.execute(insert(Ranking), new)
        if changed:
            course.session.execute(update(Ranking), changed)

    def _is_possible(self, path: Path, record: RankingRecord, there: Collection[str]) -> bool:
        at, index = (*path, "imdb_id"), int(path[1])
        first = self._first.setdefault(film_key(record.imdb_id), index)
        if first != index:
            self._course.tally.refuse("rankings", [twice(at, record.imdb_id, ("rankings", first))])
        elif record.imdb_id not in there:
            found = f"{said_value(record.imdb_id)}, which is not in the user's library"
            not_there = Problem(at, found, "a film of the user's library")
            in_file = not_in_file(at, record.imdb_id, kind="movies")
            self._course.tally.refuse("rankings", [not_there if self._of_file is None else in_file])
        else:
            return True
        return False
