"""What every verb works with: the settings, the catalog, the store, the disk, a clock, and who asks."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from core.catalog import Catalog
from core.config import Settings, Site
from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.locks import LockHolder, hold_lock, lock_holder
from core.stores import FolderStore, Store


def utc_now() -> datetime:
    return datetime.now(UTC)


def current_actor() -> str:
    """The name of the user, with the one behind sudo: it ends up in the logs."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER")
    return f"{user} (sudo: {behind})" if behind and behind != user else user


@dataclass(frozen=True)
class Context:
    """The surroundings of a verb; tests replace the disk and the clock."""

    settings: Settings
    catalog: Catalog
    store: Store
    disk: Filesystem = field(default_factory=Filesystem)
    clock: Callable[[], datetime] = utc_now
    actor: str = "unknown"
    read_only: bool = False

    def require_writable(self, verb: str) -> None:
        """Raise UsageError where greenroom was started read-only."""
        if self.read_only:
            raise UsageError(
                f"greenroom is read-only: it does not {verb}",
                hint="start it without --read-only and without GREENROOM_READ_ONLY",
            )

    def site_folder(self, site: Site) -> Path:
        return self.settings.state / "sites" / site.name

    def lock_path(self, site: Site) -> Path:
        return self.site_folder(site) / "lock"

    def holder(self, site: Site) -> LockHolder | None:
        """Return who works on the site now, or None."""
        return lock_holder(self.lock_path(site))

    @contextmanager
    def lock(self, site: Site, verb: str) -> Iterator[None]:
        """Hold the site for the block; raise BusyError naming who has it, GreenroomError where the disk fails in it."""
        folder = self.site_folder(site)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise GreenroomError(
                f"cannot make {folder}: {error.strerror}", hint="greenroom must be able to write into the state folder"
            ) from error
        with hold_lock(self.lock_path(site), actor=self.actor, verb=verb, now=self.clock()):
            try:
                yield
            except OSError as error:
                where = f" ({error.filename})" if error.filename else ""
                raise GreenroomError(
                    f"{verb} of {site.name} failed: {error.strerror or error}{where}",
                    hint="clear the cause, look at `greenroom status`, then try again: the next command tidies up",
                ) from error


def open_context(
    settings: Settings,
    *,
    disk: Filesystem | None = None,
    clock: Callable[[], datetime] = utc_now,
    read_only: bool = False,
) -> Context:
    """Given settings, return the context of a verb; nothing is created and the catalog is not read yet."""
    disk = disk or Filesystem()
    return Context(
        settings=settings,
        catalog=Catalog(settings.catalog_path or settings.catalog_url().render_as_string(hide_password=False), disk),
        store=FolderStore(settings.storage, disk),
        disk=disk,
        clock=clock,
        actor=current_actor(),
        read_only=read_only,
    )
