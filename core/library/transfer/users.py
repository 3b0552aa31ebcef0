"""The users of a movie library, found and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from core.errors import UsageError
from core.library.models import CustomList, Entry, Ranking, Recommender, User
from core.words import printable

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user, and how much there is of theirs; `movies` counts the deleted ones too."""

    id: str
    username: str
    email: str
    is_active: bool
    backup_enabled: bool
    movies: int
    people: int
    lists: int
    rankings: int


def users(session: Session) -> list[UserRow]:
    """Return all users, by name."""
    return _rows(session)


def find_user(session: Session, text: str) -> UserRow:
    """Return the user with this id, name or email.

    Raise UsageError where there is none, naming some, or where the name of one is the email of another.
    """
    found = [
        row
        for row in _rows(session, or_(User.id == text, User.username == text, User.email == text))
        if text in {row.id, row.username, row.email}  # some databases compare without case
    ]
    found = [row for row in found if row.id == text] or found
    if len(found) > 1:  # whoever takes another's email for a name must not be taken for him
        raise UsageError(
            f"{printable(text)!r} is the name of one user and the email of another",
            hint=f"give an id: {' or '.join(printable(row.id) for row in found)}",
        )
    if found:
        return found[0]
    names = session.scalars(select(User.username).order_by(User.username).limit(_MOST_NAMED + 1)).all()
    known = ", ".join(printable(name) for name in names[:_MOST_NAMED]) or "none"
    more = ", ..." if len(names) > _MOST_NAMED else ""
    raise UsageError(f"there is no user {printable(text)!r}", hint=f"users: {known}{more}")


def require_user(session: Session, user_id: str) -> None:
    """Raise UsageError where there is no such user any more: a library of nobody would look like an empty one."""
    if user_id not in session.scalars(select(User.id).where(User.id == user_id)).all():
        raise UsageError(
            f"{printable(user_id)} is no user of this library any more: nothing was done",
            hint="somebody removed the user; the daily copies of the library stay where they are",
        )


def set_backup(session: Session, user_id: str, *, enabled: bool) -> None:
    """Say whether a user's library is backed up daily; the caller commits. Raise UsageError where the user is gone."""
    require_user(session, user_id)
    session.execute(update(User).where(User.id == user_id).values(backup_enabled=enabled))


def wants_backup(session: Session, user_id: str) -> bool:
    """Return whether a user's library is to be backed up daily; that of a user who is gone is not."""
    return bool(session.scalar(select(User.backup_enabled).where(User.id == user_id)))


def _rows(session: Session, *where: ColumnElement[bool]) -> list[UserRow]:
    counts = [_count(table) for table in (Entry, Recommender, CustomList, Ranking)]
    about = (User.id, User.username, User.email, User.is_active, User.backup_enabled)
    rows = session.execute(select(*about, *counts).where(*where).order_by(User.username, User.id))
    return [UserRow(*values) for values in (tuple[Any, ...](row) for row in rows)]


def _count(table: type[Entry | Recommender | CustomList | Ranking]) -> ColumnElement[int]:
    return select(func.count()).where(table.user_id == User.id).correlate(User).scalar_subquery()
