"""init, status, catalog rebuild: the house itself."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.opening import open_anyhow, zone_of
from cli.options import Options, Verb, VerbGroup, pass_options
from cli.output import Json, emit, emit_json, fields, remark, warn
from cli.work import working
from core.catalog import HEAD, CatalogNotReadyError, CatalogStatus
from core.config import prepare_folders
from core.context import Context
from core.errors import ExitCode
from core.overdue import overdue_words
from core.rebuild import NOT_RECOVERED, Rebuilt, rebuild_catalog
from core.reports import format_age, format_time, site_report
from core.restore.marker import Marker
from core.sizes import format_size
from core.status import SiteStatus, Status, overall_status
from core.words import plural


@click.command(cls=Verb)
@pass_options
def init(options: Options) -> None:
    """Make the catalog and greenroom's folders, or bring an older catalog up to date.

    Doing it again does nothing.
    """
    context = open_anyhow(options)
    context.require_writable("initialise the catalog")
    with working(options):
        prepare_folders(context.settings, context.disk)
        changed = context.catalog.initialise()
    message = "Backup system is initialized" if changed else "Backup system already initialized"
    if options.as_json:
        emit_json(
            options,
            {
                "initialized": True,
                "changed": changed,
                "message": message,
                "schema_version": HEAD,
                "catalog": context.catalog.place,
            },
        )
    else:
        emit(f"{message}: {context.catalog.place}, version {HEAD}")


@click.command(cls=Verb)
@pass_options
def status(options: Options) -> int:
    """Tell whether the catalog is initialised, and of each site the last good backup, and what is pending.

    Exits 1 where a site has had no good backup for longer than it may, or the archive of the last one is gone.
    """
    context = open_anyhow(options)
    found = overall_status(context)
    answer = _why_not_ready(context)
    if options.as_json:
        emit_json(options, _status_json(context, found, answer))
    else:
        _show_status(context, found, answer)
    if answer:
        return ExitCode.NOT_INITIALISED
    return ExitCode.FAILED if any(site.overdue or site.missing for site in found.sites) else ExitCode.DONE


@click.group(cls=VerbGroup, no_args_is_help=False)
def catalog() -> None:
    """Look after the catalog."""


@catalog.command()
@pass_options
def rebuild(options: Options) -> None:
    """Find every backup again from the storage alone.

    What the catalog knows stays as it is. A catalog that is damaged is moved aside first.
    """
    context = open_anyhow(options)
    context.require_writable("rebuild the catalog")
    prepare_folders(context.settings, context.disk)
    with working(options) as reporter:
        rebuilt = rebuild_catalog(context, reporter)
    if options.as_json:
        emit_json(
            options,
            {
                "found": rebuilt.found,
                "known": rebuilt.known,
                "pinned": rebuilt.pinned,
                "unreadable": rebuilt.unreadable,
                "unknown_sites": rebuilt.unknown_sites,
                "damaged_catalog": str(rebuilt.damaged_catalog) if rebuilt.damaged_catalog else None,
                "not_recovered": list(NOT_RECOVERED),
            },
        )
    else:
        _show_rebuilt(options, rebuilt)


def _show_rebuilt(options: Options, rebuilt: Rebuilt) -> None:
    if rebuilt.damaged_catalog is not None:
        warn(f"the catalog could not be read; it was moved to {rebuilt.damaged_catalog}")
    emit(f"{plural(len(rebuilt.found), 'backup')} found, {rebuilt.known} known already")
    for name in rebuilt.found:
        emit(f"  {name}" + ("  pinned: it has no sidecar that is its own" if name in rebuilt.pinned else ""))
    for line in rebuilt.unreadable:
        warn(f"left alone, not readable: {line}")
    for name in rebuilt.unknown_sites:
        warn(f"left alone, no site of the configuration: {name}")
    remark(options, "not in the storage, so not recovered:", *(f"  {line}" for line in NOT_RECOVERED))
    remark(options, "retention removes nothing before a person looked: `greenroom prune SITE --confirm-rebuild`")


def _why_not_ready(context: Context) -> dict[str, str] | None:
    try:
        context.catalog.require_ready()
    except CatalogNotReadyError as error:
        return error.answer()
    return None


def _status_json(context: Context, found: Status, answer: dict[str, str] | None) -> Json:
    shape: Json = {
        "initialized": answer is None,
        "message": "Backup system is ready",
        "schema_version": found.schema_version,
        "catalog": context.catalog.place,
        "configuration": str(context.settings.source),
        "storage": str(context.settings.storage),
        "free_bytes": found.free_bytes,
        "read_only": context.read_only,
        "loose_permissions": list(found.loose),
        "forgotten": list(found.forgotten),
        "runner": asdict(found.runner) if found.runner else None,
        "sites": [site_report(site, context.store) for site in found.sites],
    }
    return {**shape, **answer, "exit_code": int(ExitCode.NOT_INITIALISED)} if answer else shape


def _show_status(context: Context, found: Status, answer: dict[str, str] | None) -> None:
    free = "cannot be reached" if found.free_bytes is None else f"{format_size(found.free_bytes)} free"
    catalog_words = f"{context.catalog.place}, version {found.schema_version}"
    if answer is not None:
        missing = found.state.status is CatalogStatus.MISSING
        catalog_words = f"{context.catalog.place}, not initialised" if missing else catalog_words
    emit(
        *fields(
            [
                ("configuration", str(context.settings.source)),
                ("catalog", catalog_words),
                ("storage", f"{context.settings.storage}, {free}"),
                ("schedules", f"run by {found.runner}" if found.runner else "run by nobody now"),
                ("mode", "read-only" if context.read_only else ""),
            ]
        )
    )
    for site in found.sites:
        emit("", f"site {site.site}", *(f"  {line}" for line in fields(_site_fields(context, site))))
    for name in found.forgotten:
        warn(f"warning: a restore is pending for {name}, which greenroom.toml does not name any more")
    for line in found.loose:
        warn(f"warning: {line}")
    if answer is not None:
        emit("", answer["error"], answer["message"])


def _site_fields(context: Context, site: SiteStatus) -> list[tuple[str, str]]:
    zone = zone_of(context, site.site)
    good, failed = site.last_good, site.last_failure
    last_good = "NONE"
    if good is not None and site.age is not None:
        last_good = f"{format_age(site.age)}: {good.name}, {format_time(good.created_at, zone)}"
    last_failure = ""
    if failed is not None:
        last_failure = f"the newest backup FAILED, {format_time(failed.created_at, zone)}: {failed.error}"
    return [
        ("last good backup", last_good),
        ("next backup", format_time(site.outlook.coming, zone) if site.outlook.coming is not None else ""),
        ("due", f"the backup of {format_time(site.outlook.due, zone)} is not made" if site.outlook.due else ""),
        ("ARCHIVE GONE", site.missing or ""),
        ("SCHEDULE LOST", _schedule_words(site)),
        ("OVERDUE", overdue_words(site.overdue) if site.overdue is not None else ""),
        ("failure", last_failure),
        ("pending restore", _pending_words(site.pending)),
        ("failed restore", _failed_words(site.failed_restore)),
        ("DAMAGED", site.damaged or ""),
        ("at work", str(site.holder or "")),
    ]


def _schedule_words(site: SiteStatus) -> str:
    if not site.schedule_lost:
        return ""
    return (
        f"the catalog was rebuilt and there is none: `greenroom schedule set {site.site} --enabled ...`, "
        f"or confirm it with `greenroom prune {site.site} --confirm-rebuild`"
    )


def _pending_words(marker: Marker | None) -> str:
    if marker is None:
        return ""
    what = f"{marker.action} of {marker.backup_filename}, asked for by {marker.requested_by}"
    if marker.changed_site:
        return f"INTERRUPTED {what}: do not start the application; `greenroom apply {marker.site}` finishes it"
    return f"{what}: `greenroom apply {marker.site}` or `greenroom restore-cancel {marker.site}`"


def _failed_words(marker: Marker | None) -> str:
    if marker is None:
        return ""
    return (
        f"{marker.action} of {marker.backup_filename}: {marker.error}; the site stayed as it was; "
        f"`greenroom restore-cancel {marker.site}` removes what it left"
    )
