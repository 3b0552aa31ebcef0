"""library import: a file merged into a user's library, and all of it told."""

from __future__ import annotations

import click

from cli.library import library_option
from cli.library_enrich import offer_enrichment
from cli.library_report import done_object, exit_code_of, refused_lines, report_lines
from cli.library_user import House, file_of, open_house, user_argument
from cli.options import Options, Verb, pass_options
from cli.output import emit, emit_json, remark, warn
from cli.work import working
from core.errors import ExitCode
from core.library.transfer import ImportReport
from core.library.users import Done, import_file, preview_file
from core.words import plural


@click.command("import", cls=Verb)
@user_argument
@click.argument("source", metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help="Only say what would be done; the report is the same.")
@click.option("--strict", is_flag=True, help="One record that cannot be taken keeps all of it back.")
@library_option
@pass_options
def import_(options: Options, user: str, source: str, site: str | None, *, dry_run: bool, strict: bool) -> ExitCode:
    """Merge a file of version 1 or 2 into a user's library: of each record the one that was changed later stays.

    A record that cannot be taken is told, stops nothing else, and makes the exit code 3. Nothing that the file lacks
    goes. The present state is kept in a copy, to which `greenroom library undo` goes back.
    """
    house = open_house(options, site)
    its_user = house.user(user)
    if not dry_run:
        house.context.require_writable("import a library")
    with file_of(source) as path, working(options) as reporter:
        if dry_run:
            report = preview_file(house.context, house.site, its_user.id, path, reporter, merge=True, strict=strict)
            done = Done(report)
        else:
            done = import_file(house.context, house.site, its_user, path, reporter, strict=strict)
    if options.as_json:
        emit_json(options, done_object(house, its_user, done))
        return exit_code_of(done.report)
    return tell_done(options, house, done)


def tell_report(options: Options, done: Done) -> None:
    """Say what was done, or would be, and first what is wrong."""
    report = done.report
    if report.errors.total:
        refused = plural(sum(report.refused.values()), "record")
        kept_back = "would be kept back" if report.dry_run else "was kept back and nothing was changed"
        end = f", so all of it {kept_back}" if report.kept_back else ""
        warn(f"{refused} cannot be taken{end}:", *(f"  {line}" for line in refused_lines(report)))
    emit(*report_lines(report))
    remark(options, *done.notes)
    if report.dry_run:
        remark(options, "", "nothing was changed")


def tell_done(options: Options, house: House, done: Done) -> ExitCode:
    """Say what was done, how to go back, and what films lack, which is offered to be fetched; return the exit code."""
    report = done.report
    tell_report(options, done)
    if done.safety is not None:
        emit(
            f"{plural(report.changes, 'record')} changed; what was there is kept in {done.safety.file_name}",
            "  `greenroom library undo USER` goes back to it",
        )
    elif report.written:
        emit("nothing differed: the library is as it was")
    return _tell_waiting(options, house, report)


def _tell_waiting(options: Options, house: House, report: ImportReport) -> ExitCode:
    ids = report.imdb_ids_needing_enrichment
    code = exit_code_of(report)
    if not ids:
        return code
    emit(f"{plural(len(ids), 'film')} without metadata")
    if not report.written:
        return code
    fetched = offer_enrichment(options, house.context, house.site, ids)
    return code or fetched
