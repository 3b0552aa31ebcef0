"""prune: which backups retention keeps, which it does not, and why; and their removal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from dataclasses import replace

import click

from cli.ask import ask_yes_or_no, require_person
from cli.opening import open_ready, the_site
from cli.options import Options, Verb, pass_options
from cli.output import Json, emit, emit_json, remark, table, warn
from cli.work import working
from core.config import Site
from core.context import Context
from core.prune import Pruned, PrunePreview, preview_prune, prune_site, site_policy
from core.rebuild_note import confirm_rebuild, is_rebuild_confirmed
from core.reports import format_age, format_time, prune_report
from core.retention import Policy, policy_words
from core.sizes import format_size
from core.words import plural

_NO_LIMIT = "none"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SOURCES = {
    "schedule": "as the schedule of the site says",
    "given": "as the options say",
    "default": "by the defaults: the site has no schedule",
}


def _limit(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | str | None:
    """A number, or `none` for no limit."""
    if value is None or value == _NO_LIMIT:
        return value
    if not _NUMBER.fullmatch(value):
        raise click.BadParameter(f"{value!a} is neither a number from 1 on nor `{_NO_LIMIT}`")
    return int(value)


def _policy_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add an option for each part of a policy; what is not given is None."""
    number = click.IntRange(min=0)
    periods = ("hourly", "daily", "weekly", "monthly", "yearly")
    for option in reversed(
        [
            click.option("--retention-days", callback=_limit, metavar="N", help="Keep what is younger; or `none`."),
            click.option("--max-backups", callback=_limit, metavar="N", help="Keep no more; or `none`."),
            *(
                click.option(f"--keep-{word}", type=number, metavar="N", help=f"Keep the newest of N {words}.")
                for word, words in zip(periods, ("hours", "days", "weeks", "months", "years"), strict=True)
            ),
            click.option("--keep-minimum", type=click.IntRange(min=1), metavar="N", help="Keep no fewer."),
        ]
    ):
        command = option(command)
    return command


@click.command(cls=Verb)
@click.argument("site", required=False)
@_policy_options
@click.option(
    "--confirm-rebuild",
    "confirm",
    is_flag=True,
    help="After `catalog rebuild`: what it found is right. Removes nothing.",
)
@click.option("--yes", is_flag=True, help="Remove what is not kept; of a confirmation: do not ask.")
@pass_options
def prune(options: Options, /, site: str | None, *, confirm: bool, yes: bool, **wanted: int | str | None) -> None:
    """Tell of each backup of SITE whether retention keeps it, and why; with --yes remove those that it does not.

    The policy is that of the site's schedule. The options change it for this once.
    """
    context = open_ready(options)
    its_site = the_site(context, site)
    policy = _policy(context, its_site, wanted)
    if confirm:
        _confirm(options, context, its_site, policy, yes=yes)
    elif yes:
        _prune(options, context, its_site, policy)
    else:
        preview = preview_prune(context, its_site, policy)
        if options.as_json:
            emit_json(options, _json(context, preview))
        else:
            _show(options, context, its_site, preview)


def _policy(context: Context, site: Site, wanted: dict[str, int | str | None]) -> Policy | None:
    """Return the policy that the options ask for this once, or None where they ask for none."""
    told = {name: value for name, value in wanted.items() if value is not None}
    if not told:
        return None
    numbers = {name: None if value == _NO_LIMIT else int(value) for name, value in told.items()}
    return replace(site_policy(context, site)[0], **numbers)  # type: ignore[arg-type]  # only two of them can be None


def _prune(options: Options, context: Context, site: Site, policy: Policy | None) -> None:
    with working(options) as reporter:
        pruned = prune_site(context, site, reporter, policy)
    if options.as_json:
        emit_json(options, _json(context, pruned.decided, pruned))
        return
    for one in pruned.removed:
        emit(f"{one.backup.name} removed: {'; '.join(one.reasons)}")
    left = plural(len(pruned.decided.verdicts) - len(pruned.removed), "backup")
    if pruned.removed:
        removed = plural(len(pruned.removed), "backup")
        emit(f"{removed} of {site.name} removed, {format_size(pruned.freed_bytes)} freed; {left} left")
    else:
        emit(f"nothing to remove: {left} of {site.name}, and all stay")


def _confirm(options: Options, context: Context, site: Site, policy: Policy | None, *, yes: bool) -> None:
    context.require_writable("confirm a rebuild")
    if not is_rebuild_confirmed(context, site):
        asked = require_person(yes=yes)
        if not options.as_json:
            _show(options, context, site, preview_prune(context, site, policy))
        if asked:
            ask_yes_or_no(f"is that all that {site.name} should have, and may retention remove of it again?")
    confirm_rebuild(context, site)
    if options.as_json:
        emit_json(options, _json(context, preview_prune(context, site, policy), confirmed=True))
    else:
        emit(f"the rebuild of {site.name} is confirmed; nothing was removed")


def _show(options: Options, context: Context, site: Site, preview: PrunePreview) -> None:
    emit(f"{site.name} keeps {policy_words(preview.policy)} ({_SOURCES[preview.source]})")
    rows = [
        (
            one.backup.name,
            format_time(one.backup.created_at, site.time_zone),
            format_age(context.clock() - one.backup.created_at),
            format_size(one.backup.file_size or 0),
            "keep" if one.keep else "REMOVE",
            "; ".join(one.reasons),
        )
        for one in preview.verdicts
    ]
    if rows:
        emit("", *table(("BACKUP", "MADE", "AGE", "SIZE", "", "WHY"), rows, right=[3]), "")
    if preview.removed:
        emit(f"{len(preview.removed):,} of {len(rows):,} would go, {format_size(preview.freed_bytes)} freed")
    else:
        emit(f"all stay: {plural(len(rows), 'completed backup')}")
    if preview.refusal is not None:
        warn(f"nothing is removed now: {preview.refusal}")
    elif preview.removed:
        command = " ".join(["greenroom prune", site.name, *_words_of(preview, site_policy(context, site)[0]), "--yes"])
        remark(options, f"nothing was removed yet: `{command}` does it")


def _words_of(preview: PrunePreview, usual: Policy) -> list[str]:
    """Return the options that ask for the policy of a preview once more, where it is not the usual one."""
    wanted = {field.name: getattr(preview.policy, field.name) for field in dataclass_fields(Policy)}
    return [
        f"--{name.replace('_', '-')} {_NO_LIMIT if value is None else value}"
        for name, value in wanted.items()
        if preview.source == "given" and value != getattr(usual, name)
    ]


def _json(context: Context, preview: PrunePreview, pruned: Pruned | None = None, *, confirmed: bool = False) -> Json:
    going = preview.removed if pruned is None else pruned.removed
    return {
        **prune_report(preview, context.store),
        "removed": [one.backup.name for one in going],
        "freed_bytes": preview.freed_bytes if pruned is None else pruned.freed_bytes,
        "done": pruned is not None,
        "rebuild_confirmed": confirmed,
    }
