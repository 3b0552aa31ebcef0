"""What a dead process left: rows that say `running`, partial files, half deletions, a staging nobody announced,
the scratch place of a drill.

Every verb that takes a site's lock calls `tidy` first: whoever holds the lock knows that nobody else is at work.
"""

from __future__ import annotations

from pathlib import Path

from core.archive import Limits, Manifest, open_archive
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.drill.scratch import remove_dead
from core.errors import GreenroomError
from core.restore.marker import Marker, Phase, keep_unexpected, marker_path, read_marker, remove_marker
from core.sidecars import settle_state, sound_state
from core.stores import StoredState

INTERRUPTED = "interrupted"


def tidy(context: Context, site: Site) -> None:
    """With the site's lock held, bring its store and catalog in order; the steps are those of docs/atomicity.md."""
    for name in list(context.store.set_asides(site.name)):
        _finish_deletion(context, site, name)
    for record in context.catalog.running_backups(site.name):
        _finish_backup(context, site, record)
    for name in list(context.store.partials(site.name)):
        context.store.discard_partial(site.name, name)
    _remove_lonely_sidecars(context, site)
    settle_state(context, site)
    discard_unannounced(context, site)
    remove_dead(context, site)


def discard_unannounced(context: Context, site: Site) -> None:
    """With the site's lock held, remove a staging that its process did not live to announce."""
    marker = read_marker(marker_path(context, site))
    if marker is not None and marker.phase is Phase.STAGING:
        discard_staging(context, site, marker)


def discard_staging(context: Context, site: Site, marker: Marker) -> list[Path]:
    """Remove the staging folders, then the marker that names them; return what was in them unexpectedly, kept."""
    kept = [path for target in marker.targets if (path := keep_unexpected(target, context.disk)) is not None]
    for target in marker.targets:
        context.disk.remove_folder(target.work)
    remove_marker(context, marker_path(context, site))
    return kept


def refuse_half_restored(context: Context, site: Site) -> None:
    """Raise GreenroomError where the site may be mixed: a backup of it would be one of no state at all."""
    marker = read_marker(marker_path(context, site))
    if marker is not None and marker.changed_site:
        raise GreenroomError(
            f"the {marker.action} of {site.name} was interrupted in the middle",
            hint=f"do not start the application; `greenroom apply {site.name}` finishes it",
        )


def complete_row(context: Context, record: BackupRecord, state: StoredState) -> BackupRecord:
    """Given a `running` row whose archive is published, complete it from the archive's manifest."""
    path = context.store.archive_path(record.site, record.name)
    limits = Limits(max_bytes=context.settings.site(record.site).max_archive_bytes)
    with open_archive(path, limits, allow_leaving_links=True) as archive:
        if archive.manifest is None or archive.manifest_sha256 is None:
            raise GreenroomError(f"{path} holds no manifest", hint="`greenroom catalog rebuild` takes it as foreign")
        return note_complete(context, record, archive.manifest, archive.manifest_sha256, state)


def note_complete(
    context: Context, record: BackupRecord, manifest: Manifest, manifest_sha256: str, state: StoredState
) -> BackupRecord:
    """Complete the row of a published archive that was read back, from its manifest."""
    return context.catalog.complete_backup(
        record.id,
        manifest_json=manifest.to_bytes().decode(),
        manifest_sha256=manifest_sha256,
        file_size=context.store.archive_path(record.site, record.name).stat().st_size,
        table_count=len(manifest.tables),
        record_count=sum(table.rows for table in manifest.tables),
        file_count=sum(folder.files for folder in manifest.files),
        verified_at=state.verified_at,
        completed_at=context.clock(),
    )


def _finish_deletion(context: Context, site: Site, name: str) -> None:
    """A deletion that reached its commit is in the log, and is finished; without that it did not happen."""
    if context.catalog.find(site.name, name) is None and context.catalog.was_deleted(site.name, name):
        context.store.erase_set_aside(site.name, name)
    else:
        context.store.take_back(site.name, name)


def _remove_lonely_sidecars(context: Context, site: Site) -> None:
    """A sidecar with neither archive nor row is the end of a deletion that was not reached."""
    lonely = set(context.store.states(site.name)) - set(context.store.archives(site.name))
    if lonely:
        for name in sorted(lonely - context.catalog.names(site.name)):
            context.store.remove_state(site.name, name)


def _finish_backup(context: Context, site: Site, record: BackupRecord) -> None:
    """An archive under its final name was read back before it got it: that backup is whole, only unsaid."""
    state = sound_state(context, site.name, record.name)
    if context.store.has_archive(site.name, record.name) and state is not None:
        complete_row(context, record, state)
        return
    context.store.remove_state(site.name, record.name)
    context.catalog.fail_backup(record.id, INTERRUPTED)
