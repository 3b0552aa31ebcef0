"""The list of users: a line each, with what they have and how old their last daily copy is; and the list of copies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from core.library.transfer import Copy, UserRow
from core.words import printable
from tui.format import short_age, size
from tui.user_calls import UsersView, name_of
from tui.widgets.long_list import Column, Line, LongList

NEVER = "never"
_USERS = (
    Column("User", 0, least=10),
    Column("Movies", 1, right=True),
    Column("People", 4, right=True),
    Column("Lists", 5, right=True),
    Column("Rankings", 6, right=True),
    Column("Backup", 2),
    Column("Last copy", 3, right=True),
    Column("", 7),
    Column("Email", 8, least=12),
)
_COPIES = (Column("Copy", 0, least=20), Column("Made", 1, right=True), Column("Size", 2, right=True))


class UserTable(LongList):
    """Shows users; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Copies", id="users.open", key_display="enter", tooltip="The user's copies: restore"),
    ]

    def __init__(self) -> None:
        super().__init__("users", _USERS)
        self._users: dict[str, UserRow] = {}

    @property
    def current(self) -> UserRow | None:
        key = self.current_key
        return self._users.get(key) if isinstance(key, str) else None

    def show(self, view: UsersView, users: Sequence[UserRow], nothing: str) -> None:
        """Show these users of the view; the one that is highlighted stays so."""
        self._users = {user.id: user for user in users}
        lines = [Line(user.id, user_cells(user, view.copies.get(user.id), view.now)) for user in users]
        self.show_lines(lines, offset=0, total=len(lines), nothing=nothing)


class CopyTable(LongList):
    """Shows the copies of one user; `current` is the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Restore", id="copies.open", key_display="enter", tooltip="Look what it would do"),
    ]

    def __init__(self) -> None:
        super().__init__("copies", _COPIES)
        self._copies: dict[str, Copy] = {}

    @property
    def current(self) -> Copy | None:
        key = self.current_key
        return self._copies.get(key) if isinstance(key, str) else None

    def show(self, copies: Sequence[Copy], now: datetime, nothing: str) -> None:
        """Show these copies, or in words that there are none."""
        self._copies = {copy.file_name: copy for copy in copies}
        lines = [
            Line(
                copy.file_name,
                (printable(copy.file_name.removesuffix(".json")), copy_age(copy, now), size(copy.size_bytes)),
            )
            for copy in copies
        ]
        self.show_lines(lines, offset=0, total=len(lines), nothing=nothing)


def user_cells(user: UserRow, copy: Copy | None, now: datetime) -> tuple[str, ...]:
    """Return what the list says of a user."""
    return (
        name_of(user),
        *(f"{number:,}" for number in (user.movies, user.people, user.lists, user.rankings)),
        "on" if user.backup_enabled else "off",
        NEVER if copy is None else copy_age(copy, now),
        "" if user.is_active else "inactive",
        printable(user.email),
    )


def copy_age(copy: Copy, now: datetime) -> str:
    """Return how old a copy is, in short."""
    return short_age(now - datetime.fromtimestamp(copy.created_at, UTC))
