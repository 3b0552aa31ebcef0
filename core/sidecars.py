"""Pins and proofs are said twice, in the sidecar beside the archive and in the catalog: kept in agreement here."""

from __future__ import annotations

from datetime import datetime

from core.catalog import BackupRecord, DrillStatus
from core.config import Site
from core.context import Context
from core.stores import DamagedStateError, StoredState

_INTENT = "sidecar_change"
_MAX_NAME_BYTES = 1024


def change_state(context: Context, site: Site, backup: BackupRecord, **changes: bool | datetime | None) -> BackupRecord:
    """With the site's lock held, change the sidecar of a backup, then its row; a crash between is settled later."""
    intent = context.site_folder(site) / _INTENT
    context.disk.replace_file(intent, backup.name.encode())
    state = sound_state(context, site.name, backup.name) or state_of(backup)
    context.store.write_state(site.name, backup.name, state.but(**changes))
    changed = _follow_sidecar(context, site, backup)
    context.disk.unlink(intent)
    return changed


def settle_state(context: Context, site: Site) -> None:
    """With the site's lock held, finish a change that a dead process began: the row follows the sidecar."""
    intent = context.site_folder(site) / _INTENT
    if not intent.exists():
        return
    with intent.open("rb") as file:
        name = file.read(_MAX_NAME_BYTES).decode(errors="replace")
    backup = context.catalog.find(site.name, name)
    if backup is not None:
        _follow_sidecar(context, site, backup)
    context.disk.unlink(intent)


def sound_state(context: Context, site: str, name: str) -> StoredState | None:
    """Return what an archive's sidecar says, or None where there is none or a damaged one: both say nothing."""
    try:
        return context.store.read_state(site, name)
    except DamagedStateError:
        return None


def state_of(backup: BackupRecord) -> StoredState:
    """Given a backup's row, return what its sidecar must say."""
    return StoredState(
        pinned=backup.pinned,
        role=backup.role,
        origin=backup.origin,
        foreign=backup.foreign,
        verified_at=backup.verified_at,
        drilled_at=backup.drilled_at,
        description=backup.description,
        manifest_sha256=backup.manifest_sha256,
    )


def _follow_sidecar(context: Context, site: Site, backup: BackupRecord) -> BackupRecord:
    state = sound_state(context, site.name, backup.name) or state_of(backup)
    row = context.catalog.set_pinned(backup.id, pinned=state.pinned)
    if state.drilled_at != row.drilled_at:  # what was compared then is not in the sidecar
        status: DrillStatus = "passed" if state.drilled_at else "failed"
        context.catalog.set_drilled(backup.id, state.drilled_at, status, None)
    return context.catalog.set_verified(backup.id, state.verified_at, error=None if state.verified_at else row.error)
