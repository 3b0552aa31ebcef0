"""library users, export, settings, backups, schema: who has a library, and out with it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.editing import STANDARD_STREAM, overwrite_option, place_of, write_text
from cli.library import library_option
from cli.library_enrich import enrich
from cli.library_import import import_
from cli.library_report import copy_object, user_object
from cli.library_restore import restore, undo
from cli.library_user import House, open_house, user_argument
from cli.options import Options, Verb, VerbGroup, pass_options
from cli.output import Json, emit, emit_json, fields, remark, table
from cli.work import working
from core.databases.sessions import reading
from core.documents import write
from core.errors import GreenroomError, UsageError
from core.library.transfer import (
    Copy,
    UserRow,
    copies,
    export_library,
    export_name,
    library_schema,
    users,
)
from core.library.transfer.daily import folder_of
from core.library.transfer.tally import Listed
from core.library.users import export_file, switch_backup
from core.reports import format_age
from core.sizes import format_size
from core.words import plural, printable


@click.group(cls=VerbGroup)
def library() -> None:
    """Take a user's library out as one JSON file, and in again; look after its daily copies, and go back to one.

    USER is a name, an email or an id. A movie library may have many: SITE is the only one unless --site says which.
    """


for command in (enrich, import_, restore, undo):
    library.add_command(command)


@library.command("users", cls=Verb)
@library_option
@pass_options
def list_users(options: Options, site: str | None) -> None:
    """List the users with what they have, and when the last copy was made."""
    house = open_house(options, site)
    with reading(house.site.database_url()) as session:
        found = users(session)
    latest = {user.id: _latest(house, user) for user in found}
    if options.as_json:
        shown = [{**_about(user), "last_copy": copy_object(latest[user.id])} for user in found]
        emit_json(options, {"site": house.site.name, "users": shown})
        return
    now = house.context.clock()
    rows = [
        (
            printable(user.username),
            printable(user.email),
            *(f"{count:,}" for count in (user.movies, user.people, user.lists, user.rankings)),
            "on" if user.backup_enabled else "off",
            _age(latest[user.id], now),
            "" if user.is_active else "inactive",
        )
        for user in found
    ]
    heads = ("USER", "EMAIL", "MOVIES", "PEOPLE", "LISTS", "RANKINGS", "BACKUP", "LAST COPY", "")
    emit(*table(heads, rows, right=range(2, 6)))


@library.command(cls=Verb)
@user_argument
@click.option("-o", "--output", metavar="FILE|DIR|-", help="Where to: a file, a folder for it, or - for stdout.")
@overwrite_option
@library_option
@pass_options
def export(options: Options, user: str, output: str | None, site: str | None, *, overwrite: bool) -> None:
    """Write a user's library as one JSON file: moviemanager-export-YYYY-MM-DD.json here, unless -o says where."""
    house = open_house(options, site)
    its_user = house.user(user)
    if output == STANDARD_STREAM:
        if options.as_json:
            raise UsageError("with --json the library cannot go to standard output", hint="name a file with -o")
        with reading(house.site.database_url()) as session, working(options) as reporter:
            made = export_library(session, its_user.id, now=house.context.clock().timestamp(), reporter=reporter)
            for block in made.blocks:
                write_text(block)
        _tell_left_out(options, made.left_out)
        return
    house.context.require_writable("write a file")
    day = house.context.clock().astimezone(house.site.time_zone).date()
    target = place_of(output or "./", export_name(day))
    with working(options) as reporter:
        done = export_file(house.context, house.site, its_user.id, target, reporter, overwrite=overwrite)
    if options.as_json:
        about = {"file": str(target.absolute()), "size_bytes": done.size_bytes, "counts": done.counts}
        left_out = {"total": done.left_out.total, "first": list(done.left_out)}
        emit_json(options, {"site": house.site.name, "user": user_object(its_user), **about, "left_out": left_out})
        return
    counted = ", ".join(f"{count:,} {kind}" for kind, count in done.counts.items())
    emit(f"{target}: {counted}, {format_size(done.size_bytes)}")
    _tell_left_out(options, done.left_out)


@library.command(cls=Verb)
@user_argument
@click.option("--backup", type=click.Choice(["on", "off"]), help="Whether the library is copied each day.")
@library_option
@pass_options
def settings(options: Options, user: str, backup: str | None, site: str | None) -> None:
    """Show or set whether a user's library is copied each day."""
    house = open_house(options, site)
    its_user = house.user(user)
    if backup is not None:
        its_user = switch_backup(house.context, house.site, its_user.id, enabled=backup == "on")
    at, zone = house.context.settings.library.daily, house.site.time_zone.key
    if options.as_json:
        told = {"backup_enabled": its_user.backup_enabled, "daily": at, "time_zone": zone}
        emit_json(options, {"site": house.site.name, "user": user_object(its_user), **told})
        return
    pairs = [
        ("user", its_user.username),
        ("daily copy", f"{'on' if its_user.backup_enabled else 'off'}, at {at} {zone}"),
        ("folder", _folder(house, its_user)),
    ]
    emit(*fields(pairs))


@library.command(cls=Verb)
@user_argument
@library_option
@pass_options
def backups(options: Options, user: str, site: str | None) -> None:
    """List the copies of a user's library, the newest first; `restore` takes a date or a name from here."""
    house = open_house(options, site)
    its_user = house.user(user)
    found = copies(house.folder, its_user.id)
    if options.as_json:
        shown = [copy_object(copy) for copy in found]
        folder = str(house.folder / its_user.id)
        emit_json(options, {"site": house.site.name, "user": user_object(its_user), "folder": folder, "backups": shown})
        return
    if not found:
        remark(options, "there is no copy yet: `greenroom library settings USER --backup on` has one made each day")
        return
    now = house.context.clock()
    rows = [(copy.file_name.removesuffix(".json"), _age(copy, now), format_size(copy.size_bytes)) for copy in found]
    emit(*table(("COPY", "MADE", "SIZE"), rows, right=[2]))


@library.command(cls=Verb)
@pass_options
def schema(options: Options) -> None:
    """Print the JSON Schema of an exported library, for an editor or another program."""
    made = library_schema()
    if options.as_json:
        emit_json(options, {"schema": made})
    else:
        write_text(write(made).encode())


def _tell_left_out(options: Options, left_out: Listed[str]) -> None:
    if left_out.total:
        named = ", ".join(left_out[:5]) + (", ..." if left_out.total > 5 else "")
        remark(options, f"left out, for no file can name it: {plural(left_out.total, 'thing')}: {named}")


def _about(user: UserRow) -> Json:
    return {
        **user_object(user),
        "email": user.email,
        "is_active": user.is_active,
        "backup_enabled": user.backup_enabled,
        "movies": user.movies,
        "people": user.people,
        "lists": user.lists,
        "rankings": user.rankings,
    }


def _latest(house: House, user: UserRow) -> Copy | None:
    dated = (copy for copy in copies(house.folder, user.id) if copy.day is not None)
    return next(dated, None)


def _folder(house: House, user: UserRow) -> str:
    try:
        return str(folder_of(house.folder, user.id))
    except GreenroomError as error:
        return f"none: {error.message}"


def _age(copy: Copy | None, now: datetime) -> str:
    return "" if copy is None else format_age(now - datetime.fromtimestamp(copy.created_at, UTC))
