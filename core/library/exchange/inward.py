"""Envelopes taken in as drafts: one, or all of a ZIP file or folder, each of which is checked before any is kept."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.documents import Problem
from core.edits import Draft, Edits, Replaced, open_edits, put_draft, put_drafts
from core.errors import CancelledError, GreenroomError, UsageError
from core.forms import Answers, Envelope, Json, Source, Subject, applied
from core.library.categories import category_named
from core.library.exchange.files import FoundFile, open_files
from core.library.exchange.naming import told_by
from core.library.exchange.reading import Taken, read_envelopes
from core.library.exchange.shape import ANYTHING, Wanted
from core.library.exchange.spool import Checked, Spool
from core.library.models import Movie
from core.progress import Reporter
from core.sqlite_files import make_folders
from core.words import printable

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """How texts are taken in: what they are about as far as is said, from which source, and whether lists are merged.

    Without `source` it is what the envelope says, but never "tmdb": what came from there and is another now is a
    person's work.
    """

    wanted: Wanted = ANYTHING
    source: Source | None = None
    merge_lists: bool = False

    def source_of(self, envelope: Envelope) -> Source:
        if self.source is not None:
            return self.source
        return "llm-generated" if envelope.source == "llm-generated" else "manual"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: what it is about, what was mended, or what is wrong with it."""

    name: str
    subjects: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def good(self) -> bool:
        return not self.error


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of many files. `kept` is how many drafts were made: none where one was bad and bad ones count."""

    files: tuple[FileReport, ...]
    kept: int

    @property
    def bad(self) -> list[FileReport]:
        return [file for file in self.files if not file.good]

    @property
    def subjects(self) -> Iterator[Subject]:
        """What there are drafts of now, each once."""
        return iter(dict.fromkeys(subject for file in self.files if file.good for subject in file.subjects))


def keep_all(
    context: Context,
    site: Site,
    taken: Sequence[Taken],
    terms: Terms,
    answers: Answers | None = None,
    replaced: Replaced = lambda _: None,
) -> list[Draft]:
    """Keep what one text holds as drafts and return them; a part of a split export goes into the draft of the others.

    Raise UsageError, with nothing kept, where a movie is not there or the text holds the same category twice.
    """
    context.require_writable("import categories")
    envelopes = [one.envelope for one in taken]
    twice = _first_twice(envelopes, set(), None)
    if twice is not None:
        raise UsageError(f"{twice.form.name} of {printable(twice.key)} stands there twice", hint="nothing was kept")
    with reading(site.database_url()) as session:
        missing = _missing(session, {envelope.key for envelope in envelopes})
    if missing:
        raise UsageError(
            f"there is no movie {', '.join(map(printable, sorted(missing)))}",
            hint="movie_id is the id that the library has; --movie says which is meant where a text says none",
        )
    edits = open_edits(context, site)
    drafts: dict[Subject, Draft] = {}
    for envelope in envelopes:
        checked = _with_present_draft(edits, _checked(envelope, terms), envelope)
        drafts[_subject(envelope)] = put_draft(
            context,
            site,
            envelope.form,
            envelope.key,
            checked.data,
            merge_lists=checked.merge_lists,
            source=checked.source,
            base_revision=checked.base_revision,
            answers=answers,
            replaced=replaced,
        )
    return list(drafts.values())


def import_files(
    context: Context,
    site: Site,
    path: Path,
    terms: Terms,
    *,
    skip_bad: bool,
    reporter: Reporter,
    replaced: Replaced = lambda _: None,
) -> Imported:
    """Keep the categories in a ZIP file or folder as drafts, all of them or, with `skip_bad`, those that are good.

    Every file is checked before the first draft is kept. Raise VerificationError where it is no sound ZIP file.
    """
    context.require_writable("import categories")
    folder = context.site_folder(site)
    make_folders(folder, context.disk)
    with _disk_faults(folder), open_files(path) as files, Spool(folder) as spool:
        if not files:
            raise UsageError(f"{path} holds no files", hint="a ZIP of categories holds MOVIE/CATEGORY.json")
        reporter.phase("checking the files", len(files), "files")
        with reading(site.database_url()) as session:
            gathered = _Gathered(session, open_edits(context, site), terms, spool)
            for file in files:
                gathered.take(file)
                reporter.advance()
            gathered.finish()
        reports = tuple(gathered.reports)
        if not all(report.good for report in reports) and not skip_bad:
            return Imported(reports, 0)
        if not spool.count:
            return Imported(reports, 0)
        return Imported(reports, put_drafts(context, site, _drafts(context, spool), reporter, replaced=replaced))


def check_files(path: Path, wanted: Wanted, reporter: Reporter) -> list[FileReport]:
    """Check the files of a ZIP or folder against the schemas alone, and say of each what it is or what is wrong."""
    with open_files(path) as files:
        reporter.phase("checking the files", len(files), "files")
        reports = []
        for file in files:
            reports.append(_read(file, wanted)[0])
            reporter.advance()
        return reports


class _Gathered:
    """Files being checked: what is good goes to the spool, once its movie is known to be there."""

    def __init__(self, session: Session, edits: Edits, terms: Terms, spool: Spool) -> None:
        self.reports: list[FileReport] = []
        self._session = session
        self._edits = edits
        self._terms = terms
        self._spool = spool
        self._seen: dict[Subject, str] = {}
        self._waiting: list[tuple[Checked, list[int]]] = []  # with the numbers of the reports on what it was made of
        self._part: Envelope | None = None  # the last one, where it was a part: the next may go with it

    def take(self, file: FoundFile) -> None:
        """Check a file; one that is bad is reported and nothing of it is kept."""
        report, taken = _read(file, self._terms.wanted)
        envelopes = [one.envelope for one in taken]
        twice = _first_twice(envelopes, self._seen, self._part)
        number = len(self.reports)
        if twice is not None:
            where = self._seen.get(_subject(twice), "the same file")
            words = f"{twice.form.name} of {twice.key} is in {where} already"
            report, envelopes = FileReport(file.name, error=printable(words)), []
        self.reports.append(report)
        for envelope in envelopes:
            self._add(envelope, number, file.name)

    def finish(self) -> None:
        """Put what waits into the spool, but for what is about movies that are not there."""
        missing = _missing(self._session, {checked.key for checked, _ in self._waiting})
        for checked, numbers in self._waiting:
            if checked.key not in missing:
                self._spool.add(checked)
                continue
            for number in numbers:
                words = printable(f"there is no movie {checked.key}")
                self.reports[number] = FileReport(self.reports[number].name, error=words)
        self._waiting = []
        self._part = None

    def _add(self, envelope: Envelope, number: int, name: str) -> None:
        checked = _checked(envelope, self._terms)
        if _go_together(self._part, envelope):
            last, numbers = self._waiting[-1]
            data = applied(envelope.form, last.data, checked.data, merge_lists=True)
            self._waiting[-1] = (_with_data(last, data), [*numbers, number])
        else:
            if len(self._waiting) >= _AT_ONCE:
                self.finish()
            self._waiting.append((_with_present_draft(self._edits, checked, envelope), [number]))
        self._seen[_subject(envelope)] = name
        self._part = envelope if envelope.merge_lists else None


def _read(file: FoundFile, wanted: Wanted) -> tuple[FileReport, list[Taken]]:
    try:
        taken = read_envelopes(file.read(), told_by(file.name, wanted))
    except CancelledError:
        raise
    except GreenroomError as error:
        return FileReport(file.name, error=error.message, problems=tuple(getattr(error, "problems", ()))), []
    subjects = tuple(_subject(one.envelope) for one in taken)
    return FileReport(file.name, subjects, tuple(note for one in taken for note in one.notes)), taken


def _first_twice(envelopes: Sequence[Envelope], seen: Container[Subject], last: Envelope | None) -> Envelope | None:
    """Return the first envelope that is about what another one was about, and is no part of the same export."""
    here: set[Subject] = set()
    for envelope in envelopes:
        subject = _subject(envelope)
        if (subject in seen or subject in here) and not _go_together(last, envelope):
            return envelope
        here.add(subject)
        last = envelope if envelope.merge_lists else None
    return None


def _go_together(last: Envelope | None, envelope: Envelope) -> bool:
    """Whether an envelope is a part of the same export as the one before it."""
    if last is None or not envelope.merge_lists:
        return False
    return (_subject(last), last.revision) == (_subject(envelope), envelope.revision)


def _subject(envelope: Envelope) -> Subject:
    return Subject(envelope.form.name, envelope.key)


def _checked(envelope: Envelope, terms: Terms) -> Checked:
    return Checked(
        envelope.form.name,
        envelope.key,
        envelope.data,
        terms.merge_lists or envelope.merge_lists,
        terms.source_of(envelope),
        envelope.revision,
    )


def _with_present_draft(edits: Edits, checked: Checked, envelope: Envelope) -> Checked:
    """Return a part of a split export with the parts that came before it: the draft made of the same state."""
    if not envelope.merge_lists:
        return checked
    present = edits.draft(_subject(envelope))
    if present is None or not present.merge_lists or present.base_revision != envelope.revision:
        return checked
    return _with_data(checked, applied(envelope.form, present.data, checked.data, merge_lists=True))


def _with_data(checked: Checked, data: Json) -> Checked:
    return msgspec.structs.replace(checked, data=data)


def _drafts(context: Context, spool: Iterable[Checked]) -> Iterator[Draft]:
    now = context.clock()
    for one in spool:
        yield Draft(
            subject=Subject(category_named(one.form).name, one.key),
            data=one.data,
            merge_lists=one.merge_lists,
            source=one.source,
            base_revision=one.base_revision,
            base=None,
            updated_by=context.actor,
            updated_at=now,
        )


@contextmanager
def _disk_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GreenroomError(
            f"cannot write into {folder}: {error.strerror}", hint="nothing was imported; there must be space there"
        ) from error


def _missing(session: Session, ids: set[str]) -> set[str]:
    """Return those of at most some hundred external ids that no movie has; exactly, for some engines ignore case."""
    return ids - set(session.scalars(select(Movie.external_id).where(Movie.external_id.in_(ids))))
