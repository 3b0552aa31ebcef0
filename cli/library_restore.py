"""library restore and undo: a user's library back to what a file says, and back from that."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from cli.ask import ask_for_word, require_person
from cli.library import library_option
from cli.library_import import tell_done, tell_report
from cli.library_report import done_object, exit_code_of, lost_lines, refused_lines, report_lines
from cli.library_user import House, open_house, user_argument
from cli.options import Options, Verb, pass_options, yes_option
from cli.output import Json, emit, emit_json, warn
from cli.work import working
from core.errors import ExitCode, GreenroomError, UsageError
from core.library.transfer import ImportReport, UserRow, find_copy
from core.library.users import Done, UndoPlan, import_file, plan_undo, preview_file, restore_file, undo_restore
from core.reports import format_time
from core.words import printable

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@click.command(cls=Verb)
@user_argument
@click.argument("source", metavar="FILE|DATE")
@click.option("--dry-run", is_flag=True, help="Only say what would change, and what would be lost.")
@click.option("--merge", is_flag=True, help="As `import` does: what was changed later stays, and nothing goes.")
@yes_option
@library_option
@pass_options
def restore(
    options: Options, user: str, source: str, site: str | None, *, dry_run: bool, merge: bool, yes: bool
) -> ExitCode:
    """Make a user's library what a copy says, by its date or name, or a file: what is newer or not in it goes.

    It shows what would be lost, and asks. The present state is kept in a copy, to which `greenroom library undo` goes
    back.
    """
    house = open_house(options, site)
    its_user = house.user(user)
    path = _source(house, its_user, source)
    mode = "merge" if merge else "restore"
    if dry_run:
        report = _preview(options, house, its_user, path, merge=merge)
        if options.as_json:
            emit_json(options, _result(house, its_user, Done(report), mode="dry-run", file=path))
        else:
            tell_report(options, Done(report))
            if not merge:
                emit("", "What would be lost:", *lost_lines(report))
        return exit_code_of(report)
    house.context.require_writable("restore a library")
    agreed = None
    if require_person(yes=yes):
        agreed = _preview(options, house, its_user, path, merge=merge)
        _refuse(agreed, merge=merge)
        _ask(its_user, agreed, f"{mode} of {printable(its_user.username)} from {path.name}", mode)
    with working(options) as reporter:
        verb = import_file if merge else restore_file
        done = verb(house.context, house.site, its_user, path, reporter, agreed=agreed)
    return _tell(options, house, its_user, done, mode=mode, file=path)


@click.command(cls=Verb)
@user_argument
@yes_option
@library_option
@pass_options
def undo(options: Options, user: str, site: str | None, *, yes: bool) -> ExitCode:
    """Bring a user's library back to what it was before its last import or restore. An undo can be undone, too."""
    house = open_house(options, site)
    house.context.require_writable("undo a restore")
    its_user = house.user(user)
    with working(options) as reporter:
        plan = plan_undo(house.context, house.site, its_user.id, reporter)
    agreed = None
    if require_person(yes=yes):
        agreed = _preview(options, house, its_user, plan.copy.path, merge=False)
        when = format_time(plan.note.at, house.site.time_zone)
        doubt = "" if plan.doubt is None else f"\n{plan.doubt}"
        what = f"undo of the {plan.note.action} from {printable(plan.note.source)}, made {when}{doubt}"
        _ask(its_user, agreed, what, "undo")
    with working(options) as reporter:
        done = undo_restore(house.context, house.site, its_user, reporter, of=plan.note, agreed=agreed)
    return _tell(options, house, its_user, done, mode="undo", file=plan.copy.path, undone=_undone(plan))


def _source(house: House, user: UserRow, text: str) -> Path:
    """Return the file that is meant: one here, or the user's copy of this date or name; a bare date is no file here.

    Raise UsageError where there is neither, or both.
    """
    here = Path(text)
    is_here = os.path.exists(text)  # noqa: PTH110  # unlike `exists` false for a name that nobody can look up
    if "/" in text:
        return here
    try:
        copy = find_copy(house.folder, user.id, text).path
    except UsageError as error:
        if is_here and _DATE.fullmatch(text):
            raise UsageError(error.message, hint=f"./{text} is the file here; {error.hint}") from error
        if is_here:
            return here
        raise
    if is_here and not _DATE.fullmatch(text) and not here.samefile(copy):
        raise UsageError(
            f"{text} is a file here and a copy of this user's library", hint=f"./{text} is the file, {copy} the copy"
        )
    return copy


def _preview(options: Options, house: House, user: UserRow, path: Path, *, merge: bool) -> ImportReport:
    with working(options) as reporter:
        return preview_file(house.context, house.site, user.id, path, reporter, merge=merge)


def _refuse(report: ImportReport, *, merge: bool) -> None:
    if report.errors.total and not merge:
        raise GreenroomError(
            "\n  ".join(["the file cannot be restored:", *refused_lines(report)]),
            hint="nothing was changed; mend the file, or take the rest with --merge",
        )


def _ask(user: UserRow, report: ImportReport, what: str, verb: str) -> None:
    warn(what, "", *report_lines(report), "", "What is lost:", *lost_lines(report), "")
    ask_for_word(f"Type the name of the user to {verb}", printable(user.username))


def _tell(
    options: Options,
    house: House,
    user: UserRow,
    done: Done,
    *,
    mode: str,
    file: Path,
    undone: Json | None = None,
) -> ExitCode:
    if options.as_json:
        emit_json(options, _result(house, user, done, mode=mode, file=file, undone=undone))
        return exit_code_of(done.report)
    return tell_done(options, house, done)


def _undone(plan: UndoPlan) -> Json:
    note = plan.note
    return {
        "action": note.action,
        "source": note.source,
        "at": note.at.isoformat(),
        "by": note.by,
        "known": plan.doubt is None,
    }


def _result(house: House, user: UserRow, done: Done, *, mode: str, file: Path, undone: Json | None = None) -> Json:
    return {**done_object(house, user, done), "mode": mode, "file": str(file.absolute()), "undone": undone}
