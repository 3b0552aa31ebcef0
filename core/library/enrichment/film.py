"""One film: what the services know of it is fetched, and written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.documents import Path
from core.edits import NotPublishedError, fill
from core.errors import BusyError, GreenroomError
from core.forms import AmbiguousError, Answers, FieldChange, InvalidDataError, Json, Source, Written
from core.library.categories import category_named
from core.library.enrichment import omdb as omdb_service
from core.library.enrichment import tmdb as tmdb_service
from core.library.enrichment.bounded import TooLargeError, bounded
from core.library.enrichment.choice import Verdicts, acceptable, choosing, told, without
from core.library.enrichment.faults import FilmError
from core.library.enrichment.omdb import Omdb, OmdbAnswer
from core.library.enrichment.people import SharedNames, as_known
from core.library.enrichment.report import FilmReport
from core.library.enrichment.tmdb import Tmdb, TmdbFilm
from core.library.enrichment.values import data_of, keys_of_omdb
from core.library.enrichment.waiting import Film
from core.library.models import Movie
from core.library.transfer.films import name_of
from core.progress import Reporter
from core.words import printable

_BUSY_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_MOST_TRIES: Final = 12  # each leaves out what the library's own content refuses, so that the next may pass


@dataclass(frozen=True, slots=True)
class Services:
    """Whom to ask; OMDb only where there is a key of it. `names` are those of the library, for the films to come."""

    tmdb: Tmdb
    omdb: Omdb | None
    names: SharedNames = field(default_factory=SharedNames)

    def close(self) -> None:
        self.tmdb.close()
        if self.omdb is not None:
            self.omdb.close()


@dataclass(frozen=True, slots=True)
class _Fetched:
    tmdb: TmdbFilm | None
    omdb: OmdbAnswer | None
    missing: tuple[str, ...]


def enrich_film(
    context: Context,
    site: Site,
    film: Film,
    services: Services,
    reporter: Reporter,
    pause: Callable[[float], None],
) -> FilmReport:
    """Fetch what the services know of a film, write it, and say what changed; where the site is held, wait a minute.

    Raise StoppingError where asking further makes no sense, ServiceError where a service did not answer, FilmError
    where it is about this film alone, BusyError where the site stays held, GreenroomError where it cannot be written:
    then nothing was.
    """
    fetched = _fetch(film, services)
    report = FilmReport(
        film.external_id,
        film.imdb_id,
        film.title,
        missing=fetched.missing,
        tmdb_id=fetched.tmdb.details.id if fetched.tmdb else film.tmdb_id,
    )
    if fetched.tmdb is None and fetched.omdb is None:
        names = " and ".join(fetched.missing)
        return replace(report, failure=f"{names} {'know' if len(fetched.missing) > 1 else 'knows'} no such film")
    for seconds in _BUSY_PAUSES:
        try:
            return _write(context, site, film, fetched, report, services.names, reporter)
        except BusyError:
            pause(seconds)
    return _write(context, site, film, fetched, report, services.names, reporter)


def _fetch(film: Film, services: Services) -> _Fetched:
    if film.imdb_id is not None and name_of(film.imdb_id) is None:
        raise FilmError(f"IMDb has no ids such as {printable(film.imdb_id)!r}")
    tmdb = _from_tmdb(film, services.tmdb)
    missing = [] if tmdb else [tmdb_service.NAME]
    imdb_id = name_of(film.imdb_id or (tmdb.details.imdb if tmdb else None))
    omdb = None
    # What OMDb said of a film that TMDB does not know is not asked for again each time: its answers are counted.
    wanted = tmdb is not None or not film.has_omdb
    if services.omdb is not None and imdb_id is not None and wanted:
        omdb = services.omdb.film(imdb_id)
        missing += [] if omdb else [omdb_service.NAME]
    return _Fetched(tmdb, omdb, tuple(missing))


def _from_tmdb(film: Film, tmdb: Tmdb) -> TmdbFilm | None:
    """Return what TMDB knows of a film, None where it knows none; of several it is the one that has the IMDb id."""
    wanted = (film.imdb_id or "").lower()
    if film.tmdb_id is not None:
        places = [(film.media_type, film.tmdb_id)]
    else:
        places = tmdb.find(wanted, film.media_type) if wanted else []
    others = []
    for place in places:
        found = tmdb.film(*place)
        theirs = (found.details.imdb or "").lower() if found else ""
        if found is not None and (theirs == wanted or (len(places) == 1 and not (theirs and wanted))):
            return found
        others += [f"{found.details.id} is {printable(theirs)}"] if found else []
    if len(others) == 1 == len(places):
        raise FilmError(f"TMDB says that {others[0]}, and the library {film.imdb_id}")
    if others:
        raise FilmError(f"TMDB has several films for {wanted}, and none of them says that it is the one")
    return None


def _write(
    context: Context,
    site: Site,
    film: Film,
    fetched: _Fetched,
    report: FilmReport,
    names: SharedNames,
    reporter: Reporter,
) -> FilmReport:
    verdicts = Verdicts()
    for name, odd in ((tmdb_service.NAME, fetched.tmdb), (omdb_service.NAME, fetched.omdb)):
        if odd is not None and odd.odd:
            verdicts.leave_out(printable(f"{name}: no values that could be used: {', '.join(odd.odd)}"))
    row = _row(film, fetched)
    with reading(site.database_url()) as session:
        movie = session.get(Movie, film.id)
        if movie is None or movie.external_id != film.external_id:
            raise _changed(film)
        session.expunge(movie)
        data = data_of(fetched.tmdb, fetched.omdb, context.settings.enrichment)
        answers: Answers = {}
        if "cast_crew" in data:
            data["cast_crew"], answers = as_known(session, data["cast_crew"], film.id, names.people(session))
    data = {name: acceptable(category_named(name), offered, verdicts) for name, offered in data.items()}
    of_omdb = keys_of_omdb(fetched.tmdb, fetched.omdb, context.settings.enrichment)
    target = _Target(
        context,
        site,
        movie,
        lambda session: _store(session, film, row),
        names,
        reporter.uncancellable(),
        source="tmdb" if fetched.tmdb else "omdb",
        others=dict.fromkeys(of_omdb, "omdb"),
    )
    written = _publish(target, data, verdicts, answers)
    return replace(
        report,
        title=next((str(each.after) for each in _changes(written) if each.field == "title"), film.title),
        changed={name: one.updated_fields for name, one in written.items() if one.changes},
        kept=dict(verdicts.kept),
        notes=(*_notes(film, row), *(printable(note) for one in written.values() for note in one.notes)),
        left_out=tuple(verdicts.left_out),
        new_data=tuple(name for name, key in (("TMDB", "tmdb_data"), ("OMDb", "omdb_data")) if key in row),
    )


def _changes(written: Mapping[str, Written]) -> Iterator[FieldChange]:
    return (change for change in (written["basic_info"].changes if "basic_info" in written else ()))


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a film is written: the movie, and `also` what is no category's.

    What is written is from `source`, and the keys of `others` from another.
    """

    context: Context
    site: Site
    movie: Movie
    also: Callable[[Session], None]
    names: SharedNames
    reporter: Reporter
    source: Source
    others: Mapping[str, Source]

    def fill(self, data: dict[str, Json], verdicts: Verdicts, answers: Answers) -> dict[str, Written]:
        categories = [(category_named(name), offered) for name, offered in data.items()]
        choices = [(category, choosing(category, self.movie, offered, verdicts)) for category, offered in categories]
        with self.names.for_film():
            return fill(
                self.context,
                self.site,
                self.movie.external_id,
                choices,
                verb="enrich",
                source=self.source,
                others=self.others,
                answers=answers,
                also=self.also,
                share=self.names.share,
                reporter=self.reporter,
            )


def _publish(target: _Target, data: dict[str, Json], verdicts: Verdicts, answers: Answers) -> dict[str, Written]:
    """Write the data; what only the library's content shows to be wrong is left out, and the rest written then."""
    for _ in range(_MOST_TRIES):
        try:
            return target.fill(data, verdicts, answers)
        except NotPublishedError as refused:
            for subject, error in refused.by_subject.items():
                wrong = _refused(error)
                if subject.form == "streaming":  # its options are no longer where they were: see choice.py
                    wrong = [(path[:1], words) for path, words in wrong]
                for path, words in wrong:
                    verdicts.leave_out(told(subject.form, path, words))
                data = {**data, subject.form: without(data[subject.form], [path for path, _ in wrong])}
    raise FilmError("the library refuses what the services say of this film", hint="edit it by hand")


def _refused(error: GreenroomError) -> list[tuple[Path, str]]:
    """Return the places of what a category refuses, each with why; raise what is no such refusal."""
    if isinstance(error, InvalidDataError):
        return [(problem.path, problem.found) for problem in error.problems]
    if isinstance(error, AmbiguousError):
        several = [(question, ", ".join(one.id for one in question.candidates)) for question in error.questions]
        return [(path, f"{question.wanted} may be {ids}") for question, ids in several for path in question.paths]
    raise error


def _row(film: Film, fetched: _Fetched) -> dict[str, Any]:
    """Return what the film's own row gets beside its categories."""
    row: dict[str, Any] = {}
    for name, key, answer in (
        (tmdb_service.NAME, "tmdb_data", fetched.tmdb),
        (omdb_service.NAME, "omdb_data", fetched.omdb),
    ):
        if answer is not None:
            try:
                row[key] = bounded(answer.raw)
            except TooLargeError:
                raise FilmError(f"{name} says too much of this film to be kept") from None
    if fetched.tmdb is not None and film.tmdb_id is None:
        row |= {"tmdb_id": fetched.tmdb.details.id}
        if fetched.tmdb.media_type != film.media_type:
            row |= {"media_type": fetched.tmdb.media_type}
    return row


def _notes(film: Film, row: dict[str, Any]) -> list[str]:
    notes = []
    if "tmdb_id" in row:
        notes.append(f"has the id {row['tmdb_id']} at TMDB now")
    if "media_type" in row:
        notes.append(f"is {row['media_type']} now, not {film.media_type}")
    return notes


def _store(session: Session, film: Film, row: dict[str, Any]) -> None:
    """Write the film's own row, where it is still the film that was asked about."""
    columns = (Movie.external_id, Movie.imdb_id, Movie.tmdb_id, Movie.media_type)
    now = session.execute(select(*columns).where(Movie.id == film.id)).one_or_none()
    if now is None or tuple(now) != (film.external_id, film.imdb_id, film.tmdb_id, film.media_type):
        raise _changed(film)
    if "tmdb_id" in row:
        media_type = row.get("media_type", film.media_type)
        taken = select(Movie.external_id).where(Movie.media_type == media_type, Movie.tmdb_id == row["tmdb_id"])
        other = session.scalar(taken)
        if other is not None:
            raise FilmError(
                f"{film.external_id} is {printable(other)} too: both are {media_type} {row['tmdb_id']} at TMDB",
                hint="remove one of the two",
            )
    if row:
        session.execute(update(Movie).where(Movie.id == film.id).values(**row))


def _changed(film: Film) -> FilmError:
    return FilmError(f"{film.external_id} was changed while the services were asked", hint="enrich it again")
