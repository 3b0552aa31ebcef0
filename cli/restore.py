"""restore, apply, restore-cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cli.ask import ask_for_word, require_person
from cli.elsewhere import restore_into
from cli.opening import backup_and_site, open_ready, the_site, the_sites
from cli.options import Options, Verb, accept_version_option, pass_options, site_option, yes_option
from cli.output import Json, emit, emit_json, error_object, remark, tell_error, warn
from cli.preview import outcome_lines, preview_lines
from cli.work import working
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, ExitCode, GreenroomError, UsageError
from core.progress import Reporter
from core.reports import outcome_report, pending_report, preview_report
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.restore.inspect import Preview, inspect_restore
from core.restore.marker import Marker, RowOrder
from core.restore.now import restore_now
from core.restore.stage import cancel_restore, stage_restore
from core.status import refuse_forgotten


@click.command(cls=Verb)
@click.argument("backup", metavar="B")
@click.option("--dry-run", is_flag=True, help="Only say what would change, and what would be lost.")
@click.option("--stage", is_flag=True, help="Verify and unpack beside the site, to be applied by `greenroom apply`.")
@click.option("--now", is_flag=True, help="Stage and apply.")
@click.option(
    "--into",
    metavar="SITE|URL",
    help="A portable backup: to another site, or into the empty database of a URL, where ${NAME} is the environment's.",
)
@click.option(
    "--files-into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --into URL: unpack the files into this folder, which is not there yet.",
)
@click.option("--table", "tables", multiple=True, metavar="T", help="Of a portable backup only this one; repeatable.")
@click.option(
    "--mode",
    type=click.Choice(["clear", "merge"]),
    default="clear",
    help="Of a portable backup: all rows of its tables go before, or only those with the same primary key.",
)
@site_option
@yes_option
@accept_version_option
@pass_options
def restore(
    options: Options,
    backup: str,
    site: str | None,
    accept_version: str | None,
    into: str | None,
    files_into: Path | None,
    tables: tuple[str, ...],
    mode: Literal["clear", "merge"],
    *,
    dry_run: bool,
    stage: bool,
    now: bool,
    yes: bool,
) -> int:
    """Restore a backup to its site: exactly one of --dry-run, --stage and --now.

    --stage and --now show what would be lost, and ask for the site's name to be typed. The present state is kept in a
    safety backup, to which `greenroom undo` goes back. Into the database of a URL it cannot be undone, and that must
    be empty.
    """
    if dry_run + stage + now != 1:
        raise click.UsageError("say one of --dry-run, --stage and --now")
    context = open_ready(options)
    if into is not None and into not in context.settings.sites:
        _refuse_for_a_url(stage=stage, mode=mode)
        return restore_into(options, context, (backup, site, into), tables, files_into, now=now, yes=yes)
    _refuse_for_a_site(files_into)
    record, its_site = backup_and_site(context, backup, site)
    if into is not None:
        its_site = _other_site(context, record, into)
    order = RowOrder(mode=mode, tables=tables)
    if dry_run:
        return _preview(options, context, record, its_site, order)
    context.require_writable("stage a restore")
    preview = None
    if require_person(yes=yes):
        preview = _inspect(options, context, record, its_site, order)
        accept_version = consent(context, preview, accept_version)
    if now:
        with working(options) as reporter:
            outcome = restore_now(context, its_site, record, reporter, accept_version=accept_version, order=order)
        _tell(options, context, preview, mode="now", outcome=outcome)
        if not options.as_json:
            emit(*outcome_lines(outcome))
        return exit_code_of(outcome)
    with working(options) as reporter:
        marker = stage_restore(context, its_site, record, reporter, accept_version=accept_version, order=order)
    _tell(options, context, preview, mode="stage", marker=marker)
    if not options.as_json:
        emit(
            f"the restore of {record.name} is staged and pending: {its_site.name} is not changed yet",
            f"  `greenroom apply {its_site.name}` carries it out, "
            f"`greenroom restore-cancel {its_site.name}` takes it back",
        )
    return ExitCode.DONE


@click.command(cls=Verb)
@click.argument("site", required=False)
@pass_options
def apply(options: Options, site: str | None) -> int:
    """Carry out the staged restore of SITE, or of every site, or finish one that was interrupted.

    It never asks: staging was the consent. Where nothing is pending it does nothing.
    """
    context = open_ready(options)
    context.require_writable("apply a restore")
    results: list[Json] = []
    codes: list[int] = []
    with working(options) as reporter:
        for one in the_sites(context, site):
            outcome, error = _try_apply(context, one, reporter)
            results.append(
                {
                    "site": one.name,
                    "outcome": None if outcome is None else outcome_report(outcome),
                    "error": None if error is None else error_object(error),
                }
            )
            if error is not None:
                tell_error(error, one.name)
                codes.append(error.exit_code)
                if isinstance(error, CancelledError):
                    break
            elif outcome is not None:
                codes.append(exit_code_of(outcome))
            if not options.as_json and error is None:
                emit(*(outcome_lines(outcome) if outcome else [f"{one.name}: nothing is pending"]))
        refuse_forgotten(context)
    if options.as_json:
        emit_json(options, {"results": results})
    return _together(codes)


@click.command("restore-cancel", cls=Verb)
@click.argument("site", required=False)
@pass_options
def restore_cancel(options: Options, site: str | None) -> None:
    """Remove the staged restore of SITE, or what a failed one left. The site itself is not changed."""
    context = open_ready(options)
    its_site = the_site(context, site)
    with working(options):
        removed = cancel_restore(context, its_site)
    if options.as_json:
        emit_json(options, {"site": its_site.name, "removed": removed})
    else:
        emit(f"removed: {removed}; {its_site.name} is as it was")


def consent(context: Context, preview: Preview, accept_version: str | None, action: str = "restore") -> str | None:
    """Show a person what is lost and ask; return the version consented to. Raise CancelledError without consent."""
    warn(*preview_lines(context, preview, action))
    for reason in preview.blockers:
        raise GreenroomError(f"the {action} cannot be made: {reason}", hint="nothing was changed")
    warn("")
    if preview.version_differs and accept_version is None:
        accept_version = preview.version_backup or ""
        ask_for_word("Another version of the application made this backup. Type its version", accept_version)
    ask_for_word(f"Type the name of the site to {action}", preview.site)
    return accept_version


def exit_code_of(outcome: Outcome) -> int:
    """A restore that ended in the old state was not made."""
    return ExitCode.DONE if outcome.state == "new" else ExitCode.FAILED


def _other_site(context: Context, record: BackupRecord, name: str) -> Site:
    if record.kind != "portable" and name != record.site:
        raise UsageError(
            f"{record.name} is a snapshot of {record.site}, and goes into no other site",
            hint="a portable backup does: `greenroom backup --kind portable` makes one",
        )
    return context.settings.site(name)


def _refuse_for_a_url(*, stage: bool, mode: str) -> None:
    if stage or mode == "merge":
        raise click.UsageError("into an empty database nothing is staged or merged: say --now, or --dry-run")


def _refuse_for_a_site(files_into: Path | None) -> None:
    if files_into is not None:
        raise click.UsageError("the files of a site go where its greenroom.toml says: --files-into is for --into URL")


def _preview(options: Options, context: Context, record: BackupRecord, site: Site, order: RowOrder) -> int:
    preview = _inspect(options, context, record, site, order)
    _tell(options, context, preview, mode="dry-run")
    if not options.as_json:
        emit(*preview_lines(context, preview))
        remark(options, "", "nothing was changed")
    return ExitCode.DONE


def _inspect(options: Options, context: Context, record: BackupRecord, site: Site, order: RowOrder) -> Preview:
    with working(options) as reporter:
        return inspect_restore(context, site, record, reporter, order)


def _tell(
    options: Options,
    context: Context,
    preview: Preview | None,
    *,
    mode: str,
    marker: Marker | None = None,
    outcome: Outcome | None = None,
) -> None:
    if options.as_json:
        emit_json(
            options,
            {
                "mode": mode,
                "preview": preview_report(preview, context.store) if preview else None,
                "pending": pending_report(marker) if marker else None,
                "outcome": outcome_report(outcome) if outcome else None,
            },
        )


def _try_apply(context: Context, site: Site, reporter: Reporter) -> tuple[Outcome | None, GreenroomError | None]:
    try:
        return apply_restore(context, site, reporter), None
    except GreenroomError as error:
        return None, error


def _together(codes: list[int]) -> int:
    """Given the exit codes of the sites that had something pending, return that of all: done in part is 3."""
    if ExitCode.CANCELLED in codes:
        return ExitCode.CANCELLED
    if len(set(codes)) <= 1:
        return codes[0] if codes else ExitCode.DONE
    return ExitCode.PARTLY_DONE if ExitCode.DONE in codes else ExitCode.FAILED
