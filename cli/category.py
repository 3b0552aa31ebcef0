"""category list, export, template, schema: what the categories of a movie are, and out with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli.category_changes import diff, drafts, drop, log, publish, revert
from cli.category_import import import_, validate
from cli.editing import (
    STANDARD_STREAM,
    draft_object,
    output_option,
    overwrite_option,
    place_of,
    success,
    telling_results,
    write_text,
)
from cli.library import ALL, Library, chosen_categories, library_option, open_library, tell_unsettled
from cli.options import Options, Verb, VerbGroup, pass_options
from cli.output import Json, emit, emit_json, remark, table, warn
from cli.work import working
from core.documents import write
from core.edits import DraftHead, origins_of, source_of
from core.errors import UsageError
from core.forms import MOST_TOKENS, Subject, encode_envelope, estimated_tokens, make_envelope, revision_of
from core.library.categories import CATEGORIES, Category, category_named
from core.library.exchange.naming import folder_name
from core.library.exchange.outward import (
    Chosen,
    Exported,
    ExportedFile,
    export_files,
    export_library,
    load_movies,
    new_file,
)
from core.library.exchange.templates import template as make_template
from core.library.films import FilmQuery, find_film
from core.library.models import Movie
from core.reports import format_age
from core.words import plural


@click.group(cls=VerbGroup)
def category() -> None:
    """Take the data of a movie out as JSON, by category, and put it back when it was enriched.

    CATEGORY is basic-info, cast-crew, timeline, trivia, awards, media or streaming. MOVIE is an id of the library's or
    of IMDb's, or a title that only one movie has.
    """


for command in (diff, drafts, drop, import_, log, publish, revert, validate):
    category.add_command(command)


@category.command("list", cls=Verb)
@click.argument("movie", metavar="MOVIE")
@library_option
@pass_options
@telling_results
def list_categories(options: Options, movie: str, site: str | None) -> None:
    """Tell of each category of a movie what is in it, where that is from, and whether there is a draft."""
    library = open_library(options, site)
    with library.reading() as session:
        found = find_film(session, movie)
        drafts = library.edits.drafts(forms=[one.name for one in CATEGORIES], keys=[found.external_id])
        states = _states(library, found, {draft.subject: draft for draft in drafts})
        title = CATEGORIES[0].describe(found)
        about = {"id": found.external_id, "title": found.title, "year": found.year}
    if options.as_json:
        message = f"{plural(len(states), 'category')} of {title}"
        emit_json(options, success(message, movie=about, categories=states))
        return
    tell_unsettled(library)
    emit(f"{title}, {about['id']}")
    now = library.context.clock()
    ages = {draft.subject.form: format_age(now - draft.updated_at) for draft in drafts}
    rows = [
        (
            category_named(str(state["category"])).file_name,
            f"{state['filled']} of {state['keys']}",
            str(state["items"]),
            str(state["tokens"]),
            str(state["source"] or ""),
            _age_of(state["last_updated"], library.context.clock()),
            str(state["updated_by"] or ""),
            ages.get(str(state["category"]), ""),
        )
        for state in states
    ]
    heads = ("CATEGORY", "FILLED", "ITEMS", "TOKENS", "SOURCE", "CHANGED", "BY", "DRAFT")
    emit(*table(heads, rows, right=[2, 3]))


@category.command(cls=Verb)
@click.argument("words", metavar="[MOVIE]... CATEGORY|all", nargs=-1, required=True)
@click.option("--search", metavar="TEXT", help="The movies that a search finds, instead of naming them.")
@click.option("--all", "everything", is_flag=True, help="All movies of the library.")
@click.option("--split", is_flag=True, help=f"What has more than {MOST_TOKENS:,} tokens goes out as several parts.")
@output_option
@overwrite_option
@library_option
@pass_options
@telling_results
def export(
    options: Options,
    words: tuple[str, ...],
    search: str | None,
    output: str | None,
    site: str | None,
    *,
    everything: bool,
    split: bool,
    overwrite: bool,
) -> None:
    """Write one category of a movie as JSON to standard output, or several as a ZIP file.

    `all` and several movies make MOVIE-export.zip, or SITE-export.zip, with a folder for each movie.
    """
    *movies, named = words
    categories = chosen_categories(named)
    if (search is not None) + everything + bool(movies) != 1:
        raise UsageError("which movies?", hint="name them before the category, or say --search TEXT, or --all")
    library = open_library(options, site)
    if len(movies) == 1 and named != ALL:
        _export_one(options, library, movies[0], categories[0], output, split=split, overwrite=overwrite)
        return
    chosen, name = _chosen(library, movies, search)
    if output == STANDARD_STREAM:
        if options.as_json or sys.stdout.isatty():
            raise UsageError("a ZIP file is not for the eyes", hint="-o names a file; a pipe takes it, without --json")
        with working(options) as reporter:
            stream = sys.stdout.buffer
            done = export_library(
                library.context, library.site, chosen, categories, stream, split=split, reporter=reporter
            )
            stream.flush()
        remark(options, *_words(done))
        return
    place = place_of(output, name) if output else Path(name)
    with working(options) as reporter:
        done = export_library(
            library.context,
            library.site,
            chosen,
            categories,
            place,
            split=split,
            overwrite=overwrite,
            reporter=reporter,
        )
    _tell_exported(options, done, place)


@category.command(cls=Verb)
@click.argument("name", metavar="CATEGORY")
@click.argument("movie", metavar="[MOVIE]", required=False)
@output_option
@overwrite_option
@library_option
@pass_options
@telling_results
def template(
    options: Options, name: str, movie: str | None, output: str | None, site: str | None, *, overwrite: bool
) -> None:
    """Print an envelope with instructions for a language model; it imports as it is, or with the movie's id put in."""
    chosen = category_named(name)
    library = None if movie is None else open_library(options, site)
    if library is None or movie is None:
        made = make_template(chosen, None)
    else:
        with library.reading() as session:
            found = find_film(session, movie)
            made = make_template(chosen, found)
            library.edits.remember([(Subject(chosen.name, found.external_id), chosen.read(found))])
    content = encode_envelope(made)
    told, tokens = f"template of {chosen.name}", estimated_tokens(content)
    if output is None or output == STANDARD_STREAM:
        if options.as_json:
            emit_json(options, success(told, tokens=tokens, file=None, template=made))
        else:
            write_text(content)
        return
    context = (library or open_library(options, site)).context
    place = place_of(output, f"{folder_name(made['movie_id'])}-{chosen.file_name}-template.json")
    context.require_writable("write a file")
    with new_file(context.disk, place, overwrite=overwrite) as file:
        context.disk.write(file, content)
    if options.as_json:
        emit_json(options, success(told, tokens=tokens, file=str(place.absolute()), template=made))
    else:
        emit(f"{told}: {place}, about {tokens:,} tokens")


@category.command(cls=Verb)
@click.argument("name", metavar="CATEGORY")
@pass_options
@telling_results
def schema(options: Options, name: str) -> None:
    """Print the JSON Schema of a category's envelope."""
    made = category_named(name).envelope_schema()
    if options.as_json:
        emit_json(options, success(f"schema of {name}", schema=made))
    else:
        write_text(write(made).encode())


def _export_one(
    options: Options,
    library: Library,
    movie: str,
    chosen: Category[Any],
    output: str | None,
    *,
    split: bool,
    overwrite: bool,
) -> None:
    with library.reading() as session:
        found = load_movies(session, [find_film(session, movie).id])
        files = list(export_files(library.edits, found, [chosen], library.context.clock(), split=split))
    told = f"{chosen.name} of {files[0].subject.key}"
    size = sum(len(file.content) for file in files)
    done = Exported(1, len(files), size, sum(file.tokens > MOST_TOKENS for file in files), ())
    _warn_if_large(files, split=split)
    if output is None or output == STANDARD_STREAM:
        envelopes = [file.envelope for file in files]
        if options.as_json:
            whole = envelopes[0] if len(files) == 1 else envelopes
            emit_json(options, success(told, **_exported_object(done), file=None, envelope=whole))
        else:
            write_text(files[0].content if len(files) == 1 else write(envelopes).encode())
        return
    library.context.require_writable("write a file")
    place = place_of(output, f"{folder_name(files[0].subject.key)}-{chosen.file_name}.json")
    for number, file in enumerate(files, 1):
        part = place if len(files) == 1 else place.with_suffix(f".{number}-of-{len(files)}{place.suffix}")
        with new_file(library.context.disk, part, overwrite=overwrite) as target:
            library.context.disk.write(target, file.content)
        if not options.as_json:
            emit(f"{told}: {part}, about {file.tokens:,} tokens")
    if options.as_json:
        emit_json(options, success(told, **_exported_object(done), file=str(place.absolute()), envelope=None))


def _chosen(library: Library, movies: Sequence[str], search: str | None) -> tuple[Chosen, str]:
    """Return the movies that are meant, and how their ZIP file is called."""
    if not movies:
        return FilmQuery(search=search or ""), f"{library.site.name}-export.zip"
    with library.reading() as session:
        found = {one.id: one.external_id for one in (find_film(session, movie) for movie in movies)}
    name = folder_name(next(iter(found.values()))) if len(found) == 1 else library.site.name
    return list(found), f"{name}-export.zip"


def _age_of(written: object, now: datetime) -> str:
    return format_age(now - datetime.fromisoformat(str(written))) if written else ""


def _states(library: Library, movie: Movie, drafts: dict[Subject, DraftHead]) -> list[Json]:
    states: list[Json] = []
    origins = origins_of(library.edits, [(one, movie) for one in CATEGORIES])
    for one, origin in zip(CATEGORIES, origins, strict=True):
        data = one.read(movie)
        draft = drafts.get(Subject(one.name, movie.external_id))
        envelope = make_envelope(one, movie, exported_at=library.context.clock(), source=source_of(origin))
        states.append(
            {
                "category": one.name,
                "filled": sum(value not in (None, []) for value in data.values()),
                "keys": len(data),
                "items": sum(len(value) for value in data.values() if isinstance(value, list)),
                "tokens": estimated_tokens(encode_envelope(envelope)),
                "source": source_of(origin),
                "last_updated": origin.last_updated.isoformat() if origin.last_updated else None,
                "updated_by": origin.updated_by,
                "revision": revision_of(data),
                "draft": None if draft is None else draft_object(draft),
            }
        )
    return states


def _warn_if_large(files: Sequence[ExportedFile], *, split: bool) -> None:
    large = [file for file in files if file.tokens > MOST_TOKENS]
    for file in large:
        why = "one item alone is so large" if split else "--split makes parts that import one by one"
        warn(f"{file.subject.form} has about {file.tokens:,} tokens, more than {MOST_TOKENS:,}: {why}")


def _tell_exported(options: Options, done: Exported, place: Path) -> None:
    first, *others = _words(done)
    if options.as_json:
        emit_json(options, success(first, **_exported_object(done), file=str(place.absolute()), envelope=None))
        return
    emit(f"{place}: {first}")
    warn(*others)


def _exported_object(done: Exported) -> dict[str, Any]:
    return {"movies": done.movies, "files": done.files, "bytes": done.bytes, "larger": done.larger}


def _words(done: Exported) -> list[str]:
    told = f"{plural(done.movies, 'movie')} in {plural(done.files, 'file')}"
    return [told, done.words()] if done.larger and done.large else [told]
