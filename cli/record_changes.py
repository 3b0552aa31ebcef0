"""record diff, drafts, publish, drop, log, revert: from the draft of a row to what is live, and back."""

from __future__ import annotations

import click

from cli.ask import ask_yes_or_no, require_person
from cli.editing import (
    NOTHING_TO_PUBLISH,
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
from cli.options import Options, Verb, pass_options, yes_option
from cli.output import emit, emit_json, remark, warn
from cli.output import table as made_table
from cli.row import Place, Row, key_argument, open_place, site_argument, table_argument
from core.databases.sessions import reading
from core.edits import OnConflict, Published, drop_draft, preview
from core.edits import publish as publish_draft
from core.edits import revert as revert_entry
from core.errors import UsageError
from core.forms import Subject
from core.records import form_name, read_layout, read_record, table_of
from core.reports import format_age
from core.words import plural, printable


@click.command(cls=Verb)
@site_argument
@table_argument
@key_argument
@click.argument("source", metavar="[FILE|-]", required=False)
@merge_lists_option
@pass_options
@telling_results
def diff(options: Options, site: str, table: str, key: str, source: str | None, *, merge_lists: bool) -> None:
    """Tell what publishing the draft of a row, or importing a file, would change; nothing is changed by it."""
    place = open_place(options, site)
    row = place.row(table, key)
    if source is None:
        draft = place.edits.draft(row.subject)
        if draft is None:
            raise _no_draft(row)
        data, base, revision, merge = draft.data, draft.base, draft.base_revision, draft.merge_lists
    else:
        envelope = read_record(read_text(source), row.form, row.key).envelope
        data, base, revision, merge = envelope.data, None, envelope.revision, envelope.merge_lists
    seen = preview(
        place.context,
        place.site,
        row.form,
        row.key,
        data,
        merge_lists=merge_lists or merge,
        base=base,
        base_revision=revision,
    )
    comparison, notes = seen.comparison, seen.written.notes
    if options.as_json:
        message = f"{row}: {plural(len(comparison.changes), 'change')}" + (
            ", in conflict" if comparison.conflict else ""
        )
        shape = success(message, seen.written.updated_fields, notes=list(notes), **changes_object(comparison))
        emit_json(options, shape)
        return
    if not comparison.changes:
        emit(f"{row}: nothing differs from what is live")
        return
    emit(f"{row}, if it is published:", *(f"  {line}" for line in difference_lines(comparison)))
    remark(options, *(f"  {note}" for note in notes))


@click.command(cls=Verb)
@site_argument
@pass_options
@telling_results
def drafts(options: Options, site: str) -> None:
    """List all drafts of a site's rows, the newest first."""
    place = open_place(options, site)
    heads = place.edits.drafts(forms=_forms(place))
    if options.as_json:
        emit_json(options, success(plural(len(heads), "draft"), drafts=[draft_object(head) for head in heads]))
        return
    _tell_unsettled(place)
    now = place.context.clock()
    lines = [
        (*_told(head.subject), head.source, printable(head.updated_by), format_age(now - head.updated_at))
        for head in heads
    ]
    if lines:
        emit(*made_table(("TABLE", "KEY", "SOURCE", "BY", "CHANGED"), lines))
    else:
        remark(options, "there are no drafts")


@click.command(cls=Verb)
@site_argument
@table_argument
@key_argument
@on_conflict_option
@pass_options
@telling_results
def publish(options: Options, site: str, table: str, key: str, on_conflict: OnConflict) -> None:
    """Make the draft of a row live: all of it happens or nothing."""
    place = open_place(options, site)
    place.context.require_writable("publish drafts")
    row = place.row(table, key)
    if place.edits.draft(row.subject) is None:
        raise _no_draft(row)
    done = publish_draft(place.context, place.site, row.form, row.key, on_conflict=on_conflict)
    _tell_published(options, str(row), done, "published")


@click.command(cls=Verb)
@site_argument
@table_argument
@key_argument
@yes_option
@pass_options
@telling_results
def drop(options: Options, site: str, table: str, key: str, *, yes: bool) -> None:
    """Throw the draft of a row away, after a question. The row itself may be gone already."""
    place = open_place(options, site)
    place.context.require_writable("drop drafts")
    found = place.edits.drafts(forms=[form_name(table)], keys=[key])
    if not found:
        raise UsageError(
            printable(f"there is no draft of the row {key} of {table}"), hint="`greenroom record drafts` lists them"
        )
    told = printable(f"the draft of the row {key} of {table}")
    if require_person(yes=yes):
        ask_yes_or_no(f"throw {told} away?")
    drop_draft(place.context, place.site, found[0].subject)
    if options.as_json:
        emit_json(options, success(f"{told} dropped", dropped=[table]))
    else:
        emit(f"{told} dropped")


@click.command(cls=Verb)
@site_argument
@click.argument("table", metavar="[TABLE]", required=False)
@click.argument("key", metavar="[KEY]", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--before", type=int, metavar="ENTRY", help="Those before this entry.")
@pass_options
@telling_results
def log(options: Options, site: str, table: str | None, key: str | None, limit: int, before: int | None) -> None:
    """List who published what, when and from which source, the newest first."""
    place = open_place(options, site)
    forms = _forms(place) if table is None else [form_name(table)]
    entries = place.edits.log(forms=forms, key=key, before=before, limit=limit)
    if options.as_json:
        emit_json(options, success(plural(len(entries), "entry"), entries=[entry_object(entry) for entry in entries]))
        return
    _tell_unsettled(place)
    now = place.context.clock()
    lines = [
        (
            str(entry.id),
            format_age(now - entry.at),
            printable(entry.by),
            *_told(entry.subject),
            printable(", ".join(entry.fields)),
            entry.source,
            "uncertain: it was cut off" if entry.status == "uncertain" else "",
        )
        for entry in entries
    ]
    if lines:
        heads = ("ENTRY", "WHEN", "BY", "TABLE", "KEY", "FIELDS", "SOURCE", "REMARKS")
        emit(*made_table(heads, lines, right=[0]))
    else:
        remark(options, "nothing was published yet")


@click.command(cls=Verb)
@site_argument
@click.argument("entry", metavar="ENTRY", type=int)
@on_conflict_option
@yes_option
@pass_options
@telling_results
def revert(options: Options, site: str, entry: int, on_conflict: OnConflict, *, yes: bool) -> None:
    """Take back what an entry of the log changed, after a question; what was changed since besides it stays."""
    place = open_place(options, site)
    place.context.require_writable("revert changes")
    head = place.edits.entry(entry).head
    table, key = _told(head.subject)
    told = f"the row {key} of {table}"
    with reading(place.site.database_url()) as session:
        form = place.form(session, table_of(head.subject.form))
    if require_person(yes=yes):
        ask_yes_or_no(printable(f"take back what {head.by} changed in {told}: {', '.join(head.fields)}?"))
    done = revert_entry(place.context, place.site, form, entry, on_conflict=on_conflict)
    _tell_published(options, told, done, "taken back")


def _no_draft(row: Row) -> UsageError:
    return UsageError(f"there is no draft of {row}", hint="`greenroom record import` makes one")


def _told(subject: Subject) -> tuple[str, str]:
    """Return the table and the key of a row as they are shown."""
    return printable(table_of(subject.form)), printable(subject.key)


def _forms(place: Place) -> list[str]:
    """Return the forms of the tables of a site."""
    with reading(place.site.database_url()) as session:
        offered = read_layout(session, exclude=place.site.exclude_tables).offered
    return [form_name(one.name) for one in offered]


def _tell_published(options: Options, told: str, done: Published, verb: str) -> None:
    message = f"{told} {verb}" if done.entry else f"{told}: {NOTHING_TO_PUBLISH}"
    if options.as_json:
        entry = done.entry.id if done.entry else None
        emit_json(options, success(message, done.written.updated_fields, entry=entry, notes=list(done.written.notes)))
        return
    emit(message + (f", entry {done.entry.id}" if done.entry else ""))
    tell_written(options, done.written)


def _tell_unsettled(place: Place) -> None:
    count = place.edits.unsettled()
    if count:
        warn(f"{plural(count, 'publication')} is under way or was cut off; the next publish tells how that ended")
