"""What a rebuild of the catalog leaves for retention: nothing is removed before a person looked at what it found.

A rebuilt catalog knows neither the restores made before nor schedules, and pins and proofs only from sidecars.
"""

from __future__ import annotations

from pathlib import Path

from core.config import Site
from core.context import Context
from core.errors import UsageError

_NOTE = "rebuilt_not_confirmed"


def note_rebuild(context: Context, site: Site) -> None:
    """With the site's lock held, note that its catalog is being rebuilt: before the first row comes."""
    context.disk.replace_file(_path(context, site), f"{context.clock().isoformat()}\n".encode())


def is_rebuild_confirmed(context: Context, site: Site) -> bool:
    """Return whether a person confirmed the last rebuild, or there was none."""
    return not _path(context, site).exists()


def confirm_rebuild(context: Context, site: Site) -> None:
    """Let retention work again on what a rebuild found; raise UsageError where nothing is to be confirmed."""
    context.require_writable("confirm a rebuild")
    with context.lock(site, "confirm"):
        if is_rebuild_confirmed(context, site):
            raise UsageError(
                f"there is no rebuild of {site.name} to confirm", hint=f"`greenroom prune {site.name}` is a preview"
            )
        context.disk.unlink(_path(context, site))
        context.disk.fsync_folder(context.site_folder(site))


def _path(context: Context, site: Site) -> Path:
    return context.site_folder(site) / _NOTE
