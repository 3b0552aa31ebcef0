"""The verb `backup`: a site into an archive of the store."""

from core.backup.create import BackupOutcome, BackupRequest, back_up_held, create_backup
from core.backup.portable import portable_tables
from core.backup.space import estimate_space

__all__ = ["BackupOutcome", "BackupRequest", "back_up_held", "create_backup", "estimate_space", "portable_tables"]
