"""How a drill ended, and what was compared in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from core.catalog import BackupRecord, DrillStatus
from core.errors import GreenroomError, VerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was compared, as far as the drill came.

    `place` says where the database was restored to, in words. `hashed` are the files in the archive whose hashes
    agreed, `checksums` the tables whose rows were read back and summed, `foreign_keys` those that hold, `inserts` the
    tables that took one more row, `files` and `file_bytes` what was unpacked and read back.
    """

    place: str = ""
    hashed: int = 0
    archive_bytes: int = 0
    tables: int = 0
    records: int = 0
    checksums: int = 0
    foreign_keys: int = 0
    inserts: int = 0
    files: int = 0
    file_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """A drill that came to its end: `backup` is its row now, `reason` why it did not pass, `notices` what stood out."""

    backup: BackupRecord
    status: DrillStatus
    at: datetime
    seconds: float
    compared: Compared
    reason: str = ""
    notices: tuple[str, ...] = field(default=())

    @property
    def error(self) -> GreenroomError | None:
        """What a script or an alarm is told of it: nothing where it passed."""
        name = f"{self.backup.site}/{self.backup.name}"
        if self.status == "failed":
            return VerificationError(
                f"the drill of {name} failed: {self.reason}",
                hint="do not count on this backup: drill the one before it, and make a new one now",
            )
        if self.status == "unable":
            return GreenroomError(
                f"the drill of {name} could not be made: {self.reason}",
                hint="this says nothing about the backup: the scratch place lacks something",
            )
        return None

    def report(self) -> dict[str, Any]:
        """Return its JSON shape, which is stored at the backup."""
        return {
            "status": self.status,
            "at": self.at.isoformat(),
            "seconds": round(self.seconds, 3),
            "reason": self.reason or None,
            "compared": asdict(self.compared),
            "notices": list(self.notices),
        }

    def stored(self) -> str:
        return json.dumps(self.report())
