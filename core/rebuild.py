"""Find every backup again from the storage alone: the catalog is a help, the archives are the truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from core.adopt import found_backup
from core.archive import Limits, open_archive
from core.catalog import DamagedCatalogError
from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.progress import Reporter
from core.rebuild_note import note_rebuild
from core.recovery import tidy
from core.sidecars import sound_state

NOT_RECOVERED = (
    "schedules: set them again",
    "the logs of restores and clean-ups: `undo` cannot know the restores made before",
    "rows of failed backups: they had no archive",
)


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did: names by site; `pinned` had no sidecar, `unreadable` stay in the store as they are.

    `damaged_catalog` is where a catalog that could not be read was moved.
    """

    found: list[str] = field(default_factory=list)
    known: int = 0
    pinned: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unknown_sites: list[str] = field(default_factory=list)
    damaged_catalog: Path | None = None


def rebuild_catalog(context: Context, reporter: Reporter) -> Rebuilt:
    """List every archive of the store that the catalog does not know; change nothing that it knows.

    An archive without a sidecar comes back pinned. One that cannot be read is named, and left alone. Retention
    removes nothing of a rebuilt site before a person confirmed it.
    """
    context.require_writable("rebuild the catalog")
    rebuilt = Rebuilt()
    try:
        context.catalog.initialise()
    except DamagedCatalogError:
        rebuilt.damaged_catalog = context.catalog.set_aside(context.clock())
        context.catalog.initialise()
    for name in context.store.sites():
        site = context.settings.sites.get(name)
        if site is None:
            rebuilt.unknown_sites.append(name)
            continue
        with context.lock(site, "catalog rebuild"):
            tidy(context, site)
            note_rebuild(context, site)
            names = list(context.store.archives(name))
            rebuilt.unreadable += [f"{path}: not an archive" for path in context.store.unknown_entries(name)]
            reporter.phase(f"reading the archives of {name}", len(names), "files")
            for backup in names:
                _find(context, site, backup, rebuilt)
                reporter.advance()
    return rebuilt


def _find(context: Context, site: Site, name: str, rebuilt: Rebuilt) -> None:
    if context.catalog.find(site.name, name) is not None:
        rebuilt.known += 1
        return
    path = context.store.archive_path(site.name, name)
    label = f"{site.name}/{name}"
    try:
        limits = Limits(max_bytes=site.max_archive_bytes)
        with open_archive(path, limits, allow_leaving_links=True) as archive:
            if archive.foreign:  # nothing says that it was made from a site that has such links
                open_archive(path, limits).close()
            found = found_backup(context, site.name, name, archive, path)
    except GreenroomError as error:
        rebuilt.unreadable.append(f"{label}: {error.message}")
        return
    state = sound_state(context, site.name, name)
    if state is None or state.manifest_sha256 != found.manifest_sha256:
        rebuilt.pinned.append(label)
        found = replace(found, pinned=True, role="manual", origin="found", verified_at=None, drilled_at=None)
    else:
        found = replace(
            found,
            pinned=state.pinned,
            role=state.role,
            origin=state.origin,
            foreign=state.foreign,
            verified_at=state.verified_at,
            drilled_at=state.drilled_at,
            description=state.description,
        )
    context.catalog.insert_found(found)
    rebuilt.found.append(label)
