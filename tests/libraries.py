"""A movie library as a site, with a context to edit it."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.config import Settings, Site
from core.context import Context, open_context
from core.databases.sessions import reading
from core.edits import Edits, open_edits
from core.filesystem import Filesystem
from core.forms import Form, Json, revision_of
from core.library.categories import category_named
from tests.support import SteppingClock

FILM = "tmdb-550"
BASIC = category_named("basic_info")
TRIVIA = category_named("trivia")


@dataclass
class Library:
    """The demo as a site, and what a test asks of it."""

    root: Path
    context: Context
    site: Site

    @property
    def edits(self) -> Edits:
        return open_edits(self.context, self.site)

    @property
    def database(self) -> Path:
        return self.root / "app.db"

    def opened(self, **changes: Any) -> Library:
        """The same library as another process would open it."""
        return open_library(self.root, **changes)

    def live(self, form: Form[Any] = BASIC, key: str = FILM) -> Json:
        with reading(self.site.database_url()) as session:
            return form.read(form.find(session, key))

    def revision(self, form: Form[Any] = BASIC, key: str = FILM) -> str:
        return revision_of(self.live(form, key))

    def execute(self, statement: str, *values: object) -> None:
        """Change the site behind greenroom's back."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute(statement, values)

    def sums(self) -> dict[str, str]:
        """A sum of the rows of each table."""
        with closing(sqlite3.connect(self.database)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: hashlib.sha256(repr(list(connection.execute(f'SELECT * FROM "{name}"'))).encode()).hexdigest()
                for name in sorted(names)
            }


def open_library(
    root: Path, *, disk: Filesystem | None = None, actor: str = "Anna", read_only: bool = False, clock: Any = None
) -> Library:
    site = Site(name="movies", database=f"sqlite:///{root / 'app.db'}", files={}, folder=root)
    settings = Settings(
        source=root / "greenroom.toml", state=root / "state", storage=root / "backups", sites={"movies": site}
    )
    context = open_context(settings, disk=disk, clock=clock or SteppingClock(), read_only=read_only)
    return Library(root, replace(context, actor=actor), site)
