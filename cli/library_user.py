"""The user that commands work on: of which movie library, and who is meant."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from cli.editing import STANDARD_STREAM
from cli.opening import open_anyhow
from cli.options import Options
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.errors import GreenroomError, UsageError
from core.library.library import keeps_users, library_site
from core.library.transfer import UserRow, find_user
from core.library.users import copies_folder
from core.words import printable

user_argument = click.argument("user", metavar="USER")
_BLOCK = 1 << 20
_MOST_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class House:
    """A movie library in which users keep their own."""

    context: Context
    site: Site

    @property
    def folder(self) -> Path:
        """Where the copies of users' libraries rest."""
        return copies_folder(self.context, self.site)

    def user(self, text: str) -> UserRow:
        """Return the user with this id, name or email; raise UsageError."""
        try:
            text.encode()
        except UnicodeEncodeError as error:  # a word of bytes that are no UTF-8, which no database takes
            hint = "names, emails and ids are text in UTF-8"
            raise UsageError(f"there is no user {printable(text)!r}", hint=hint) from error
        with reading(self.site.database_url()) as session:
            return find_user(session, text)


def open_house(options: Options, site: str | None) -> House:
    """Return the library with this name, or the only one; raise UsageError."""
    context = open_anyhow(options)
    found = library_site(context, site)
    if not keeps_users(found.database_url()):
        raise UsageError(
            f"{found.name} has no users with libraries of their own: tables or columns of theirs are missing",
            hint="`greenroom category` reads and changes its movies",
        )
    return House(context, found)


@contextmanager
def file_of(source: str) -> Iterator[Path]:
    """Yield the file that is meant: for `-` a private one with what standard input holds, gone after the block."""
    if source != STANDARD_STREAM:
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        path = Path(folder) / "standard-input.json"
        try:
            with path.open("xb") as file:
                _copy(sys.stdin.buffer, file)
        except OSError as error:
            raise GreenroomError(
                f"cannot keep standard input in {path}: {error.strerror}", hint="nothing was changed"
            ) from error
        yield path


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    left = _MOST_BYTES
    while block := source.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise UsageError("standard input holds more than any library", hint="nothing was changed")
        target.write(block)
