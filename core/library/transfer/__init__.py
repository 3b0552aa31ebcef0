"""A user's library out as one JSON file, in again, and back to what a file says; and the daily copies of it."""

from core.library.transfer.daily import (
    Copy,
    DailyReport,
    Failed,
    Made,
    back_up_users,
    copies,
    find_copy,
    prune_copies,
    write_copy,
)
from core.library.transfer.export import Export, export_library, export_name
from core.library.transfer.importing import import_library, restore_user
from core.library.transfer.models import library_schema
from core.library.transfer.proof import refused_records
from core.library.transfer.report import ImportReport
from core.library.transfer.source import LibraryFile, open_library
from core.library.transfer.users import UserRow, find_user, set_backup, users

__all__ = [
    "Copy",
    "DailyReport",
    "Export",
    "Failed",
    "ImportReport",
    "LibraryFile",
    "Made",
    "UserRow",
    "back_up_users",
    "copies",
    "export_library",
    "export_name",
    "find_copy",
    "find_user",
    "import_library",
    "library_schema",
    "open_library",
    "prune_copies",
    "refused_records",
    "restore_user",
    "set_backup",
    "users",
    "write_copy",
]
