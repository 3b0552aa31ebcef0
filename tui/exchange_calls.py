"""Categories out to a file and in from one, as the screens ask for it, each in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.edits import open_edits
from core.errors import GreenroomError, UsageError
from core.forms import InvalidDataError, Subject
from core.library.categories import CATEGORIES, category_named
from core.library.exchange.files import is_zip, read_file
from core.library.exchange.inward import FileReport, Imported, Terms, import_files, keep_all
from core.library.exchange.outward import export_files, export_library, load_movies, new_file
from core.library.exchange.reading import read_envelopes
from core.library.exchange.shape import Wanted
from core.library.film_edits import drafted_films
from core.library.films import FilmRow
from core.progress import Reporter
from core.words import plural
from tui.library_calls import FilmWish

PASTED = "the pasted text"


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What goes out and where to: one film, or without one all that `found` lists; one category by name, or all."""

    place: Path
    film: FilmRow | None
    found: FilmWish
    category: str | None


def export(context: Context, wish: ExportWish, reporter: Reporter) -> str:
    """Write what is wished into a new file and return in words what was; raise GreenroomError, with nothing left."""
    site = wish.found.site
    if wish.film is not None and wish.category is not None:
        return _export_one(context, wish, wish.film, wish.category)
    query = wish.found.query
    if wish.found.drafted:
        query = replace(query, only=drafted_films(open_edits(context, site)))
    done = export_library(
        context,
        site,
        query if wish.film is None else [wish.film.id],
        CATEGORIES if wish.category is None else [category_named(wish.category)],
        wish.place,
        reporter=reporter,
    )
    told = f"{plural(done.movies, 'film')}, {plural(done.files, 'file')} written to {wish.place}"
    return f"{told}; {plural(done.larger, 'file')} of them large for a language model" if done.larger else told


def _export_one(context: Context, wish: ExportWish, film: FilmRow, category: str) -> str:
    context.require_writable("write a file")
    site = wish.found.site
    with reading(site.database_url()) as session, new_file(context.disk, wish.place) as file:
        movies = load_movies(session, [film.id])
        files = export_files(
            open_edits(context, site), movies, [category_named(category)], context.clock(), split=False
        )
        if not movies:
            raise UsageError(f"there is no film {film.external_id} any more", hint="look at the list again")
        for one in files:
            context.disk.write(file, one.content)
    return f"{category_named(category).title} of {film.title} written to {wish.place}"


def import_path(
    context: Context, site: Site, path: Path, film: FilmRow | None, reporter: Reporter, *, skip_bad: bool = False
) -> Imported:
    """Keep as drafts what is in a JSON file, a ZIP file or a folder; where one file is bad, nothing or the good ones.

    A file that names no film is about `film`. Raise GreenroomError where it cannot be read.
    """
    if path.is_dir() or is_zip(path):
        return import_files(context, site, path, Terms(), skip_bad=skip_bad, reporter=reporter)
    return _import_one(context, site, path.name, read_file(path), film)


def import_text(context: Context, site: Site, text: str, film: FilmRow | None, reporter: Reporter) -> Imported:
    """Keep as drafts what a text holds; one that names no film is about `film`."""
    reporter.check()
    return _import_one(context, site, PASTED, text, film)


def _import_one(context: Context, site: Site, name: str, text: str | bytes, film: FilmRow | None) -> Imported:
    context.require_writable("import categories")
    wanted = Wanted(movie_id=film.external_id if film is not None else None, certain=False)
    try:
        taken = read_envelopes(text, wanted)
        drafts = keep_all(context, site, taken, Terms(wanted))
    except InvalidDataError as error:
        return Imported((FileReport(name, error=error.message, problems=error.problems),), 0)
    except GreenroomError as error:
        return Imported((FileReport(name, error=f"{error.message}. {error.hint}"),), 0)
    notes = tuple(note for one in taken for note in one.notes)
    return Imported((FileReport(name, _subjects(draft.subject for draft in drafts), notes),), len(drafts))


def _subjects(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    return tuple(dict.fromkeys(subjects))


def good_files(done: Imported) -> Sequence[FileReport]:
    """Return the files in which nothing is wrong."""
    return [file for file in done.files if file.good]
