"""library enrich: what TMDB and OMDb know of films, fetched and written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from cli.ask import ask_yes_or_no
from cli.library import library_option
from cli.opening import open_anyhow
from cli.options import Options, Verb, pass_options
from cli.output import emit, emit_json, remark, warn
from cli.work import working
from core.config import Site
from core.context import Context
from core.errors import CancelledError, ExitCode, GreenroomError, PartlyDoneError
from core.library.library import library_site
from core.words import plural

if TYPE_CHECKING:
    from core.library.enrichment import EnrichmentReport

_MOST_TOLD = 50


@click.command(cls=Verb)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@library_option
@pass_options
def enrich(options: Options, ids: tuple[str, ...], site: str | None) -> ExitCode:
    """Fetch what TMDB and OMDb know of the films that wait for it, or of those with these ids, and write it.

    No value of a person's is replaced, and no user's library touched. What is done is done film by film: an
    enrichment that was stopped goes on when it is begun again. A film that fails is told and makes the exit code 3,
    or 1 where none was written.
    """
    context = open_anyhow(options)
    found = library_site(context, site)
    return run_enrichment(options, context, found, ids or None, as_json=options.as_json)


def run_enrichment(
    options: Options, context: Context, site: Site, ids: Sequence[str] | None, *, as_json: bool
) -> ExitCode:
    """Enrich films, all that wait where none is named, and tell of it; return the exit code."""
    enrichment = import_module("core.library.enrichment")
    with working(options) as reporter:
        report: EnrichmentReport = enrichment.enrich(context, site, ids, reporter=reporter)
    if as_json:
        emit_json(options, {"site": site.name, **report.as_json()})
    else:
        _tell(options, report)
    if report.success:
        return ExitCode.DONE
    return ExitCode.PARTLY_DONE if report.written else ExitCode.FAILED


def offer_enrichment(options: Options, context: Context, site: Site, ids: Sequence[str]) -> ExitCode:
    """Ask a person at a terminal after an import whether to fetch what is missing of films, where there is a key.

    Return the exit code of all of it: what is imported stays, so a failure here is one in part.
    """
    settings = context.settings.enrichment
    has_key = settings.tmdb_key or settings.tmdb_key_file or settings.tmdb_key_command
    if not has_key or not (sys.stdin.isatty() and sys.stderr.isatty()):
        remark(options, "`greenroom library enrich` fetches it" + ("" if has_key else ", with a key of TMDB"))
        return ExitCode.DONE
    try:
        ask_yes_or_no(f"Fetch the metadata of {plural(len(ids), 'film')} now?")
    except CancelledError:
        remark(options, "`greenroom library enrich` fetches it later")
        return ExitCode.DONE
    try:
        code = run_enrichment(options, context, site, ids, as_json=False)
    except CancelledError:
        raise
    except GreenroomError as error:
        raise PartlyDoneError(f"imported, but no metadata was fetched: {error.message}", hint=error.hint) from error
    return ExitCode.PARTLY_DONE if code else code


def _tell(options: Options, report: EnrichmentReport) -> None:
    for film in report.films[:_MOST_TOLD]:
        if film.failure is None:
            emit(f"{film.title} ({film.external_id}): {film.summary()}", *(f"  {line}" for line in film.remarks()))
    if report.films.total > _MOST_TOLD:
        remark(options, f"and {plural(report.films.total - _MOST_TOLD, 'film')} more; --json tells of them")
    for film in report.failed:
        if film.failure is not None:
            warn(f"{film.title or film.external_id} ({film.external_id}): {film.failure}")
    emit(report.summary())
    if report.stopped is not None and report.stopped.hint:
        warn(f"hint: {report.stopped.hint}")
    if report.waiting:
        remark(options, f"{plural(report.waiting, 'film')} of the library without metadata")
