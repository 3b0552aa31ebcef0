"""drill."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli.opening import backup_and_site, open_ready, the_site
from cli.options import Options, Verb, pass_options, site_option
from cli.output import Json, emit, emit_json, error_object, fields, remark, tell_error, warn
from cli.work import working
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.drill.drill import drill_backup, newest_to_drill
from core.drill.outcome import Compared, DrillOutcome
from core.errors import CancelledError, ExitCode, GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.reports import backup_report
from core.sizes import format_size
from core.words import plural, printable


@click.command(cls=Verb)
@click.argument("what", metavar="[SITE|B]", required=False)
@click.option("--all", "everything", is_flag=True, help="The newest backup of each site.")
@site_option
@pass_options
def drill(options: Options, what: str | None, site: str | None, *, everything: bool) -> int:
    """Restore a backup into a scratch place, count and try it, and remove that again: the newest of SITE, or B.

    Exits 6 where the backup is bad, 1 where the scratch place lacks something, which says nothing about the backup.
    """
    context = open_ready(options)
    context.require_writable("drill a backup")
    if everything and (what is not None or site is not None):
        raise click.UsageError("--all drills the newest backup of each site: it goes with no other choice")
    results: list[Json] = []
    errors: list[GreenroomError] = []
    with working(options) as reporter:
        for name, outcome, error in _drills(context, _wanted(context, what, site, everything=everything), reporter):
            results.append(_result(context, name, outcome, error))
            errors += [] if error is None else [error]
            _tell(options, name, outcome, error)
            if isinstance(error, CancelledError):
                break
    if options.as_json:
        emit_json(options, {"results": results})
    return _worst(errors, len(results))


def _wanted(
    context: Context, what: str | None, site: str | None, *, everything: bool
) -> list[tuple[Site, BackupRecord | None]]:
    """Return the sites with the backup that is meant, None where it is the newest."""
    if everything:
        return [(one, None) for one in context.settings.sites.values()]
    if what is None or (site is None and what in context.settings.sites):
        return [(the_site(context, what or site), None)]
    record, its_site = backup_and_site(context, what, site)
    return [(its_site, record)]


def _drills(
    context: Context, wanted: list[tuple[Site, BackupRecord | None]], reporter: Reporter
) -> Iterator[tuple[str, DrillOutcome | None, GreenroomError | None]]:
    """Make the drills one by one; yield what each was of, and how it ended."""
    for site, backup in wanted:
        name = site.name
        try:
            chosen = backup or newest_to_drill(context, site)
            if chosen is None:
                raise UsageError(
                    f"{name} has no backup that can be drilled", hint=f"`greenroom backup {name}` makes one"
                )
            name = f"{name}/{chosen.name}"
            outcome = drill_backup(context, site, chosen, reporter)
        except GreenroomError as error:
            yield name, None, error
        else:
            yield name, outcome, outcome.error


def _result(context: Context, name: str, outcome: DrillOutcome | None, error: GreenroomError | None) -> Json:
    return {
        "site": name.partition("/")[0],
        "backup": None if outcome is None else backup_report(outcome.backup, context.store),
        "drill": None if outcome is None else outcome.report(),
        "error": None if error is None else error_object(error),
    }


def _tell(options: Options, name: str, outcome: DrillOutcome | None, error: GreenroomError | None) -> None:
    if error is not None:
        tell_error(error, "" if outcome else name)
    if outcome is None or options.as_json:
        return
    if error is None:
        emit(f"{name}: the drill passed in {outcome.seconds:.1f} s")
        emit(*(f"  {line}" for line in fields(_compared(outcome.compared))))
    for notice in outcome.notices:
        warn(printable(notice)) if error else remark(options, printable(notice))


def _compared(compared: Compared) -> Iterator[tuple[str, str]]:
    hashes = plural(compared.hashed, "hash").replace("hashs", "hashes")
    yield "archive", f"{hashes} of {format_size(compared.archive_bytes)}"
    yield "database", f"in {compared.place}: {plural(compared.tables, 'table')} with {plural(compared.records, 'row')}"
    if compared.checksums:
        yield "checksums", f"of {plural(compared.checksums, 'table')} agree"
    yield "foreign keys", f"{compared.foreign_keys} hold" if compared.foreign_keys else ""
    yield "insert", f"taken by {plural(compared.inserts, 'table')}, and rolled back"
    yield "files", f"{plural(compared.files, 'file')} unpacked and read back" if compared.files else ""


def _worst(errors: list[GreenroomError], tried: int) -> int:
    """A bad backup weighs most; of several drills of which some passed, the others make it done in part."""
    if not errors:
        return ExitCode.DONE
    if isinstance(errors[-1], CancelledError):
        return ExitCode.CANCELLED
    if any(isinstance(error, VerificationError) for error in errors):
        return ExitCode.VERIFICATION_FAILED
    return errors[0].exit_code if len(errors) == tried else ExitCode.PARTLY_DONE
