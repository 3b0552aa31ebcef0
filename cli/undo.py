"""undo and history: back from a restore, and what restores there were."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cli.ask import ask_for_word, require_person
from cli.opening import known_site, open_ready, the_site, zone_of
from cli.options import Options, Verb, accept_version_option, pass_options, yes_option
from cli.output import emit, emit_json, fields, remark, table, warn
from cli.preview import outcome_lines
from cli.restore import consent, exit_code_of
from cli.work import working
from core.catalog import INTO, CleanupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.reports import format_age, format_time, outcome_report, removal_report, restore_report
from core.restore.inspect import inspect_restore
from core.restore.undo import UndoPlan, plan_undo, undo_restore
from core.sizes import format_size
from core.words import plural

_SHOWN = 100


@click.command(cls=Verb)
@click.argument("site", required=False)
@yes_option
@accept_version_option
@pass_options
def undo(options: Options, site: str | None, accept_version: str | None, *, yes: bool) -> int:
    """Bring SITE back to what it was before its last restore. An undo can be undone, too."""
    context = open_ready(options)
    context.require_writable("undo a restore")
    its_site = the_site(context, site)
    plan = plan_undo(context, its_site)
    if require_person(yes=yes):
        accept_version = _ask(options, context, its_site, plan, accept_version)
    with working(options) as reporter:
        outcome = undo_restore(context, its_site, reporter, accept_version=accept_version, agreed=plan.last.restore_id)
    if options.as_json:
        emit_json(options, {"outcome": outcome_report(outcome)})
    else:
        emit(*outcome_lines(outcome))
    return exit_code_of(outcome)


@click.command(cls=Verb)
@click.argument("site", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=_SHOWN, show_default=True, metavar="N", help="The last N.")
@pass_options
def history(options: Options, site: str | None, limit: int) -> None:
    """List the restores and undos of SITE, or of all sites, then the backups that were removed, and why."""
    context = open_ready(options)
    name = known_site(context, site)
    found, removed = context.catalog.restores(name, limit=limit), context.catalog.cleanups(name, limit=limit)
    if options.as_json:
        removals = [removal_report(one) for one in removed]
        emit_json(options, {"restores": [restore_report(one) for one in found], "removals": removals})
        return
    if found:
        emit(*_history_lines(context, found))
    else:
        remark(options, "nothing was restored yet")
    if removed:
        emit("", *_removal_lines(context, removed))


def _ask(options: Options, context: Context, site: Site, plan: UndoPlan, accept_version: str | None) -> str | None:
    last = plan.last
    when = format_time(last.restored_at, site.time_zone)
    warn(f"undo of the {last.action} of {last.backup_name}, made {when} by {last.restored_by}", "")
    if plan.safety is not None:
        with working(options) as reporter:
            preview = inspect_restore(context, site, plan.safety, reporter)
        return consent(context, preview, accept_version, "undo")
    warn(
        *fields((name, f"comes back as it was set aside: {path}") for name, path in plan.set_aside.items()),
        "",
        "What is lost:",
        f"  every change since {when}",
        "",
    )
    ask_for_word("Type the name of the site to undo", site.name)
    return accept_version


def _removal_lines(context: Context, removed: Sequence[CleanupRecord]) -> list[str]:
    now = context.clock()
    heads = ("WHEN", "AGE", "SITE", "REMOVED", "FREED", "BY", "WHY")
    rows = [
        (
            format_time(one.cleanup_date, zone_of(context, one.site)),
            format_age(now - one.cleanup_date),
            one.site,
            plural(one.backups_deleted, "backup"),
            format_size(one.space_freed),
            one.performed_by,
            one.cleanup_reason,
        )
        for one in removed
    ]
    return table(heads, rows, right=[4])


def _history_lines(context: Context, found: Sequence[RestoreRecord]) -> list[str]:
    now = context.clock()
    heads = ("WHEN", "AGE", "SITE", "WHAT", "OF", "RESULT", "TABLES", "ROWS", "FILES", "BY", "KEPT BEFORE")
    rows = [
        (
            format_time(one.restored_at, zone_of(context, one.site)),
            format_age(now - one.restored_at),
            one.site,
            f"{one.action} into another database" if one.restore_type == INTO else one.action,
            one.backup_name,
            one.status,
            str(one.tables_restored),
            str(one.records_restored),
            str(one.files_restored),
            one.restored_by,
            one.safety_name or ("raw bytes set aside" if one.set_aside else ""),
        )
        for one in found
    ]
    head, *lines = table(heads, rows, right=[6, 7, 8])
    shown = [head]
    for one, line in zip(found, lines, strict=True):
        shown += [line, f"  {one.error}"] if one.error else [line]
    return shown
