"""The films that a file names, found in the library or made; they are everybody's, and an import changes none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import insert, null, select, update
from sqlalchemy.exc import IntegrityError

from core.databases.refusal import is_unseen
from core.documents import said_value
from core.errors import BusyError
from core.library.models import Movie
from core.library.transfer.course import Course
from core.library.transfer.models import IMDB_PATTERN, AnyMovie, MovieRecord1

_PLACEHOLDER = "imdb-"
_TITLE = 200


class Film(NamedTuple):
    """A film as the library has it; what it lacks of TMDB's and OMDb's data is told."""

    id: int
    imdb_id: str
    media_type: str
    lacks_tmdb: bool
    lacks_omdb: bool


@dataclass(frozen=True)
class Films:
    """The films of one batch of records, by their IMDb ids."""

    course: Course
    by_imdb_id: dict[str, Film]
    taken: dict[str, str]

    @classmethod
    def of(cls, course: Course, imdb_ids: Sequence[str]) -> Films:
        """Find the films with these ids, and whose are the names that new ones would get."""
        found = _found(course, imdb_ids)
        new = [_PLACEHOLDER + imdb_id for imdb_id in imdb_ids if imdb_id not in found]
        taken = {}
        if new:
            rows = course.session.execute(
                select(Movie.external_id, Movie.imdb_id, Movie.title).where(Movie.external_id.in_(new))
            )
            taken = {external_id.lower(): said_value(f"{title} ({imdb_id})") for external_id, imdb_id, title in rows}
        return cls(course, found, taken)

    def owner_of_name(self, imdb_id: str) -> str | None:
        """Return in words which other film has the external id that a new one with this IMDb id would get."""
        return None if imdb_id in self.by_imdb_id else self.taken.get(_PLACEHOLDER + imdb_id)

    def make(self, records: Iterable[AnyMovie]) -> None:
        """Make the films that these records name and the library does not have; they wait for enrichment.

        Raise BusyError where somebody else makes one of them.
        """
        rows = [_new_film(record) for record in records if record.imdb_id not in self.by_imdb_id]
        if rows:
            try:
                self.course.session.execute(insert(Movie), rows)
            except IntegrityError as error:
                if not is_unseen(error):
                    raise
                raise BusyError(
                    "somebody else made a film of the file at this moment", hint="nothing was changed; try again"
                ) from error
            self.course.tally.films_made += len(rows)
            self.by_imdb_id.update(_found(self.course, [row["imdb_id"] for row in rows]))

    def look_at(self, record: AnyMovie) -> None:
        """Of a record that is taken: fill in what its film lacks, and note where the two differ."""
        film, tally = self.by_imdb_id[record.imdb_id], self.course.tally
        if film.media_type != record.media_type:
            words = f"a film is {film.media_type} in the library and {record.media_type} in the file: the film stays so"
            tally.notes[words] += 1
        if isinstance(record, MovieRecord1):
            film = self._fill(film, record)
        if film.lacks_tmdb:
            tally.to_enrich.append(film.imdb_id)

    def _fill(self, film: Film, record: MovieRecord1) -> Film:
        values = {
            name: value
            for name, value, lacks in (
                ("tmdb_data", record.tmdb_data, film.lacks_tmdb),
                ("omdb_data", record.omdb_data, film.lacks_omdb),
            )
            if value and lacks
        }
        if not values:
            return film
        self.course.session.execute(update(Movie).where(Movie.id == film.id).values(**values))
        self.course.tally.films_filled += 1
        self.course.tally.notes["the metadata of a film came from the file, for the library had none"] += 1
        return film._replace(
            lacks_tmdb=film.lacks_tmdb and "tmdb_data" not in values,
            lacks_omdb=film.lacks_omdb and "omdb_data" not in values,
        )


def name_of(imdb_id: str | None) -> str | None:
    """Return what a file calls the film with this IMDb id, whose letters may be large; None where no file can."""
    name = (imdb_id or "").lower()
    return name if re.fullmatch(IMDB_PATTERN.strip("^$"), name) else None


def spellings(imdb_ids: Iterable[str]) -> list[str]:
    """Return how films may have these ids in a database: some tell large letters from small ones."""
    return [letters + imdb_id[2:] for imdb_id in imdb_ids for letters in ("tt", "TT", "Tt", "tT")]


def _found(course: Course, imdb_ids: Iterable[str]) -> dict[str, Film]:
    """Return the films with these ids; of several that differ in their letters the one that is spelled as in files."""
    rows = course.session.execute(
        select(
            Movie.id, Movie.imdb_id, Movie.media_type, Movie.tmdb_data.is_(null()), Movie.omdb_data.is_(null())
        ).where(Movie.imdb_id.in_(spellings(imdb_ids)))
    )
    films = sorted((Film(*values) for values in (tuple[Any, ...](row) for row in rows)), key=lambda film: film.imdb_id)
    return {name: film for film in films if (name := name_of(film.imdb_id)) is not None}


def _new_film(record: AnyMovie) -> dict[str, Any]:
    """Return the row of a film of which no more is known than what the file says."""
    data = (record.tmdb_data if isinstance(record, MovieRecord1) else None) or {}
    titles = (data.get(key) for key in ("title", "name"))
    title = next((text for text in titles if isinstance(text, str) and text.strip()), record.imdb_id)
    return {
        "external_id": _PLACEHOLDER + record.imdb_id,
        "imdb_id": record.imdb_id,
        "media_type": record.media_type,
        "title": title[:_TITLE],
        "status": None,
    }
