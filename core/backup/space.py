"""How much a backup takes: what goes into the archive, and what the storage needs meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import Site
from core.context import Context
from core.databases.reading import database_size
from core.errors import GreenroomError
from core.sizes import format_size
from core.tree import EntryKind, walk_tree

_DATABASE_SHRINKS_TO = 0.25


@dataclass(frozen=True, slots=True)
class SpaceEstimate:
    """Bytes that go into an archive: those of the database and of the files."""

    database: int
    files: int

    @property
    def content(self) -> int:
        return self.database + self.files

    @property
    def needed(self) -> int:
        """Bytes that the storage needs meanwhile.

        Images do not shrink; a database does, to how much nobody knows before, so the estimate is a low one.
        """
        return int(self.database * (1 + _DATABASE_SHRINKS_TO)) + self.files


def estimate_space(site: Site) -> SpaceEstimate:
    """Given a site, return what a backup of it takes now."""
    files = sum(
        entry.status.st_size
        for path in site.files.values()
        if path.is_dir()
        for entry in walk_tree(path, site.exclude)
        if entry.kind is EntryKind.FILE
    )
    return SpaceEstimate(database_size(site.database_url()), files)


def check_space(context: Context, site: Site) -> SpaceEstimate:
    """Return what goes into the archive; raise GreenroomError where there is no space for them."""
    space = estimate_space(site)
    if space.content > site.max_archive_bytes:
        raise GreenroomError(
            f"{site.name} holds {format_size(space.content)}, more than max_archive_bytes allows to restore",
            hint="raise `max_archive_bytes` in greenroom.toml",
        )
    free = context.store.free_bytes()
    if space.needed > free:
        raise GreenroomError(
            f"no space for the backup: about {format_size(space.needed)} needed, {format_size(free)} free",
            hint="free some space in the storage folder; no old backup is removed for it",
        )
    return space
