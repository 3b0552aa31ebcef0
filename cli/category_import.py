"""category import, validate: texts of people and language models taken in, or only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cli.editing import (
    NOTHING_TO_PUBLISH,
    STANDARD_STREAM,
    answer_option,
    answers_of,
    changes_object,
    difference_lines,
    errors_of,
    merge_lists_option,
    on_conflict_option,
    problem_object,
    publish_option,
    read_text,
    source_option,
    success,
    telling_replaced,
    telling_results,
)
from cli.library import Library, library_option, open_library
from cli.options import Options, Verb, pass_options
from cli.output import Json, emit, emit_json, remark, warn
from cli.work import working
from core.edits import Draft, OnConflict, Preview, preview, publish, publish_many
from core.errors import ExitCode, GreenroomError
from core.forms import AmbiguousError, InvalidDataError, Source, estimated_tokens
from core.library.categories import Category, category_named
from core.library.exchange.files import is_zip
from core.library.exchange.inward import FileReport, Imported, Terms, check_files, import_files, keep_all
from core.library.exchange.reading import Taken, read_envelopes
from core.library.exchange.shape import Wanted
from core.progress import Reporter
from core.words import plural, printable

_MOST_TOLD = 20

movie_option = click.option("--movie", metavar="MOVIE", help="The movie, where the text does not say it.")
category_option = click.option("--category", "named", metavar="CATEGORY", help="The category, where it is not certain.")


@click.command("import", cls=Verb)
@click.argument("source", metavar="FILE|-|ZIP|DIR")
@movie_option
@category_option
@publish_option
@merge_lists_option
@source_option
@on_conflict_option
@answer_option
@click.option("--skip-bad", is_flag=True, help="Of a ZIP or folder, take in what is good and leave out the rest.")
@library_option
@pass_options
@telling_results
def import_(
    options: Options,
    source: str,
    movie: str | None,
    named: str | None,
    origin: Source | None,
    on_conflict: OnConflict,
    answers: tuple[str, ...],
    site: str | None,
    *,
    at_once: bool,
    merge_lists: bool,
    skip_bad: bool,
) -> int:
    """Take JSON in as drafts: a category from a file or standard input, or many from a ZIP file or folder.

    Of a ZIP file or folder every file is checked first; a bad one keeps all from being taken in, but for --skip-bad.
    """
    library = open_library(options, site)
    library.context.require_writable("import categories")
    known = answers_of(answers)
    wanted = Wanted(
        category_named(named) if named is not None else None, library.id_of(movie) if movie is not None else None
    )
    terms = Terms(wanted, origin, merge_lists)
    if _holds_many(source):
        return _import_files(
            options, library, Path(source), terms, skip_bad=skip_bad, at_once=at_once, on_conflict=on_conflict
        )
    taken = read_envelopes(read_text(source), wanted)
    _tell_mends(options, taken)
    with telling_replaced(options, library.context) as replaced:
        drafts = keep_all(library.context, library.site, taken, terms, known, replaced)
    if at_once:
        results = _published(options, library, drafts, on_conflict)
    else:
        results = [_kept(options, library, draft) for draft in drafts]
    if options.as_json:
        fields = [field for result in results for field in _strings(result["updated_fields"])]
        message = "; ".join(map(_said_result, results) if at_once else [_said_kept(result) for result in results])
        mends = [note for one in taken for note in one.notes]
        emit_json(options, success(message, fields, mends=mends, results=results, files=[]))
    return ExitCode.DONE


@click.command(cls=Verb)
@click.argument("source", metavar="FILE|-|ZIP|DIR")
@click.option("--movie", metavar="ID", help="The movie's id, where the text does not say it.")
@category_option
@pass_options
@telling_results
def validate(options: Options, source: str, movie: str | None, named: str | None) -> int:
    """Check JSON against the schema and tell all that is wrong with it. No site is looked at, nothing is changed."""
    wanted = Wanted(category_named(named) if named is not None else None, movie)
    if _holds_many(source):
        with working(options) as reporter:
            reports = check_files(Path(source), wanted, reporter)
        bad = [report for report in reports if not report.good]
        message = f"{plural(len(reports) - len(bad), 'file')} right, {len(bad)} wrong"
        if options.as_json:
            shape = success(message, files=[_file_object(report) for report in reports])
            emit_json(options, {**shape, "success": not bad, "results": [], "mends": []})
        else:
            _tell_bad(bad)
            emit(message)
        return ExitCode.FAILED if bad else ExitCode.DONE
    text = read_text(source)
    taken = read_envelopes(text, wanted)
    _tell_mends(options, taken)
    told = [f"{one.envelope.form.name} of {one.envelope.key}" for one in taken]
    message = f"right: {', '.join(told)}, about {estimated_tokens(text):,} tokens"
    if options.as_json:
        results = [{"category": one.envelope.form.name, "movie_id": one.envelope.key} for one in taken]
        mends = [note for one in taken for note in one.notes]
        emit_json(options, success(message, mends=mends, results=results, files=[]))
    else:
        emit(message)
    return ExitCode.DONE


def _holds_many(source: str) -> bool:
    return source != STANDARD_STREAM and (Path(source).is_dir() or is_zip(Path(source)))


def _published(options: Options, library: Library, drafts: Sequence[Draft], on_conflict: OnConflict) -> list[Json]:
    """Publish the drafts of one text, all or none, and tell what changed."""
    jobs = [(category_named(draft.subject.form), draft.subject.key) for draft in drafts]
    told = ", ".join(f"{form.name} of {key}" for form, key in jobs)
    try:
        if len(jobs) > 1:
            many = publish_many(library.context, library.site, jobs, on_conflict=on_conflict, reporter=Reporter())
            done = [(subject, fields, many.notes.get(subject, ())) for subject, fields in many.fields.items()]
            entry = None
        else:
            [(form, key)] = jobs
            one = publish(library.context, library.site, form, key, on_conflict=on_conflict)
            done = [(drafts[0].subject, one.written.updated_fields, one.written.notes)]
            entry = one.entry.id if one.entry else None
    except GreenroomError:
        remark(options, f"{told}: the draft was kept, and not published")
        raise
    for subject, fields, notes in done:
        if not options.as_json:
            what = f"published: {', '.join(fields)}" if fields else NOTHING_TO_PUBLISH
            emit(f"{subject}: {what}")
            remark(options, *(f"  {note}" for note in notes))
    return [
        {
            "category": subject.form,
            "movie_id": subject.key,
            "published": bool(fields),
            "updated_fields": list(fields),
            "notes": list(notes),
            "entry": entry,
        }
        for subject, fields, notes in done
    ]


def _said_result(result: Json) -> str:
    told = f"{result['category']} of {result['movie_id']}"
    return f"{told} published" if result["published"] else f"{told}: {NOTHING_TO_PUBLISH}"


def _said_kept(result: Json) -> str:
    return f"{result['category']} of {result['movie_id']} kept as a draft"


def _kept(options: Options, library: Library, draft: Draft) -> Json:
    """Tell what publishing a draft that was kept would change, and what stands in its way."""
    form = category_named(draft.subject.form)
    told = f"{form.name} of {draft.subject.key}"
    result: Json = {"category": form.name, "movie_id": draft.subject.key, "published": False}
    try:
        seen = _preview(library, draft, form)
    except (AmbiguousError, InvalidDataError) as error:
        warn(f"{told}: the draft was kept, but cannot be published as it is:", *error.message.splitlines())
        if isinstance(error, AmbiguousError):
            remark(options, "`greenroom category publish --answer KIND:NAME=ID` says who is meant")
        return {**result, "updated_fields": [], "notes": [], "open": errors_of(error)}
    if not options.as_json:
        changes = seen.comparison.changes
        emit(f"draft of {told} kept; " + ("publishing it would change:" if changes else "it is what is live"))
        emit(*(f"  {line}" for line in difference_lines(seen.comparison)))
        remark(options, *(f"  {note}" for note in seen.written.notes))
    return {
        **result,
        "updated_fields": list(seen.written.updated_fields),
        "notes": list(seen.written.notes),
        **changes_object(seen.comparison),
    }


def _preview(library: Library, draft: Draft, form: Category[Any]) -> Preview:
    return preview(
        library.context,
        library.site,
        form,
        draft.subject.key,
        draft.data,
        merge_lists=draft.merge_lists,
        answers=draft.answers,
        base=draft.base,
        base_revision=draft.base_revision,
    )


def _import_files(
    options: Options,
    library: Library,
    path: Path,
    terms: Terms,
    *,
    skip_bad: bool,
    at_once: bool,
    on_conflict: OnConflict,
) -> int:
    fields: dict[str, list[str]] = {}
    changed = 0
    with working(options) as reporter, telling_replaced(options, library.context) as replaced:
        done = import_files(
            library.context, library.site, path, terms, skip_bad=skip_bad, reporter=reporter, replaced=replaced
        )
        if at_once and done.kept:
            jobs = [(category_named(subject.form), subject.key) for subject in done.subjects]
            try:
                published = publish_many(
                    library.context, library.site, jobs, on_conflict=on_conflict, reporter=reporter
                )
            except GreenroomError:
                remark(options, f"{plural(done.kept, 'draft')} kept, and none published")
                raise
            changed = published.changed
            for subject, names in published.fields.items():
                fields[str(subject)] = list(names)
    what = f"{plural(done.kept, 'draft')} kept"
    if at_once and done.kept:
        what = f"{plural(done.kept, 'category')} published, {changed:,} of them with changes"
    return _tell_files(options, done, what, fields)


def _tell_files(options: Options, done: Imported, what: str, fields: dict[str, list[str]]) -> int:
    bad = done.bad
    message = what
    if bad and not done.kept:
        message = f"nothing was imported: {plural(len(bad), 'file')} of {len(done.files):,} cannot be taken in"
    elif bad:
        message = f"{what}; {plural(len(bad), 'file')} of {len(done.files):,} left out"
    code = ExitCode.DONE if not bad else ExitCode.PARTLY_DONE if done.kept else ExitCode.FAILED
    if options.as_json:
        names = sorted({field for changed in fields.values() for field in changed})
        files = [_file_object(file, fields) for file in done.files]
        shape = success(message, names, results=[], mends=[], files=files)
        emit_json(options, {**shape, "success": not bad, "errors": [each for one in bad for each in _errors(one)]})
        return code
    _tell_bad(bad)
    mended = [file for file in done.files if file.notes]
    for file in mended[:_MOST_TOLD]:
        remark(options, f"{printable(file.name)}: {'; '.join(file.notes)}")
    if len(mended) > _MOST_TOLD:
        remark(options, f"and {plural(len(mended) - _MOST_TOLD, 'file')} more that were mended")
    emit(message) if done.kept else warn(message)
    if bad and not done.kept:
        warn("hint: mend them, or take in the others with --skip-bad")
    return code


def _tell_bad(bad: Sequence[FileReport]) -> None:
    for file in bad[:_MOST_TOLD]:
        warn(f"{printable(file.name)}:", *(f"  {line}" for line in file.error.splitlines()))
    if len(bad) > _MOST_TOLD:
        warn(f"and {plural(len(bad) - _MOST_TOLD, 'file')} more")


def _file_object(file: FileReport, fields: dict[str, list[str]] | None = None) -> Json:
    told = [str(subject) for subject in file.subjects]
    return {
        "file": file.name,
        "success": file.good,
        "message": file.error or ", ".join(told),
        "updated_fields": [name for one in told for name in (fields or {}).get(one, [])],
        "errors": _errors(file),
        "mends": list(file.notes),
    }


def _errors(file: FileReport) -> list[Json]:
    if file.problems:
        return [{"file": file.name, **problem_object(problem)} for problem in file.problems]
    return [] if file.good else [{"file": file.name, "message": file.error}]


def _tell_mends(options: Options, taken: Sequence[Taken]) -> None:
    for note in dict.fromkeys(note for one in taken for note in one.notes):
        remark(options, f"mended: {note}")


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
