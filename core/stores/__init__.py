"""Where archives rest: a folder now, other places later."""

from __future__ import annotations

from core.stores.base import Store
from core.stores.folder import FolderStore
from core.stores.names import checked_name, is_name, is_site, named_time
from core.stores.state import DamagedStateError, StoredState

__all__ = [
    "DamagedStateError",
    "FolderStore",
    "Store",
    "StoredState",
    "checked_name",
    "is_name",
    "is_site",
    "named_time",
]
