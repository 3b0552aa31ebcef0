"""One import in progress."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.library.transfer.tally import Tally
from core.progress import Reporter


@dataclass
class Course:
    """Whose library is imported to, and what is counted; `overwrite` for a restore, where the file always wins."""

    session: Session
    user_id: str
    tally: Tally
    reporter: Reporter
    overwrite: bool = False

    @property
    def now(self) -> float:
        return self.tally.now

    @property
    def compares_loosely(self) -> bool:
        """Whether the database takes texts for equal that differ in case, accents or blanks at the end."""
        return self.session.get_bind().dialect.name in {"mysql", "mariadb"}
