"""One import in progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.databases.refusal import refusal
from core.documents import Path, Problem
from core.errors import GreenroomError
from core.library.transfer.tally import Kind, Tally
from core.progress import Reporter

BATCH = 500

T = TypeVar("T")
PutBack = Callable[[], None]


class RefusedError(GreenroomError):
    """A record cannot be taken, as shows only when it is written: `at` is where in it, `message` what, `hint` else."""

    def __init__(self, message: str, *, hint: str = "", at: Path = ()) -> None:
        super().__init__(message, hint=hint)
        self.at = at


@dataclass
class Course:
    """Whose library is imported to, and what is counted; `overwrite` for a restore, where the file always wins.

    `marks` are for what is held of the database, beside the tally: each gives what puts it back as it is now.
    """

    session: Session
    user_id: str
    tally: Tally
    reporter: Reporter
    overwrite: bool = False
    marks: list[Callable[[], PutBack]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.tally.now

    @property
    def compares_loosely(self) -> bool:
        """Whether the database takes texts for equal that differ in case, accents or blanks at the end."""
        return self.session.get_bind().dialect.name in {"mysql", "mariadb"}

    def take(
        self, kind: Kind, batch: Sequence[tuple[Path, T]], work: Callable[[Sequence[tuple[Path, T]]], None]
    ) -> None:
        """Do the work for records at once, or for half of them at a time where one of them is refused.

        What is refused by itself is told with its place in the file, and leaves nothing.
        """
        try:
            with self.attempt():
                work(batch)
        except RefusedError as refused:
            if len(batch) == 1:
                path = (*batch[0][0], *refused.at)
                self.tally.refuse(kind, [Problem(path, refused.message, refused.hint)])
                return
            half = len(batch) // 2
            for some in (batch[:half], batch[half:]):
                self.take(kind, some, work)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take back all that the block did where it raises RefusedError, or the database refuses what it writes.

        That is a RefusedError too. What is somebody else's doing, or nobody's, passes as it is: all is over then.
        """
        put_back = [mark() for mark in (self.tally.mark, *self.marks)]
        savepoint = self.session.begin_nested()
        try:
            yield
        except (DBAPIError, RefusedError) as error:
            words = refusal(error) if isinstance(error, DBAPIError) else None
            if isinstance(error, DBAPIError) and words is None:
                raise
            savepoint.rollback()
            for one in put_back:
                one()
            if words is None:
                raise
            raise RefusedError(f"refused by the database: {words}") from error
        savepoint.commit()
