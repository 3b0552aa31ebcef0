"""category diff, drafts, publish, drop, log, revert: from a draft to what is live, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from cli.ask import ask_yes_or_no, require_person
from cli.editing import (
    NOTHING_TO_PUBLISH,
    answer_option,
    answers_of,
    changes_object,
    difference_lines,
    draft_object,
    entry_object,
    merge_lists_option,
    on_conflict_option,
    read_text,
    success,
    tell_written,
    telling_results,
)
from cli.library import ALL, Library, chosen_categories, library_option, open_library, tell_unsettled
from cli.options import Options, Verb, pass_options, yes_option
from cli.output import emit, emit_json, remark, table
from cli.work import working
from core.edits import (
    EntryHead,
    OnConflict,
    Preview,
    Published,
    drop_draft,
    preview,
    publish_many,
)
from core.edits import publish as publish_draft
from core.edits import revert as revert_entry
from core.errors import UsageError
from core.forms import Subject
from core.library.categories import CATEGORIES, NAMES, Category, category_named
from core.library.exchange.reading import read_envelope
from core.reports import format_age
from core.words import plural

_MOST_NAMED = 10

all_option = click.option("--all", "everything", is_flag=True, help="The drafts of all movies.")


@click.command(cls=Verb)
@click.argument("words", metavar="MOVIE CATEGORY|FILE|-", nargs=-1, required=True)
@merge_lists_option
@answer_option
@library_option
@pass_options
@telling_results
def diff(
    options: Options, words: tuple[str, ...], answers: tuple[str, ...], site: str | None, *, merge_lists: bool
) -> None:
    """Tell what publishing a draft, or importing a file, would change; nothing is changed by it."""
    if len(words) > 2:
        raise UsageError("that is too much", hint="a movie with a category, or one file, or - for standard input")
    library = open_library(options, site)
    known = answers_of(answers)
    if len(words) == 2:
        movie, form = library.id_of(words[0]), category_named(words[1])
        draft = library.edits.draft(Subject(form.name, movie))
        if draft is None:
            raise _no_draft([form], movie)
        seen = preview(
            library.context,
            library.site,
            form,
            movie,
            draft.data,
            merge_lists=draft.merge_lists,
            answers={**draft.answers, **known},
            base=draft.base,
            base_revision=draft.base_revision,
        )
    else:
        envelope = read_envelope(read_text(words[0])).envelope
        movie, form = envelope.key, category_named(envelope.form.name)
        seen = preview(
            library.context,
            library.site,
            form,
            movie,
            envelope.data,
            merge_lists=merge_lists or envelope.merge_lists,
            answers=known,
            base_revision=envelope.revision,
        )
    _tell_preview(options, f"{form.name} of {movie}", seen)


@click.command(cls=Verb)
@library_option
@pass_options
@telling_results
def drafts(options: Options, site: str | None) -> None:
    """List all drafts of the library, the newest first."""
    library = open_library(options, site)
    found = library.edits.drafts(forms=NAMES)
    if options.as_json:
        emit_json(options, success(plural(len(found), "draft"), drafts=[draft_object(each) for each in found]))
        return
    tell_unsettled(library)
    now = library.context.clock()
    rows = [
        (head.subject.key, _file_name(head.subject), head.source, head.updated_by, format_age(now - head.updated_at))
        for head in found
    ]
    if rows:
        emit(*table(("MOVIE", "CATEGORY", "SOURCE", "BY", "CHANGED"), rows))
    else:
        remark(options, "there are no drafts")


@click.command(cls=Verb)
@click.argument("movie", metavar="[MOVIE]", required=False)
@click.argument("named", metavar="[CATEGORY|all]", default=ALL)
@all_option
@on_conflict_option
@answer_option
@library_option
@pass_options
@telling_results
def publish(
    options: Options,
    movie: str | None,
    named: str,
    on_conflict: OnConflict,
    answers: tuple[str, ...],
    site: str | None,
    *,
    everything: bool,
) -> None:
    """Make the drafts of a movie live: all of them, or that of one category. All happens or nothing."""
    library = open_library(options, site)
    library.context.require_writable("publish drafts")
    jobs = _drafted(library, movie, named, everything=everything)
    if len(jobs) == 1:
        [(form, key)] = jobs
        done = publish_draft(
            library.context, library.site, form, key, on_conflict=on_conflict, answers=answers_of(answers)
        )
        _tell_published(options, f"{form.name} of {key}", done)
        return
    if answers:
        raise UsageError("which draft is answered?", hint="publish one category at a time to answer")
    with working(options) as reporter:
        many = publish_many(library.context, library.site, jobs, on_conflict=on_conflict, reporter=reporter)
    fields = sorted({field for changed in many.fields.values() for field in changed})
    notes = [note for some in many.notes.values() for note in some]
    message = f"{plural(len(jobs), 'draft')} published, {many.changed:,} of them with changes"
    if options.as_json:
        results = [
            {"category": subject.form, "movie_id": subject.key, "updated_fields": list(changed)}
            for subject, changed in many.fields.items()
        ]
        emit_json(options, success(message, fields, entry=None, notes=notes, results=results))
        return
    emit(message)
    for subject, changed in many.fields.items():
        if changed:
            emit(f"  {subject}: {', '.join(changed)}")
    remark(options, *(f"  {note}" for note in notes))


@click.command(cls=Verb)
@click.argument("movie", metavar="[MOVIE]", required=False)
@click.argument("named", metavar="[CATEGORY|all]", default=ALL)
@all_option
@library_option
@yes_option
@pass_options
@telling_results
def drop(options: Options, movie: str | None, named: str, site: str | None, *, everything: bool, yes: bool) -> None:
    """Throw the drafts of a movie away, after a question: all of them, or that of one category."""
    library = open_library(options, site)
    library.context.require_writable("drop drafts")
    jobs = _drafted(library, movie, named, everything=everything)
    told = ", ".join(f"{form.name} of {key}" for form, key in jobs[:_MOST_NAMED])
    told += f" and {len(jobs) - _MOST_NAMED:,} more" if len(jobs) > _MOST_NAMED else ""
    if require_person(yes=yes):
        ask_yes_or_no(f"throw {plural(len(jobs), 'draft')} away: {told}?")
    for form, key in jobs:
        drop_draft(library.context, library.site, Subject(form.name, key))
    message = f"{plural(len(jobs), 'draft')} dropped: {told}"
    if options.as_json:
        dropped = [{"category": form.name, "movie_id": key} for form, key in jobs]
        emit_json(options, success(message, dropped=dropped))
    else:
        emit(message)


@click.command(cls=Verb)
@click.argument("movie", metavar="[MOVIE]", required=False)
@click.argument("named", metavar="[CATEGORY]", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--before", type=int, metavar="ENTRY", help="Those before this entry.")
@library_option
@pass_options
@telling_results
def log(
    options: Options, movie: str | None, named: str | None, limit: int, before: int | None, site: str | None
) -> None:
    """List who published what, when and from which source, the newest first."""
    library = open_library(options, site)
    forms = [category_named(named).name] if named is not None else list(NAMES)
    key = library.id_of(movie) if movie is not None else None
    found = library.edits.log(forms=forms, key=key, before=before, limit=limit)
    if options.as_json:
        emit_json(options, success(plural(len(found), "entry"), entries=[entry_object(entry) for entry in found]))
        return
    tell_unsettled(library)
    now = library.context.clock()
    rows = [
        (
            str(entry.id),
            format_age(now - entry.at),
            entry.by,
            entry.subject.key,
            _file_name(entry.subject),
            ", ".join(entry.fields),
            entry.source,
            _remarks(entry),
        )
        for entry in found
    ]
    if rows:
        heads = ("ENTRY", "WHEN", "BY", "MOVIE", "CATEGORY", "FIELDS", "SOURCE", "REMARKS")
        emit(*table(heads, rows, right=[0]))
    else:
        remark(options, "nothing was published yet")


@click.command(cls=Verb)
@click.argument("entry", metavar="ENTRY", type=int)
@on_conflict_option
@library_option
@yes_option
@pass_options
@telling_results
def revert(options: Options, entry: int, on_conflict: OnConflict, site: str | None, *, yes: bool) -> None:
    """Take back what an entry of the log changed, after a question; what was changed since besides it stays."""
    library = open_library(options, site)
    library.context.require_writable("revert changes")
    head = library.edits.entry(entry).head
    told = str(head.subject)
    if head.subject.form not in NAMES:
        raise UsageError(f"entry {entry} is about {told}, no category", hint="`greenroom record` reverts records")
    if require_person(yes=yes):
        ask_yes_or_no(f"take back what {head.by} changed in {told}: {', '.join(head.fields)}?")
    done = revert_entry(
        library.context, library.site, category_named(head.subject.form), entry, on_conflict=on_conflict
    )
    _tell_published(options, told, done, "taken back")


def _drafted(library: Library, movie: str | None, named: str, *, everything: bool) -> list[tuple[Category[Any], str]]:
    """Return what there are drafts of, of what is meant, movie by movie; raise UsageError for none."""
    if (movie is None) != everything:
        raise UsageError("which movie?", hint="name one, or say --all for the drafts of all of them")
    key = None if movie is None else library.id_of(movie)
    forms = chosen_categories(named)
    heads = library.edits.drafts(forms=[form.name for form in forms], keys=None if key is None else [key])
    if not heads:
        raise _no_draft(forms, key or "any movie")
    order = {form.name: number for number, form in enumerate(forms)}
    subjects = sorted((head.subject for head in heads), key=lambda subject: (subject.key, order[subject.form]))
    return [(category_named(subject.form), subject.key) for subject in subjects]


def _no_draft(forms: Sequence[Category[Any]], key: str) -> UsageError:
    what = forms[0].name if len(forms) < len(CATEGORIES) else "any category"
    return UsageError(f"there is no draft of {what} of {key}", hint="`greenroom category import` makes one")


def _tell_preview(options: Options, told: str, seen: Preview) -> None:
    found = seen.comparison
    if options.as_json:
        message = f"{told}: {plural(len(found.changes), 'change')}" + (", in conflict" if found.conflict else "")
        emit_json(
            options,
            success(message, seen.written.updated_fields, notes=list(seen.written.notes), **changes_object(found)),
        )
        return
    if not found.changes:
        emit(f"{told}: nothing differs from what is live")
        return
    emit(f"{told}, if it is published:", *(f"  {line}" for line in difference_lines(found)))
    remark(options, *(f"  {note}" for note in seen.written.notes))


def _tell_published(options: Options, told: str, done: Published, verb: str = "published") -> None:
    message = f"{told} {verb}" if done.entry else f"{told}: {NOTHING_TO_PUBLISH}"
    if options.as_json:
        entry = done.entry.id if done.entry else None
        notes = list(done.written.notes)
        emit_json(options, success(message, done.written.updated_fields, entry=entry, notes=notes, results=[]))
        return
    emit(message + (f", entry {done.entry.id}" if done.entry else ""))
    tell_written(options, done.written)


def _remarks(entry: EntryHead) -> str:
    found = ["uncertain: it was cut off"] if entry.status == "uncertain" else []
    found += [f"takes back {entry.reverts}"] if entry.reverts is not None else []
    found += [f"taken back by {entry.reverted_by}"] if entry.reverted_by is not None else []
    return ", ".join(found)


def _file_name(subject: Subject) -> str:
    return category_named(subject.form).file_name
