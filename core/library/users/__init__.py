"""What is done to a user's library as a whole: import, restore, the way back; and where its copies rest."""

from core.library.users.exporting import Exported, export_file
from core.library.users.note import Note
from core.library.users.places import copies_folder
from core.library.users.restoring import (
    Done,
    UndoPlan,
    import_file,
    plan_undo,
    preview_file,
    restore_file,
    undo_restore,
)
from core.library.users.settings import switch_backup

__all__ = [
    "Done",
    "Exported",
    "Note",
    "UndoPlan",
    "copies_folder",
    "export_file",
    "import_file",
    "plan_undo",
    "preview_file",
    "restore_file",
    "switch_backup",
    "undo_restore",
]
