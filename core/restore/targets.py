"""What a restore replaces, where its staging lies, and whether it can be renamed there."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from core.config import Site
from core.restore.marker import Target
from core.tree import WORK_FOLDER_PREFIX, is_mount_point, mount_points_below


def plan_targets(site: Site, restore_id: str, held: Container[str] | None = None) -> tuple[Target, ...]:
    """Given a site, return its database and folders as targets of the restore, links resolved.

    A database on a server is none: it is no file that could be exchanged. `held` are the names that the backup holds:
    a folder that it does not hold is left alone.
    """
    lives: list[tuple[str, str, Path]] = []
    if site.sqlite_path is not None:
        lives.append(("database", "", Path(os.path.realpath(site.sqlite_path))))
    lives += [("folder", key, Path(os.path.realpath(path))) for key, path in site.files.items()]
    targets = [_target(site, restore_id, number, kind, key, live) for number, (kind, key, live) in enumerate(lives, 1)]
    return tuple(target for target in targets if held is None or target.kind == "database" or target.name in held)


def blocking_reasons(target: Target) -> list[str]:
    """Given a target, return what makes a restore of it impossible here, in a person's words."""
    reasons = []
    parent = target.work.parent
    if not parent.is_dir():
        reasons.append(f"{parent} does not exist: create it, with the owner that the application expects")
    elif not os.access(parent, os.W_OK | os.X_OK):
        reasons.append(f"{parent} is not writable for this user: run greenroom as root or as the owner")
    if target.kind == "database":
        if is_mount_point(target.live):
            reasons.append(f"{target.live} is a mount point of its own: mount the folder that holds it instead")
        elif target.live.exists() and not target.live.is_file():
            reasons.append(f"{target.live} is not a file")
    elif os.path.lexists(target.live):
        if not target.live.is_dir():
            reasons.append(f"{target.live} is not a folder")
        reasons += [
            f"{point} is a mount point inside {target.live}: unmount it, or name it as a folder of its own in `files`"
            for point in mount_points_below(target.live)
        ]
    return reasons


def _target(site: Site, restore_id: str, number: int, kind: str, key: str, live: Path) -> Target:
    inside = kind == "folder" and live.is_dir() and (is_mount_point(live) or not os.access(live.parent, os.W_OK))
    base = live if inside else live.parent
    return Target(
        kind="database" if kind == "database" else "folder",
        key=key,
        live=live,
        work=base / f"{WORK_FOLDER_PREFIX}{site.name}-{restore_id}-{number}",
        by="entries" if inside else "rename",
    )
