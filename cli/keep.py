"""verify, copy, adopt, pin, unpin, delete."""

from __future__ import annotations

from pathlib import Path

import click

from cli.ask import ask_yes_or_no, require_person
from cli.backups import summary
from cli.opening import backup_and_site, open_ready, the_backup, the_site, zone_of
from cli.options import Options, Verb, pass_options, site_option, yes_option
from cli.output import Json, emit, emit_json, error_object, tell_error, warn
from cli.work import working
from core.adopt import adopt_archive
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, ExitCode, GreenroomError, VerificationError
from core.keep import copy_backup, delete_backup, pin_backup, refuse_deletion
from core.progress import Reporter
from core.reports import backup_report, format_age, format_time
from core.sizes import format_size
from core.verify import verify_backup


@click.command(cls=Verb)
@click.argument("backups", metavar="B...", nargs=-1, required=True)
@site_option
@pass_options
def verify(options: Options, backups: tuple[str, ...], site: str | None) -> int:
    """Read the archives of backups whole and compare every hash. Exits 6 if any of them fails."""
    context = open_ready(options)
    wanted = [backup_and_site(context, one, site) for one in backups]
    results: list[Json] = []
    errors: list[GreenroomError] = []
    with working(options) as reporter:
        for record, its_site in wanted:
            verified, error = _verify_one(context, record, its_site, reporter)
            results.append(
                {
                    "backup": backup_report(verified, context.store),
                    "verified": error is None and not verified.foreign,
                    "error": None if error is None else error_object(error),
                }
            )
            errors += [] if error is None else [error]
            if not options.as_json and error is None:
                words = "read whole, but foreign: no hashes to compare" if verified.foreign else "every hash agrees"
                emit(f"{verified.site}/{verified.name}: {words}")
            elif error is not None:
                tell_error(error, f"{record.site}/{record.name}")
                if isinstance(error, CancelledError):
                    break
    if options.as_json:
        emit_json(options, {"results": results})
    return _worst(errors, len(wanted))


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@click.argument("dest", type=click.Path(path_type=Path))
@site_option
@pass_options
def copy(options: Options, backup: str, dest: Path, site: str | None) -> None:
    """Copy the archive of a backup to a file, or into a folder under its own name. Nothing is overwritten."""
    context = open_ready(options)
    record = the_backup(context, backup, site)
    with working(options) as reporter:
        place = copy_backup(context, record, dest, reporter).absolute()
    if options.as_json:
        emit_json(options, {"backup": backup_report(record, context.store), "copy": str(place)})
    else:
        emit(f"{record.name} copied to {place}")


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", metavar="SITE", help="The site that it becomes a backup of.")
@pass_options
def adopt(options: Options, file: Path, site: str | None) -> None:
    """Take an archive from elsewhere in as a backup of a site: greenroom's own, FastCMS' bare form, or Baby Buddy's
    records of a Django project, as a ZIP or in one JSON file.
    """
    context = open_ready(options)
    its_site = the_site(context, site)
    with working(options) as reporter:
        adoption = adopt_archive(context, its_site, file, reporter)
    record = adoption.record
    if options.as_json:
        shape = backup_report(record, context.store)
        emit_json(options, {"backup": shape, "known": adoption.known, "renamed": adoption.renamed})
        return
    if adoption.known:
        emit(f"{record.name} of {record.site} was here already, the same: nothing was done")
        return
    if adoption.renamed:
        warn("another backup has its name, so it got a suffix")
    emit(f"{record.name} adopted for {record.site}: {summary(record)}")
    if record.foreign:
        warn("it is foreign: it carries no hashes, so nothing can prove that it is what was backed up")


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@site_option
@pass_options
def pin(options: Options, backup: str, site: str | None) -> None:
    """Keep a backup until it is unpinned."""
    _pin(options, backup, site, pinned=True)


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@site_option
@pass_options
def unpin(options: Options, backup: str, site: str | None) -> None:
    """Take a pin back."""
    _pin(options, backup, site, pinned=False)


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@site_option
@yes_option
@pass_options
def delete(options: Options, backup: str, site: str | None, *, yes: bool) -> None:
    """Delete a backup, its archive and all. A pinned one, and one that a restore needs, is refused."""
    context = open_ready(options)
    context.require_writable("delete a backup")
    record, its_site = backup_and_site(context, backup, site)
    if require_person(yes=yes):
        refuse_deletion(context, its_site, record)
        _show_what_goes(context, record)
        ask_yes_or_no(f"delete {record.site}/{record.name}?")
    with working(options):
        deletion = delete_backup(context, its_site, record)
    if options.as_json:
        emit_json(options, {"backup": backup_report(record, context.store), "freed_bytes": deletion.freed_bytes})
    else:
        emit(f"{record.name} of {record.site} deleted, {format_size(deletion.freed_bytes)} freed")


def _verify_one(
    context: Context, record: BackupRecord, site: Site, reporter: Reporter
) -> tuple[BackupRecord, GreenroomError | None]:
    try:
        return verify_backup(context, site, record, reporter), None
    except GreenroomError as error:
        return context.catalog.get(record.id) or record, error


def _worst(errors: list[GreenroomError], tried: int) -> int:
    """Verification failed if it did once; else what one backup says for itself, or done in part."""
    if not errors:
        return ExitCode.DONE
    if isinstance(errors[-1], CancelledError):
        return ExitCode.CANCELLED
    if any(isinstance(error, VerificationError) for error in errors):
        return ExitCode.VERIFICATION_FAILED
    return errors[0].exit_code if len(errors) == tried else ExitCode.PARTLY_DONE


def _pin(options: Options, reference: str, site: str | None, *, pinned: bool) -> None:
    context = open_ready(options)
    record, its_site = backup_and_site(context, reference, site)
    with working(options):
        changed = pin_backup(context, its_site, record, pinned=pinned)
    if options.as_json:
        emit_json(options, {"backup": backup_report(changed, context.store)})
    else:
        emit(f"{changed.name} of {changed.site} is {'pinned' if changed.pinned else 'not pinned'}")


def _show_what_goes(context: Context, record: BackupRecord) -> None:
    made = format_time(record.created_at, zone_of(context, record.site))
    warn(
        f"{record.site}/{record.name}, made {made} ({format_age(context.clock() - record.created_at)})",
        f"  {summary(record)}" if record.status == "completed" else f"  {record.status}: there is no archive",
        f"  {record.description}",
        "It goes for good: there is no undo.",
    )
