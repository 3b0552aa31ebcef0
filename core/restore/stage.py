"""Stage a restore: verified, unpacked beside each target, announced by the marker. And take that back."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Container, Sequence
from pathlib import Path

from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.errors import GreenroomError, UsageError
from core.progress import Reporter
from core.recovery import discard_staging, tidy
from core.restore.build import row_order
from core.restore.marker import (
    Expected,
    Marker,
    Phase,
    RowOrder,
    Target,
    failed_marker_path,
    marker_path,
    read_marker,
    remove_marker,
    write_marker,
)
from core.restore.obstacles import Obstacles, find_obstacles, versions_differ
from core.restore.targets import blocking_reasons, plan_targets
from core.restore.unpack import held_names, unpack
from core.secrets import mask_url
from core.tree import FAILED_FOLDER_PREFIX
from core.verify import open_backup, present_row

Fill = Callable[[tuple[Target, ...]], dict[str, Expected]]


def stage_restore(
    context: Context,
    site: Site,
    backup: BackupRecord,
    reporter: Reporter,
    *,
    accept_version: str | None = None,
    order: RowOrder | None = None,
) -> Marker:
    """Verify a backup, unpack it on each target's own file system, and write the marker; the site is not changed.

    `accept_version` is the consent, typed by a person, to go to a backup made by another version of the
    application; `order` what a portable backup does with its rows. Raise UsageError without consent,
    GreenroomError where something stands in the way.
    """
    context.require_writable("stage a restore")
    with context.lock(site, "stage"):
        tidy(context, site)
        return stage_backup(
            context, site, present_row(context, backup), reporter, accept_version=accept_version, order=order
        )


def stage_backup(
    context: Context,
    site: Site,
    backup: BackupRecord,
    reporter: Reporter,
    *,
    accept_version: str | None = None,
    action: str = "restore",
    order: RowOrder | None = None,
) -> Marker:
    """As `stage_restore`, with the site's lock held.

    Unpacking proves every byte against its hash. What greenroom did not make here is read whole before that.
    """
    with open_backup(context, site, backup) as archive:
        if not backup.trusted:
            archive.verify(reporter)
        rows = row_order(site, archive, order)
        if rows is not None and backup.site != site.name:
            rows = rows.model_copy(update={"of_site": backup.site})
        obstacles = find_obstacles(context, site, archive, reporter, rows, trusted=backup.trusted)
        _refuse(obstacles, accept_version)
        return stage_held(
            context,
            site,
            lambda targets: unpack(archive, targets, context.disk, reporter, trusted=backup.trusted),
            backup_filename=f"{backup.name}.zip",
            backup_id=backup.id,
            action=action,
            held=held_names(archive),
            rows=rows,
        )


def stage_held(
    context: Context,
    site: Site,
    fill: Fill,
    *,
    backup_filename: str,
    backup_id: int | None,
    action: str,
    held: Container[str],
    rows: RowOrder | None = None,
) -> Marker:
    """With the site's lock held, let `fill` write the staging, and announce it. A failure leaves nothing.

    `held` are the names of the targets that there is something for.
    """
    path = marker_path(context, site)
    if read_marker(path) is not None:
        raise GreenroomError(
            f"{site.name} has a pending restore already",
            hint=f"`greenroom apply {site.name}` or `greenroom restore-cancel {site.name}` first",
        )
    _clear_failed(context, site)
    now = context.clock()
    restore_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    targets = plan_targets(site, restore_id, held)
    for target in targets:
        for reason in blocking_reasons(target):
            raise GreenroomError(f"the restore cannot be staged: {reason}", hint="nothing was changed")
    marker = Marker.model_validate(
        {
            "backup_filename": backup_filename,
            "requested_at": now,
            "staging_path": targets[0].work if targets else path.parent,
            "restore_id": restore_id,
            "site": site.name,
            "action": action,
            "backup_id": backup_id,
            "requested_by": context.actor,
            "phase": Phase.STAGING,
            "targets": targets,
            "database": None if site.sqlite_path is not None else mask_url(site.database),
            "rows": rows,
        }
    )
    write_marker(context, path, marker)
    try:
        expected = fill(targets)
        return write_marker(context, path, marker.but(phase=Phase.STAGED, expected=expected))
    except (GreenroomError, OSError) as error:
        discard_staging(context, site, marker)
        if isinstance(error, OSError):
            raise GreenroomError(
                f"the restore could not be staged: {error}", hint="nothing was changed; clear the cause and try again"
            ) from error
        raise


def cancel_restore(context: Context, site: Site) -> str:
    """Remove a pending restore, or what a failed one left; return what was removed. Nothing of the site changes.

    Raise UsageError where there is nothing, GreenroomError where the restore is half done and must be finished.
    """
    context.require_writable("cancel a restore")
    with context.lock(site, "restore-cancel"):
        marker = read_marker(marker_path(context, site))
        if marker is not None and marker.changed_site:
            raise GreenroomError(
                f"the {marker.action} of {site.name} was interrupted in the middle",
                hint=f"do not start the application; `greenroom apply {site.name}` finishes it",
            )
        if marker is not None:
            kept = discard_staging(context, site, marker)
            return f"the staged restore of {marker.backup_filename}{kept_words(kept)}"
        failed = read_marker(failed_marker_path(context, site))
        if failed is None:
            raise UsageError(f"{site.name} has no pending restore", hint="`greenroom status` shows what is pending")
        kept = _clear_failed(context, site)
        return f"what the failed restore of {failed.backup_filename} left{kept_words(kept)}"


def kept_words(kept: Sequence[Path]) -> str:
    """Given what was kept when a staging was removed, return that as the end of a sentence, empty for nothing."""
    return f"; kept, for it was not staged: {', '.join(map(str, kept))}" if kept else ""


def _clear_failed(context: Context, site: Site) -> list[Path]:
    """Remove what a failed restore staged, which is in the archive still; keep and return what was not staged."""
    path = failed_marker_path(context, site)
    failed = read_marker(path)
    if failed is None:
        return []
    kept = []
    for target in failed.targets:
        left = target.kept(FAILED_FOLDER_PREFIX)
        context.disk.remove_folder(left / target.new.name)
        if _holds_something(left):
            kept.append(left)
        else:
            context.disk.remove_folder(left)
    remove_marker(context, path)
    return kept


def _holds_something(folder: Path) -> bool:
    return any(
        names or any(Path(below, one).is_symlink() for one in folders) for below, folders, names in os.walk(folder)
    )


def _refuse(obstacles: Obstacles, accept_version: str | None) -> None:
    for reason in obstacles.blockers:
        raise GreenroomError(f"the restore cannot be staged: {reason}", hint="nothing was changed")
    theirs, ours = obstacles.version_backup, obstacles.version_now
    if versions_differ(ours, theirs) and accept_version != theirs:
        raise UsageError(
            f"the backup was made by version {theirs} of the application, version {ours} is installed",
            hint=f"install that version, or consent with `--accept-version {theirs}`",
        )
