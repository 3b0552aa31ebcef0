"""Where a library's copies rest: STORAGE/SITE/users/USER_ID/, open to their owner alone."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from core.config import Site
from core.context import Context
from core.errors import GreenroomError
from core.library.transfer import Copy, copies

Action = Literal["import", "restore", "merge", "undo"]
"""What is done to a library as a whole; an import was once noted as a merge where it was asked for as one."""

KEPT_SAFETIES: Final = 10
_PARTIAL = ".partial"
_SAFETY = re.compile(r"before-(?:import|restore|merge|undo)-\d{4}-\d{2}-\d{2}T\d{6}Z(?:-\d+)?\.json")


def copies_folder(context: Context, site: Site) -> Path:
    """Return the folder that holds a folder of copies for each user of a site."""
    return context.store.users_folder(site.name)


def safety_name(action: Action, now: datetime, folder: Path) -> str:
    """Return a free name, which is no date, for the copy of a library made before something is done to it."""
    base = f"before-{action}-{now:%Y-%m-%dT%H%M%SZ}"
    number = 1
    while (folder / f"{base}{_numbered(number)}.json").exists():
        number += 1
    return f"{base}{_numbered(number)}.json"


def prune_safeties(context: Context, site: Site, user_id: str, keep: str) -> None:
    """Remove all but the newest safety copies of a user, and what a dead process left of one; `keep` stays."""
    folder = copies_folder(context, site)
    old = [copy.path for copy in _safeties(folder, user_id)[KEPT_SAFETIES:] if copy.file_name != keep]
    left = [path for path in (folder / user_id).glob(f"*.json{_PARTIAL}") if _is_partial(path)]
    try:
        for path in (*old, *left):
            context.disk.unlink(path)
        if old or left:
            context.disk.fsync_folder(folder / user_id)
    except OSError as error:
        raise GreenroomError(
            f"cannot remove old copies from {folder / user_id}: {error.strerror or error}",
            hint="greenroom must be able to write there",
        ) from error


def _safeties(folder: Path, user_id: str) -> list[Copy]:
    return [copy for copy in copies(folder, user_id) if _SAFETY.fullmatch(copy.file_name)]


def _is_partial(path: Path) -> bool:
    return _SAFETY.fullmatch(path.name.removesuffix(_PARTIAL)) is not None and not path.is_symlink()


def _numbered(number: int) -> str:
    return "" if number == 1 else f"-{number}"
