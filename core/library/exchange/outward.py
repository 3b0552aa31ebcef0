"""Categories of many movies written out: a ZIP file with a folder for each movie, whole or not there at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.batches import in_batches
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.edits import Edits, open_edits, origins_of, source_of
from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.forms import MOST_TOKENS, Json, Subject, encode_envelope, estimated_tokens, make_envelope, split_envelope
from core.library.categories import Category
from core.library.categories.finding import with_all_lists
from core.library.exchange.naming import file_name, folder_name
from core.library.films import FilmQuery, count_films, films
from core.library.models import Movie
from core.progress import Reporter
from core.words import plural

BATCH = 200

Chosen = FilmQuery | Sequence[int]
"""Movies: those that a query finds in its order, or those with these keys in theirs."""

_LEVEL = 3
_MOST_NAMED = 10
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written out; `large` names some of the `larger` files that hold more than MOST_TOKENS tokens."""

    movies: int
    files: int
    bytes: int
    larger: int
    large: tuple[str, ...]

    def words(self) -> str:
        """Say of those that are too large for a language model that they are."""
        named = ", ".join(self.large) + (", and others" if self.larger > len(self.large) else "")
        return f"{plural(self.larger, 'file')} of more than {MOST_TOKENS:,} tokens: {named}; --split makes parts"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One envelope as it goes out."""

    subject: Subject
    name: str
    envelope: Json
    content: bytes
    tokens: int


def export_zip(
    context: Context,
    edits: Edits,
    session: Session,
    ids: Iterable[Sequence[int]],
    categories: Sequence[Category[Any]],
    target: IO[bytes],
    *,
    split: bool,
    reporter: Reporter,
) -> Exported:
    """Write the categories of movies into a ZIP file, and remember what went out; nothing is held but a batch.

    `ids` are the keys of the movies in batches, in the order in which they are written. The reporter is advanced by
    one a movie.
    """
    moment = context.clock()
    stamp = max(_EARLIEST, moment.timetuple()[:6])
    movies = files = size = larger = 0
    large: list[str] = []
    with zipfile.ZipFile(_Sequential(target, context.disk), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for batch in ids:
            found = load_movies(session, batch)
            for file in export_files(edits, found, categories, moment, split=split):
                reporter.check()
                info = zipfile.ZipInfo(file.name, stamp)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o100644 << 16
                archive.writestr(info, file.content)
                files += 1
                size += len(file.content)
                if file.tokens > MOST_TOKENS:
                    larger += 1
                    large += [file.name] if len(large) < _MOST_NAMED else []
            movies += len(found)
            session.expunge_all()
            reporter.advance(len(found))
    return Exported(movies, files, size, larger, tuple(large))


def export_library(
    context: Context,
    site: Site,
    chosen: Chosen,
    categories: Sequence[Category[Any]],
    place: Path | IO[bytes],
    *,
    split: bool = False,
    overwrite: bool = False,
    reporter: Reporter,
) -> Exported:
    """Write the categories of the chosen movies into a ZIP file, or into a stream; see `export_zip`.

    A file is there whole or not at all. Raise UsageError where no movie is meant, or the file is there already.
    """
    edits = open_edits(context, site)
    with reading(site.database_url()) as session, ExitStack() as ending:
        total = count_films(session, chosen) if isinstance(chosen, FilmQuery) else len(chosen)
        if not total:
            raise UsageError("there is no such movie", hint="words of its title, a name, a year or an id find it")
        if isinstance(place, Path):
            context.require_writable("write a file")
            target = ending.enter_context(new_file(context.disk, place, overwrite=overwrite))
        else:
            target = place
        reporter.phase("exporting movies", total, "steps")
        batches = found_batches(session, chosen) if isinstance(chosen, FilmQuery) else in_batches(chosen, BATCH)
        return export_zip(context, edits, session, batches, categories, target, split=split, reporter=reporter)


def export_files(
    edits: Edits, movies: Sequence[Movie], categories: Sequence[Category[Any]], moment: datetime, *, split: bool
) -> Iterator[ExportedFile]:
    """Yield the files of movies in their order; what is exported is remembered before the first of them."""
    pairs = [(category, movie) for movie in movies for category in categories]
    origins = origins_of(edits, pairs)
    envelopes: list[tuple[Subject, Category[Any], Json]] = []
    for (category, movie), origin in zip(pairs, origins, strict=True):
        envelope = make_envelope(
            category,
            movie,
            exported_at=moment,
            source=source_of(origin),
            last_updated=origin.last_updated,
            updated_by=origin.updated_by,
        )
        envelopes.append((Subject(category.name, movie.external_id), category, envelope))
    edits.remember((subject, envelope["data"]) for subject, _, envelope in envelopes)
    for subject, category, envelope in envelopes:
        content = encode_envelope(envelope)
        parts = split_envelope(envelope) if split and estimated_tokens(content) > MOST_TOKENS else [envelope]
        for number, part in enumerate(parts, 1):
            text = content if len(parts) == 1 else encode_envelope(part)
            name = f"{folder_name(subject.key)}/{file_name(category, number, len(parts))}"
            yield ExportedFile(subject, name, part, text, estimated_tokens(text))


def found_batches(session: Session, query: FilmQuery) -> Iterator[list[int]]:
    """Yield the keys of the movies that a query finds, in its order, a batch at a time."""
    page = films(session, query, limit=BATCH)
    yield [row.id for row in page.rows]
    while page.next is not None:
        page = films(session, query, after=page.next, limit=BATCH)
        yield [row.id for row in page.rows]


def load_movies(session: Session, ids: Sequence[int]) -> list[Movie]:
    """Return movies with all that hangs on them, in the order of their ids given; a few queries for all."""
    query = select(Movie).where(Movie.id.in_(ids)).options(*with_all_lists())
    found = {movie.id: movie for movie in session.scalars(query)}
    return [found[number] for number in ids if number in found]


@contextmanager
def new_file(disk: Filesystem, place: Path, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """Yield a file that has its name only when the block ends well; raise UsageError where the name is taken."""
    if os.path.lexists(place) and not overwrite:
        raise UsageError(f"{place} exists already", hint="name another file, or say --overwrite; nothing was written")
    partial = place.with_name(place.name + ".partial")
    try:
        with disk.create(partial) as file:
            yield file
            disk.fsync(file)
        disk.rename(partial, place)
        disk.fsync_folder(place.parent)
    except FileExistsError as error:
        raise UsageError(
            f"{partial} exists already", hint="another export is on its way, or died; remove it"
        ) from error
    except BaseException as error:
        if os.path.lexists(partial):
            disk.unlink(partial)
        if isinstance(error, OSError):
            raise GreenroomError(f"cannot write {place}: {error.strerror}", hint="nothing was left there") from error
        raise


class _Sequential:
    """A file that a ZIP is written into from its beginning to its end, as a pipe is, through the disk."""

    def __init__(self, file: IO[bytes], disk: Filesystem) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        self._disk.write(self._file, data)
        return len(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Whoever opened the file closes it."""
