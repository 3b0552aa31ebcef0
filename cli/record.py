"""record tables, list, export, schema, import, validate: rows of any table out as JSON, and in again."""

from __future__ import annotations

import click

from cli.editing import (
    NOTHING_TO_PUBLISH,
    STANDARD_STREAM,
    changes_object,
    difference_lines,
    errors_of,
    merge_lists_option,
    on_conflict_option,
    output_option,
    overwrite_option,
    place_of,
    publish_option,
    read_text,
    source_option,
    success,
    tell_written,
    telling_replaced,
    telling_results,
    write_text,
)
from cli.options import Options, Verb, VerbGroup, pass_options
from cli.output import Json, emit, emit_json, remark, warn
from cli.output import table as made_table
from cli.record_changes import diff, drafts, drop, log, publish, revert
from cli.row import Row, found, key_argument, open_place, site_argument, table_argument
from core.databases.sessions import reading
from core.documents import write
from core.edits import Draft, OnConflict, origin_of, preview, put_draft, source_of
from core.edits import publish as publish_draft
from core.errors import GreenroomError
from core.forms import InvalidDataError, Source, encode_envelope, estimated_tokens, make_envelope
from core.library.exchange.naming import folder_name
from core.library.exchange.outward import new_file
from core.records import Taken, read_record, rows, tables
from core.words import plural, printable


@click.group(cls=VerbGroup)
def record() -> None:
    """Take a row of any table out as JSON, with the rows that hang on it, and put it back mended.

    KEY is the row's primary key, 12; of several columns 12,3, where a comma in one has a backslash before it.
    """


for command in (diff, drafts, drop, log, publish, revert):
    record.add_command(command)


@record.command("tables", cls=Verb)
@site_argument
@pass_options
@telling_results
def list_tables(options: Options, site: str) -> None:
    """List the tables of a site, and why some cannot be edited."""
    place = open_place(options, site)
    with reading(place.site.database_url()) as session:
        listed = tables(session, exclude=place.site.exclude_tables)
    if options.as_json:
        shown = [
            {
                "table": row.name,
                "rows": row.rows,
                "exact": row.exact,
                "key": list(row.key_columns),
                "editable": row.editable,
                "why_not": row.why_not or None,
            }
            for row in listed
        ]
        emit_json(options, success(plural(len(listed), "table"), tables=shown))
        return
    lines = [
        (
            printable(row.name),
            "" if row.rows is None else f"{'' if row.exact else 'about '}{row.rows:,}",
            printable(", ".join(row.key_columns)),
            printable(row.why_not),
        )
        for row in listed
    ]
    emit(*made_table(("TABLE", "ROWS", "KEY", "NOT EDITED, FOR"), lines, right=[1]))


@record.command("list", cls=Verb)
@site_argument
@table_argument
@click.option("--search", metavar="TEXT", help="A key, or part of a text in the columns shown.")
@click.option("--after", metavar="KEY", help="Rows behind this key: where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@pass_options
@telling_results
def list_rows(options: Options, site: str, table: str, search: str | None, after: str | None, limit: int) -> None:
    """List rows of a table by their key."""
    place = open_place(options, site)
    with reading(place.site.database_url()) as session:
        page = rows(session, table, search=search, after=after, limit=limit, exclude=place.site.exclude_tables)
    if options.as_json:
        shown = [{"key": row.key, "labels": list(row.labels)} for row in page.rows]
        columns = list(page.columns)
        emit_json(options, success(plural(len(shown), "row"), columns=columns, rows=shown, after=page.after))
        return
    heads = ("KEY", *(printable(column).upper() for column in page.columns))
    if page.rows:
        emit(*made_table(heads, [(printable(row.key), *row.labels) for row in page.rows]))
    else:
        remark(options, "there is no such row among those looked at")
    if page.after is not None:
        remark(options, printable(f"more behind --after '{page.after}'"))


@record.command(cls=Verb)
@site_argument
@table_argument
@key_argument
@output_option
@overwrite_option
@pass_options
@telling_results
def export(options: Options, site: str, table: str, key: str, output: str | None, *, overwrite: bool) -> None:
    """Write a row, with the rows that hang on it, as JSON."""
    place = open_place(options, site)
    with reading(place.site.database_url()) as session:
        form = place.form(session, table)
        thing = found(session, form, key)
        row = Row(place, form, thing.text)
        origin = origin_of(place.edits, form, thing)
        envelope = make_envelope(
            form,
            thing,
            exported_at=place.context.clock(),
            source=source_of(origin),
            last_updated=origin.last_updated,
            updated_by=origin.updated_by,
        )
    place.edits.remember([(row.subject, envelope["data"])])
    content = encode_envelope(envelope)
    tokens = estimated_tokens(content)
    if output is None or output == STANDARD_STREAM:
        if options.as_json:
            emit_json(options, success(str(row), tokens=tokens, file=None, envelope=envelope))
        else:
            write_text(content)
        return
    place.context.require_writable("write a file")
    target = place_of(output, f"{folder_name(form.title)}-{folder_name(row.key)}.json")
    with new_file(place.context.disk, target, overwrite=overwrite) as file:
        place.context.disk.write(file, content)
    if options.as_json:
        emit_json(options, success(str(row), tokens=tokens, file=str(target.absolute()), envelope=None))
    else:
        emit(f"{row}: {target}, about {tokens:,} tokens")


@record.command(cls=Verb)
@site_argument
@table_argument
@pass_options
@telling_results
def schema(options: Options, site: str, table: str) -> None:
    """Print the JSON Schema of the envelope of a table's rows."""
    place = open_place(options, site)
    with reading(place.site.database_url()) as session:
        made = place.form(session, table).envelope_schema()
    if options.as_json:
        emit_json(options, success(f"schema of {table}", schema=made))
    else:
        write_text(write(made).encode())


@record.command(cls=Verb)
@site_argument
@table_argument
@click.argument("source", metavar="FILE|-")
@pass_options
@telling_results
def validate(options: Options, site: str, table: str, source: str) -> None:
    """Check JSON against the columns of a table and tell all that is wrong with it; nothing is changed."""
    place = open_place(options, site)
    with reading(place.site.database_url()) as session:
        form = place.form(session, table)
    taken = read_record(read_text(source), form)
    _tell_mends(options, taken)
    message = printable(f"right: the row {taken.envelope.key} of {form.title}")
    if options.as_json:
        emit_json(options, success(message, mends=list(taken.notes)))
    else:
        emit(message)


@record.command("import", cls=Verb)
@site_argument
@table_argument
@key_argument
@click.argument("source", metavar="FILE|-")
@publish_option
@merge_lists_option
@source_option
@on_conflict_option
@pass_options
@telling_results
def import_(
    options: Options,
    site: str,
    table: str,
    key: str,
    source: str,
    origin: Source | None,
    on_conflict: OnConflict,
    *,
    at_once: bool,
    merge_lists: bool,
) -> None:
    """Take JSON in as the draft of a row: an envelope, or its bare data. With --publish it is made live."""
    place = open_place(options, site)
    place.context.require_writable("import a row")
    row = place.row(table, key)
    taken = read_record(read_text(source), row.form, row.key)
    _tell_mends(options, taken)
    envelope = taken.envelope
    with telling_replaced(options, place.context) as replaced:
        draft = put_draft(
            place.context,
            place.site,
            row.form,
            row.key,
            envelope.data,
            merge_lists=merge_lists or envelope.merge_lists,
            source=origin or envelope.source or "manual",
            base_revision=envelope.revision,
            replaced=replaced,
        )
    result = _published(options, row, on_conflict) if at_once else _kept(options, row, draft)
    if options.as_json:
        nothing: Json = {"entry": None, "open": [], "notes": [], "changes": [], "conflict": False, "meetings": []}
        emit_json(options, {**nothing, **result, "mends": list(taken.notes)})


def _published(options: Options, row: Row, on_conflict: OnConflict) -> Json:
    try:
        done = publish_draft(row.place.context, row.place.site, row.form, row.key, on_conflict=on_conflict)
    except GreenroomError:
        remark(options, f"{row}: the draft was kept, and not published")
        raise
    message = f"{row} published" if done.entry else f"{row}: {NOTHING_TO_PUBLISH}"
    if not options.as_json:
        emit(message)
        tell_written(options, done.written)
    entry = done.entry.id if done.entry else None
    return success(message, done.written.updated_fields, notes=list(done.written.notes), entry=entry)


def _kept(options: Options, row: Row, draft: Draft) -> Json:
    message = f"draft of {row} kept"
    try:
        seen = preview(
            row.place.context,
            row.place.site,
            row.form,
            row.key,
            draft.data,
            merge_lists=draft.merge_lists,
            base=draft.base,
            base_revision=draft.base_revision,
        )
    except InvalidDataError as error:
        warn(f"{message}, but it cannot be published as it is:", *error.message.splitlines())
        return success(message, open=errors_of(error))
    if not options.as_json:
        emit(f"{message}; publishing it would change:" if seen.comparison.changes else message)
        emit(*(f"  {line}" for line in difference_lines(seen.comparison)))
        if not seen.comparison.changes:
            emit("  nothing: it is what is live")
        remark(options, *(f"  {note}" for note in seen.written.notes))
    notes = list(seen.written.notes)
    return success(message, seen.written.updated_fields, notes=notes, **changes_object(seen.comparison))


def _tell_mends(options: Options, taken: Taken) -> None:
    for note in taken.notes:
        remark(options, f"mended: {note}")
